"""The explorer: build a definition by picking or write it, see at once what it finds, take it along as a file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Response
from pydantic import Field

from include.contracts.errors import ConfigurationError
from include.contracts.events import Vocabulary
from include.contracts.measures import measures_of
from include.segments.catalog import load, read_beside
from include.segments.listing import published_segments
from include.segments.occurring import Occurring, occurring
from include.segments.preview import Preview, preview
from include.segments.published import population
from include.segments.telling import told
from include.storage.readers import Reader, warehouse_reader
from include.web import clauses, reading
from include.web.callers import READ_BOTH, Call
from include.web.definition import as_file, faults
from include.web.personal import sample_of
from include.web.render import page

router = APIRouter(include_in_schema=False)

VALUES = 20
_OTHER_WORD = {"and": "or", "or": "and"}
LEVELS: tuple[clauses.Level, ...] = ("person", "account")


class Draft(clauses.Picked):
    """A definition in the making, as the form sends it, and what to do with it.

    ``action``: add a clause of the kind that stands behind ``add``, tell what occurs of the measure, try it, take it.
    """

    where: str = Field(default="", max_length=20_000)
    key: str = Field(default="new_segment", max_length=100)  # what is wrong with it the file's reader says
    name: str = Field(default="New segment", max_length=120)
    owner: str = Field(default="", max_length=120)
    purpose: str = Field(default="", max_length=400)
    action: Literal[
        "try", "take", "values", "add", "add deed", "add sequence", "add change", "add related", "add among"
    ] = "try"
    token: str = Field(default="", max_length=100)

    @property
    def file(self) -> str:
        """The definition as the file to review."""
        return as_file(
            {
                "key": self.key,
                "name": self.name,
                "owner": self.owner or "nobody yet",
                "purpose": self.purpose or "to say",
                "level": self.level,
                "where": self.where,
            }
        )

    def extended(self, vocabulary: Vocabulary) -> Draft:
        """The same with the clause that was picked; what stands there by another word keeps together."""
        clause, before = (
            self.clause(self.action.removeprefix("add").strip() or "measure", vocabulary),
            self.where.rstrip(),
        )
        if re.search(rf"\b{_OTHER_WORD[self.joined]}\b", before, re.IGNORECASE):
            before = f"({before})"
        return self.model_copy(update={"where": f"{before}\n{self.joined} {clause}" if before else clause})


@router.get("/explorer")
def explorer(call: Call = READ_BOTH) -> Response:
    """Begin with nothing."""
    return _shown(call, Draft())


@router.post("/explorer")
def explore(sent: Annotated[Draft, Form()], call: Call = READ_BOTH) -> Response:
    """Add a clause, tell what occurs of a measure, show what the definition finds, or hand it out as a file."""
    reading.require_published(call.project)
    if sent.action == "values":
        with warehouse_reader(call.project) as reader:
            return _shown(call, sent, values=_occurring(reader, sent))
    draft = sent.extended(_vocabulary(call)) if sent.action.startswith("add") else sent
    if not draft.where.strip():
        return _shown(call, draft, refusals=["Add a clause or write a condition first."])
    file = draft.file
    try:
        segment, _ = read_beside(f"{draft.key}.yaml", file.encode(), call.project.settings.config)
    except ConfigurationError as error:
        return _shown(call, draft, refusals=faults(str(error), file))
    if draft.action == "take":
        headers = {"Content-Disposition": f'attachment; filename="{draft.key}.yaml"'}
        return Response(file, media_type="application/yaml", headers=headers)
    with warehouse_reader(call.project) as reader:
        return _shown(call, draft, found=preview(reader, segment), in_words=told(segment.condition))


def _occurring(reader: Reader, draft: Draft) -> Occurring | None:
    known = measures_of(draft.level).get(draft.measure)
    is_told = known is not None and not known.column.personal
    return occurring(population(reader), draft.level, draft.measure, VALUES) if is_told else None


def _shown(
    call: Call, draft: Draft, *, found: Preview | None = None, in_words: Sequence[str] = (),
    refusals: Sequence[str] = (), values: Occurring | None = None,
) -> Response:  # fmt: skip
    sample = sample_of(found, is_open=call.sees_people) if found else []
    return page(
        call, "explorer.html", draft=draft, found=found, in_words=in_words, sample=sample, refusals=refusals,
        values=values, **_choices(call),
    )  # fmt: skip


def _vocabulary(call: Call) -> Vocabulary:
    """The measures, traits, events and lists that conditions may name."""
    return load(call.project.settings.config).vocabulary


def _choices(call: Call) -> Mapping[str, Any]:
    """All that can be picked."""
    vocabulary = _vocabulary(call)
    with reading.snapshot(call.project) as connection:
        segments = {row["segment_key"]: row["name"] for row in published_segments(connection)}
    measures = {level: sorted(vocabulary.measures(level).values(), key=attrgetter("name")) for level in LEVELS}
    return {
        "measures": measures,
        "events": sorted(vocabulary.kinds.values(), key=attrgetter("name")),
        "kept": {level: [one for one in known if one.history] for level, known in measures.items()},
        "lists": {key: one.settings.name for key, one in vocabulary.lists.items() if one.settings},
        "segments": segments,
        "names": segments,
        "comparisons": clauses.COMPARISONS,
        "how_often": clauses.HOW_OFTEN,
        "when": clauses.WHEN,
        "whose": clauses.WHOSE,
        "other": clauses.OTHER,
    }
