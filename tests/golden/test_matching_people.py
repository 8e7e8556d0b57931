"""How many people a few records are, in tables of several sizes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from include.matching.engine import resolve
from tests.matching_tables import SPEC, table, town

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("matching_people.yaml").read_text("utf-8"))
TOWNS = {"600 records": (300, 5), "900 records": (450, 11), "120 records": (60, 3), "alone": (0, 0)}


IN_TABLES = [(case, of) for case in CASES for of in case.get("tables", TOWNS)]


@pytest.mark.parametrize(("case", "of"), IN_TABLES, ids=[f"{case['case']}, {of}" for case, of in IN_TABLES])
def test_records_are_so_many_people(case: dict[str, Any], of: str) -> None:
    rows = [{"record_id": f"case-{k}", **record} for k, record in enumerate(case["records"])]
    resolution = resolve(table([*town(*TOWNS[of]), *rows]), SPEC)
    cluster = dict(zip(*(resolution.clusters[c].to_pylist() for c in ("record_id", "cluster")), strict=True))
    found = [cluster[f"case-{k}"] for k in range(len(rows))]
    if case["people"] == 1:
        assert len(set(found)) == 1
    else:
        assert found[0] != found[1]
        graded = {(p["record_a"], p["record_b"]): p["grade"] for p in resolution.pairs.to_pylist()}
        assert graded.get(("case-0", "case-1")) != "match"
