"""What the segment language takes, and how it refuses the rest."""

from __future__ import annotations

from datetime import date

import pytest

from include.contracts.errors import DefinitionError
from include.contracts.events import Vocabulary
from include.contracts.tables import Type
from include.segments import tree
from include.segments.language import parse


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("nps_class='detractor'  AND within_next(renewal_date, 90 days)",
         "nps_class = 'detractor' and within_next(renewal_date, 90 days)"),
        ("within_last(nps_on, interval '3 months')", "within_last(nps_on, 3 months)"),
        ("within_next(renewal_date, 1 year)", "within_next(renewal_date, 1 years)"),
        ("6 >= nps_score", "nps_score <= 6"),
        ("nps_score <> 6", "nps_score != 6"),
        ("nps_score not in (1, 2)", "not nps_score in (1, 2)"),
        ("title not like '%Specialist%'", "not title like '%Specialist%'"),
        ("nps_on is not null", "nps_on is not null"),
        ("has_email", "has_email"),
        ("nps_change = -3", "nps_change = -3"),
        ("nps_on between '2026-01-01' and date '2026-01-31'", "nps_on between date '2026-01-01' and date '2026-01-31'"),
        ("title = 'it''s' -- a comment", "title = 'it''s'"),
        ("(has_email and (nps_score = 1 or nps_score = 2)) and nps_score = 3",
         "has_email and (nps_score = 1 or nps_score = 2) and nps_score = 3"),
        ("usage_active_days_7 < usage_active_days_28", "usage_active_days_7 < usage_active_days_28"),
        ("in_segment('lapsed')", "in_segment('lapsed')"),
        ("anniversary_of(first_seen_on, within the next 2 weeks)",
         "anniversary_of(first_seen_on, within_next 2 weeks)"),
        ("day_of_week(nps_on) is any of ('Saturday', 'Sunday')", "day_of_week(nps_on) in ('Saturday', 'Sunday')"),
        ("renewal_date in next fiscal quarter", "during(renewal_date, 'next fiscal quarter')"),
        ("was(nps_class = 'promoter', 30 days ago)", "was(nps_class = 'promoter', today - 30 days)"),
        ("time_zone = 'US/Eastern' or 'Berlin'", "time_zone in ('America/New_York', 'Europe/Berlin')"),
        ("email_clicks/email_sent > 80%", "email_clicks / email_sent > 0.8"),
        ("email_clicks * 2 + 1 >= email_sent", "(email_clicks * 2) + 1 >= email_sent"),
        ("30 > renewal_date - today", "renewal_date - today < 30"),
        ("nps_on - (today - 14 days) > 3", "nps_on - (today - 14 days) > 3"),
    ],
)  # fmt: skip
def test_a_condition_has_one_canonical_text(text: str, canonical: str) -> None:
    node = parse(text, "person")
    assert str(node) == canonical
    assert parse(canonical, "person") == node


@pytest.mark.parametrize(
    ("text", "problem", "line", "column"),
    [
        ("nps_clas = 'detractor'", "'nps_clas' is no measure of a person (did you mean 'nps_class'?)", 1, 1),
        ("has_email and\n  nps_class = 'detracter'", "did you mean 'detractor'?", 2, 15),
        ("usage_breadth > 0.5", "a measure of accounts; ask of a person account(usage_breadth …)", 1, 1),
        ("nps_score = 'nine'", "nps_score is a whole number and cannot be compared with 'nine'", 1, 13),
        ("nps_score = true", "cannot be compared with True", 1, 1),
        ("nps_score = nps_class", "cannot be compared with nps_class, text", 1, 13),
        ("nps_on >= '2026-02-30'", "is a date; '2026-02-30' is none", 1, 11),
        ("title > 'a'", "has no order", 1, 1),
        ("nps_score", "compare it with something", 1, 1),
        ("nps_score like '1%'", "'like' compares text", 1, 1),
        ("title like '50\\%'", "backslash", 1, 12),
        ("title = null", "use 'is null'", 1, 1),
        ("nps_score = 99999999999999999999", "too large", 1, 13),
        ("within_next(nps_class, 9 days)", "needs a date, and nps_class is text", 1, 1),
        ("within_next(renewal_date, 9)", "within_next(renewal_date, 90 days)", 1, 1),
        ("within_next(renewal_date, 1.5 days)", "whole number", 1, 1),
        ("within_next(renewal_date, 999999 days)", "at most 36500 days", 1, 1),
        ("any_of_people(has_email)", "for segments of accounts", 1, 1),
        ("within_nxt(renewal_date, 9 days)", "no function 'within_nxt' (did you mean 'within_next'?)", 1, 1),
        ("has_email and", "something is missing", 1, 11),
        ("title = 'open", "the quote that opens here is never closed", 1, 9),
        ("  ", "the condition is empty", 1, 3),
        ("usage_tier = 'low'; drop table profile", "';' is not part", 1, 19),
        ("usage_tier in (select tier from tiers)", "a subquery is not part", 1, 1),
        ("exists (select 1)", "a subquery is not part", 1, 16),
        ("pg_sleep(10) is null", "the function 'pg_sleep'", 1, 1),
        ("lower(title) = 'x'", "the function 'lower'", 1, 1),
        ("nps_score::text = '9'", "a measure should stand here", 1, 1),
        ("profile.email = 'x'", "without a dot", 1, 1),
        ("1 = 1", "a measure should stand here, not '1'", 1, 1),
        ("case when has_email then true end", "is not part of the segment language", 1, 11),
        ("title ~ '.*'", "is not part of the segment language", 1, 1),
        ("time_zone = 'Europe/Berln'", "is no time zone; did you mean 'Europe/Berlin'?", 1, 13),
        ("day_of_week(nps_on) = 'Mondai'", "did you mean 'Monday'?", 1, 23),
        ("day_of_week(title) = 'Monday'", "needs a date, and title is text", 1, 1),
        ("anniversary_of(nps_on, within_next 2 years)", "a span of less than a year", 1, 1),
        ("was(title = 'x', 30 days ago)", "no history is kept of title", 1, 1),
        ("was(has_email and nps_class = 'promoter', 30 days ago)", "no history is kept of has_email", 1, 1),
        ("was(in_segment('x'), 30 days ago)", "in_segment('x') is not kept of former days", 1, 1),
        ("was(nps_class = 'promoter', '2026-01-01')", "the day is one before the logical date", 1, 1),
        ("title + 1 > 3", "title is text, and no number to reckon with", 1, 1),
        ("renewal_date + today > 3", "of dates there is the number of days between two", 1, 1),
        ("renewal_date - 30 days > nps_on", "a date is moved by no span here", 1, 1),
        ("email_clicks / 0 > 3", "nothing is divided by 0", 1, 1),
        ("email_clicks + emial_sent > 3", "did you mean 'email_sent'?", 1, 16),
        ("email_clicks + email_sent", "is not part of the segment language", 1, 1),
        ("has_email = :parameter", "a value should stand here", 1, 1),
        ("not " * 60 + "has_email", "nested more than 50 deep", 1, 1),
        ("(" * 3000 + "has_email" + ")" * 3000, "nested more than 50 deep", 1, 1),
        ("country = 'a\x00b'", "a character here that no text has", 1, 13),
        ("country = '\ud800'", "a character here that no text has", 1, 12),
        ("has_email and " * 900 + "has_email", "longer than 10000 characters", 1, 1),
    ],
)
def test_what_it_refuses_and_where(text: str, problem: str, line: int, column: int) -> None:
    with pytest.raises(DefinitionError) as caught:
        parse(text, "person")
    assert problem in caught.value.problem
    assert (caught.value.line, caught.value.column) == (line, column)


def test_long_chains_are_not_nested() -> None:
    node = parse(" or ".join(f"nps_score = {n % 11}" for n in range(500)), "person")
    assert isinstance(node, tree.Or)
    assert len(node.items) == 500


def test_conditions_on_people_of_an_account_read_their_measures() -> None:
    node = parse("nps < 0 and none_of_people(usage_tier = 'power' or in_segment('champions'))", "account")
    assert tree.measures(node) == ("nps",)
    assert tree.measures(node, of_people=True) == ("usage_tier",)
    assert tree.segments(node) == ("champions",)


@pytest.mark.parametrize(
    ("amount", "unit", "ahead", "bounds"),
    [
        (0, "days", True, (date(2024, 2, 29), date(2024, 2, 29))),
        (90, "days", True, (date(2024, 2, 29), date(2024, 5, 29))),
        (2, "weeks", False, (date(2024, 2, 16), date(2024, 2, 29))),  # fourteen dates
        (1, "years", True, (date(2024, 2, 29), date(2025, 2, 28))),
        (4, "years", True, (date(2024, 2, 29), date(2028, 2, 29))),
        (12, "months", False, (date(2023, 3, 1), date(2024, 2, 29))),
    ],
)
def test_spans_keep_to_the_calendar(amount: int, unit: str, ahead: bool, bounds: tuple[date, date]) -> None:
    span = tree.Within(tree.Measured("renewal_date", Type.DATE), amount, unit, ahead)
    assert span.bounds(date(2024, 2, 29)) == bounds


@pytest.mark.parametrize(
    ("which", "what", "bounds"),
    [
        ("this", "fiscal year", (date(2025, 4, 1), date(2026, 3, 31))),
        ("last", "fiscal year", (date(2024, 4, 1), date(2025, 3, 31))),
        ("next", "fiscal quarter", (date(2026, 4, 1), date(2026, 6, 30))),
        ("this", "year", (date(2026, 1, 1), date(2026, 12, 31))),
        ("last", "week", (date(2026, 2, 23), date(2026, 3, 1))),
    ],
)
def test_periods_are_those_of_the_calendar_and_of_the_companys_years(
    which: str, what: str, bounds: tuple[date, date]
) -> None:
    node = parse(f"renewal_date in {which} {what}", "person", Vocabulary(fiscal_year_begins=4))
    assert isinstance(node, tree.During)
    assert node.bounds(date(2026, 3, 4)) == bounds
