"""Twins share surname, birth date, telephone and address: what tells them apart is their first names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from include.matching.engine import resolve
from include.matching.spec import parse_spec
from tests.matching_tables import SPEC, table, town

WITH_DATES = parse_spec(
    {**SPEC.model_dump(mode="json"), "columns": {**SPEC.columns, "born": "date", "number": "identifier"}}
)
HOME = {"last_name": "Oberman", "phone": "+1 415 555 0200", "postcode": "94110", "born": "1984-05-17"}


def matched(people: int, *rows: dict[str, Any]) -> tuple[bool, str]:
    """Whether the rows are one person among so many others, and how their pair is graded."""
    others = town(people)
    random = np.random.default_rng(people)
    days = [f"{1950 + int(random.integers(50))}-{1 + int(random.integers(12)):02d}-{1 + int(random.integers(28)):02d}"
            for _ in range(people)]  # fmt: skip
    cases = [{"record_id": f"case-{k}", **HOME, **row} for k, row in enumerate(rows)]
    born = [day for day in days for _ in range(2)] + [case["born"] for case in cases]
    every = table([*others, *cases]).append_column("born", pa.array(born, pa.string()))
    number = pa.array([None] * len(others) + [case.get("number") for case in cases], pa.string())
    found = resolve(every.append_column("number", number), WITH_DATES)
    cluster = dict(zip(found.clusters["record_id"].to_pylist(), found.clusters["cluster"].to_pylist(), strict=True))
    grades = {(p["record_a"], p["record_b"]): p["grade"] for p in found.pairs.to_pylist()}
    return cluster["case-0"] == cluster["case-1"], grades.get(("case-0", "case-1"), "non-match")


@pytest.mark.parametrize("people", [60, 300])
@pytest.mark.parametrize("names", [("Max", "Paul"), ("Anna", "Hanna"), ("Erik", "Erika")])
def test_twins_wait_for_a_person_to_decide(people: int, names: tuple[str, str]) -> None:
    assert matched(people, *({"first_name": name} for name in names)) == (False, "review")
    family = [{"first_name": name, "email": "oberman.family@gmail.com"} for name in names]
    assert matched(people, *family) == (False, "review")


@pytest.mark.parametrize("people", [60, 300])
def test_what_is_one_persons_alone_joins_two_first_names(people: int) -> None:
    both = ({"first_name": name, "number": "PX-4711-09"} for name in ("Max", "Paul"))
    assert matched(people, *both)[1] == "match"
    spelt = ({"first_name": name} for name in ("Micheal", "Michael"))
    assert matched(people, *spelt) == (True, "match"), "a garbled name is no second one"
