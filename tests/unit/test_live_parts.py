"""The parts of asking a live system: connections, what to ask for, answers and their meaning, the pace."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from include.contracts.connections import Connection, from_environment
from include.contracts.errors import ConfigurationError, DriftError, ThrottledError
from include.contracts.exports import SYSTEMS
from include.contracts.runs import Window
from include.reference.connectors import PLACE, render
from include.remote.answers import Unreadable, retry_after, word
from include.remote.budget import Allowance, Budget
from include.sources.live.asking import Asked, to_ask
from include.sources.live.csv_pages import rows_of
from include.sources.live.drift import check_fields
from include.sources.live.registry import LIVE
from tests.live_suite import JumpingClock

HOUR = timedelta(hours=1)
NOON = datetime(2026, 10, 30, 12, tzinfo=UTC)


def test_a_connection_is_read_as_airflow_writes_it_and_shows_no_secret() -> None:
    as_uri = from_environment("crm", {"AIRFLOW_CONN_CRM": "https://me:p%40ss@norvik.my.salesforce.example:8443/x?a=b"})
    content = {
        "conn_type": "http",
        "host": "https://norvik.example",
        "login": "me",
        "password": "p@ss",
        "extra": {"a": 1},
    }
    as_json = from_environment("crm", {"AIRFLOW_CONN_CRM": json.dumps(content)})
    assert as_uri is not None and as_json is not None
    assert (as_uri.url, as_uri.login, as_uri.password, as_uri.extra) == (
        "https://norvik.my.salesforce.example:8443", "me", "p@ss", {"a": "b"},
    )  # fmt: skip
    assert (as_json.url, as_json.extra) == ("https://norvik.example", {"a": 1})
    assert "p@ss" not in f"{as_uri}{as_json}"
    assert from_environment("other", {}) is None


@pytest.mark.parametrize("given", ["{not json", "no uri at all", '["a"]'])
def test_a_connection_that_is_none_is_one_sentence(given: str) -> None:
    with pytest.raises(ConfigurationError, match="AIRFLOW_CONN_CRM is neither a URI nor JSON"):
        from_environment("crm", {"AIRFLOW_CONN_CRM": given})


def test_what_a_connection_lacks_is_named() -> None:
    with pytest.raises(ConfigurationError, match="'crm' has no extra 'business_unit'"):
        Connection("crm").needed("business_unit")


@pytest.mark.parametrize(
    ("window", "mark", "asked"),
    [
        (Window(None, NOON), None, Asked()),
        (Window(NOON - HOUR, NOON), None, Asked(NOON - HOUR)),
        (Window(None, NOON), NOON, Asked(NOON - HOUR)),
        (Window(NOON - 5 * HOUR, NOON + HOUR), NOON, Asked(NOON - 5 * HOUR)),
        (Window(NOON, NOON + HOUR), NOON, Asked(NOON - HOUR)),
        (Window(NOON - 9 * HOUR, NOON - 8 * HOUR), NOON, Asked(NOON - 9 * HOUR, NOON - 8 * HOUR)),
    ],
)
def test_what_is_asked_for_covers_the_window_and_all_since_the_watermark(
    window: Window, mark: datetime | None, asked: Asked
) -> None:
    assert to_ask(window, mark, HOUR) == asked


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("7", 7.0), ("Fri, 30 Oct 2026 12:00:09 GMT", 9.0), ("Fri, 30 Oct 2026 11:00:00 GMT", 0.0), ("soon", None)],
)
def test_retry_after_is_a_number_or_a_date(given: str, seconds: float | None) -> None:
    assert retry_after(httpx.Response(429, headers={"Retry-After": given}), NOON) == seconds


def test_only_a_plain_word_of_an_answer_is_ever_told() -> None:
    response = httpx.Response(400)
    assert word("MALFORMED_QUERY", response) == "HTTP 400, MALFORMED_QUERY"
    assert word("nina.berg@norvik.example", response) == word("No such person: Nina", response) == "HTTP 400"


def test_a_page_that_is_not_whole_is_unreadable() -> None:
    page = b'"Id","Name"\n"1","a\nb"\n"2","c"\n'
    assert rows_of(httpx.Response(200, content=page), ["Id", "Name"], records=2, headed=True) == page[12:]
    for content, records in ((page, 3), (page[:20], 2), (b"", 0), (b"<html>", 0)):
        with pytest.raises(Unreadable):
            rows_of(httpx.Response(200, content=content), ["Id", "Name"], records=records, headed=True)


def test_a_pace_is_held_and_the_days_requests_are_not_exceeded() -> None:
    clock = JumpingClock()
    budget = Budget("crm", Allowance(a_day=5, a_second=2), clock, before=2)
    for _ in range(3):
        with budget.request():
            pass
    assert sum(clock.slept) == pytest.approx(1, abs=0.1)
    with pytest.raises(ThrottledError, match="crm: its 5 requests"), budget.request():
        pass


def test_a_field_that_was_never_there_may_stay_away_unless_it_is_needed() -> None:
    contact = SYSTEMS["salesforce_export"].file("contact")
    kinds = dict.fromkeys(contact.names, "text")
    check_fields("crm", contact, {}, {name: kind for name, kind in kinds.items() if name != "Department"})
    with pytest.raises(DriftError, match="the field LastName of contact is not there, or may not be read"):
        check_fields("crm", contact, {}, {name: kind for name, kind in kinds.items() if name != "LastName"})


def test_the_page_of_connectors_is_that_of_the_registry() -> None:
    assert PLACE.read_text(encoding="utf-8") == render(), "run python -m include.reference"
    assert all(kind in SYSTEMS for kind in LIVE)
    assert all(dataclasses.is_dataclass(kind) for kind in LIVE.values())
