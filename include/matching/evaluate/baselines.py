"""Two plain ways of matching to measure the engine beside: the trivial rule, and recordlinkage's ECM pipeline."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import recordlinkage
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from include.contracts.errors import ConfigurationError
from include.matching.evaluate.scores import Labels
from include.matching.levels import Kind
from include.matching.records.columns import encode
from include.matching.spec import MatchingSpec

MOST_CLASSICAL = 200_000  # pairs that the classical pipeline is given; it holds all of them in memory at once


def trivial_rule(records: pa.Table, spec: MatchingSpec) -> Labels:
    """Same mailbox or same full name, joined through chains: the rule that any engine has to beat."""
    keys = [_plain(records, [name]) for name in spec.of_kind(Kind.EMAIL) + spec.of_kind(Kind.FULL_NAME)]
    parts = spec.of_kind(Kind.FIRST_NAME)[:1] + spec.of_kind(Kind.LAST_NAME)[:1]
    keys += [_plain(records, parts)] if parts else []
    return connected(records.num_rows, [_chain(key) for key in keys])


def _plain(records: pa.Table, columns: Sequence[str]) -> npt.NDArray[np.int64]:
    """Codes of the trimmed, lower-cased values, null where any is empty."""
    frame = pd.DataFrame({c: _text(records, c) for c in columns})
    joined = frame.agg(" ".join, axis=1) if len(columns) > 1 else frame[columns[0]]
    codes, _ = pd.factorize(joined.where((frame != "").all(axis=1)))
    return codes.astype(np.int64)


def _text(records: pa.Table, column: str) -> pd.Series[str]:
    encoded = encode(records[column], column)
    values = np.array([*(" ".join(v.lower().split()) for v in encoded.values.to_pylist()), ""], object)
    return pd.Series(values[encoded.codes])


def _chain(codes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Pairs of neighbours among the records that share a code."""
    order = np.argsort(codes, kind="stable")
    same = (codes[order][1:] == codes[order][:-1]) & (codes[order][1:] >= 0)
    return np.stack([order[:-1][same], order[1:][same]], 1)


def connected(size: int, edges: Sequence[npt.NDArray[np.int64]]) -> Labels:
    """Label each record by its connected component."""
    pairs = np.concatenate([np.zeros((0, 2), np.int64), *edges])
    graph = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(size, size))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def classical(records: pa.Table, spec: MatchingSpec) -> Labels:
    """The classical recordlinkage pipeline: index, compare with Jaro-Winkler, ECM, connected components.

    Raises ConfigurationError where its index would list more than ``MOST_CLASSICAL`` pairs.
    """
    frame = pd.DataFrame({c: _text(records, c).replace("", None) for c in spec.columns})
    index = recordlinkage.Index()
    for name in _blocking_columns(spec):
        sizes = frame[name].value_counts()
        if int((sizes * (sizes - 1) // 2).sum()) > MOST_CLASSICAL:
            continue
        index.block(name)
    if not index.algorithms:
        raise ConfigurationError("The classical pipeline would compare too many pairs; evaluate it on a smaller table.")
    candidates = index.index(frame.dropna(how="all"))
    compare = recordlinkage.Compare()
    for name, kind in spec.columns.items():
        if kind in (Kind.CODE, Kind.IDENTIFIER, Kind.DATE, Kind.PHONE):
            compare.exact(name, name)
        else:
            compare.string(name, name, method="jarowinkler", threshold=0.9)
    vectors = compare.compute(candidates, frame)
    if len(vectors) < 2:
        return connected(records.num_rows, [])
    matches = recordlinkage.ECMClassifier().fit_predict(vectors)
    return connected(records.num_rows, [np.array([list(pair) for pair in matches], np.int64).reshape(-1, 2)])


def _blocking_columns(spec: MatchingSpec) -> list[str]:
    good = (Kind.EMAIL, Kind.PHONE, Kind.IDENTIFIER, Kind.LAST_NAME, Kind.FULL_NAME, Kind.DATE, Kind.CODE)
    return [name for name, kind in spec.columns.items() if kind in good]
