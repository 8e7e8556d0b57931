"""What resolving hands out: clusters, judged pairs, the fitted model and a report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from include.identity.model import Model

PAIR_SCHEMA = pa.schema(
    [
        ("record_a", pa.string()),
        ("record_b", pa.string()),
        ("match_weight", pa.float64()),
        ("probability", pa.float64()),
        ("grade", pa.string()),
        ("rule", pa.string()),
        ("evidence", pa.dictionary(pa.int32(), pa.string())),
    ]
)


@dataclass(frozen=True)
class Resolution:
    """The outcome of one resolve.

    ``clusters``: the id column, ``cluster`` (int64, dense from 0) and ``confidence`` (the probability of the
    weakest link that holds the record's cluster together; 1.0 for a record alone).
    ``pairs``: the pairs judged, ``record_a`` < ``record_b``, with match weight (log2 Bayes factor with the prior),
    probability, grade (match, review, non-match), first blocking rule and evidence.
    ``model``: what was estimated. ``report``: blocking, seconds a stage, counts, threshold, expected F1.
    """

    clusters: pa.Table
    pairs: pa.Table
    model: Model
    report: dict[str, Any] = field(default_factory=dict)
