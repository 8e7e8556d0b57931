"""Resolve: from a table of records to clusters, judged pairs and evidence."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from include.contracts.errors import ConfigurationError
from include.contracts.nearest import nearest
from include.identity.constraints import Decision
from include.identity.model import Model
from include.identity.progress import SILENT, Progress
from include.identity.resolution import PAIR_SCHEMA, Resolution
from include.identity.spec import Kind, MatchingSpec


def resolve(
    records: pa.Table,
    spec: MatchingSpec,
    *,
    decisions: Sequence[Decision] = (),
    model: Model | None = None,
    progress: Progress = SILENT,
) -> Resolution:
    """Group the records of one person."""
    started = time.perf_counter()
    progress.stage("resolving")
    missing = [c for c in [spec.id, *spec.columns] if c not in records.column_names]
    if missing:
        raise ConfigurationError(f"The table has no column {missing[0]!r}{nearest(missing[0], records.column_names)}.")
    keys = [_clean(records[c]) for c in spec.of_kind(Kind.EMAIL)]
    names = [c for kind in (Kind.FIRST_NAME, Kind.LAST_NAME) for c in spec.of_kind(kind)[:1]]
    if len(names) == 2:
        keys.append(pc.binary_join_element_wise(*[_clean(records[c]) for c in names], " "))
    a, b, rule = _neighbours(keys)
    n = records.num_rows
    _, label = connected_components(coo_matrix((np.ones(len(a)), (a, b)), shape=(n, n)), directed=False)
    ids = pc.cast(records[spec.id], pa.string())
    ids = ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids
    left, right = ids.take(pa.array(a)), ids.take(pa.array(b))
    swap = pc.greater(left, right)
    pairs = pa.table(
        [
            pc.if_else(swap, right, left),
            pc.if_else(swap, left, right),
            np.full(len(a), 6.6),
            np.full(len(a), 0.99),
            pa.array(["match"] * len(a), pa.string()),
            pa.array([f"rule {r}" for r in rule], pa.string()),
            pa.array([f"rule {r}" for r in rule], pa.string()).dictionary_encode(),
        ],
        schema=PAIR_SCHEMA,
    )
    sizes = np.bincount(label, minlength=1)
    clusters = pa.table(
        {
            spec.id: records[spec.id],
            "cluster": label.astype(np.int64),
            "confidence": np.where(sizes[label] > 1, 0.99, 1.0) if n else np.zeros(0),
        }
    )
    report = {"seconds": {"resolve": time.perf_counter() - started}, "records": n, "clusters": len(sizes) if n else 0}
    return Resolution(clusters, pairs, model or Model("interim"), report)


def _clean(column: pa.ChunkedArray) -> pa.ChunkedArray:
    text = pc.utf8_trim_whitespace(pc.utf8_lower(pc.cast(column, pa.string())))
    return pc.if_else(pc.equal(text, ""), None, text)


def _neighbours(keys: list[pa.ChunkedArray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Chain the records that share a key value: consecutive members of each block."""
    out: list[np.ndarray] = [np.zeros((0, 3), np.int64)]
    for rule, key in enumerate(keys):
        codes = pc.fill_null(pc.dictionary_encode(key).combine_chunks().indices, -1).to_numpy(zero_copy_only=False)
        order = np.argsort(codes, kind="stable")
        same = (codes[order][1:] == codes[order][:-1]) & (codes[order][1:] >= 0)
        out.append(np.stack([order[:-1][same], order[1:][same], np.full(int(same.sum()), rule)], 1))
    found = np.concatenate(out)
    return found[:, 0], found[:, 1], found[:, 2]
