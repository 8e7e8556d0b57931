"""The API under `/api/v1`: profiles, accounts, explanations, and how the service is."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from include.contracts.access import Scope
from include.contracts.profiles import ACCOUNT
from include.segments.why import explain
from include.storage.project import Project
from include.web import audit, personal, reading
from include.web.answers import answer
from include.web.callers import READ_BOTH, READ_PROFILES, Caller
from include.web.problems import Problem

router = APIRouter(prefix="/api/v1")
health = APIRouter(prefix="/api/v1")

Id = Annotated[str, Path(min_length=1, max_length=200, examples=["p_7f3a"])]
Reason = Annotated[
    str | None, Header(alias=audit.REASON, description="Why personal data is read; kept in the access log.")
]


def opened(request: Request) -> Project:
    """The installation that the application serves."""
    project: Project = request.app.state.project
    return project


Opened = Annotated[Project, Depends(opened)]


@health.get("/health", summary="Is the service there, and is anything published?")
def read_health(request: Request, project: Opened) -> Response:
    """Say what is published; answers anybody, and tells nothing of anybody."""
    with reading.snapshot(project) as connection:
        version = reading.current_version(connection)
    return answer(request, {"status": "ok", "version": version.name, "as_of": version.as_of})


@router.get("/profiles/{profile_id}", summary="One person, by a living or a retired id")
def read_profile(
    request: Request, project: Opened, profile_id: Id, caller: Caller = READ_PROFILES, reason: Reason = None
) -> Response:
    """Return the golden record, contact points, measures and memberships; what must not leave is withheld and counted."""
    with reading.snapshot(project) as connection:
        row = reading.profile(connection, profile_id)
    shown = told_profile(row, profile_id, caller)
    if caller.may(Scope.PII_READ):
        audit.read_one(project.warehouse(), caller, "GET /profiles", shown["profile_id"], reason)
    return answer(request, shown)


def told_profile(row: reading.Row, asked: str, caller: Caller) -> dict[str, Any]:
    """Return a profile as its caller may see it."""
    withheld: Counter[str] = Counter()
    open_ = caller.may(Scope.PII_READ)
    return {
        "profile_id": row["record"]["profile_id"],
        "asked": asked,
        "aliases": row["aliases"],
        "record": personal.record(row["record"], open_=open_, withheld=withheld),
        "contact_points": personal.points(row["points"], open_=open_, withheld=withheld),
        "measures": row["measures"],
        "segments": row["segments"] if caller.may(Scope.SEGMENTS_READ) else None,
        "withheld": dict(withheld),
        "masked": not open_,
    }


class Wanted(BaseModel):
    """Whom to look up: exactly one of the three."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"email": "ann.lee@example.com"}]})

    email: str | None = Field(default=None, min_length=3, max_length=320, description="An address, as written")
    phone: str | None = Field(default=None, min_length=3, max_length=40, description="A number with its country code")
    source_id: str | None = Field(default=None, min_length=3, max_length=300, description="<source>.<object>:<key>")

    @model_validator(mode="after")
    def _one(self) -> Wanted:
        if len(self.model_fields_set) != 1 or self.by[1] is None:
            raise ValueError("give exactly one of email, phone, source_id")
        return self

    @property
    def by(self) -> tuple[str, str]:
        """What is asked by, and its value."""
        name = next(iter(self.model_fields_set))
        return name, getattr(self, name)


@router.post("/profiles/lookup", summary="Whose is this address, number or source record?")
def look_up(request: Request, project: Opened, wanted: Wanted, caller: Caller = READ_PROFILES) -> Response:
    """Return the ids of the profiles that carry it: none, one, or several where it is shared."""
    with reading.snapshot(project) as connection:
        profiles = reading.found(connection, *wanted.by)
    return answer(request, {"profiles": profiles})


@router.get("/profiles/{profile_id}/why/{segment_key}", summary="Why is this person in a segment, or not?")
def read_why(
    request: Request, project: Opened, profile_id: Id, segment_key: Id, caller: Caller = READ_BOTH,
    reason: Reason = None,
) -> Response:  # fmt: skip
    """Return the segment clause by clause, with values, their source records, and what would change it."""
    if not caller.may(Scope.PII_READ):
        raise Problem(403, "An explanation quotes values of the person: it needs the scope pii:read.")
    with reading.snapshot(project) as connection:
        living = reading.profile(connection, profile_id)["record"]["profile_id"]
        reading.segment(connection, segment_key)
    found = explain(project, segment_key, living).to_dict()
    audit.read_one(project.warehouse(), caller, "GET /profiles/why", living, reason)
    return answer(request, found)


@router.get("/accounts/{account_id}", summary="One company with its people")
def read_account(request: Request, project: Opened, account_id: Id, caller: Caller = READ_PROFILES) -> Response:
    """Return the account, its measures, its segments and the ids of its people."""
    with reading.snapshot(project) as connection:
        row = reading.account(connection, account_id)
    shown = row["record"] if caller.may(Scope.PII_READ) else personal.masked(ACCOUNT, row["record"])
    segments = row["segments"] if caller.may(Scope.SEGMENTS_READ) else None
    return answer(request, {**row, "record": shown, "segments": segments})


