"""The golden cases of matching: each pair's grade, and that the documentation shows the same cases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from include.matching.engine import resolve
from tests.matching_tables import SPEC, table, town

CASES: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("matching_cases.yaml").read_text("utf-8"))
DOCUMENT = Path(__file__).parents[2] / "docs" / "matching.md"


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_a_pair_is_graded(case: dict[str, Any]) -> None:
    rows = [{"record_id": side, **case[side]} for side in "ab"]
    pairs = resolve(table([*town(), *rows]), SPEC).pairs.to_pylist()
    graded = [p["grade"] for p in pairs if (p["record_a"], p["record_b"]) == ("a", "b")]
    assert (graded or ["non-match"]) == [case["grade"]]


def test_the_documentation_shows_the_cases() -> None:
    assert rendered(CASES) in DOCUMENT.read_text("utf-8")


def rendered(cases: list[dict[str, Any]]) -> str:
    """The cases as a Markdown table."""
    lines = ["| case | one record | the other | grade |", "|---|---|---|---|"]
    lines += [f"| {c['case']} | {_record(c['a'])} | {_record(c['b'])} | **{c['grade']}** |" for c in cases]
    return "\n".join(lines)


def _record(record: dict[str, str]) -> str:
    return ", ".join(f"{name}: `{value}`" for name, value in record.items())
