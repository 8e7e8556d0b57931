"""Settings come from KINDRED_* variables; a wrong one is named, with what it should be."""

from datetime import date
from pathlib import Path

import pytest

from include.contracts.errors import ConfigurationError
from include.contracts.settings import Settings, unknown_settings
from include.reference.settings import PLACE, render


def test_every_setting_has_a_default() -> None:
    settings = Settings.from_environment({})
    assert settings.lake_root == (settings.home / "lake").resolve().as_uri()
    assert settings.exports == settings.home / "sample" / "exports"


def test_variables_are_read_and_typed() -> None:
    settings = Settings.from_environment(
        {"KINDRED_DATA": "/exports", "KINDRED_AS_OF": "2026-02-28", "KINDRED_THREADS": "2", "HOME": "ignored"}
    )
    assert (settings.exports, settings.as_of, settings.threads) == (Path("/exports"), date(2026, 2, 28), 2)


def test_exports_of_ones_own_have_a_home_of_their_own_unless_one_is_named() -> None:
    homes = {Settings.from_environment({"KINDRED_DATA": data}).home for data in ("/mine/exports", "/yours/exports", "")}
    assert len(homes) == 3
    named = {"KINDRED_DATA": "/mine/exports", "KINDRED_HOME": "/srv/kindred"}
    assert Settings.from_environment(named).home == Path("/srv/kindred")


def test_a_name_that_is_no_setting_is_passed_over_where_work_must_go_on() -> None:
    assert Settings.lenient({"KINDRED_HOEM": "x", "KINDRED_THREADS": "2"}).threads == 2
    assert unknown_settings({"KINDRED_EXPORTS": "/x", "HOME": "/root"}) == [
        "KINDRED_EXPORTS is no setting; docs/settings.md lists them."
    ]


def test_the_page_is_that_of_the_declaration() -> None:
    assert PLACE.read_text(encoding="utf-8") == render(), "run python -m include.reference"


def test_an_empty_variable_counts_as_unset() -> None:
    assert Settings.from_environment({"KINDRED_AS_OF": ""}).as_of is None


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("KINDRED_HOEM", "x", "KINDRED_HOEM is no setting (did you mean 'KINDRED_HOME'?)"),
        ("KINDRED_THREADS", "-1", "KINDRED_THREADS cannot be used"),
        ("KINDRED_MEMORY_LIMIT", "much", "KINDRED_MEMORY_LIMIT cannot be used"),
        ("KINDRED_AS_OF", "yesterday", "KINDRED_AS_OF cannot be used"),
        ("KINDRED_TIMEZONE", "Mars/Base", "KINDRED_TIMEZONE cannot be used"),
        ("KINDRED_SCHEDULES", "maybe", "KINDRED_SCHEDULES cannot be used"),
    ],
)
def test_a_wrong_setting_is_named(variable: str, value: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_environment({variable: value})
    assert said in str(caught.value)
