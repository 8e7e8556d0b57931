"""The approval gate: says when a run would move too much to go on without a person, and by what evidence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv

from include.contracts.errors import ConfigurationError
from include.identity.crosswalk.relations import Assigned, Before, Logged, Relation, rows_of
from include.identity.settings import Labels, Limits

LABELS = pa.schema([("record_id", pa.string()), ("person_id", pa.string())])

_MOVEMENT = """
SELECT (SELECT count(DISTINCT profile_id) FROM {before.crosswalk}),
       (SELECT count(DISTINCT profile_id) FROM {assigned.crosswalk}),
       (SELECT count(*) FROM {before.crosswalk} SEMI JOIN {assigned.crosswalk} USING (record_id)),
       (SELECT count(*) FILTER (WHERE kind = 'merged') FROM {logged.change}),
       (SELECT count(*) FILTER (WHERE kind IN ('split', 'restored') AND other_profile_id IS NOT NULL)
        FROM {logged.change}),
       (SELECT count(*) FROM {before.crosswalk} b JOIN {assigned.crosswalk} n USING (record_id)
        WHERE b.profile_id <> n.profile_id),
       (SELECT coalesce(max(records), 0) FROM (SELECT count(*) AS records FROM {before.crosswalk} GROUP BY profile_id)),
       (SELECT coalesce(max(records), 0)
        FROM (SELECT count(*) AS records FROM {assigned.crosswalk} GROUP BY profile_id))
"""


# Pairs of labelled records: truly one person, joined, and both.
_AGREEMENT = """
WITH labelled AS (
    SELECT l.person_id, c.profile_id FROM {labels} l JOIN {assigned.crosswalk} c USING (record_id)
), pairs AS (
    SELECT (SELECT sum(n * (n - 1) / 2) FROM (SELECT count(*) AS n FROM labelled GROUP BY person_id)) AS truly,
           (SELECT sum(n * (n - 1) / 2) FROM (SELECT count(*) AS n FROM labelled GROUP BY profile_id)) AS joined,
           (SELECT sum(n * (n - 1) / 2) FROM (SELECT count(*) AS n FROM labelled GROUP BY person_id, profile_id))
           AS rightly
)
SELECT CASE WHEN joined > 0 THEN rightly / joined ELSE 1 END, CASE WHEN truly > 0 THEN rightly / truly ELSE 1 END
FROM pairs
"""


@dataclass(frozen=True, slots=True)
class Movement:
    """What a run would move, in profiles and records."""

    profiles_before: int
    profiles_now: int
    records_before: int  # of which the sources still know
    merged: int
    split: int
    changed_records: int
    largest_before: int
    largest_now: int


def movement(connection: duckdb.DuckDBPyConnection, before: Before, assigned: Assigned, logged: Logged) -> Movement:
    """Count what the new crosswalk moves."""
    (counts,) = rows_of(connection, _MOVEMENT, before=before, assigned=assigned, logged=logged)
    return Movement(*counts)


def breaches(moved: Movement, limits: Limits) -> list[str]:
    """Return one sentence for each limit that the run breaks; a first run moves nothing."""
    checks = (
        ("profiles would merge into another", moved.merged, moved.profiles_before, limits.merged_profiles),
        ("profiles would split off another", moved.split, moved.profiles_before, limits.split_profiles),
        ("records would change profile", moved.changed_records, moved.records_before, limits.changed_records),
    )
    return [
        f"{count:,} {what}, {count / whole:.1%} of {whole:,}; the limit is {share:.1%}"
        for what, count, whole, share in checks
        if whole and count > limits.at_least and count > share * whole
    ]


def read_labels(path: Path) -> pa.Table | None:
    """Read the labelled sample, or return None where there is none; raises ConfigurationError."""
    if not path.exists():
        return None
    try:
        table = pa.csv.read_csv(path, convert_options=pa.csv.ConvertOptions(column_types=LABELS))
    except pa.ArrowInvalid:
        raise ConfigurationError(f"Cannot read the labels {path.name}: it is no CSV with equally long rows.") from None
    if set(table.column_names) != set(LABELS.names):
        raise ConfigurationError(f"The labels {path.name} must have the columns {' and '.join(LABELS.names)}.")
    return table.select(LABELS.names)


def label_breaches(
    connection: duckdb.DuckDBPyConnection, assigned: Assigned, labels: pa.Table | None, required: Labels
) -> list[str]:
    """Return one sentence for each measure in which the new crosswalk agrees too little with the labelled sample."""
    if labels is None:
        return []
    connection.register("labels", labels)
    ((precision, recall),) = rows_of(connection, _AGREEMENT, assigned=assigned, labels=Relation("labels"))
    checks = (("precision", precision, required.precision), ("recall", recall, required.recall))
    return [
        f"the {name} on the labelled sample is {found:.3f}; at least {least:.3f} is required"
        for name, found, least in checks
        if found < least
    ]


def evidence(moved: Movement, broken: list[str], model_version: str, model_before: str | None) -> str:
    """Return the text by which a person judges a held run, in Markdown and without any personal value."""
    model = model_version if model_before in (None, model_version) else f"{model_version} (before: {model_before})"
    return "\n".join(
        [
            "This run's profiles need a person's approval.",
            "",
            *(f"- {sentence}" for sentence in broken),
            "",
            "| | before | now |",
            "|---|---:|---:|",
            f"| profiles | {moved.profiles_before:,} | {moved.profiles_now:,} |",
            f"| records of the largest profile | {moved.largest_before:,} | {moved.largest_now:,} |",
            f"| merges | | {moved.merged:,} |",
            f"| splits | | {moved.split:,} |",
            f"| records that change profile | | {moved.changed_records:,} |",
            "",
            f"Model: {model}. Look at the events with `python -m include explain PROFILE_ID` before you answer.",
        ]
    )
