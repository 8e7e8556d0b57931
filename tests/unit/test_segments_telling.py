"""Conditions in words."""

import pytest

from include.segments.language import parse
from include.segments.telling import told


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("nps_class = 'detractor'", ["nps class is detractor"]),
        (
            "nps_score <= 6 and renewal_date within next 90 days",
            ["nps score is at most 6", "renewal date is within the next 90 days"],
        ),
        ("country in ('Germany', 'France')", ["country is one of Germany, France"]),
        ("title is not null and not has_email", ["title is known", "has email is no"]),
        ("renewal_date < date '2026-12-31'", ["renewal date is before 2026-12-31"]),
        ("usage_tier = 'power' or nps_score between 9 and 10",
         ["either usage tier is power, or nps score is from 9 to 10"]),
        ("during(renewal_date, 'next quarter')", ["renewal date is in the next quarter"]),
        ("before_last(usage_last_on, 30 days)", ["usage last on is more than 30 days ago"]),
        ("title contains 'Director'", ["title contains Director"]),
        ("in_top(usage_core_actions_28, 10%)", ["usage core actions 28 is among the highest 10 %"]),
        ("did('Email Clicked', at_least 3, within_last 14 days)",
         ["they did Email Clicked at least 3 times, within last 14 days"]),
        ("was(nps_class = 'promoter', 30 days ago)", ["30 days ago it was so that nps class is promoter"]),
        ("anniversary_of(first_seen_on, within_next 14 days)",
         ["an anniversary of first seen on is within the next 14 days"]),
        ("day_of_week(nps_on) = 'Monday'", ["weekday of nps on is Monday"]),
        ("email_clicks / email_sent > 0.2", ["email clicks divided by email sent is above 0.2"]),
        ("renewal_date - today < 30", ["number of days from today to renewal date is below 30"]),
        ("in_segment('lapsed')", ["they are in the segment lapsed"]),
    ],
)  # fmt: skip
def test_a_condition_is_told_in_words(condition: str, words: list[str]) -> None:
    assert list(told(parse(condition, "person"))) == words


def test_a_condition_on_an_accounts_people_is_told_of_them() -> None:
    three = parse("at_least_of_people(3, usage_tier = 'power')", "account")
    assert told(three) == ["of 3 of its people or more: usage tier is power"]
