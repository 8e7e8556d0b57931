"""The lake on an object store: S3's protocol over real HTTP, served by moto."""

from __future__ import annotations

import ibis
import pytest

from include.contracts.metrics import COVERAGE
from include.storage.engine import Engine
from include.storage.lake import Lake
from include.storage.postgres import bulk


@pytest.fixture
def lake(bucket: str) -> Lake:
    """A lake in a bucket of the test's own."""
    return Lake(f"{bucket}/lake")


def test_versions_and_pointer_work_as_they_do_on_a_disk(lake: Lake) -> None:
    assert lake.current("coverage") is None
    first = lake.commit("coverage", "v1", [], 0)
    lake.commit("coverage", "v2", [], 0, point=False)
    current = lake.current("coverage")
    assert current is not None and current.ref == first
    assert lake.manifest("coverage", "v3") is None


def test_the_engine_writes_there_and_reads_it_back_and_so_does_the_bulk_load(lake: Lake) -> None:
    with Engine(lake) as engine:
        rows = ibis.memtable({"family": ["nps"], "profiles": [3], "share": [0.5]})
        ref = engine.write(COVERAGE, rows, version="v1")
        assert engine.read(COVERAGE, ref).to_pyarrow().to_pylist() == [{"family": "nps", "profiles": 3, "share": 0.5}]
    assert bulk.rows_of(lake, ref, COVERAGE).read_all().num_rows == 1
