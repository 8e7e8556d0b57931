"""The register: one row of the table ``segment`` for each definition, sound or refused, and how it came out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from include.segments import tree
from include.segments.catalog import Catalog, Refused, Segment
from include.segments.changes import Changes
from include.segments.evaluation import Evaluation, counts
from include.segments.guards import Verdict
from include.segments.lacking import reason

Row = dict[str, Any]


def rows(
    as_of: date, evaluation: Evaluation, changed: Changes, catalog: Catalog, past: Mapping[str, Mapping[str, Any]]
) -> list[Row]:
    """Return the rows of ``segment``; ``past`` are those that readers see, by key."""
    sizes = counts(evaluation.now)
    population = {level: rows.count().to_pyarrow().as_py() for level, rows in _populations(evaluation)}
    found = []
    entries: tuple[Segment | Refused, ...] = (*catalog.segments, *catalog.refused)
    for entry in entries:
        number = evaluation.roster.number(entry.key)
        size = sizes.get(number, 0)
        row = _sound(entry, evaluation) if isinstance(entry, Segment) else _refused(entry, past.get(entry.key, {}))
        everybody = population[row["level"]]
        row |= {"segment_key": entry.key, "as_of": as_of, "size": size, "set_aside": 0}
        row |= {"share": size / everybody if everybody else 0.0}
        row |= {"entered": changed.entered.get(number, 0), "exited": changed.exited.get(number, 0)}
        found.append(row)
    return found


def _populations(evaluation: Evaluation) -> tuple[tuple[str, Any], ...]:
    return ("person", evaluation.roster.customers), ("account", evaluation.roster.accounts)


def _sound(segment: Segment, evaluation: Evaluation) -> Row:
    definition, verdict = segment.definition, evaluation.verdicts[segment.key]
    if tables := evaluation.unjudged.get(segment.key):
        verdict = Verdict(reason=reason(tables))
    exclusive = definition.exclusive
    return {
        "name": definition.name,
        "owner": definition.owner,
        "purpose": definition.purpose,
        "level": definition.level,
        "definition": str(segment.condition),
        "definition_version": segment.version,
        "state": "unjudged" if tables else "held" if verdict.is_held else "published",
        "reason": verdict.reason,
        "implausible_since": verdict.since,
        "approval": verdict.approval,
        "unknown": evaluation.unknown[segment.key],
        "candidate_size": evaluation.movements[segment.key].size,
        "expected_min": definition.expected.min,
        "expected_max": definition.expected.max,
        "movement_limit": definition.movement.limit,
        "priority_group": exclusive.group if exclusive else None,
        "priority": exclusive.priority if exclusive else None,
        "holdout": definition.holdout,
        "uses_opens": segment.uses_opens,
        "tags": json.dumps(definition.tags),
        "measures": json.dumps(
            sorted({*tree.all_measures(segment.condition), *(t.name for t in tree.named_traits(segment.condition))})
        ),
    }


def _refused(entry: Refused, past: Mapping[str, Any]) -> Row:
    """A refused definition keeps the members, and what is known, of the last sound one."""
    known = dict.fromkeys(
        ("owner", "purpose", "definition", "expected_min", "expected_max", "movement_limit", "priority_group",
         "priority", "holdout", "unknown", "candidate_size", "implausible_since", "approval")
    )  # fmt: skip
    return {
        **known,
        **{name: past.get(name) for name in ("owner", "purpose", "definition")},
        "name": past.get("name") or entry.name,
        "level": past.get("level") or entry.level,
        "definition_version": past.get("definition_version") or "",
        "state": "refused",
        "reason": " ".join(map(str, entry.faults)),
        "uses_opens": past.get("uses_opens") or False,
        "tags": past.get("tags") or "[]",
        "measures": past.get("measures") or "[]",
    }
