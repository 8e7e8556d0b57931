"""Which name a profile shows when its records spell it differently, give an initial, or have it the wrong way round."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ibis
import pytest

from include.profiles.members import member_records
from include.profiles.names import with_names
from include.profiles.settings import read_settings
from include.profiles.survivorship import candidates, lineage, ranked, winners
from tests.people import crosswalk, found, people, person

RULES = read_settings(Path("include/config"))
UNIT = dict(RULES.units)["name"]
CRM, USAGE, MAIL, LEAD, NPS = "crm.contact:1", "usage.user:2", "email.prospect:3", "crm.lead:4", "nps.respondent:5"


def named(record: str, name: str) -> dict[str, Any]:
    """A record called ``First|Last``, or by a full name in one field."""
    first, bar, last = name.partition("|")
    parts = {"first_name": first or None, "last_name": last or None} if bar else {"full_name": name}
    return person(record, **parts)


def others(*names: str) -> list[dict[str, Any]]:
    """Other people of the table, one a name."""
    return [named(f"crm.contact:other{i}", name) for i, name in enumerate(names)]


def placed(mine: dict[str, str], *table: str) -> ibis.Table:
    records = [*(named(record, name) for record, name in mine.items()), *others(*table)]
    rest = {f"other{i}": f"crm.contact:other{i}" for i in range(len(table))}
    members = member_records(crosswalk(P=" ".join(mine), **rest), people(*records), RULES.sources)
    return ranked(candidates(with_names(members, lambda rows: rows), UNIT, None), UNIT)


def shown(mine: dict[str, str], *table: str) -> tuple[str, str, str]:
    (row,) = [row for row in found(winners(placed(mine, *table), UNIT)) if row["profile_id"] == "P"]
    return row["first_name"], row["last_name"], row["full_name"]


@pytest.mark.parametrize(
    ("mine", "full_name"),
    [
        ({CRM: "P.|Isaev", MAIL: "Prokhor|Isaev"}, "Prokhor Isaev"),
        ({CRM: "D|May", NPS: "Deb May"}, "Deb May"),
        ({CRM: "|Murray", NPS: "Jen Murray"}, "Jen Murray"),
        ({CRM: "J. R.|Ewing", NPS: "John Ross Ewing"}, "John Ross Ewing"),
        ({CRM: "伟|王", MAIL: "Wei|Wang"}, "伟 王"),  # one character is a whole name there
        ({CRM: "K|Popov"}, "K Popov"),  # nothing better is known
    ],
)
def test_an_initial_is_no_complete_name(mine: dict[str, str], full_name: str) -> None:
    assert shown(mine)[2] == full_name


@pytest.mark.parametrize(
    ("mine", "full_name"),
    [
        ({CRM: "Kraen|Jenkins", MAIL: "Karen|Jenkins", USAGE: "Karen|Jenkins"}, "Karen Jenkins"),
        ({CRM: "Laurent|Ponssin", MAIL: "Laurent|Ponsin", NPS: "Laurent Ponsin"}, "Laurent Ponsin"),
        ({CRM: "Lars-Ake|Lundstrom", MAIL: "Lars-Åke|Lundström"}, "Lars-Åke Lundström"),  # marks get lost, not made
        ({CRM: "V1lmer|Alberg", MAIL: "Vilmer|Alberg"}, "Vilmer Alberg"),
        ({CRM: "ДИНА|ОРЛОВА", MAIL: "Дина|Орлова"}, "Дина Орлова"),
        ({CRM: "adeline|döring", MAIL: "Adeline|Döring"}, "Adeline Döring"),
        ({CRM: "Anne|Lee", MAIL: "Ann|Lee"}, "Anne Lee"),  # nobody else tells: the more trusted source
        ({CRM: "Amy|Kennedy", MAIL: "Amy|Evanman", USAGE: "Amy|Evanman"}, "Amy Kennedy"),  # another name, no slip
        ({CRM: "Andy|Walsford", MAIL: "Andrew|Walsford", USAGE: "Andrew|Walsford"}, "Andy Walsford"),
    ],
)
def test_a_spelling_that_occurs_once_loses_to_a_close_one_that_occurs_more_often(
    mine: dict[str, str], full_name: str
) -> None:
    assert shown(mine)[2] == full_name


def test_of_two_spellings_that_occur_once_the_one_that_other_people_have_is_shown() -> None:
    mine = {CRM: "Isabelle|Maryin", MAIL: "Isabelle|Martin"}
    assert shown(mine, "Ricky|Martin")[2] == "Isabelle Martin"
    assert shown(mine)[2] == "Isabelle Maryin"


def test_a_swapped_name_is_put_right_where_the_tables_names_tell() -> None:
    table = [*(f"Katherine|Family{i}" for i in range(4)), *(f"Given{i}|Chavez" for i in range(4))]
    assert shown({CRM: "Chavez|Katherine"}, *table) == ("Katherine", "Chavez", "Katherine Chavez")
    assert shown({CRM: "Chavez|Katherine"}) == ("Chavez", "Katherine", "Chavez Katherine")


def test_a_name_that_is_a_first_and_a_last_name_stays_as_it_is() -> None:
    table = ["Thomas|Weber", "Karl|Thomas", "Martin|Weber", "Karl|Martin"] * 3
    assert shown({CRM: "Thomas|Martin"}, *table)[:2] == ("Thomas", "Martin")


def test_of_a_persons_contradicting_orders_the_one_that_more_records_have_wins() -> None:
    assert shown({CRM: "Tanner|Ronnie", MAIL: "Ronnie|Tanner", NPS: "Ronnie Tanner"})[:2] == ("Ronnie", "Tanner")
    assert shown({CRM: "Tanner|Ronnie", MAIL: "Ronnie|Tanner"}, "Ronnie|Wood")[:2] == ("Ronnie", "Tanner")


@pytest.mark.parametrize(
    ("written", "first", "last"),
    [
        ("Dr. Ann Lee", "Ann", "Lee"), ("Lee, Ann", "Ann", "Lee"), ("Ann Lee, PhD", "Ann", "Lee"),
        ("Ludwig van Beethoven", "Ludwig", "van Beethoven"), ("Ann Mary Lee", "Ann Mary", "Lee"),
        ("N/A Lee", None, "Lee"), ("xxx Lee", None, "Lee"), ("Madonna", None, None),
    ],
)  # fmt: skip
def test_a_name_in_one_field_is_read(written: str, first: str | None, last: str | None) -> None:
    assert shown({NPS: written})[:2] == (first, last)


def test_the_lineage_says_that_the_spelling_decided() -> None:
    (row,) = found(lineage(placed({CRM: "V1lmer|Alberg", MAIL: "Vilmer|Alberg"}), "first_name"))
    assert (row["record_id"], row["rule"], row["losing_records"]) == (MAIL, "best_spelled", f'["{CRM}"]')
