"""How single values are cleaned: what goes in, what comes out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import ibis
import ibis.expr.types as ir
import pytest

from include.contracts.settings import Settings
from include.staging import values
from include.staging.faults import value_class
from include.staging.phones import all_dialled, dialled, region_of
from include.staging.settings import read_settings

STAGING = read_settings(Settings().config)
BLANKS = STAGING.placeholders


@pytest.fixture(scope="module")
def clean() -> Callable[[Callable[[ir.StringValue], ir.Value], str | None], Any]:
    connection = ibis.duckdb.connect()
    connection.raw_sql("SET TimeZone = 'UTC'")

    def apply(cleaning: Callable[[ir.StringValue], ir.Value], value: str | None) -> Any:
        return connection.to_pyarrow(cleaning(ibis.literal(value, "string"))).as_py()

    return apply


Clean = Callable[[Callable[[Any], Any], str | None], Any]


@pytest.mark.parametrize(
    ("received", "cleaned"),
    [
        ("Norvik", "Norvik"),
        ("  Norvik \t Logistics\u00a0GmbH ", "Norvik Logistics GmbH"),
        ("AT&amp;T", "AT&T"),
        ("AT&amp;amp;T", "AT&T"),
        ("<b>Norvik</b><br/>Logistics", "Norvik Logistics"),
        ("Zoe\u0301", "Zoé"),
        ("Nor\0vik", "Nor vik"),
        ("Nor\u200bvik\ufeff", "Norvik"),
        ("王伟", "王伟"),
        ("Łukasz", "Łukasz"),
        ("N/A", None),
        (" unknown ", None),
        ("-", None),
        ("", None),
        ("   ", None),
        (None, None),
    ],
)
def test_text_is_folded_and_placeholders_are_null(clean: Clean, received: str | None, cleaned: str | None) -> None:
    assert clean(lambda value: values.text(value, BLANKS.text), received) == cleaned


@pytest.mark.parametrize("name", ["Null", "Na", "Self", "Nil", "X"])
def test_names_of_people_that_look_like_placeholders_stay(clean: Clean, name: str) -> None:
    assert clean(lambda value: values.text(value, BLANKS.name), name) == name


@pytest.mark.parametrize(
    ("received", "cleaned"),
    [
        (" Nina.Berg@Norvik.Example ", "nina.berg@norvik.example"),
        ("mailto:nina@norvik.example", "nina@norvik.example"),
        ("nina@norvik.example.", "nina@norvik.example"),
        ("nina+news@norvik.example", "nina+news@norvik.example"),
        ("нина@почта.рф", "нина@почта.рф"),
        ("n..berg@norvik.example", "n..berg@norvik.example"),
        ('"nina.berg"@norvik.example', "nina.berg@norvik.example"),
        ("nina@norvik.example; n.berg@home.example", "nina@norvik.example"),
        ("nina@norvik.example, n.berg@home.example", "nina@norvik.example"),
        ("nina@norvik", None),
        ("nina@@norvik.example", None),
        ("nina berg@norvik.example", None),
        ("@norvik.example", None),
        ("nina@.example", None),
        ("nina@norvik..example", None),
        ("test@test.com", None),
        ("n/a", None),
        ("x" * 250 + "@norvik.example", None),
        (None, None),
    ],
)
def test_an_address_is_lower_case_or_null(clean: Clean, received: str | None, cleaned: str | None) -> None:
    assert clean(lambda value: values.email(value, BLANKS.email), received) == cleaned


@pytest.mark.parametrize(
    ("received", "region", "number"),
    [
        ("(030) 555-0123", "DE", "+49305550123"),
        ("+49 30 5550123", "US", "+49305550123"),
        ("0049 30 5550123", "US", "+49305550123"),
        ("(312) 778-6653", "US", "+13127786653"),
        ("312.778.6653 ext. 12", "US", "+13127786653"),
        ("312-778-6653 / 312-778-6654", "US", "+13127786653"),
        ("n/a; (312) 778-6653", "US", "+13127786653"),
        ("030/5550123", "DE", "+49305550123"),
        ("13127786653.0", "US", "+13127786653"),
        ("1.31278E+10", "US", None),
        ("00000", "US", None),
        ("000010", "DE", None),
        ("+1 000 000 0000", "US", None),
        ("123456789", "DE", None),
        ("n/a", "US", None),
        ("12", "US", None),
        ("", "US", None),
    ],
)
def test_a_number_is_read_by_the_rules_of_its_country(received: str, region: str, number: str | None) -> None:
    assert dialled(received, (region,), frozenset(BLANKS.phone))[0] == number


@pytest.mark.parametrize(
    "received",
    [
        "(312) 778-6653 x136", "+13127786653;ext=136", "312.778.6653 ext. 136", "312-778-6653 #136",
        "312 778 6653, Extension: 136", "312-778-6653 Durchwahl 136", "312-778-6653 poste 136",
        "312-778-6653 x136 / 312-778-6654",
    ],
)  # fmt: skip
def test_what_is_dialled_after_a_number_is_kept_beside_it(received: str) -> None:
    assert dialled(received, ("US",), frozenset()) == ("+13127786653", "136")


@pytest.mark.parametrize(
    ("received", "numbers"),
    [
        ("0170 3548068\n030 5550124 ext. 12", [("+491703548068", None), ("+49305550124", "12")]),
        ("030/5550124\n+49 30 5550124", [("+49305550124", None)]),
        ("0170 3548068 / 030 5550124\n2. Stock", [("+491703548068", None), ("+49305550124", None)]),
        ("1.41556E+10\n030 5550124", [("+49305550124", None)]),
        ("nobody", []),
    ],
)
def test_a_record_has_the_numbers_of_all_its_columns_and_cells(received: str, numbers: list[object]) -> None:
    assert all_dialled(received, ("DE",), frozenset()) == numbers


def test_the_first_country_in_which_the_number_can_be_dialled_decides() -> None:
    assert dialled("0170 3548068", ("US", "DE"), frozenset()) == ("+491703548068", None)
    assert dialled("(312) 778-6653", ("US", "DE"), frozenset()) == ("+13127786653", None)


@pytest.mark.parametrize(
    ("country", "region"), [("Germany", "DE"), ("deutschland", "DE"), ("USA", "US"), ("uk", "GB"), ("Atlantis", None)]
)
def test_countries_are_known_by_name_and_code(country: str, region: str | None) -> None:
    assert region_of(country) == region


@pytest.mark.parametrize(
    ("received", "zone", "moment"),
    [
        ("2026-09-30T15:01:02.000Z", "UTC", datetime(2026, 9, 30, 15, 1, 2, tzinfo=UTC)),
        ("2026-09-30T15:01:02.000+0200", "UTC", datetime(2026, 9, 30, 13, 1, 2, tzinfo=UTC)),
        ("\v2026-09-30 15:01:02 +02:00\t\n", "UTC", datetime(2026, 9, 30, 13, 1, 2, tzinfo=UTC)),
        ("2026-09-30 15:01:02\n", "UTC", datetime(2026, 9, 30, 15, 1, 2, tzinfo=UTC)),
        ("2026-09-30 15:01:02 UTC", "America/New_York", datetime(2026, 9, 30, 15, 1, 2, tzinfo=UTC)),
        ("2026-09-30 15:01:02", "UTC", datetime(2026, 9, 30, 15, 1, 2, tzinfo=UTC)),
        ("2026-09-30 15:01:02", "America/New_York", datetime(2026, 9, 30, 19, 1, 2, tzinfo=UTC)),
        ("2026-09-30", "UTC", datetime(2026, 9, 30, tzinfo=UTC)),
        ("2026-02-30 10:00:00", "UTC", None),
        ("0000-00-00 00:00:00", "UTC", None),
        ("9999-12-31", "UTC", None),
        ("soon", "UTC", None),
        ("", "UTC", None),
        (None, "UTC", None),
    ],
)
def test_times_are_read_in_their_own_zone_or_the_source_s(
    clean: Clean, received: str | None, zone: str, moment: datetime | None
) -> None:
    assert clean(lambda value: values.moment(value, zone), received) == moment


@pytest.mark.parametrize(
    ("received", "day"),
    [
        ("2028-02-29", date(2028, 2, 29)),
        ("2026-09-30T15:01:02.000Z", date(2026, 9, 30)),
        ("2026-02-29", None),
        ("31/12/2025", None),
        ("2025-13-01", None),
        ("20251301", None),
        (None, None),
    ],
)
def test_days_are_of_the_calendar_or_null(clean: Clean, received: str | None, day: date | None) -> None:
    assert clean(values.day, received) == day


@pytest.mark.parametrize(
    ("received", "whole"),
    [
        ("12", 12),
        ("40.0", 40),
        (" 7 ", 7),
        ("-3", -3),
        ("7.5", None),
        ("ten", None),
        ("1e400", None),
        ("inf", None),
        ("", None),
    ],
)
def test_whole_numbers(clean: Clean, received: str, whole: int | None) -> None:
    assert clean(values.whole, received) == whole


@pytest.mark.parametrize(
    ("received", "flag"),
    [("true", True), ("1", True), ("Yes", True), ("FALSE", False), ("0", False), ("maybe", None), ("", None)],
)
def test_yes_and_no(clean: Clean, received: str, flag: bool | None) -> None:
    assert clean(values.flag, received) is flag


@pytest.mark.parametrize(
    ("received", "host"),
    [
        ("https://www.Norvik.example/about?x=1", "norvik.example"),
        ("norvik.example", "norvik.example"),
        ("http://norvik.example:8080", "norvik.example"),
        ("n/a", None),
        ("localhost", None),
        (None, None),
    ],
)
def test_the_domain_of_a_web_address(clean: Clean, received: str | None, host: str | None) -> None:
    assert clean(values.domain, received) == host


@pytest.mark.parametrize(
    ("value", "kind"),
    [(None, "empty"), (" ", "empty"), ("-1", "negative"), ("7.5", "fractional"), ("11", "number"), ("ten", "text"),
     ("2025-13-01", "date-like")],
)  # fmt: skip
def test_a_value_s_class_says_nothing_of_the_value(clean: Clean, value: str | None, kind: str) -> None:
    assert clean(value_class, value) == kind
