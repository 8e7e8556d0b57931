"""No silent zero: what nobody or everybody can fulfil, what never occurs, and who is left out as nothing is known."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import ibis
import pyarrow as pa
import pytest

from include.contracts.errors import ConfigurationError
from include.contracts.events import read_events
from include.contracts.measures import CUSTOMER_360
from include.contracts.settings import SHIPPED
from include.segments.catalog import check
from include.segments.definitions import read
from include.segments.doubts import doubts, measure_sizes
from include.segments.event_doubts import foreign
from include.segments.language import parse
from include.segments.occurring import occurring
from include.segments.population import Events, Population
from include.segments.sense import nonsense

AS_OF = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("nps_score > 8 and nps_score < 3", "Nobody can fulfil both nps_score > 8 and nps_score < 3."),
        ("nps_score between 9 and 7", "The range is turned round, so that nobody fulfils nps_score between 9 and 7"),
        ("nps_score > 11", "nps_score goes from 0 to 10, so that nobody fulfils nps_score > 11."),
        ("has_email and nps_score > 11", "so that nobody fulfils nps_score > 11."),
        ("usage_trend <= -25", "usage_trend goes from -1, so that nobody fulfils usage_trend <= -25."),
        ("nps_score >= 0 or nps_score < 0 or nps_score is null", "Everybody fulfils this, whoever they are"),
        ("nps_class = 'detractor' and nps_class = 'promoter'", "Nobody can fulfil both"),
        ("country = 'France' and country = 'Spain'", "Nobody can fulfil both"),
        ("nps_score = 3 and nps_score is null", "Nobody can fulfil both nps_score = 3 and nps_score is null."),
        ("has_email and not has_email", "Nobody can fulfil both has_email and not has_email."),
        ("in_segment('a') and not in_segment('a')", "Nobody can fulfil both"),
        ("usage_trend > 0.4 and usage_trend < 0.4", "Nobody can fulfil both"),
        ("within_last(nps_on, 30 days) and before_last(nps_on, 60 days)", "Nobody can fulfil both"),
        ("has_email is not null", "Everybody fulfils this, whoever they are: has_email is not null."),
    ],
)
def test_what_nobody_or_everybody_fulfils_is_told(text: str, told: str) -> None:
    assert told in " ".join(nonsense(parse(text, "person"), "person", AS_OF))


@pytest.mark.parametrize(
    "text",
    [
        "usage_trend > 0.2 and usage_trend < 0.3",
        "nps_score > 8 and nps_score < 10",
        "nps_score >= 0",
        "nps_score != 3 or has_email",
        "title contains 'a' and not title contains 'b'",
        "country != 'France'",
        "usage_active_days_7 < usage_active_days_28 and usage_active_days_28 < usage_active_days_7",  # not looked into
        "nps_on >= today - 30 days and nps_on <= today - 29 days",
        "renewal_date in next quarter and within_next(renewal_date, 90 days)",
        "in_segment('a') or has_email",
        "account(usage_breadth > 0.8 and did('Email Sent')) and has_email",
        "account(parent(usage_breadth > 0.8 and nps < 0))",
    ],
)
def test_what_somebody_fulfils_and_somebody_not_is_not_told(text: str) -> None:
    assert nonsense(parse(text, "person"), "person", AS_OF) == ()


def test_a_condition_on_people_of_an_account_is_looked_into() -> None:
    assert nonsense(parse("any_of_people(nps_score > 11)", "account"), "account", AS_OF) == (
        "nps_score goes from 0 to 10, so that nobody fulfils nps_score > 11.",
    )
    assert nonsense(parse("any_of_people(nps_score > 8 and nps_score < 3)", "account"), "account", AS_OF) == (
        "Nobody can fulfil both nps_score > 8 and nps_score < 3.",
    )


PEOPLE: list[dict[str, Any]] = [
    {
        "country": "Germany",
        "email_consent": None,
        "usage_trend": 0.5,
        "title": "Sales Director",
        "nps_score": 9,
        "nps_answers": 0,
    },
    {
        "country": "Germany",
        "email_consent": "opted_out",
        "usage_trend": -0.3,
        "title": "Engineer",
        "nps_score": None,
        "nps_answers": 0,
    },
    {
        "country": "United States",
        "email_consent": None,
        "usage_trend": None,
        "title": None,
        "nps_score": 3,
        "nps_answers": 0,
    },
]


@pytest.fixture(scope="module")
def people() -> Population:
    names = ["profile_id", "account_id", *PEOPLE[0]]
    schema = pa.schema([CUSTOMER_360.schema.field(name).with_nullable(True) for name in names])
    rows = pa.Table.from_pylist([{"profile_id": f"p{n}", **row} for n, row in enumerate(PEOPLE)], schema=schema)
    customers = ibis.memtable(rows)
    return Population(AS_OF, customers, customers, lambda key: ("person", customers))


def doubted(where: str, people: Population) -> tuple[str, ...]:
    content = f"key: a\nname: a\nowner: a\npurpose: a\nwhere: |\n  {where}\n"
    (segment,) = check([read("a.yaml", content.encode())]).segments
    return doubts(segment, people, measure_sizes(segment, people))


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ("country = 'germany'", "No country is 'germany'; did you mean 'Germany'? The commonest are 'Germany' 2"),
        ("country in ('Germany', 'Germny')", "No country is 'Germny'; did you mean 'Germany'?"),
        ("country = 'USA'", "No country is 'USA'; the commonest are 'Germany' 2, 'United States' 1."),
        ("usage_trend > 80", "usage_trend goes from -0.3 to 0.5 today: nobody fulfils usage_trend > 80; it is a share"),
        ("title like 'Director'", "A pattern without % is the whole text; write title contains 'Director'"),
        ("in_top(nps_answers, 10%)", "in_top(nps_answers, 10%) finds 3, not 1: so many have the same value"),
        (
            "title contains 'CTO'",
            "finds it in longer words of 1 of 1, as in 'Sales Director'; for a word of its own write",
        ),
        ("title like '*Director*'", "In a pattern % stands for any text, not *; write title contains 'Director'."),
    ],
)
def test_what_never_occurs_is_told_with_what_does(people: Population, where: str, told: str) -> None:
    assert told in " ".join(doubted(where, people))


def test_a_declared_value_that_nobody_has_yet_is_no_doubt(people: Population) -> None:
    assert doubted("email_consent = 'opted_in'", people) == ()
    assert doubted("country = 'Germany' and title contains 'DIRECTOR'", people) == ()
    assert doubted("title contains any of ('sal', 'Sales')", people) != doubted("title starts with 'sal'", people) == ()


def test_it_is_counted_of_whom_too_little_is_known(people: Population) -> None:
    content = "key: a\nname: a\nowner: a\npurpose: a\nwhere: email_consent != 'opted_out' and nps_score >= 0\n"
    (segment,) = check([read("a.yaml", content.encode())]).segments
    sizes = measure_sizes(segment, people)
    assert (sizes.everybody, sizes.true, sizes.unknown) == (3, 0, 2)
    assert {str(clause): counts for clause, counts in sizes.clauses.items()} == {
        "email_consent != 'opted_out'": (0, 2),
        "nps_score >= 0": (2, 1),
    }


def test_what_occurs_of_a_measure_is_listed_with_counts(people: Population) -> None:
    found = occurring(people, "person", "country", 10)
    assert found.values == (("Germany", 2), ("United States", 1))
    assert (found.different, found.unknown, found.least) == (2, 0, None)
    found = occurring(people, "person", "usage_trend", 1)
    assert (found.values, found.different, found.unknown, found.least, found.greatest) == (
        ((-0.3, 1),),
        2,
        1,
        -0.3,
        0.5,
    )
    with pytest.raises(ConfigurationError, match="did you mean 'country'"):
        occurring(people, "person", "contry", 10)


def test_amounts_in_another_currency_than_the_companys_are_told() -> None:
    won = [("EUR", 3), ("USD", 5), (None, 7)]
    rows = [
        {
            "event": "Opportunity Won", "event_id": f"{amount}", "profile_id": "p1", "account_id": "a1",
            "at": datetime(2026, 11, 1, tzinfo=UTC), "on_date": date(2026, 11, 1), "is_certain": True,
            "properties": json.dumps({"amount": amount, **({"currency": currency} if currency else {})}),
        }
        for currency, amount in won
    ]  # fmt: skip
    nobody = ibis.memtable({"profile_id": [""]})
    people = Population(AS_OF, nobody, nobody, lambda _: ("person", nobody), events=Events(ibis.memtable(rows)))
    meant = parse("sum_did('Opportunity Won', amount) > 3", "person", replace(read_events(SHIPPED), currency="EUR"))
    assert foreign(meant, people) == (
        "Of 'Opportunity Won' some amounts are in another currency than EUR and are left out: 1 in USD.",
    )
    named = parse("sum_did('Opportunity Won', amount, where currency = 'EUR') > 3", "person")
    assert foreign(named, people) == ()
