"""Seconds and memory of the crosswalk's assignment: python -m benchmarks.crosswalk [RECORDS ...] [--memory 2GB]

Each number of records has a process of its own, whose peak memory is told; beyond --memory DuckDB spills.

Week one gives every cluster an id; week two comes after 2 % of the people split, 2 % merged, 2 % of the
records were new and 2 % had left. Both are timed from the engine's clusters to finished tables and events, with the
guard, but without the engine's time to judge the pairs between the parts of a profile that falls apart.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import tempfile
import time
from datetime import date

import duckdb
import pyarrow as pa

from include.contracts.identity import ALIAS, APPLIED, CROSSWALK, EDGE, HISTORY, REGISTER
from include.identity.crosswalk.assign import assign
from include.identity.crosswalk.events import log_events
from include.identity.crosswalk.guard import guard
from include.identity.crosswalk.relations import Assigned, Before, Known, Logged, Proposed, Relation, given, hold
from include.identity.settings import Stewardship

SIZES = (250_000, 500_000, 1_000_000, 2_000_000)

WEEK_ONE = """
CREATE OR REPLACE TABLE found AS
SELECT 'crm.contact:' || lpad(i::VARCHAR, 12, '0') AS record_id, i // 3 AS cluster, 0.99 AS confidence
FROM range(0, {n}) t(i)
"""
WEEK_TWO = """
CREATE OR REPLACE TABLE found AS
SELECT 'crm.contact:' || lpad(i::VARCHAR, 12, '0') AS record_id,
       CASE WHEN (i // 3) % 50 = 7 AND i % 3 = 0 THEN 10_000_000 + i          -- one of three splits off
            WHEN (i // 3) % 50 = 11 THEN i // 3 + 1                           -- merges into its neighbour
            ELSE i // 3 END AS cluster,
       0.99 AS confidence
FROM range(0, {n} + {n} // 50) t(i) WHERE i % 50 <> 13 OR i >= {n}
"""
EMPTY = {
    "crosswalk": CROSSWALK, "history": HISTORY, "register": REGISTER, "alias": ALIAS, "applied": APPLIED,
}  # fmt: skip
DEPARTED = pa.schema(
    [("record_id", pa.string()), ("source", pa.string()), ("is_merged", pa.bool_()), ("cause", pa.string()),
     ("is_new", pa.bool_())]
)  # fmt: skip


class Strangers:
    """Judges every pair as two people, so that what the engine took apart stays so."""

    prior = -9.0

    def judge(self, record_a: pa.Array, record_b: pa.Array) -> pa.Table:
        said = {"match_weight": -20.0, "probability": 1e-6, "grade": "non-match", "rule": "closure", "evidence": ""}
        columns = {name: pa.repeat(value, len(record_a)) for name, value in said.items()}
        return pa.table({"record_a": record_a, "record_b": record_b, **columns}).select(EDGE.names)


def measure(records: int, memory: str) -> tuple[str, str, dict[str, int]]:
    with tempfile.TemporaryDirectory(prefix="kindred-bench-") as spill:
        options = {"memory_limit": memory, "temp_directory": spill, "preserve_insertion_order": False, "threads": 2}
        with duckdb.connect(config=options) as connection:
            return _weeks(connection, records)


def _weeks(connection: duckdb.DuckDBPyConnection, records: int) -> tuple[str, str, dict[str, int]]:
    before = Before(**{name: given(connection, f"{name}_before", table.schema.empty_table())
                       for name, table in EMPTY.items()})  # fmt: skip
    first, assigned, _ = _run(connection, before, WEEK_ONE.format(n=records), date(2026, 1, 5))
    kept = {"crosswalk": assigned.crosswalk, "history": assigned.history, "register": assigned.register,
            "alias": assigned.alias}  # fmt: skip
    for name, relation in kept.items():
        connection.unregister(f"{name}_before")
        connection.execute(f"CREATE TABLE {name}_before AS FROM {relation}").complete()
    second, _, logged = _run(connection, before, WEEK_TWO.format(n=records), date(2026, 1, 12))
    counted = f"SELECT kind, count(*) FROM {logged.events} GROUP BY kind ORDER BY kind"
    return first, second, dict(connection.execute(counted).fetchall())


def _run(connection: duckdb.DuckDBPyConnection, before: Before, found: str, day: date) -> tuple[str, Assigned, Logged]:
    connection.execute(found).complete()
    connection.execute(
        "CREATE OR REPLACE TABLE founding AS SELECT record_id, TIMESTAMPTZ '2020-01-01' + "
        "INTERVAL (hash(record_id) % 1000000) SECOND AS created_at FROM found"
    ).complete()
    none = {name: pa.table({name: pa.array([], pa.string())}) for name in ("profile_id", "record_id")}
    pairs = pa.table({name: pa.array([], pa.string()) for name in ("record_a", "record_b")})
    connection.register("no_edge", EDGE.schema.empty_table())
    proposed = Proposed(
        Relation("found"), hold(connection, "edge", "FROM no_edge"),
        given(connection, "applied_now", APPLIED.schema.empty_table()), given(connection, "merged_now", pairs),
    )  # fmt: skip
    known = Known(
        Relation("founding"), given(connection, "changed", none["record_id"]),
        given(connection, "yielding", none["profile_id"]), given(connection, "departed", DEPARTED.empty_table()),
    )  # fmt: skip
    started, used = time.perf_counter(), time.process_time()
    guarded = guard(connection, before, proposed, Stewardship(), Strangers())
    assigned = assign(connection, before, guarded, known, on_date=day, version=str(day), model_version="m")
    logged = log_events(connection, before, proposed, known, assigned)
    return f"{time.perf_counter() - started:.2f} ({time.process_time() - used:.2f})", assigned, logged


def told(records: int, memory: str) -> str:
    first, second, kinds = measure(records, memory)
    said = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return f"| {records:,} | {first} | {second} | {peak:,} | {said} |"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("records", type=int, nargs="*", default=SIZES)
    options.add_argument("--memory", default="4GB")
    given = options.parse_args()
    print("| records | first run, s (of CPU) | second run, s (of CPU) | peak MB | events of the second |")
    print("|---:|---:|---:|---:|---|")
    apart = multiprocessing.get_context("spawn")
    for size in given.records:
        with apart.Pool(1) as pool:
            print(pool.apply(told, (size, given.memory)), flush=True)


if __name__ == "__main__":
    main()
