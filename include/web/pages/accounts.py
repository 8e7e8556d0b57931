"""The page of an account: its people, NPS, seats, contracts on a time line, and what puts their renewal at risk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Response

from include.answers.account import Span, contracts_of
from include.contracts.profiles import ACCOUNT
from include.contracts.tables import MASK
from include.segments.listing import published_segments
from include.storage.postgres.warehouse import READERS
from include.storage.project import Project
from include.storage.readers import lake_reader
from include.web import personal, reading
from include.web.callers import READ_PROFILES, Call
from include.web.charts import spans_svg, svg
from include.web.render import page

router = APIRouter(include_in_schema=False)

Id = Annotated[str, Path(min_length=1, max_length=200)]
PEOPLE = 100
_PEOPLE = f"""
SELECT p.profile_id, p.full_name, p.title, c.nps_class, c.nps_score, c.usage_tier, c.usage_last_on, c.engagement_last_on
FROM {READERS}.profile p JOIN {READERS}.customer_360 c USING (profile_id) WHERE p.account_id = :account
ORDER BY c.usage_core_actions_28 DESC NULLS LAST, p.profile_id LIMIT {PEOPLE}
"""


@router.get("/accounts/{account_id}")
def account(account_id: Id, call: Call = READ_PROFILES) -> Response:
    """Show an account: how it stands, its people, its contracts and its segments."""
    with reading.snapshot(call.project) as connection:
        version = reading.current_version(connection)
        row = reading.account(connection, account_id)
        people = reading.rows_of(connection, _PEOPLE, account=account_id)
        names = {row["segment_key"]: row["name"] for row in published_segments(connection)}
    if call.sees_people and people:
        call.read("page /accounts", account_id, profiles=len(people))
    shown = people if call.sees_people else [{**person, "full_name": MASK} for person in people]
    known = {name: row["record"][name] for name in ACCOUNT.names}
    record = known if call.sees_people else personal.masked(ACCOUNT, known)
    return page(
        call, "account.html", version=version, names=names, contracts=_contracts(call.project, account_id),
        record=record, measures=row["measures"] or {}, traits=row["traits"], segments=row["segments"], people=shown,
        people_in_all=len(row["people"]),
    )  # fmt: skip


@router.get("/accounts/{account_id}/contracts.svg")
def contracts(account_id: Id, call: Call = READ_PROFILES) -> Response:
    """Draw an account's contracts on a time line."""
    with reading.snapshot(call.project) as connection:
        as_of = date.fromisoformat(reading.current_version(connection).as_of)
    spans = [(span.number or span.contract_id, span.start_date, span.end_date, span.renewal_date)
             for span in _contracts(call.project, account_id) if span.start_date]  # fmt: skip
    return svg(spans_svg(spans, as_of))


def _contracts(project: Project, account_id: str) -> Sequence[Span]:
    with lake_reader(project) as reader:
        return contracts_of(reader, account_id)
