"""Relations: the tables that the crosswalk's parts hand each other, each part's as one dataclass.

A statement names those that it reads as ``{before.crosswalk}`` or ``{member}`` and is given them by :func:`hold`; so
what a part needs, and what it leaves, stands in its signature.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view of the run's connection; in a statement it stands as its name."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Before:
    """What the run before left, each as its contract declares; all empty at first."""

    crosswalk: Relation
    history: Relation
    register: Relation
    alias: Relation
    applied: Relation


@dataclass(frozen=True, slots=True)
class Proposed:
    """What the engine and stewards say. found: record_id, cluster, confidence; merged: record_a, record_b, the pairs
    that their source has merged; edge (identity/edge) and applied (identity/decision) as declared.
    """  # fmt: skip

    found: Relation
    edge: Relation
    applied: Relation
    merged: Relation


@dataclass(frozen=True, slots=True)
class Guarded:
    """What the guard lets pass. clusters: as found; held: cluster, is_weak, the groups that were held back; kept:
    cluster, remaining, confidence, record_a, record_b, the parts that a profile kept and the pair that each hangs on.
    """  # fmt: skip

    clusters: Relation
    held: Relation
    kept: Relation


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of this run's records and ids. founding: record_id, created_at; changed: record_id of those that
    say something else than before (asked only of homes that fall apart); yielding: profile_id of the ids that a
    steward made aliases; departed: record_id, source, is_merged, cause, is_new of the records that their source has
    deleted or merged into another, new where it had not yet in the run before.
    """  # fmt: skip

    founding: Relation
    changed: Relation
    yielding: Relation
    departed: Relation


@dataclass(frozen=True, slots=True)
class Assigned:
    """Which profile each record belongs to. crosswalk and alias in full, history and register as the rows to append,
    all as declared; run: on_date, version, model_version; member: a record with its home and former profile; claimed:
    profile_id, cluster, where a known id is now; ids: cluster, profile_id, is_minted.
    """  # fmt: skip

    run: Relation
    member: Relation
    claimed: Relation
    ids: Relation
    crosswalk: Relation
    history: Relation
    register: Relation
    alias: Relation


@dataclass(frozen=True, slots=True)
class Logged:
    """What became of profiles. change: kind, profile_id, other_profile_id; events: the rows to append, as declared."""

    change: Relation
    events: Relation


@dataclass(frozen=True, slots=True)
class Result:
    """All that a run has found, before it is written. review: the questions of the review queue, as declared."""

    before: Before
    proposed: Proposed
    guarded: Guarded
    known: Known
    assigned: Assigned
    logged: Logged
    review: Relation


def given(connection: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> Relation:
    """Let statements read a table that is in memory."""
    connection.register(name, rows)
    return Relation(name)


def hold(connection: duckdb.DuckDBPyConnection, name: str, statement: str, **reads: Any) -> Relation:
    """Keep what a statement finds as a temporary table, given the relations that it names."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {statement.format(**reads)}").complete()
    return Relation(name)


def rows_of(connection: duckdb.DuckDBPyConnection, statement: str, **reads: Any) -> list[tuple[Any, ...]]:
    """Return what a statement finds, given the relations that it names."""
    found: list[tuple[Any, ...]] = connection.execute(statement.format(**reads)).fetchall()
    return found
