"""The page of the access log: who has read personal data, when, of whom, and why."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from include.contracts.access import Scope
from include.storage.control.tables import ACCESS_LOG
from include.web.callers import Call, needs
from include.web.reading import cursor, place_of
from include.web.render import page

router = APIRouter(include_in_schema=False)

READS = 100
AUDIT = Depends(needs(Scope.AUDIT_READ))
C = ACCESS_LOG.c


Day = Annotated[date | None, BeforeValidator(lambda given: given or None)]  # a field that was left empty asks nothing


class Which(BaseModel):
    """Which reads are wanted; an empty field asks for all."""

    model_config = ConfigDict(extra="forbid")

    caller: str = Field(default="", max_length=200)
    subject: str = Field(default="", max_length=200)
    since: Day = None
    until: Day = None
    before: str = Field(default="", max_length=1000)

    @property
    def conditions(self) -> list[sa.ColumnElement[bool]]:
        """What the rows keep to."""
        found = [C.caller.contains(self.caller, autoescape=True)] if self.caller.strip() else []
        found += [C.subject.contains(self.subject.strip(), autoescape=True)] if self.subject.strip() else []
        found += [C.read_at >= self.since] if self.since else []
        found += [C.read_at < self.until + timedelta(days=1)] if self.until else []
        if self.before:
            moment, access = place_of(self.before, "access", (str, str))
            found.append(sa.tuple_(C.read_at, C.access_id) < sa.tuple_(sa.cast(moment, C.read_at.type), access))
        return found


@router.get("/access")
def access(which: Annotated[Which, Query()], call: Call = AUDIT) -> Response:
    """Show the reads, the newest first; no personal value stands in them."""
    query = sa.select(ACCESS_LOG).where(*which.conditions).order_by(C.read_at.desc(), C.access_id.desc())
    with call.project.warehouse().begin() as connection:
        rows = [dict(row) for row in connection.execute(query.limit(READS + 1)).mappings()]
    more, rows = len(rows) > READS, rows[:READS]
    last = rows[-1] if rows else None
    older = cursor("access", last["read_at"].isoformat(), last["access_id"]) if more and last else ""
    asked = which.model_dump(exclude={"before"}, exclude_none=True)
    return page(call, "access.html", rows=rows, which=which, older=older, asked=asked)
