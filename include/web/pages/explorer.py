"""The explorer: build a definition from measures or write it, see at once what it finds, take it along as a file."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Annotated, Literal

import yaml
from fastapi import APIRouter, Form, Response
from pydantic import BaseModel, ConfigDict, Field

from include.contracts.errors import ConfigurationError
from include.contracts.measures import Measure
from include.contracts.tables import Type
from include.segments.catalog import load, read_beside
from include.segments.definitions import KEY
from include.segments.preview import Preview, preview
from include.storage.readers import warehouse_reader
from include.web.callers import READ_BOTH, Call
from include.web.personal import sample_of
from include.web.render import page

router = APIRouter(include_in_schema=False)

COMPARISONS = ("=", "!=", "<", "<=", ">", ">=", "is null", "is not null")
Level = Literal["person", "account"]


class Draft(BaseModel):
    """A definition in the making, as the form sends it, and what to do with it."""

    model_config = ConfigDict(extra="forbid")

    where: str = Field(default="", max_length=20_000)
    level: Level = "person"
    key: str = Field(default="new_segment", pattern=KEY)
    name: str = Field(default="New segment", max_length=120)
    owner: str = Field(default="", max_length=120)
    purpose: str = Field(default="", max_length=400)
    measure: str = Field(default="", max_length=100)
    comparison: str = Field(default="=", max_length=20)
    value: str = Field(default="", max_length=400)
    action: Literal["add", "try", "take"] = "try"
    token: str = Field(default="", max_length=100)

    @property
    def file(self) -> str:
        """The definition as the file to review."""
        told = {
            "key": self.key,
            "name": self.name,
            "owner": self.owner or "nobody yet",
            "purpose": self.purpose or "to say",
            "level": self.level,
            "where": self.where,
        }
        return yaml.safe_dump(told, allow_unicode=True, sort_keys=False, width=100)

    def extended(self, measures: Mapping[str, Mapping[str, Measure]]) -> Draft:
        """The same with the clause that was picked; a text or a date is quoted."""
        known = measures[self.level].get(self.measure)
        quoted = known is None or known.column.type in (Type.TEXT, Type.DATE)
        told = "'" + self.value.replace("'", "''") + "'" if quoted else self.value
        clause = " ".join([self.measure, self.comparison, *([] if self.comparison.startswith("is") else [told])])
        where = f"{self.where.rstrip()}\nand {clause}" if self.where.strip() else clause
        return self.model_copy(update={"where": where})


@router.get("/explorer")
def explorer(call: Call = READ_BOTH) -> Response:
    """Begin with nothing."""
    return _shown(call, Draft(), None, "")


@router.post("/explorer")
def explore(sent: Annotated[Draft, Form()], call: Call = READ_BOTH) -> Response:
    """Add a clause, show what the definition finds, or hand it out as a file."""
    draft = sent.extended(_measures(call)) if sent.action == "add" else sent
    if not draft.where.strip():
        return _shown(call, draft, None, "Add a clause or write a condition first.")
    try:
        segment, _ = read_beside(f"{draft.key}.yaml", draft.file.encode(), call.project.settings.config)
    except ConfigurationError as error:
        return _shown(call, draft, None, str(error))
    if draft.action == "take":
        headers = {"Content-Disposition": f'attachment; filename="{draft.key}.yaml"'}
        return Response(draft.file, media_type="application/yaml", headers=headers)
    with warehouse_reader(call.project) as reader:
        return _shown(call, draft, preview(reader, segment), "")


def _measures(call: Call) -> dict[str, dict[str, Measure]]:
    """The measures and the traits of each level, by name."""
    vocabulary = load(call.project.settings.config).vocabulary
    return {level: vocabulary.measures(level) for level in ("person", "account")}


def _shown(call: Call, draft: Draft, found: Preview | None, refusal: str) -> Response:
    sample = sample_of(found, is_open=call.sees_people) if found else []
    by_name = attrgetter("name")
    measures = {level: sorted(known.values(), key=by_name) for level, known in _measures(call).items()}
    return page(
        call, "explorer.html", draft=draft, found=found, sample=sample, refusal=refusal, comparisons=COMPARISONS,
        measures=measures,
    )  # fmt: skip
