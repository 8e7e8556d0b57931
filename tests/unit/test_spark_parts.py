"""What tasks of Spark do, without Spark: the engine's functions on a part of a table."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError

import numpy as np
import pyarrow as pa
import pytest

from include.matching.spark import session as sessions
from include.matching.spark.parts.chunks import added_up, counted_by_each, of_all, packed_chunks, unwrapped
from include.matching.spark.parts.connecting import (
    EDGE,
    both_ways,
    forest,
    labelled,
    larger_star,
    smaller_star,
    stars,
)
from include.matching.spark.parts.packing import packed, unpacked
from include.matching.spark.parts.pairs import LINKS
from include.matching.spark.parts.weighing import as_pairs, rivals_among


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


def test_rows_go_where_they_are_sent_and_meet_there_as_they_were() -> None:
    rows = pa.table({"to": pa.array([2, 0, 2], pa.int32()), "name": ["Ann", None, "Bo"], "tags": [["a"], [], None]})
    sent = packed_chunks(rows).to_batches()
    found = next(
        iter(of_all(lambda mine, none: mine.sort_by("name"), [rows.drop_columns("to").schema, LINKS])(iter(sent[-1:])))
    )
    assert sorted(sent[0]["to"].to_pylist()) == [0, 2]
    assert unwrapped(found["rows"][0].as_buffer()).num_rows == 3, "both chunks, which one partition was given"


def test_counts_of_several_chunks_meet_once_for_each_thing_that_is_counted() -> None:
    what, odds = ["a", "b", None, "a"], pa.array([1.5, None, 2.0, 1.5], pa.float32())
    levels, number = pa.array([b"\xff", None, b"", b"\xff"]), [1, 2, 3, 4]
    rows = pa.table({"what": what, "odds": odds, "levels": levels, "count": number, "most": number})
    how = {"count": "sum", "most": "max"}
    chunks = [packed_chunks(rows.append_column("to", pa.array([k, 1, 1, k], pa.int32()))) for k in (0, 1)]
    told = [batch for one in chunks for batch in counted_by_each(lambda part: part, how, 3)(iter(one.to_batches()))]
    met: dict[int, list[pa.Table]] = {}
    for batch in told:
        for to, chunk in zip(batch["to"].to_pylist(), batch["rows"], strict=True):
            met.setdefault(to, []).append(unwrapped(chunk.as_buffer()))
    found = pa.concat_tables([added_up(pa.concat_tables(every), how) for every in met.values()])
    assert sorted(map(repr, found.to_pylist())) == sorted(
        map(repr, added_up(pa.concat_tables([rows, rows]), how).to_pylist())
    )
    assert found.num_rows == 3


def test_links_drawn_together_across_parts_end_in_the_components_that_one_part_finds() -> None:
    random = np.random.default_rng(5)
    ends = np.sort(random.choice(90, (70, 2)), axis=1)
    edges = pa.table([*ends[ends[:, 0] < ends[:, 1]].T.copy()], schema=EDGE)
    wanted = dict(zip(*(labelled(edges)[name].to_pylist() for name in ("at", "component")), strict=True))
    parts = [forest(edges.slice(0, 30)), forest(edges.slice(30))]
    before = None
    while parts != before:
        before = parts
        larger = [larger_star(part) for part in _by(both_ways(pa.concat_tables(parts)), "left")]
        smaller = [smaller_star(part) for part in _by(pa.concat_tables(larger), "right")]
        parts = [forest(part).sort_by("right") for part in _by(pa.concat_tables(smaller), "left")]
    label = stars(pa.concat_tables(parts))
    assert dict(zip(label["at"].to_pylist(), label["component"].to_pylist(), strict=True)) == wanted


def _by(edges: pa.Table, key: str) -> list[pa.Table]:
    """Edges in three parts, all of a record's in one."""
    return [edges.filter(pa.array(edges[key].to_numpy() % 3 == part)) for part in range(3)]


def test_a_worker_that_lacks_a_package_says_so_instead_of_failing(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacking(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(sessions, "version", lacking)
    assert "duckdb missing" in sessions.own_versions()
