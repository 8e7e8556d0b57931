"""What tasks of Spark do, without Spark: the engine's functions on a part of a table."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError

import numpy as np
import pyarrow as pa
import pytest

from include.matching.spark import session as sessions
from include.matching.spark.parts.claims import as_pairs, rivals_among
from include.matching.spark.parts.packing import packed, unpacked


def test_rivals_are_known_where_the_record_that_a_firm_cluster_is_numbered_by_stands_in_another_part() -> None:
    members = pa.table({"at": [20, 30, 40], "firm": [3, 30, 3], "taken": [0.5, 0.25, 0.5]})
    claims = as_pairs(pa.table({"one": [3], "other": [30], "odds": [2.0], "against": [0.75], "few": [1.0]}))
    rivals = rivals_among(members, claims, 0.0)
    left, right = (np.array(side, np.int32) for side in ([0, 0], [1, 2]))
    weighed = rivals.weigh(left, right, np.array([1.0, 1.0], np.float32))
    assert weighed.tolist() == [(1.0 + 2.0) / 2 - 0.75, 1.0], "a claim, and a pair of one firm cluster"


def test_what_is_packed_comes_back_whatever_chunks_and_slices_it_came_in() -> None:
    rows = np.arange(12, dtype=np.uint32).reshape(3, 4)
    one = packed(rows)
    pieces = pa.chunked_array([one.slice(0, 1), one.slice(1, 0), one.slice(1, 3).cast(pa.binary())])
    assert unpacked(pieces, np.uint32).tolist() == rows.tolist()
    assert unpacked(pa.chunked_array([one.slice(2, 2)]), np.uint32).tolist() == rows[:, 2:].tolist()
    assert unpacked(pa.chunked_array([pa.array([b"", b""])]), np.uint8).shape == (0, 2)


def test_a_worker_that_lacks_a_package_says_so_instead_of_failing(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(sessions, "version", lacking)
    assert "duckdb missing" in sessions.own_versions()
