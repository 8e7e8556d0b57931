"""Audiences that marketers ask for: each can be said, and finds whom a plain reading in Python finds on the sample."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest

from include.contracts.events import EVENT, EVENT_KIND
from include.contracts.measures import ACCOUNT_360, CUSTOMER_360
from include.contracts.settings import ROOT
from include.segments import tree
from include.segments.asked import Asked
from include.segments.catalog import load
from include.segments.expression import matching
from include.segments.happenings import events_of
from include.segments.language import parse
from include.segments.population import MEMBER, Population
from include.storage.holding import Holding
from tests.reference_language import Row, World, truth
from tests.small_company import read

VOCABULARY = load(ROOT / "include" / "config").vocabulary
PEOPLE = {
    "no sign of interest in our mails for a quarter": "email_engaged_on is null or email_engaged_on older than 90 days",
    "eleven mails and none opened": "email_sent >= 11 and email_opens = 0",
    "clicked one link": "did('Email Clicked', where name contains 'pricing')",
    "stays away": "did('Signed In') and not did('Signed In', within_last 30 days) and first_seen_on older than 30 days",
    "was here last one to three months ago": "before_last(engagement_last_on, 30 days) and "
    "within_last(engagement_last_on, 90 days)",
    "new this week": "within_last(first_seen_on, 7 days)",
    "decides": "title contains any of ('VP', 'Director', 'Head of')",
    "is no trainee": "title is unknown or title does not contain any of ('Intern', 'Assistant')",
    "may be mailed": "has_email and (email_consent is null or email_consent = 'opted_in')",
    "whose mails come back": "did('Email Bounced')",
    "gets many mails": "email_sent_28 is at least 4",
    "unhappy executives": "seniority = 'executive' and nps_score <= 6 and within_last(nps_on, 180 days)",
    "new, and may be written to": "within_last(first_seen_on, 14 days) and email_consent is not 'opted_out'",
    "unhappy before the renewal": "renewal_date in next quarter and nps_score < 7",
    "came this month": "first_seen_on in this month",
    "got one mailing and left it": "did('Email Sent', where name contains 'news') "
    "and not did('Email Opened', where name contains 'news') and not did('Email Clicked', where name contains 'news')",
    "registered and stayed away": "did('Campaign Joined', where status = 'Registered') "
    "and not did('Campaign Responded')",
    "of a country and an industry": "country = 'Germany' and account_industry = 'Software'",
    "nobody sells to them": "opportunities_open = 0",
    "with a private mailbox": "email_is_private",
    "customers that were": "contracts_live = 0 and contract_ended_on is not null",
    "uses a feature": "did('Workflow Run', at_least 3)",
    "came from a mail": "did('Email Clicked') then within 7 days did('Signed In')",
    "an anniversary is near": "anniversary_of(first_seen_on, within_next 14 days)",
    "began on a weekend": "day_of_week(first_seen_on) in ('Saturday', 'Sunday')",
    "clicks much of what they get": "email_clicks / email_sent > 20%",
    "use has fallen by a quarter": "times_did('Signed In', within_last 14 days) <= "
    "75% * (times_did('Signed In', within_last 28 days) - times_did('Signed In', within_last 14 days))",
}  # fmt: skip
ACCOUNTS = {
    "renews soon": "within_next(renewal_date, 90 days)",
    "uses most of the seats": "usage_breadth > 80%",
    "not begun two months after the contract": "contract_start_on older than 60 days and usage_tier = 'none'",
    "several people use it": "at least 3 people who did('Signed In', within_last 14 days)",
    "nobody comes": "none_of_people(did('Signed In', within_last 30 days))",
    "somebody sells to them": "opportunities_open > 0",
}
ASKED = [*(("person", where) for where in PEOPLE.values()), *(("account", where) for where in ACCOUNTS.values())]
COMMON = ("profile_id", "account_id")


@pytest.fixture(scope="module")
def worlds(sample_measured: Any) -> dict[str, list[tuple[Row, World]]]:
    """Everybody, with what a condition on them reads: a person's events, an account's people and theirs."""
    company, report = sample_measured
    customers, accounts = (read(company.project, table, report) for table in (CUSTOMER_360, ACCOUNT_360))
    through = {row["event"]: row["through"] for row in read(company.project, EVENT_KIND, report) if row["through"]}
    happened: dict[str, dict[str, list[Row]]] = {key: defaultdict(list) for key in COMMON}
    for row in read(company.project, EVENT, report):
        known = dict.fromkeys(column.name for column in VOCABULARY.kinds[row["event"]].properties)
        event = {**row, "properties": known | json.loads(row["properties"] or "{}")}
        for key in COMMON:
            happened[key][row[key]].append(event)
    people: dict[str, list[Row]] = defaultdict(list)
    for customer in customers:
        people[customer["account_id"]].append(customer)
    world = World(customers[0]["as_of"], (), (), {}, through=through)
    return {
        "person": [(row, replace(world, events=happened["profile_id"][row["profile_id"]])) for row in customers],
        "account": [
            (row, replace(world, customers=people[row["account_id"]], events=happened["account_id"][row["account_id"]]))
            for row in accounts
        ],
    }


@pytest.fixture(scope="module")
def found(sample_measured: Any) -> dict[tuple[str, str], set[str]]:
    """Whom the engine finds, by level and condition."""
    company, report = sample_measured
    refs = {ref.dataset: ref for ref in report.writes}
    nodes = {(level, where): parse(where, level, VOCABULARY) for level, where in ASKED}
    with company.project.engine() as engine:
        tables = {
            table: engine.read(table, refs[table.name]) for table in (CUSTOMER_360, ACCOUNT_360, EVENT, EVENT_KIND)
        }
        as_of = tables[CUSTOMER_360].as_of.max().to_pyarrow().as_py()
        people = Population(
            as_of,
            tables[CUSTOMER_360],
            tables[ACCOUNT_360],
            _nobody,
            events=events_of(tables[EVENT], tables[EVENT_KIND]),
        )
        people = Asked.by((level, node) for (level, _), node in nodes.items()).of(people, Holding(engine))
        return {
            asked: set(matching(node, asked[0], people)[MEMBER[asked[0]]].to_pyarrow().to_pylist())
            for asked, node in nodes.items()
        }


def _nobody(key: str) -> Any:
    raise AssertionError(key)


@pytest.mark.parametrize(("level", "where"), ASKED, ids=[*PEOPLE, *ACCOUNTS])
def test_an_audience_is_whom_a_plain_reading_finds(worlds: Any, found: Any, level: str, where: str) -> None:
    node: tree.Node = parse(where, level, VOCABULARY)
    expected = {row[MEMBER[level]] for row, world in worlds[level] if truth(node, row, world) is True}
    assert found[level, where] == expected


def test_the_sample_has_somebody_of_most_audiences(found: Any) -> None:
    assert sum(bool(members) for members in found.values()) > len(found) / 2
