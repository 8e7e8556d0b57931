"""The approval gate: says when a run would move too much to go on without a person, and by what evidence."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from include.contracts.errors import ConfigurationError
from include.identity.decisions_settings import Limits
from include.storage.warehouse import APPROVAL, Warehouse

_MOVEMENT = """
SELECT (SELECT count(DISTINCT profile_id) FROM crosswalk_before),
       (SELECT count(DISTINCT profile_id) FROM crosswalk_now),
       (SELECT count(*) FROM crosswalk_before SEMI JOIN crosswalk_now USING (record_id)),
       (SELECT count(*) FILTER (WHERE kind = 'merged') FROM change),
       (SELECT count(*) FILTER (WHERE kind IN ('split', 'restored') AND other_profile_id IS NOT NULL) FROM change),
       (SELECT count(*) FROM crosswalk_before b JOIN crosswalk_now n USING (record_id)
        WHERE b.profile_id <> n.profile_id),
       (SELECT coalesce(max(records), 0) FROM (SELECT count(*) AS records FROM crosswalk_before GROUP BY profile_id)),
       (SELECT coalesce(max(records), 0) FROM (SELECT count(*) AS records FROM crosswalk_now GROUP BY profile_id))
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


def movement(connection: duckdb.DuckDBPyConnection) -> Movement:
    """Count what the crosswalk on the connection moves (after ``assign`` and ``log_events``)."""
    return Movement(*connection.execute(_MOVEMENT).fetchall()[0])


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


def evidence(moved: Movement, broken: list[str], model_version: str, model_before: str | None) -> str:
    """Return the text by which a person judges a held run, in Markdown and without any personal value."""
    model = model_version if model_before in (None, model_version) else f"{model_version} (before: {model_before})"
    return "\n".join(
        [
            "This run would change who is who more than a run may without a person.",
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


def answer(warehouse: Warehouse, subject: str, *, approved: bool, author: str, reason: str) -> None:
    """Keep a person's answer to what was held; a later answer replaces an earlier one. Raises ConfigurationError."""
    if not author.strip() or not reason.strip():
        raise ConfigurationError("An answer needs who gave it and why.")
    facts = {
        "verdict": "approved" if approved else "rejected",
        "author": author.strip(),
        "reason": reason.strip(),
        "decided_at": sa.func.now(),
    }
    kept = insert(APPROVAL).values(subject=subject, **facts)
    with warehouse.begin() as connection:
        connection.execute(kept.on_conflict_do_update(index_elements=["subject"], set_=facts))


def verdict(warehouse: Warehouse, subject: str) -> str | None:
    """Return ``approved`` or ``rejected``, or None while nobody has answered."""
    with warehouse.begin() as connection:
        found = connection.execute(sa.select(APPROVAL.c.verdict).where(APPROVAL.c.subject == subject))
        return found.scalar_one_or_none()
