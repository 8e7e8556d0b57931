"""Spark computes the measures that one machine computes, from rows drawn at random."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest

from include.contracts.measures import ACCOUNT_360, ACCOUNT_HISTORY, CUSTOMER_360, CUSTOMER_HISTORY
from include.contracts.metrics import GRID_FLOW
from include.contracts.runs import StageReport
from include.contracts.tables import Table
from include.matching.spark import session as sessions
from include.measures.step import WRITES, measure
from tests.integration.conftest import new_bucket, reach
from tests.random_company import RandomCompany
from tests.small_company import read

MISSING = sessions.missing()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
TABLES = (*WRITES, CUSTOMER_HISTORY, ACCOUNT_HISTORY, GRID_FLOW)
SUMS = {"contract_value", "contract_value_overdue", "opportunities_open_amount", "opportunities_won_amount", "value",
        "value_at_risk"}  # fmt: skip
"""Sums of amounts of money: what is added up in another order may differ in its last digit, on one machine too."""


@pytest.fixture(scope="module")
def both(
    spark: Any, object_store: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, tuple[RandomCompany, StageReport]]]:
    """The measures of one company by the engine that they were computed by, on Spark from a lake in an object store."""
    with pytest.MonkeyPatch.context() as patched:
        reach(object_store, patched)
        spark_there = {"spark_master": "local[2]", "lake_url": f"{new_bucket(__name__)}/lake"}
        found = {}
        for engine, where in {"memory": {}, "spark": spark_there}.items():
            company = RandomCompany(tmp_path_factory.mktemp(engine), 17, engine=engine, **where)
            refs = company.save()
            found[engine] = company, measure(company.project, company.run(), refs)
        yield found


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_row_is_the_same(both: dict[str, tuple[RandomCompany, StageReport]], table: Table) -> None:
    here, there = (read(company.project, table, report) for company, report in both.values())

    assert [told(row) for row in there] == [told(row) for row in here]
    assert [row[name] for row in there for name in SUMS & row.keys()] == [
        value if value is None else pytest.approx(value, rel=1e-14)
        for value in (row[name] for row in here for name in SUMS & row.keys())
    ]


def told(row: dict[str, Any]) -> dict[str, Any]:
    """What has to be the same to the last digit; no number is one."""
    exact = {name: value for name, value in row.items() if name not in SUMS}
    return {name: "NaN" if isinstance(value, float) and math.isnan(value) else value for name, value in exact.items()}


def test_the_version_is_the_same_and_the_report_says_which_engine_it_was(
    both: dict[str, tuple[RandomCompany, StageReport]],
) -> None:
    (_, here), (_, there) = both.values()

    assert {ref.dataset: (ref.version, ref.rows) for ref in there.writes} == {
        ref.dataset: (ref.version, ref.rows) for ref in here.writes
    }
    assert there.counts == here.counts
    assert (here.engine, there.engine) == ("duckdb", "spark")


def test_every_measure_is_known_of_somebody(both: dict[str, tuple[RandomCompany, StageReport]]) -> None:
    company, report = both["memory"]
    for table in (ACCOUNT_360, CUSTOMER_360):
        rows = read(company.project, table, report)

        assert not {name for name in table.names if all(row[name] is None for row in rows)}
