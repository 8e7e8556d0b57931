"""Time zones by the names that systems and people give them."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from include.contracts.time_zones import names, spelled, zone_of


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        (" europe/berlin ", "Europe/Berlin"),
        ("America/New_york", "America/New_York"),
        ("US/Eastern", "America/New_York"),
        ("Asia/Calcutta", "Asia/Kolkata"),
        ("Europe/Oslo", "Europe/Oslo"),  # a place of its own, though the database links it to another
        ("america_slash_port_hyphen_au_hyphen_prince", "America/Port-au-Prince"),
        ("UTC -04:00 America New York", "America/New_York"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("India Standard Time", "Asia/Kolkata"),
        ("Berlin", "Europe/Berlin"),
        ("Calcutta", "Asia/Kolkata"),
        ("Etc/UTC", "UTC"),
        ("utc", "UTC"),
        ("+02:00", None),
        ("GMT+2", None),  # Etc/GMT+2 is two hours behind
        ("Atlantis", None),
        ("", None),
    ],
)
def test_a_time_zone_has_one_name_however_it_is_written(written: str, name: str | None) -> None:
    assert zone_of(written) == name


def test_every_name_is_one_that_clocks_know() -> None:
    assert all(ZoneInfo(name).key == zone_of(name) for name in names())


def test_what_is_none_is_told_with_what_comes_near() -> None:
    assert spelled("berlin") == "Europe/Berlin"
    with pytest.raises(ValueError, match=r"'Europe/Berln' is no time zone; did you mean 'Europe/Berlin'\?"):
        spelled("Europe/Berln")
    with pytest.raises(ValueError, match=r"'GMT[+]2' is no time zone; name a place, as in 'Europe/Berlin'"):
        spelled("GMT+2")
