"""Splink on DuckDB, with the comparisons, blocking and training that its documentation recommends for people.

Run by ``benchmarks/.venv``: ``python splink_side.py TABLE.parquet TRUTH OUT.json [EXTRA,COLUMNS]``. The table has the
sample company's columns. Splink gets what its guides ask a user to do by hand: lower case, trimmed, empty and
placeholder values as null, full names split, phones as digits. The threshold reported is the best of twelve, chosen
with the truth, which a user does not have.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import duckdb
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

PLACEHOLDER = "('', 'n/a', 'na', 'none', 'null', 'unknown', 'test', '-', 'tbd', 'undefined', 'not provided', 'xxx')"
CLEAN = """
create or replace table records as
with text as (
  select record_id as unique_id, {truth} as truth,
    {plain} from '{table}'),
parts as (
  select *, case when first_name is null and last_name is null then string_split(full_name, ' ') end as parts from text)
select unique_id, truth, coalesce(first_name, parts[1]) as first_name,
  coalesce(last_name, case when len(parts) > 1 then parts[-1] end) as last_name,
  case when email like '%@%.%' and email not in ('test@test.com', 'none@none.com') then email end as email,
  case when length(regexp_replace(phone, '[^0-9]', '', 'g')) >= 7
    then right(regexp_replace(phone, '[^0-9]', '', 'g'), 9) end as phone,
  company, postcode, city from parts
"""
COLUMNS = ("first_name", "last_name", "full_name", "email", "phone", "company", "postcode", "city")
THRESHOLDS = (0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.99999, 0.999999, 0.9999999, 0.99999999, 0.999999999)


def prepare(connection: duckdb.DuckDBPyConnection, table: Path, truth: str) -> set[str]:
    """Clean the table; returns which columns hold at least two values."""
    present = {row[0] for row in connection.execute(f"describe select * from '{table}'").fetchall()}
    plain = ", ".join(
        f"case when lower(trim({c})) not in {PLACEHOLDER} then lower(trim({c})) end as {c}"
        if c in present
        else f"cast(null as varchar) as {c}"
        for c in COLUMNS
    )
    connection.execute(CLEAN.format(table=table, truth=truth, plain=plain))
    names = [c for c in COLUMNS if c != "full_name"]
    counts = connection.execute(f"select {', '.join(f'count(distinct {c})' for c in names)} from records").fetchall()[0]
    return {c for c, n in zip(names, counts, strict=True) if n > 1}


def settings(columns: set[str]) -> SettingsCreator:
    """Recommended comparisons, term frequencies where the guides advise them, and blocking for people."""
    made = {
        "email": cl.EmailComparison("email"),
        "phone": cl.DamerauLevenshteinAtThresholds("phone", [1]),
        "company": cl.JaroWinklerAtThresholds("company", [0.92, 0.85]).configure(term_frequency_adjustments=True),
        "postcode": cl.ExactMatch("postcode").configure(term_frequency_adjustments=True),
        "city": cl.ExactMatch("city").configure(term_frequency_adjustments=True),
    }
    comparisons = [
        cl.NameComparison(c).configure(term_frequency_adjustments=True)
        for c in ("first_name", "last_name")
        if c in columns
    ]
    comparisons += [made[c] for c in made if c in columns]
    return SettingsCreator(
        link_type="dedupe_only",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=rules(columns),
        retain_intermediate_calculation_columns=False,
        retain_matching_columns=False,
    )


def rules(columns: set[str]) -> list:
    """Exact blocking on each contact, on the name, and on half a name with the company or place."""
    wanted = [("email",), ("phone",), ("first_name", "last_name"), ("last_name", "company"), ("first_name", "company")]
    wanted += [("last_name", "postcode"), ("first_name", "postcode")]
    return [block_on(*rule) for rule in wanted if set(rule) <= columns]


def link(table: Path, truth: str) -> dict:
    """Train, predict, cluster; the seconds do not include the scoring against the truth."""
    connection = duckdb.connect()
    begun = time.perf_counter()
    columns = prepare(connection, table, truth)
    api = DuckDBAPI(connection)
    linker = Linker(api.register("records") if hasattr(api, "register") else "records", settings(columns))
    exact = [
        r
        for r in (("email",), ("first_name", "last_name", "company"), ("first_name", "last_name"))
        if set(r) <= columns
    ]
    linker.training.estimate_probability_two_random_records_match([block_on(*r) for r in exact[:2]], recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    for rule in (("first_name", "last_name"), ("email",)):
        if set(rule) <= columns:
            linker.training.estimate_parameters_using_expectation_maximisation(block_on(*rule))
    predicted = linker.inference.predict(threshold_match_probability=0.01)
    trained = time.perf_counter() - begun
    best: dict = {"f1": -1.0}
    cluster_seconds = 0.0
    for threshold in THRESHOLDS:
        started = time.perf_counter()
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(predicted, threshold)
        cluster_seconds = time.perf_counter() - started
        scores = measure(connection, clusters.physical_name)
        if scores["f1"] > best["f1"]:
            best = {**scores, "threshold": threshold}
    pairs = connection.execute(f"select count(*) from {predicted.physical_name}").fetchall()[0][0]
    return best | {
        "seconds": trained + cluster_seconds,
        "pairs": pairs,
        "peak_mb": peak_mb(),
    }


def peak_mb() -> float:
    """The most memory held since this program began; getrusage would count what its parent held before."""
    held = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(held[0].split()[1]) / 1024


def measure(connection: duckdb.DuckDBPyConnection, clusters: str) -> dict:
    """Pairwise precision, recall and F1 of the clusters."""
    query = f"""
    with labelled as (select c.cluster_id as c, r.truth as t from {clusters} c join records r using (unique_id))
    select (select sum(n * (n - 1) / 2) from (select count(*) as n from labelled group by c, t)),
           (select sum(n * (n - 1) / 2) from (select count(*) as n from labelled group by c)),
           (select sum(n * (n - 1) / 2) from (select count(*) as n from labelled group by t))"""
    right, said, true = (float(v or 0) for v in connection.execute(query).fetchall()[0])
    return {"f1": 2 * right / max(said + true, 1), "precision": right / max(said, 1), "recall": right / max(true, 1)}


if __name__ == "__main__":
    outcome = link(Path(sys.argv[1]), sys.argv[2])
    Path(sys.argv[3]).write_text(json.dumps(outcome))
    print(json.dumps(outcome))
