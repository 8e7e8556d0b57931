"""Measures of clusters against a known truth."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from include.contracts.errors import ConfigurationError
from include.matching.records.columns import encode

Labels = npt.NDArray[np.int64]


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
        raise ConfigurationError(
            f"The truth column {name!r} has {int((codes < 0).sum())} nulls; every record needs one."
        )
    return codes.astype(np.int64)
