"""What the estimate of a table takes from the table itself."""

from __future__ import annotations

import numpy as np

from include.matching.engine import resolve
from include.matching.spec import parse_spec
from tests.matching_tables import FIRST, LAST, table, town

SPEC = parse_spec(
    {
        "id": "record_id",
        "columns": {"first_name": "first_name", "last_name": "last_name", "phone": "phone", "postcode": "code"},
    }
)


def test_more_people_may_have_moved_than_stayed() -> None:
    """Rare surnames say who two records are; number and postcode changed for three of four."""
    rows = []
    for n in range(400):
        name = {"first_name": FIRST[n % 30], "last_name": f"Q{chr(97 + n % 26)}{chr(97 + n // 26)}ran{n % 7}dal"}
        home = {"phone": f"+1415555{n:04d}", "postcode": f"{10000 + n * 131}"}
        moved = {"phone": f"+1415777{n:04d}", "postcode": f"{10007 + (n * 977) % 80000}"}
        rows += [
            {"record_id": f"{n}a", **name, **home},
            {"record_id": f"{n}b", **name, **(moved if n % 4 else home)},
        ]
    share = resolve(table(rows), SPEC).model.parameters["share"]
    assert np.isclose(share["same person, moved"] / share["same person"], 3.0, rtol=0.2)


def test_colleagues_of_one_country_share_first_names_more_often_than_strangers_do() -> None:
    """Each firm has people of one of five countries, and no first name is of two."""
    spec = parse_spec({"id": "record_id", "columns": {"first_name": "first_name", "last_name": "last_name",
                                                      "email": "email", "company": "organization"}})  # fmt: skip
    random, rows = np.random.default_rng(4), []
    for n in range(1500):
        firm = int(random.integers(60))
        first = FIRST[5 * int(random.integers(6)) + firm % 5]
        last = f"Q{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}ran{n % 7}dal"
        work = {"email": f"{first}.{last}@firm{firm}.com", "company": f"Vendal{chr(97 + firm % 26)}{firm} Works"}
        rows += [{"record_id": f"{n}{again}", "first_name": first, "last_name": last, **work} for again in "ab"]
    levels = resolve(table(rows), spec).model.parameters["levels"]["first_name"]
    assert levels["colleagues"]["equal"] > 3 * levels["strangers"]["equal"]


def test_the_only_pair_of_two_first_names_does_not_say_how_often_one_person_has_two() -> None:
    siblings = [
        {"record_id": first, "first_name": first, "last_name": "Fairweather", "phone": "+14155550133"}
        for first in ("Annabel", "Edgar")
    ]
    without, beside = (
        resolve(table(rows), SPEC).model.parameters["levels"]["first_name"]["same person"]["different"]
        for rows in (town(60, 3), [*town(60, 3), *siblings])
    )
    assert beside < 1.2 * without


def test_who_says_no_name_is_not_expected_to_have_further_records() -> None:
    """Everybody with a name has two records of one mailbox, and whoever says none has one."""
    columns = {"first_name": "first_name", "last_name": "last_name", "email": "email"}
    rows = []
    for n in range(300):
        named = {
            "first_name": FIRST[n % 30],
            "last_name": LAST[(n * 7 + n // 30) % 30],
            "email": f"p{n}@firm{n % 40}.com",
        }
        rows += [{"record_id": f"{n}{again}", **named} for again in "ab"]
        rows += [{"record_id": f"alone-{n}", "email": f"x{n * 7919}q@firm{n % 40}.com"}]
    assert resolve(table(rows), parse_spec({"id": "record_id", "columns": columns})).report["expected_f1"] > 0.98
