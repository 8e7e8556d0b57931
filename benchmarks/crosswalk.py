"""Seconds of the crosswalk's assignment by number of records: python -m benchmarks.crosswalk [RECORDS ...]

Week one gives every cluster an id; week two comes after 2 % of the people split, 2 % merged, 2 % of the
records were new and 2 % had left. Both are timed from the engine's clusters to finished tables and events, with the
guard, but without the engine's time to judge the pairs between the parts of a profile that falls apart.
"""

from __future__ import annotations

import sys
import time
from datetime import date

import duckdb
import pyarrow as pa

from include.contracts.identity import ALIAS, APPLIED, CROSSWALK, EDGE, HISTORY, REGISTER
from include.identity.crosswalk.assign import assign
from include.identity.crosswalk.events import log_events
from include.identity.crosswalk.guard import guard
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
    "crosswalk_before": CROSSWALK, "history_before": HISTORY, "register_before": REGISTER, "alias_before": ALIAS,
    "applied_before": APPLIED, "applied_now": APPLIED,
}  # fmt: skip


class Strangers:
    """Judges every pair as two people, so that what the engine took apart stays so."""

    prior = -9.0

    def judge(self, record_a: pa.Array, record_b: pa.Array) -> pa.Table:
        said = {"match_weight": -20.0, "probability": 1e-6, "grade": "non-match", "rule": "closure", "evidence": ""}
        columns = {name: pa.repeat(value, len(record_a)) for name, value in said.items()}
        return pa.table({"record_a": record_a, "record_b": record_b, **columns}).select(EDGE.names)


def measure(records: int) -> tuple[str, str, dict[str, int]]:
    connection = duckdb.connect()
    for name, table in EMPTY.items():
        connection.register(f"empty_{name}", table.schema.empty_table())
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM empty_{name}").complete()
    for name, column in (("yielding", "profile_id"), ("changed", "record_id")):
        connection.register(name, pa.table({column: pa.array([], pa.string())}))
    first = _run(connection, WEEK_ONE.format(n=records), date(2026, 1, 5))
    for name in ("crosswalk", "history", "register", "alias"):
        connection.execute(f"CREATE OR REPLACE TABLE {name}_before AS FROM {name}_now").complete()
    second = _run(connection, WEEK_TWO.format(n=records), date(2026, 1, 12))
    kinds = dict(connection.execute("SELECT kind, count(*) FROM event_now GROUP BY kind ORDER BY kind").fetchall())
    return first, second, kinds


def _run(connection: duckdb.DuckDBPyConnection, found: str, day: date) -> str:
    connection.execute(found).complete()
    connection.execute(
        "CREATE OR REPLACE TABLE founding AS SELECT record_id, TIMESTAMPTZ '2020-01-01' + "
        "INTERVAL (hash(record_id) % 1000000) SECOND AS created_at FROM found"
    ).complete()
    connection.register("no_edge", EDGE.schema.empty_table())
    connection.execute("CREATE OR REPLACE TEMP TABLE edge AS FROM no_edge").complete()
    started, used = time.perf_counter(), time.process_time()
    guard(connection, Stewardship(), Strangers())
    assign(connection, on_date=day, version=str(day), model_version="m")
    log_events(connection)
    return f"{time.perf_counter() - started:.2f} ({time.process_time() - used:.2f})"


if __name__ == "__main__":
    print("| records | first run, s (of CPU) | second run, s (of CPU) | events of the second |\n|---:|---:|---:|---|")
    for size in [int(argument) for argument in sys.argv[1:]] or SIZES:
        first, second, kinds = measure(size)
        said = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())
        print(f"| {size:,} | {first} | {second} | {said} |")
