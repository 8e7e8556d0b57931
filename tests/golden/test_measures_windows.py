"""Where windows of days end: on the last day that the source covers whole, and what a run says of a stale source."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from include.contracts import staged
from include.contracts.measures import ACCOUNT_360, CUSTOMER_360
from include.contracts.metrics import SOURCE_DAY
from include.contracts.remarks import remarks
from include.contracts.runs import StageReport
from include.measures.completeness import source_days, through
from include.measures.settings import SourceThresholds
from include.measures.step import measure
from include.segments.expression import matching
from include.segments.language import parse
from include.segments.population import Population
from tests.small_company import SmallCompany, read

THURSDAY = date(2026, 10, 29)
LIMITS = SourceThresholds()
FEEDS = {
    "event": "account, person_record, usage_event", "contact": "person_record", "campaign": "campaign",
    "visitor_activity": "email_activity", "response": "nps_response, person_record",
}  # fmt: skip


def state(
    source: str, name: str, newest: datetime, complete: datetime | None = None, silence: int = 1
) -> dict[str, Any]:
    return {"source": source, "object": name, "newest_at": newest, "complete_before": complete or newest,
            "missing_days": 0, "usual_silence": silence, "feeds": FEEDS[name]}  # fmt: skip


def at(day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(2026, 10, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("row", "zone", "last"),
    [
        (state("usage", "event", at(29)), "UTC", 28),  # the files up to the 28th
        (state("usage", "event", at(29)), "Europe/Berlin", 28),
        (state("usage", "event", at(29)), "America/New_York", 27),  # whose 28th ends four hours after UTC's
        (state("crm", "contact", at(28, 23, 57)), "UTC", 28),  # an export of the night
        (state("crm", "contact", at(28, 15)), "UTC", 27),  # one of the afternoon: the 28th is not over
        (state("email", "visitor_activity", at(28, 11), at(28, 23, 59)), "UTC", 28),  # no mail in the afternoon
        (state("email", "visitor_activity", at(20, 11), at(28, 23, 59)), "UTC", 19),  # none for eight days: broken
        (state("crm", "campaign", at(1), at(28, 23, 59)), "UTC", 28),  # no new campaign for weeks, as often
        (state("usage", "event", datetime(2099, 1, 1, tzinfo=UTC)), "UTC", 29),  # never after the logical date
    ],
)
def test_the_last_day_that_a_source_covers_whole(row: dict[str, Any], zone: str, last: int) -> None:
    (found,) = source_days([row], as_of=THURSDAY, zone=zone, limits=LIMITS)
    assert found.through == date(2026, 10, last)
    assert found.age_days == 29 - last


@pytest.mark.parametrize(("silence", "is_stale"), [(1, True), (7, True), (14, False)])
def test_a_source_that_is_often_silent_is_not_stale_for_it(silence: int, is_stale: bool) -> None:
    answers = state("nps", "response", at(19, 15), silence=silence)  # the last answer came eleven days ago
    (found,) = source_days([answers], as_of=THURSDAY, zone="UTC", limits=LIMITS)
    assert found.is_stale is is_stale
    mail = state("email", "visitor_activity", at(19, 15), at(28, 23, 59), silence=silence)
    (found,) = source_days([mail], as_of=THURSDAY, zone="UTC", limits=LIMITS)
    assert found.through == (date(2026, 10, 18) if is_stale else date(2026, 10, 28))


@pytest.mark.parametrize(
    ("ends", "last"),
    [
        ([], THURSDAY),  # no such source: the logical date
        ([29, 28], date(2026, 10, 27)),  # of two products, what both cover
        ([29, 10], date(2026, 10, 28)),  # one that ended long ago holds nobody back
        ([12, 10], date(2026, 10, 11)),  # all stale: the latest
    ],
)
def test_windows_end_where_all_sources_that_are_not_stale_are_complete(ends: list[int], last: date) -> None:
    rows = [state(f"product_{n}", "event", at(day)) for n, day in enumerate(ends)]
    states = source_days(rows, as_of=THURSDAY, zone="UTC", limits=LIMITS)
    assert through(states, "usage_event", THURSDAY) == last


def company_that_acts_on_workdays(home: Path, last_day: date) -> SmallCompany:
    """Two accounts whose people do the same each working day up to ``last_day``, whose file is the last."""
    company = SmallCompany(home)
    for name in ("one", "two"):
        company.account(name)
        company.person(name, account_id=name)
        days = [last_day - timedelta(days=n) for n in range(100)]
        company.use(name, *(day for day in days if day.weekday() < 5), times=4, account_id=name)
    end = datetime.combine(last_day + timedelta(days=1), datetime.min.time(), UTC)
    company.add(staged.SOURCE_STATE, **state("usage", "event", end))
    return company


def measured(company: SmallCompany, as_of: date) -> tuple[StageReport, Mapping[str, Mapping[str, Any]]]:
    report = measure(company.project, company.run(as_of), company.save())
    return report, {row["account_id"]: row for row in read(company.project, ACCOUNT_360, report)}


@pytest.mark.parametrize("weekday", (0, 2, 4))
def test_steady_use_is_steady_on_every_weekday(tmp_path: Path, weekday: int) -> None:
    as_of = THURSDAY + timedelta(days=weekday)
    company = company_that_acts_on_workdays(tmp_path, as_of - timedelta(days=1))
    _, accounts = measured(company, as_of)
    row = accounts["one"]
    assert (row["usage_active_days_7"], row["usage_active_days_28"], row["usage_core_actions_28"]) == (5, 20, 80)
    assert (row["usage_trend"], row["usage_falling_weeks"], row["usage_change"]) == (0, 0, pytest.approx(0))
    assert row["usage_is_declining"] is False
    assert row["usage_through"] == as_of - timedelta(days=1)


def test_a_span_of_days_and_a_window_are_the_same_dates(tmp_path: Path) -> None:
    company = company_that_acts_on_workdays(tmp_path, THURSDAY - timedelta(days=1))
    for ago in (27, 28, 29, 30):  # days before the last complete one
        company.person(f"ago_{ago}")
        company.use(f"ago_{ago}", THURSDAY - timedelta(days=1 + ago))
    report = measure(company.project, company.run(THURSDAY), company.save())
    ref = next(ref for ref in report.writes if ref.dataset == CUSTOMER_360.name)
    with company.project.engine() as engine:
        customers = engine.read(CUSTOMER_360, ref)
        population = Population(THURSDAY, customers, customers, lambda _: ("person", customers))
        of_span, of_window = (
            set(matching(parse(text, "person"), "person", population).profile_id.to_pyarrow().to_pylist())
            for text in ("within_last(usage_last_on, 28 days)", "usage_active_days_28 > 0")
        )
    assert of_span == of_window == {"one", "two", "ago_27"}


def test_a_stale_source_says_so_and_does_not_look_like_falling_use(tmp_path: Path) -> None:
    company = company_that_acts_on_workdays(tmp_path, THURSDAY - timedelta(days=42))
    report, accounts = measured(company, THURSDAY)
    row = accounts["one"]
    assert (row["usage_active_days_28"], row["usage_tier"], row["usage_days_since"]) == (20, "regular", 0)
    assert (row["usage_trend"], row["usage_is_declining"]) == (0, False)
    source = next(row for row in read(company.project, SOURCE_DAY, report) if row["source"] == "usage")
    assert (source["through"], source["age_days"], source["is_stale"]) == (THURSDAY - timedelta(days=42), 42, True)
    assert remarks(report.counts)[0].startswith("The data of usage ends 42 days before the logical date")


def test_a_day_whose_file_never_came_is_nobodys_decline(tmp_path: Path) -> None:
    company = company_that_acts_on_workdays(tmp_path, THURSDAY)
    for number in range(20):  # a crowd large enough to tell the season
        company.person(f"other_{number}")
        company.use(f"other_{number}", *(THURSDAY - timedelta(days=n) for n in range(100)), times=4)
    lost = [day.isoformat() for day in (THURSDAY - timedelta(days=n) for n in range(9))]
    events = company.rows[staged.USAGE_EVENT]
    company.rows[staged.USAGE_EVENT] = [e for e in events if e["at"].date().isoformat() not in lost]
    company.rows[staged.SOURCE_STATE][0]["missing_days"] = 9
    report, accounts = measured(company, THURSDAY)
    assert accounts["one"]["usage_trend"] < -0.5
    assert accounts["one"]["usage_change"] == pytest.approx(0, abs=0.1)
    assert remarks(report.counts) == (
        "9 days have no event file of usage: what was done on them is missing everywhere.",
        *remarks(report.counts)[1:],
    )


def test_what_happened_on_the_day_that_is_not_over_is_known_but_in_no_window(tmp_path: Path) -> None:
    company = company_that_acts_on_workdays(tmp_path, THURSDAY - timedelta(days=1))
    company.use("one", THURSDAY, times=9)
    report = measure(company.project, company.run(THURSDAY), company.save())
    row = next(row for row in read(company.project, CUSTOMER_360, report) if row["profile_id"] == "one")
    assert (row["usage_core_actions_28"], row["usage_last_on"], row["usage_days_since"]) == (80, THURSDAY, 0)
