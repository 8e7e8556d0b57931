"""The API under `/api/v1`: profiles, accounts, explanations, and how the service is."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from include.answers.member import e164
from include.answers.segment import explain
from include.contracts.access import Scope
from include.contracts.measures import ACCOUNT_360, CUSTOMER_360
from include.contracts.profiles import ACCOUNT
from include.contracts.records import RecordId
from include.segments.listing import find_segment
from include.web import personal, reading
from include.web.answers import answer
from include.web.callers import READ_PEOPLE, READ_PROFILES, Call
from include.web.document import FOUND, HEALTH, ONE_ACCOUNT, ONE_PROFILE, WHY
from include.web.problems import DOCUMENTED

router = APIRouter(prefix="/api/v1", responses=DOCUMENTED)

Id = Annotated[str, Path(min_length=1, max_length=200, examples=["p_7f3a"])]


@router.get("/health", summary="Is the service there, and is anything published?", responses=HEALTH)
def read_health(request: Request) -> Response:
    """Say what is published; answers anybody, and tells nothing of anybody."""
    with reading.snapshot(request.app.state.project) as connection:
        version = reading.current_version(connection)
    return answer(request, {"status": "ok", "version": version.name, "as_of": version.as_of})


@router.get("/profiles/{profile_id}", summary="One person, by a living or a retired id", responses=ONE_PROFILE)
def read_profile(profile_id: Id, call: Call = READ_PROFILES) -> Response:
    """Return the record, contact points, measures and memberships; what may not leave is withheld and counted."""
    with reading.statement(call.project) as connection:
        row = reading.profile(connection, profile_id, call.project.suppressed)
    if call.sees_people:
        call.read("GET /profiles", row["record"]["profile_id"])
    return call.answer(_told(row, profile_id, call))


def _told(row: reading.Row, asked: str, call: Call) -> dict[str, Any]:
    """A profile as its caller may see it."""
    return {
        "profile_id": row["record"]["profile_id"],
        "asked": asked,
        "aliases": row["aliases"],
        "measures": personal.measured(CUSTOMER_360, row, is_open=call.sees_people),
        "segments": row["segments"] if call.caller.may(Scope.SEGMENTS_READ) else None,
        **personal.shown(row, is_open=call.sees_people),
    }


class Wanted(BaseModel):
    """Whom to look up: exactly one of the three."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"email": "ann.lee@example.com"}]})

    email: str | None = Field(default=None, min_length=3, max_length=320, description="An address, as written")
    phone: str | None = Field(default=None, min_length=3, max_length=40, description="A number with its country code")
    source_id: str | None = Field(default=None, min_length=3, max_length=300, description="<source>.<object>:<key>")

    @field_validator("email")
    @classmethod
    def _addressed(cls, email: str | None) -> str | None:
        if email is not None and "@" not in email:
            raise ValueError("an address has an @")
        return email

    @field_validator("phone")
    @classmethod
    def _dialled(cls, phone: str | None) -> str | None:
        if phone is not None and e164(phone) is None:
            raise ValueError("write a number that can be dialled, with its country code, as in +49 30 901820")
        return phone

    @field_validator("source_id")
    @classmethod
    def _recorded(cls, source_id: str | None) -> str | None:
        try:
            return source_id and str(RecordId.parse(source_id))
        except ValueError:
            raise ValueError("a source record is written <source>.<object>:<key>, as crm.contact:0035g0000A") from None

    @model_validator(mode="after")
    def _one(self) -> Wanted:
        if len(self._given) != 1:
            raise ValueError("give exactly one of email, phone, source_id")
        return self

    @property
    def _given(self) -> dict[str, str]:
        return self.model_dump(exclude_none=True)

    @property
    def by(self) -> tuple[str, str]:
        """What is asked by, and its value."""
        return next(iter(self._given.items()))


@router.post("/profiles/lookup", summary="Whose is this address, number or source record?", responses=FOUND)
def look_up(wanted: Wanted, call: Call = READ_PROFILES) -> Response:
    """Return the ids of the profiles that carry it: none, one, or several where it is shared."""
    with reading.statement(call.project) as connection:
        return call.answer({"profiles": reading.found(connection, *wanted.by)})


@router.get(
    "/profiles/{profile_id}/why/{segment_key}", summary="Why is this person in a segment, or not?", responses=WHY
)
def read_why(profile_id: Id, segment_key: Id, call: Call = READ_PEOPLE) -> Response:
    """Return the segment clause by clause, with values, their source records, and what would change it."""
    with reading.snapshot(call.project) as connection:
        living = reading.profile(connection, profile_id, call.project.suppressed)["record"]["profile_id"]
        find_segment(connection, segment_key, call.project.settings.config)
    found = explain(call.project, segment_key, living).to_dict()
    call.read("GET /profiles/why", living)
    return call.answer(found)


@router.get("/accounts/{account_id}", summary="One company with its people", responses=ONE_ACCOUNT)
def read_account(account_id: Id, call: Call = READ_PROFILES) -> Response:
    """Return the account, its measures, its segments and the ids of its people."""
    with reading.statement(call.project) as connection:
        row = reading.account(connection, account_id)
    shown = row["record"] if call.sees_people else personal.masked(ACCOUNT, row["record"])
    segments = row["segments"] if call.caller.may(Scope.SEGMENTS_READ) else None
    measures = personal.measured(ACCOUNT_360, row, is_open=call.sees_people)
    return call.answer({**row, "record": shown, "measures": measures, "segments": segments})
