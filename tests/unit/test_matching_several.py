"""Records of several addresses or numbers: any of them may be another record's, and it is evidence once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from include.matching.constraints import Decision
from include.matching.engine import resolve
from include.matching.evaluate.scores import measure
from include.matching.levels import Kind
from include.matching.pairs.blocking import KeyRows, Rule, form_blocks, list_pairs
from include.matching.records.cleaning import clean_phones
from include.matching.records.columns import encode
from include.matching.records.emails import as_mailboxes
from include.matching.records.several import settled
from include.matching.resolution import Resolution
from include.matching.spec import MatchingSpec, parse_spec
from tests.matching_tables import FIRST, LAST, SPEC, table, town

TWO_COLUMNS: MatchingSpec = parse_spec(
    {**SPEC.model_dump(mode="json"), "columns": {**SPEC.columns, "email_2": "email", "mobile": "phone"}}
)
Values = Sequence[str | None]


def places(kind: Kind, *columns: Values) -> list[list[str]]:
    """The values of each record, in their order."""
    clean = as_mailboxes if kind is Kind.EMAIL else lambda v: clean_phones(v, "US")
    found = settled([encode(pa.chunked_array([c], pa.string()), "c") for c in columns], kind, clean)
    return [[found.values[int(c)].as_py() for c in record if c >= 0] for record in found.codes.T]


def test_columns_and_cells_give_a_record_its_values_each_once() -> None:
    cells = ["max@power.io; m.power@gmail.com", "one@acme.com", None, "no address"]
    column = ["M.Power@gmail.com", "one@acme.com", "two@acme.com", "three@acme.com"]
    assert places(Kind.EMAIL, cells, column) == [
        ["max@power.io", "m.power@gmail.com"], ["one@acme.com"], ["two@acme.com"], ["three@acme.com"],
    ]  # fmt: skip
    assert places(Kind.PHONE, ["415-555-0144 / 415-555-0199", "415/5550101", None]) == [
        ["415-555-0144", "415-555-0199"], ["415/5550101"], [],
    ]  # fmt: skip
    crowd = "; ".join(f"a{k}@acme.com" for k in range(40))
    assert len(places(Kind.EMAIL, [crowd])[0]) == 5, "a cell of forty addresses is a list, not a person"


def test_a_pair_with_two_keys_in_common_is_listed_once() -> None:
    keys = np.array([[5, 5, 9, 7], [7, 9, 0, 5]], np.uint32)  # 0-1 and 0-3 twice over, 1-2 by a second key
    rows = KeyRows.of([keys], 4)
    left, right = list_pairs(form_blocks(rows.of_rule(0), 100, Rule("r", keys, str)), rows, 0, np.zeros(0, np.int32))
    assert sorted(zip(left.tolist(), right.tolist(), strict=True)) == [(0, 1), (0, 3), (1, 2), (1, 3)]
    assert rows.held(np.array([0, 0, 2], np.int32), np.array([3, 2, 3], np.int32)).tolist() == [True, False, False]


def resolved(rows: list[dict[str, Any]], spec: MatchingSpec = SPEC, *decisions: Decision) -> Resolution:
    every = table([*town(120), *rows])
    for name in ("email_2", "mobile"):
        said = pa.array([None] * 240 + [row.get(name) for row in rows], pa.string())
        every = every.append_column(name, said)
    return resolve(every, spec, decisions=decisions)


def pair(resolution: Resolution) -> dict[str, Any]:
    return next(p for p in resolution.pairs.to_pylist() if (p["record_a"], p["record_b"]) == ("x", "y"))


@pytest.mark.parametrize(
    ("one", "other", "told"),
    [
        ({"email": "max@power.io; mp7@gmail.com"}, {"email": "mp7@gmail.com"}, "email=same_private_mailbox[2,1]"),
        ({"email": "max@power.io", "email_2": "mp7@gmail.com"}, {"email": "mp7@gmail.com"},
         "email=same_private_mailbox[2,1]"),
        ({"email": "mp7@gmail.com"}, {"email_2": "mp7@gmail.com"}, "email=same_private_mailbox"),
        ({"phone": "415-555-0144 / 415-555-0199"}, {"mobile": "+1 415 555 0199", "phone": "415 555 0101"},
         "phone=equal[2,2]"),
        ({"phone": "415-555-0144", "mobile": "+1 415 555 0199"}, {"phone": "415-555-0199 x7"}, "phone=equal[2,1]"),
    ],
)  # fmt: skip
def test_records_meet_by_any_of_their_values_and_the_evidence_says_by_which(
    one: dict[str, str], other: dict[str, str], told: str
) -> None:
    found = pair(resolved([{"record_id": "x", "last_name": "Fairweather", **one},
                           {"record_id": "y", "first_name": "Max", **other}], TWO_COLUMNS))  # fmt: skip
    assert told in found["evidence"].split(";")
    assert found["rule"] in ("mailbox", "phone")


def test_two_numbers_in_common_weigh_what_one_does() -> None:
    names = {"first_name": "Alice", "last_name": "Smith"}
    one, both = (
        resolved([{"record_id": side, **names, "phone": phone} for side in "xy"])
        for phone in ("415-555-0144", "415-555-0144 / 415-555-0199")
    )
    assert pair(both)["match_weight"] == pytest.approx(pair(one)["match_weight"], abs=0.2)
    assert len(both.pairs) == len(both.pairs.group_by(["record_a", "record_b"]).aggregate([]))


def test_a_bypassed_value_is_no_evidence_in_any_place() -> None:
    rows = [{"record_id": "x", "first_name": "Ann", "last_name": "Poe", "email_2": "desk@quux.org"},
            {"record_id": "y", "first_name": "Ed", "last_name": "Moss", "email": "e@m.org; desk@quux.org"}]  # fmt: skip
    bypassed = Decision("bypass", column="email_2", value="Desk@quux.org")
    assert pair(resolved(rows, TWO_COLUMNS))["rule"] == "mailbox"
    told = [p for p in resolved(rows, TWO_COLUMNS, bypassed).pairs.to_pylist() if p["record_a"] == "x"]
    assert not told or "mailbox" not in told[0]["evidence"]


def test_a_mailbox_that_many_have_beside_their_own_is_shared() -> None:
    many = [{"record_id": f"m{k}", "first_name": FIRST[k], "last_name": LAST[k], "email": f"{LAST[k]}@q.org; all@q.org"}
            for k in range(20)]  # fmt: skip
    told = resolved(many).report["shared_values"]
    assert {"column": "email", "value": "all@q.org", "records": 20} in told


def several_addresses(people: int, seed: int) -> tuple[pa.Table, np.ndarray[Any, np.dtype[np.int64]]]:
    """People of one to three addresses, of which each of their records says some, in any order."""
    random = np.random.default_rng(seed)
    rows: list[dict[str, str | None]] = []
    who: list[int] = []
    for i in range(people):
        first, last = FIRST[int(random.integers(len(FIRST)))], LAST[int(random.integers(len(LAST)))]
        firm, number = int(random.integers(40)), int(random.integers(10_000))
        has = [f"{first}.{last}@firm{firm}.com", f"{last}{number}@gmail.com", f"{first[0]}{last}{number}@home{i}.org"]
        has = has[: int(random.integers(1, 4))]
        for record in range(int(random.integers(1, 4))):
            said = random.permutation(has)[: int(random.integers(1, len(has) + 1))]
            named = random.random() < 0.7
            rows.append({"record_id": f"{i}-{record}", "source": "crm", "email": "; ".join(said).lower(),
                         "first_name": first if named else None, "last_name": last if named else None,
                         "company": f"Firm {firm}" if random.random() < 0.5 else None})  # fmt: skip
            who.append(i)
    return table(rows), np.array(who, np.int64)


def test_confidence_is_honest_where_many_records_have_several_addresses() -> None:
    records, who = several_addresses(900, 3)
    found = resolve(records, SPEC)
    scores = measure(found.clusters["cluster"].to_numpy(), who)
    assert scores.f1 > 0.97, "namesakes of one firm, and who says one address here and another there, are what is left"
    assert abs(found.report["expected_f1"] - scores.f1) < 0.02
    shuffled = np.random.default_rng(1).permutation(len(records))
    again = resolve(records.take(shuffled), SPEC)
    assert again.model == found.model
    assert measure(again.clusters["cluster"].to_numpy(), who[shuffled]).f1 == scores.f1
