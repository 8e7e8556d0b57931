"""What names say: mended by the record's own address, and among people of one household."""

from __future__ import annotations

import pyarrow as pa
import pytest

from include.matching.engine import resolve
from include.matching.records.features import featurize
from include.matching.records.name_parts import clean_name
from tests.matching_tables import SPEC, table, town


@pytest.mark.parametrize(
    ("first", "last", "address", "read_as"),
    [
        ("Tara", "Schnedier", "taraschneider18@gmail.com", ("tara", "schneider")),
        ("Wenddy", "Novak", "wendy.novak@firm3.com", ("wendy", "novak")),
        ("Wenddy", "Novak", "novak@firm3.com", ("wenddy", "novak")),  # the address does not say it
        ("Tara", "Schnedier", "tara.schnedier@gmail.com", ("tara", "schnedier")),  # it says the same
        ("W.", "Novak", "wendy.novak@firm3.com", ("wendy", "novak")),  # it says which name the initial is of
        ("K.", "Novak", "wendy.novak@firm3.com", ("k", "novak")),
        ("Wendy", "N.", "wendy.novak@firm3.com", ("wendy", "novak")),
        ("Child Oberman", None, "x77@gmail.com", ("", "oberman")),  # all that is known is the surname
        ("Ema", "Novak", "emma.novak@gmail.com", ("ema", "novak")),  # too short to tell a slip by
        ("Daniela", "Novak", "daniel.novak@gmail.com", ("daniela", "novak")),  # names of two people who share a mailbox
    ],
)
def test_a_name_is_spelt_as_in_its_records_own_address(
    first: str, last: str | None, address: str, read_as: tuple[str, str]
) -> None:
    others = [{"record_id": f"d{k}", "source": "crm", "first_name": "Daniel", "last_name": "Ward"} for k in range(3)]
    row = {"record_id": "x", "source": "crm", "first_name": first, "last_name": last, "email": address}
    features = featurize(table([row, *others, *town(60)]), SPEC)
    names = features.names
    assert names is not None
    at = int((features.row == 0).argmax())
    said = [*names.vocabulary, ""]
    assert (said[names.first[at]], said[names.last[at]]) == read_as


def test_a_household_seldom_gives_a_name_twice_however_frequent_it_is() -> None:
    rows = town(200)
    for k, row in enumerate(rows):
        row["first_name"] = ("Alice", "Robert", "Carla")[k // 2 % 3]
    told = resolve(table(rows), SPEC).model.parameters["levels"]["first_name"]
    assert told["strangers"]["equal"] > 0.1
    assert told["household"]["equal"] <= 0.0101
    assert told["relatives"]["equal"] <= 0.0101


@pytest.mark.parametrize(
    ("text", "read_as"),
    [("Man", "man"), ("Baby", "baby"), ("Man of the House", ""), ("Baby Girl", ""), ("Grandson", "")],
)
def test_a_word_for_kin_that_is_a_given_name_too_is_one_where_it_stands_alone(text: str, read_as: str) -> None:
    assert clean_name(text) == read_as


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ("Kevin", "Martin", "other_name"),  # two names: a slip seldom makes another name
        ("Kevin", "Kqvxn", "different"),  # what is garbled may be anybody's
        ("Kevin", "Kevn", "typo"),
        ("Anna", "Hanna", "look_alike"),
    ],
)
def test_two_names_that_are_names_are_told_from_one_that_is_garbled(one: str, other: str, told: str) -> None:
    both = [
        {"record_id": str(k), "source": "crm", "first_name": name, "last_name": "Oberman", "phone": "+1 415 555 0144"}
        for k, name in enumerate((one, other))
    ]
    found = resolve(table([*both, *town(100)]), SPEC).judge(pa.array(["0"]), pa.array(["1"]))
    assert f"first_name={told};last_name=equal" in found["evidence"].to_pylist()[0]


@pytest.mark.parametrize(
    ("first", "last", "local", "made"),
    [
        ("Людмила", "Васильева", "lvasileva", True),  # whichever way it is romanized
        ("Людмила", "Васильева", "vasilyeva_l", True),
        ("Людмила", "Васильева", "lyuda.v", False),
        ("Людмила", "Васильева", "rk_x", False),  # a word of its own owner's tells
        ("Людмила", "Васильева", "vasileva_1987", False),  # and so does a number
        ("Γεώργιος", "Παπαδόπουλος", "gpapadopoulos", True),
        ("سعيد", "المنصوري", "saeed.almansoori", True),  # no vowels are written
        ("خالد", "خوري", "kkhoury", True),
        ("דוד", "לוינסקי", "levinsky", True),
        ("琴艳", "吴", "y.wu", False),  # Qinyan is not Y.
        ("琴艳", "吴", "q.wu", True),
        ("りか", "よしだ", "rika.yoshida", True),
        ("अनिल", "शर्मा", "anil.sharma", True),
        ("Bo", "Li", "b.li", True),  # names too short to be looked for in other words
        ("Bo", "Li", "bolide", False),
        ("Mohammed", "Hadidi", "muhammad.h", True),
        ("Nora", "Teal", "sunnyside", False),
    ],
)
def test_a_local_part_is_its_owners_name_in_whatever_script_that_is_written(
    first: str, last: str, local: str, *, made: bool
) -> None:
    assert is_made([(first, last, local)]) is made


@pytest.mark.parametrize(
    ("people", "made"),
    [
        ([("健", "田中", "tanaka.k"), ("翔太", "田中", "shota.tanaka"), ("陽子", "田中", "tanaka_y")], True),
        (
            [("지훈", "박", "jh.park"), ("민수", "박", "park.ms"), ("서연", "박", "sypark"), ("유리", "박", "y.park")],
            True,
        ),
        ([("健", "田中", "tanaka.k"), ("翔太", "田中", "shota.tanaka")], False),  # two may be one household
        ([("健", "田中", "tanaka.k")] * 3, False),  # one person, and an address that is no news
        ([("健", "田中", "ichigo.k"), ("翔太", "田中", "momo"), ("陽子", "田中", "umi_y")], False),
    ],
)
def test_how_a_table_writes_a_name_in_addresses_is_learned_from_its_bearers(
    people: list[tuple[str, str, str]], *, made: bool
) -> None:
    assert is_made(people) is made


def is_made(people: list[tuple[str, str, str]]) -> bool:
    """Whether the local part of the first of these (first name, last name, local part) is made of the names."""
    rows = [
        {"record_id": f"x{k}", "source": "crm", "first_name": first, "last_name": last, "email": f"{local}@firm{k}.com"}
        for k, (first, last, local) in enumerate(people)
    ]
    features = featurize(table([*rows, *town(20)]), SPEC)
    assert features.emails is not None
    return bool(features.emails.name_made[0, int((features.row == 0).argmax())])


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        (("Jon", "Hansen", "jhansen"), ("Jon", "Hanson", "jhanson"), "same_company"),  # of two people
        (("Jon", "Hansen", "jhansen"), ("Jon", "Hansen", "jhanson"), "typo"),  # of one name: a slip
        (("Jon", "Hansen", "jhansen"), ("Jon", "Hansin", "jhansin"), "typo"),  # an address may be made of a slip
        (("Иван", "Петров", "ipetrov"), ("Инна", "Петрова", "ipetrova"), "same_company"),
    ],
)
def test_addresses_that_spell_two_last_names_are_no_slip(
    one: tuple[str, str, str], other: tuple[str, str, str], told: str
) -> None:
    both = [
        {"record_id": str(k), "source": "crm", "first_name": first, "last_name": last, "email": f"{local}@oberman.com"}
        for k, (first, last, local) in enumerate((one, other))
    ]
    names = ("Hansen", "Hanson", "Петров", "Петрова") * 5
    bearers = [{"record_id": f"n{k}", "source": "crm", "last_name": name} for k, name in enumerate(names)]
    found = resolve(table([*both, *bearers, *town(100)]), SPEC).judge(pa.array(["0"]), pa.array(["1"]))
    assert f"email={told}" in found["evidence"].to_pylist()[0].split(";")
