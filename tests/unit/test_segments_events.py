"""What a condition may say of events, in which words, and how it is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from include.cli.events import declarations
from include.contracts.errors import ConfigurationError, DefinitionError
from include.contracts.events import read_events
from include.contracts.settings import ROOT
from include.reference import events as reference
from include.segments import tree
from include.segments.language import parse

VOCABULARY = read_events(ROOT / "include" / "config")


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("did('Signed In', at least 3 times, in the last 14 days)",
         "did('Signed In', at_least 3, within_last 14 days)"),
        ("DID('Signed In', more than 2)", "did('Signed In', at_least 3)"),
        ("did('Signed In', fewer than 3 times)", "did('Signed In', at_most 2)"),
        ("did('Signed In', where surface = 'web', exactly 2)", "did('Signed In', exactly 2, where surface = 'web')"),
        ("did_not('Email Clicked', within_last 10 days)", "not did('Email Clicked', within_last 10 days)"),
        ("did('Email Clicked', where name contains 'pric' and mailing is any of ('1', '2'))",
         "did('Email Clicked', where name contains 'pric' and mailing is any of ('1', '2'))"),
        ("did('Signed In', during last month)", "did('Signed In', during 'last month')"),
        ("did('Signed In', between '2026-01-01' and today - 3 days)",
         "did('Signed In', between date '2026-01-01' and today - 3 days)"),
        ("last_did('Signed In', before '2026-01-01')", "last_did('Signed In') < date '2026-01-01'"),
        ("first_did('Signed In', within_last 7 days, where surface = 'api')",
         "within_last(first_did('Signed In', where surface = 'api'), 7 days)"),
        ("3 <= times_did('Signed In', within_last 28 days)", "times_did('Signed In', within_last 28 days) >= 3"),
        ("top 10% by usage_core_actions_28 and in_top(times_did('Signed In'), 10%)",
         "in_top(usage_core_actions_28, 10%) and in_top(times_did('Signed In'), 10%)"),
        ("sum_did('Opportunity Won', amount, within_last 1 year, where currency is null) >= 10k",
         "sum_did('Opportunity Won', amount, within_last 1 years, where currency is null) >= 10000"),
        ("sum_did('Opportunity Won', amount, where stage = 'x' and (currency = 'EUR' or currency is null)) > 1",
         "sum_did('Opportunity Won', amount, where stage = 'x' and (currency = 'EUR' or currency is null)) > 1"),
        ("changed(nps_class, from 'promoter' to 'detractor', in the last 90 days)",
         "changed(nps_class, from 'promoter' to 'detractor', within_last 90 days)"),
        ("changed(nps_class from 'promoter') and did('Signed In', within 3 days)",
         "changed(nps_class, from 'promoter') and did('Signed In', within_last 3 days)"),
        ("changed(usage_tier, to 'power')", "changed(usage_tier, to 'power')"),
        ("changed(usage_tier)", "changed(usage_tier)"),
        ("account(usage_breadth > 80% and did('Opportunity Won', within_last 30 days))",
         "account(usage_breadth > 0.8 and did('Opportunity Won', within_last 30 days))"),
        ("did('signed in', at least 3 times in the last 14 days)", "did('Signed In', at_least 3, within_last 14 days)"),
        ("did('Signed In', last 14 days) and did('Signed In', the past 2 weeks)",
         "did('Signed In', within_last 14 days) and did('Signed In', within_last 2 weeks)"),
        ("did('Signed In', in last month) or did('Signed In', this quarter) or did('Signed In', during the next week)",
         "did('Signed In', during 'last month') or did('Signed In', during 'this quarter') "
         "or did('Signed In', during 'next week')"),
        ("did('Signed In', since '2026-10-01')", "did('Signed In', between date '2026-10-01' and today)"),
        ("never did('Signed In') and has_email", "not did('Signed In') and has_email"),
        ("did('Email Clicked') followed by did('Signed In') within 7 days and then did('Data Imported')",
         "did('Email Clicked') then within 7 days did('Signed In') then did('Data Imported')"),
        ("last_did('Signed In') is unknown", "last_did('Signed In') is null"),
        ("did('Signed In') THEN within 1 week did('Data Imported', where surface = 'api') without did('Workflow Run') "
         "then did('Comment Added') and has_email",
         "did('Signed In') then within 1 weeks did('Data Imported', where surface = 'api') without did('Workflow Run') "
         "between then did('Comment Added') and has_email"),
    ],
)  # fmt: skip
def test_a_condition_on_events_has_one_canonical_text(text: str, canonical: str) -> None:
    node = parse(text, "person", VOCABULARY)
    assert str(node) == canonical
    assert parse(canonical, "person", VOCABULARY) == node


@pytest.mark.parametrize(
    ("text", "problem", "column"),
    [
        ("did('Signd In')", "there is no event 'Signd In' (did you mean 'Signed In'?)", 5),
        ("did(Signed)", "needs the name of an event in single quotes", 1),
        ("did()", "needs the name of an event in single quotes", 1),
        ("did('Signed In', 3 times)", "two ways; write at_least, exactly or at_most", 18),
        ("did('Signed In', at_least 0)", "ask for a number above 0", 18),
        ("did('Signed In', at_least 2, at_most 3)", "asked twice", 30),
        ("did('Signed In', within_last 500 days)", "events are kept for 400 days", 18),
        ("did('Signed In', within_last 3)", "a span is a number of days or more", 18),
        ("did('Signed In', soon)", "nothing that can be asked of an event", 18),
        ("did('Signed In', where surfac = 'web')", "has no property 'surfac' (did you mean 'surface'?)", 24),
        ("did('Signed In', where nps_score > 3)", "'Signed In' has no property 'nps_score'", 24),
        ("did('Signed In', where in_segment('lapsed'))", "asks about people, not about one event", 24),
        ("did('Signed In', before 'soon')", "'soon' is none, write it as 2026-12-31", 18),
        ("last_did('Signed In')", "is a day, so compare it", 1),
        ("times_did('Signed In', at_least 3) > 2", "is a number, so compare it, as in times_did(…) >= 3", 1),
        ("sum_did('Signed In', surface) > 3", "surface is text, which has no sum", 22),
        ("sum_did('Opportunity Won', amount) > 3", "say which: where currency = 'EUR', or where currency is null", 1),
        ("average_did('Opportunity Won', amount, where currency in ('EUR', 'USD')) > 3", "do not add up", 1),
        ("sum_did('Opportunity Won', amount, where not currency = 'EUR') > 3", "do not add up", 1),
        ("distinct_did('Signed In') > 3", "needs a property of 'Signed In' after its name (it has surface)", 1),
        ("(last_did('Signed In')) older than 30 days", "before_last(last_did('…'), 30 days)", 25),
        ("did('Signed In') then has_email", "a step of a sequence is missing", 18),
        ("did('Signed In') then did('Signed In', at_least 2)", "ask how often beside it", 23),
        ("changed(title)", "no history is kept of title", 1),
        ("changed(nps_class, from 'promotor')", "did you mean 'promoter'?", 20),
        ("nps_class changed from 'promoter'", "a change is written changed(nps_class, from 'a' to 'b'", 1),
        ("anniversary_of(first_seen_on, within 14 days)", "write within_next 14 days, or within_last 14 days", 31),
        ("changed(nps_class, soon)", "nothing that can be asked of a change", 20),
        ("account(any_of_people(has_email))", "cannot ask about people again", 1),
        ("account(account(usage_breadth > 0.5))", "account is for segments of people", 9),
        ("account(nps_score > 3)", "'nps_score' is a measure of people", 9),
        ("times_did('Signed In') = 'often'", "whole number and cannot be compared with 'often'", 26),
    ],
)  # fmt: skip
def test_what_it_refuses_it_refuses_at_its_place_with_the_right_form(text: str, problem: str, column: int) -> None:
    with pytest.raises(DefinitionError) as refused:
        parse(text, "person", VOCABULARY)
    assert problem in refused.value.problem
    assert (refused.value.line, refused.value.column) == (1, column)


@pytest.mark.parametrize(
    ("where", "meant"),
    [
        ("", "currency = 'EUR' or currency is null"),
        (", where stage = 'x'", "stage = 'x' and (currency = 'EUR' or currency is null)"),
        (", where currency = 'USD'", "currency = 'USD'"),
    ],
)
def test_amounts_of_a_company_with_one_currency_add_up_without_naming_it(where: str, meant: str) -> None:
    told = parse(f"sum_did('Opportunity Won', amount{where}) > 1", "person", replace(VOCABULARY, currency="EUR"))
    assert str(told) == f"sum_did('Opportunity Won', amount, where {meant}) > 1"
    assert parse(str(told), "person", VOCABULARY) == told


def test_a_condition_that_speaks_of_other_currencies_is_still_refused() -> None:
    with pytest.raises(DefinitionError, match="do not add up"):
        parse(
            "sum_did('Opportunity Won', amount, where currency != 'EUR') > 1",
            "person",
            replace(VOCABULARY, currency="EUR"),
        )


def test_what_is_counted_has_a_column_whose_name_fits_and_says_the_same_for_the_same() -> None:
    first, second = (
        parse(f"did('Signed In', {often}, within_last 7 days, where surface = 'web')", "person", VOCABULARY)
        for often in ("at_least 3", "exactly 2")
    )
    (counted,) = tree.happenings(tree.And((first, second)))
    assert len(counted.name) < 60


def test_events_yaml_is_checked(tmp_path: Path) -> None:
    def read(content: object) -> None:
        (tmp_path / "events.yaml").write_text(yaml.safe_dump(content))
        read_events(tmp_path)

    with pytest.raises(ConfigurationError, match="declared already"):
        read({"product": {"Email Sent": {"description": "x"}}})
    with pytest.raises(ConfigurationError, match="no name of a property"):
        read({"product": {"X": {"description": "x", "properties": {"a b": {"type": "text", "description": "x"}}}}})
    with pytest.raises(ConfigurationError, match="did you mean 'properties'"):
        read({"product": {"X": {"description": "x", "propertis": {}}}})


def test_what_nobody_has_declared_is_written_as_entries_to_be_taken_over(tmp_path: Path) -> None:
    written = declarations([{"event": "Report Shared", "properties": {"with": "unknown"}}])
    (tmp_path / "events.yaml").write_text(written)
    assert read_events(tmp_path).kinds["Report Shared"].properties[0].name == "with"
    assert declarations([]) == ""


def test_the_page_is_that_of_the_declarations() -> None:
    assert reference.PLACE.read_text("utf-8") == reference.render(), "run python -m include.reference"
