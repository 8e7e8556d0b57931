"""Conditions of the segment language, asked of a run's measures; the settings hold them, and refuse unreadable ones."""

from __future__ import annotations

import ibis.expr.types as ir

from include.contracts.errors import ConfigurationError
from include.reports.data import Data
from include.segments.expression import MEMBER, Population, expression
from include.segments.language import parse


def judged(data: Data, condition: str, level: str) -> ir.Table:
    """Return ``member`` (profile_id or account_id) and ``holds`` (null where too little is known) of everybody."""
    population = Population(data.as_of, data.customers, data.accounts, lambda key: _members(data, key))
    rows = population.of(level)
    node = parse(condition, level)
    return data.sql(
        "SELECT member, holds FROM {rows}",
        rows=rows.select(member=rows[MEMBER[level]], holds=expression(node, level, population)),
    )


def _members(data: Data, key: str) -> tuple[str, ir.Table]:
    segment, membership = data.tables["segment"], data.tables["segment_membership"]
    known = {row["segment_key"]: row["level"] for row in segment.to_pyarrow().to_pylist()}
    if key not in known:
        raise ConfigurationError(f"reports.yaml refers to the segment {key!r}, which is not there.")
    return known[key], membership.filter(membership.segment_key == key).select("member_id")
