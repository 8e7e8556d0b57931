"""The API under `/api/v1/segments`: what there is, who is in it, what changed, and what a definition would find."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from include.contracts.errors import ConfigurationError
from include.segments.catalog import read_beside
from include.segments.channels import contactable, contactable_each
from include.segments.definitions import KEY
from include.segments.listing import find_segment, published_segments
from include.segments.preview import preview
from include.storage.readers import warehouse_reader
from include.web import reading
from include.web.callers import READ_BOTH, READ_SEGMENTS, Call
from include.web.definition import as_file, faults
from include.web.document import CHANGES, ONE_SEGMENT, PREVIEW, SEGMENTS
from include.web.personal import sample_of
from include.web.problems import DOCUMENTED, ProblemError

router = APIRouter(prefix="/api/v1", responses=DOCUMENTED)

Key = Annotated[str, Path(min_length=1, max_length=100, examples=["detractors_renewing"])]
Limit = Annotated[int, Query(ge=1, le=10_000, description="At most so many")]
Cursor = Annotated[str | None, Query(max_length=1000, description="`next` of an earlier answer")]


@router.get("/segments", summary="All segments with sizes and states", responses=SEGMENTS)
def list_segments(call: Call = READ_SEGMENTS) -> Response:
    """Return every published segment; `contactable`: its people by channel and state, without those held out."""
    with reading.snapshot(call.project) as connection:
        version = reading.current_version(connection)
        reach = contactable_each(connection)
        rows = [{**row, "contactable": _by_channel(row, reach)} for row in published_segments(connection)]
    return call.answer({"as_of": version.as_of, "version": version.name, "segments": rows})


@router.get("/segments/{key}", summary="One segment", responses=ONE_SEGMENT)
def read_segment(key: Key, call: Call = READ_SEGMENTS) -> Response:
    """Return a segment's definition, owner, state and size, and how many may be contacted as in the list."""
    with reading.snapshot(call.project) as connection:
        row = find_segment(connection, key, call.project.settings.config)
        reach = {key: contactable(connection, key, holdout=False)}
    return call.answer({**row, "contactable": _by_channel(row, reach)})


def _by_channel(row: reading.Row, reach: Mapping[str, dict[str, dict[str, int]]]) -> dict[str, dict[str, int]]:
    """How many may be contacted by each channel, or why not; empty where the members are accounts."""
    return reach[row["segment_key"]] if row["level"] == "person" else {}


@router.get("/segments/{key}/changes", summary="Who entered, left, or goes on under another id", responses=CHANGES)
def read_changes(key: Key, since: Cursor = None, limit: Limit = 1000, call: Call = READ_SEGMENTS) -> Response:
    """Return changes in their order after a cursor; `next` resumes after the last, so each is given exactly once."""
    place = None if since is None else _checked(reading.place_of(since, "changes", (str, int, int, str)))
    with reading.snapshot(call.project) as connection:
        find_segment(connection, key, call.project.settings.config)
        rows = reading.changes(connection, key, place, limit + 1)
    more, rows = len(rows) > limit, rows[:limit]
    last = rows[-1] if rows else None
    at = [last["on_date"].isoformat(), last["sequence"], last["rank"], last["member_id"]] if last else place
    following = None if at is None else reading.cursor("changes", *at)
    told = [{name: value for name, value in row.items() if name not in ("rank", "segment_key")} for row in rows]
    return call.answer({"segment": key, "changes": told, "next": following, "more": more})


def _checked(place: list[Any]) -> list[Any]:
    try:
        date.fromisoformat(place[0])
    except ValueError:
        raise ProblemError(400, "This cursor is not one that an earlier answer gave; begin again without it.") from None
    return place


class Sought(BaseModel):
    """A condition in the segment language that is saved nowhere."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"where": "nps_class = 'detractor'", "level": "person"}]}
    )

    where: str = Field(min_length=1, max_length=20_000, description="The condition")
    level: Literal["person", "account"] = Field(default="person", description="What its members are")
    key: str = Field(default="preview", pattern=KEY, description="The published segment to compare with, if any")

    @property
    def definition(self) -> str:
        """The condition as a definition file."""
        return as_file({"name": self.key, "owner": "nobody", "purpose": "to be seen", **self.model_dump()})


@router.post("/preview", summary="What would a definition find?", responses=PREVIEW)
def preview_definition(sought: Sought, call: Call = READ_BOTH) -> Response:
    """Return size, clauses, overlap and a sample, and what would change against the published segment of the key."""
    reading.require_published(call.project)
    try:
        segment, _ = read_beside("definition", sought.definition.encode(), call.project.settings.config)
    except ConfigurationError as error:
        raise ProblemError(422, " ".join(faults(str(error), sought.definition))) from None
    with warehouse_reader(call.project) as reader:
        found = preview(reader, segment)
    return call.answer({**found.to_dict(), "sample": sample_of(found, is_open=call.sees_people)})
