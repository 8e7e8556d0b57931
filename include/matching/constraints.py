"""Steward decisions: pairs that must or must not end up in one cluster, and values that are no evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.contracts.errors import ConfigurationError
from include.contracts.nearest import nearest
from include.matching.clustering import Ruling
from include.matching.levels import Kind
from include.matching.records.cleaned_columns import clean_value
from include.matching.records.columns import encode
from include.matching.records.emails import NO_EVIDENCE, mailboxes
from include.matching.records.features import Features
from include.matching.spec import MatchingSpec


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision of a steward.

    ``always`` and ``never`` bind the records ``record_a`` and ``record_b``, through chains as well; where both
    cannot be kept, ``never`` wins. ``bypass`` says that agreeing on ``value`` in ``column`` is no evidence.
    """

    kind: Literal["always", "never", "bypass"]
    record_a: str | None = None
    record_b: str | None = None
    column: str | None = None
    value: str | None = None


def bound_pairs(decisions: Sequence[Decision]) -> list[tuple[bool, str, str]]:
    """The pairs that decisions bind, each once, ``never`` last: whether never, and the two records."""
    bound = [d for d in decisions if d.kind in ("always", "never")]
    ends = [(str(d.record_a), str(d.record_b)) for d in bound]
    return sorted({(d.kind == "never", min(a, b), max(a, b)) for d, (a, b) in zip(bound, ends, strict=True)})


def check_bypassed(decisions: Sequence[Decision], spec: MatchingSpec) -> list[Decision]:
    """The decisions that bypass a value; raises ConfigurationError for a column that the spec does not name."""
    bypassing = [decision for decision in decisions if decision.kind == "bypass"]
    for decision in bypassing:
        if decision.column not in spec.columns:
            raise ConfigurationError(
                f"A decision bypasses a value of {decision.column!r}{nearest(str(decision.column), spec.columns)}."
            )
    return bypassing


def rule_on(features: Features, decisions: Sequence[Decision], known: pa.Table | None = None) -> Ruling:
    """The decisions on pairs of records that are both in the table, ``never`` last.

    ``known`` has pairs, as record_a and record_b, that a source itself says are one: they bind as ``always`` does.
    """
    pairs = bound_pairs(decisions)
    place = np.empty(features.size, np.int32)
    place[features.row] = np.arange(features.size, dtype=np.int32)
    sides = []
    for side, name in ((1, "record_a"), (2, "record_b")):
        decided = pa.array([p[side] for p in pairs], features.ids.type)
        said = known[name].combine_chunks().cast(features.ids.type) if known is not None else decided.slice(0, 0)
        at = pc.index_in(pa.concat_arrays([said, decided]), value_set=features.ids)
        sides.append(pc.fill_null(at, -1).to_numpy(zero_copy_only=False))
    there = (sides[0] >= 0) & (sides[1] >= 0)
    together = np.array([True] * (len(there) - len(pairs)) + [not p[0] for p in pairs], bool)
    return Ruling(place[sides[0][there]], place[sides[1][there]], together[there])


def bypass(features: Features, decisions: Sequence[Decision], spec: MatchingSpec) -> Features:
    """Take the bypassed values' evidence away; raises ConfigurationError for a column that the spec does not name."""
    for decision in check_bypassed(decisions, spec):
        features = _bypass_one(features, decision, spec)
    return features


def _bypass_one(features: Features, decision: Decision, spec: MatchingSpec) -> Features:
    column, kind, text = str(decision.column), spec.columns[str(decision.column)], str(decision.value)
    mail = features.emails
    if kind is Kind.EMAIL and mail is not None:
        folded = mailboxes(encode(pa.chunked_array([[text]]), column)).mailbox.values
        hit = pc.is_in(mail.mailbox.values, value_set=folded).to_numpy(zero_copy_only=False)
        shared = np.where(hit, NO_EVIDENCE, mail.shared).astype(np.uint8)
        return replace(features, emails=replace(mail, shared=shared))
    fields = []
    for f in features.fields:
        if f.name == column or f.kind is kind is Kind.PHONE:
            value = pa.array([clean_value(f.kind, text, spec)], pa.string())
            hit = pc.is_in(f.column.values, value_set=value).to_numpy(zero_copy_only=False)
            f = replace(f, bins=np.where(hit, NO_EVIDENCE, f.bins).astype(np.uint8))  # noqa: PLW2901
        fields.append(f)
    return replace(features, fields=tuple(fields))
