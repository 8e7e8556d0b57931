"""The API's `/api/v1/segments/{key}/members`: in pages of JSON that stay in one version, or all of them as a file."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO, Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator

from include.contracts.nearest import nearest
from include.segments.channels import contactable, find_channel, require_people
from include.segments.export import export
from include.segments.listing import find_segment
from include.segments.members import Wanted, members
from include.segments.states import require_exportable
from include.web import reading
from include.web.callers import READ_BOTH, Call
from include.web.document import MEDIA_TYPES, MEMBERS
from include.web.problems import DOCUMENTED, ProblemError

router = APIRouter(prefix="/api/v1", responses=DOCUMENTED)

CHUNK = 256 * 1024
WITHHELD = ("opted out", "undeliverable")  # contact points that are known and left empty
ACTION = "GET /segments/members"


class Which(BaseModel):
    """Which members, and how they are written."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["json", "csv", "ndjson", "parquet", "xlsx"] = Field(default="json", description="How to write")
    channel: Literal["email", "phone"] | None = Field(default=None, description="Only whom this channel may reach")
    holdout: bool = Field(default=False, description="With those who are held out of activation")
    min_confidence: float = Field(default=0.0, ge=0, le=1, description="Only identities at least this sure")
    fields: str | None = Field(default=None, max_length=2000, description="json: only these columns, with commas")
    limit: int = Field(default=1000, ge=1, le=10_000, description="json: members a page")
    cursor: str | None = Field(default=None, max_length=1000, description="json: `next` of an earlier page")

    @model_validator(mode="after")
    def _whole(self) -> Which:
        """A file has all columns of all members; what only a page obeys is refused beside it."""
        paged = ("cursor", "fields", "limit")
        odd = [name for name in paged if getattr(self, name) != type(self).model_fields[name].default]
        if self.format != "json" and odd:
            raise ValueError(f"{', '.join(odd)} goes with format=json; a file has all columns of all members")
        return self

    def wanted(self, segment: reading.Row, **more: object) -> Wanted:
        """Return what is wanted of a segment."""
        if self.channel:
            require_people(segment)
        channel = find_channel(self.channel) if self.channel else None
        return Wanted(segment, channel, self.holdout, self.min_confidence, **more)  # type: ignore[arg-type]

    def chosen(self, known: tuple[str, ...]) -> list[str]:
        """Return the columns that are asked for; raises ProblemError 422 for one that is not there."""
        asked = [name.strip() for name in self.fields.split(",")] if self.fields else list(known)
        for name in asked:
            if name not in known:
                raise ProblemError(422, f"fields: there is no column {name!r}{nearest(name, known)}.")
        return asked


@router.get("/segments/{key}/members", summary="Who is in a segment", responses=MEMBERS)
def read_members(
    key: Annotated[str, Path(min_length=1, max_length=100, examples=["detractors_renewing"])],
    which: Annotated[Which, Query()],
    call: Call = READ_BOTH,
) -> Response:
    """Return members in pages of JSON, or all of them as a file in another format.

    A page names the version that it is of, and `next` goes on in that version, whatever is published meanwhile.
    Contact points that may not be used are null, and counted in `contactable`.
    """
    return _page(key, which, call) if which.format == "json" else _file(key, which, call)


def _page(key: str, which: Which, call: Call) -> Response:
    with reading.snapshot(call.project) as connection:
        version, after = reading.current_version(connection), ""
        if which.cursor is not None:
            name, after = reading.place_of(which.cursor, "members", (str, str))
            version = reading.kept_version(connection, name)
        segment = find_segment(connection, key, call.project.settings.config, version.schema)
        require_exportable(connection, segment)
        wanted = which.wanted(
            segment, place=version.schema, after=after, limit=which.limit + 1, sees_people=call.sees_people
        )
        names = which.chosen(tuple(name for _, name in wanted.fields))
        rows = [row for batch in members(connection, wanted).batches for row in batch.to_pylist()]
        reach = contactable(connection, key, holdout=which.holdout, place=version.schema) if wanted.is_person else None
    more, rows = len(rows) > which.limit, rows[: which.limit]
    if call.sees_people and wanted.is_person:
        call.read(ACTION, f"segment {key}", profiles=len(rows))
    last = rows[-1]["profile_id" if wanted.is_person else "account_id"] if rows else ""
    return call.answer(
        {
            "segment": key,
            "as_of": version.as_of,
            "version": version.name,
            "members": [{name: row[name] for name in names} for row in rows],
            "contactable": reach,
            "masked": not call.sees_people,
            "next": reading.cursor("members", version.name, last) if more else None,
        }
    )


def _file(key: str, which: Which, call: Call) -> Response:
    """Write the file where nobody else can read it, so that a fault is told before anything is sent; then send it."""
    sink = tempfile.TemporaryFile()  # noqa: SIM115 - closed when it has been sent
    try:
        done = export(
            call.project, key, which.format, sink, holdout=which.holdout, channel=which.channel,
            min_confidence=which.min_confidence, sees_people=call.sees_people,
        )  # fmt: skip
    except BaseException:
        sink.close()
        raise
    if call.sees_people and done.contactable:
        call.read(ACTION, f"segment {key}", profiles=done.count)
    headers = {
        "Content-Disposition": f'attachment; filename="{key}.{which.format}"',
        "X-Kindred-Count": str(done.count),
        "X-Kindred-Held-Out": str(done.held_out),
        "X-Kindred-Left-Out": str(sum(done.left_out.values())),
        "X-Kindred-Withheld": str(sum(states[why] for states in done.contactable.values() for why in WITHHELD)),
    }
    return StreamingResponse(_chunks(sink), media_type=MEDIA_TYPES[which.format], headers=headers)


def _chunks(sink: IO[bytes]) -> Iterator[bytes]:
    with sink:
        sink.seek(0)
        while chunk := sink.read(CHUNK):
            yield chunk
