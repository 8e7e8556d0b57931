"""Measures against a known truth, and two plain ways of matching to measure beside: the trivial rule and ECM."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from include.contracts.errors import ConfigurationError
from include.identity.columns import encode
from include.identity.spec import Kind, MatchingSpec

Labels = npt.NDArray[np.int64]
MOST_CLASSICAL = 200_000  # pairs that the classical pipeline is given; it holds all of them in memory at once


@dataclass(frozen=True)
class Scores:
    """Pairwise and cluster (B-cubed; Bagga and Baldwin 1998) precision, recall and F1, and the decisions' confusion.

    Counts are pairs of records: both methods and truth say one person (``true_positive``), and so on.
    """

    precision: float
    recall: float
    f1: float
    b3_precision: float
    b3_recall: float
    b3_f1: float
    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int

    def to_dict(self) -> dict[str, float]:
        """A JSON-able form."""
        return asdict(self)


def measure(said: Labels, true: Labels) -> Scores:
    """Score clusters against the truth; both give each record a number from 0."""
    _, both = np.unique(said * (int(true.max(initial=0)) + 1) + true, return_inverse=True)
    together, in_said, in_true = np.bincount(both), np.bincount(said), np.bincount(true)
    right, claimed, real = _pairs(together), _pairs(in_said), _pairs(in_true)
    share = together[both].astype(np.float64)
    n = max(len(said), 1)
    b3 = float((share / in_said[said]).sum()) / n, float((share / in_true[true]).sum()) / n
    precision, recall = _ratio(right, claimed), _ratio(right, real)
    everything = len(said) * (len(said) - 1) // 2
    return Scores(
        precision, recall, _harmonic(precision, recall), *b3, _harmonic(*b3),
        right, claimed - right, real - right, everything - claimed - real + right,
    )  # fmt: skip


def _pairs(sizes: npt.NDArray[np.int64]) -> int:
    return int((sizes * (sizes - 1) // 2).sum())


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def _harmonic(a: float, b: float) -> float:
    return 2 * a * b / (a + b) if a + b else 0.0


def truth_labels(column: pa.ChunkedArray, name: str) -> Labels:
    """A truth column as numbers; raises ConfigurationError where it has nulls."""
    codes = encode(column, name).codes
    if (codes < 0).any():
        raise ConfigurationError(f"The truth column {name!r} has {int((codes < 0).sum())} nulls; every record needs one.")
    return codes.astype(np.int64)


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
    import recordlinkage  # noqa: PLC0415  it costs a second that only this comparison needs

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
