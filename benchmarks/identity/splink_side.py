"""Splink on DuckDB, with the comparisons, blocking and training that its documentation recommends for people.

Run by ``benchmarks/.venv``: ``python splink_side.py TABLE.parquet TRUTH OUT.json [KINDS] [link_only]``. KINDS is a JSON
object of column and kind; without it the table has the sample company's columns. Splink gets what its guides ask a user
to do by hand: lower case, trimmed, empty and placeholder values as null, full names split, phones as digits, dates as
dates. The threshold reported is the best of twelve, chosen with the truth, which a user does not have.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

import duckdb
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

PLACEHOLDER = "('', 'n/a', 'na', 'none', 'null', 'unknown', 'test', '-', 'tbd', 'undefined', 'not provided', 'xxx')"
CLEAN = """
create or replace table records as
with text as (
  select record_id as unique_id, {source} as source_dataset, {truth} as truth, {plain} from '{table}'),
parts as (
  select *, case when first_name is null and last_name is null then string_split(full_name, ' ') end as parts from text)
select unique_id, source_dataset, truth, coalesce(first_name, parts[1]) as first_name,
  coalesce(last_name, case when len(parts) > 1 then parts[-1] end) as last_name{others} from parts
"""
COMPANY = {
    "first_name": "first_name", "last_name": "last_name", "full_name": "full_name", "email": "email", "phone": "phone",
    "company": "organization", "postcode": "code", "city": "place",
}  # fmt: skip
CLEANED = {
    "email": "case when {c} like '%@%.%' and {c} not in ('test@test.com', 'none@none.com') then {c} end",
    "phone": "case when length(regexp_replace({c}, '[^0-9]', '', 'g')) >= 7"
             " then right(regexp_replace({c}, '[^0-9]', '', 'g'), 9) end",
    "date": "coalesce(try_strptime({c}, ['%Y-%m-%d', '%m/%d/%Y', '%Y%m%d', '%m%d%Y']))::date::varchar",
}  # fmt: skip
NAMES = ("first_name", "last_name", "full_name")
THRESHOLDS = (0.5, 0.8, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.99999, 0.999999, 0.9999999, 0.99999999, 0.999999999)


def prepare(connection: duckdb.DuckDBPyConnection, table: Path, truth: str, kinds: Mapping[str, str]) -> dict[str, str]:
    """Clean the table; returns the kind of each column that holds at least two values, names by their kind."""
    present = {row[0] for row in connection.execute(f"describe select * from '{table}'").fetchall()}
    of_kind = {kind: c for c, kind in kinds.items() if kind in NAMES and c in present}
    plain = [
        f"case when lower(trim({of_kind[k]})) not in {PLACEHOLDER} then lower(trim({of_kind[k]})) end as {k}"
        if k in of_kind
        else f"cast(null as varchar) as {k}"
        for k in NAMES
    ]
    others = {c: kind for c, kind in kinds.items() if kind not in NAMES and c in present}
    plain += [f"case when lower(trim({c})) not in {PLACEHOLDER} then lower(trim({c})) end as {c}" for c in others]
    cleaned = "".join(f", {CLEANED.get(kind, '{c}').format(c=c)} as {c}" for c, kind in others.items())
    source = "source" if "source" in present else "'one'"
    connection.execute(CLEAN.format(table=table, truth=truth, plain=", ".join(plain), others=cleaned, source=source))
    columns = {"first_name": "first_name", "last_name": "last_name", **others}
    distinct = ", ".join(f"count(distinct {c})" for c in columns)
    counts = connection.execute(f"select {distinct} from records").fetchall()[0]
    return {c: kind for (c, kind), n in zip(columns.items(), counts, strict=True) if n > 1}


def comparison(column: str, kind: str) -> object:
    """The recommended comparison for a kind, with term frequencies where the guides advise them."""
    if kind in NAMES:
        return cl.NameComparison(column).configure(term_frequency_adjustments=True)
    if kind == "email":
        return cl.EmailComparison(column)
    if kind in ("phone", "identifier"):
        return cl.DamerauLevenshteinAtThresholds(column, [1])
    if kind == "date":
        return cl.DateOfBirthComparison(column, input_is_string=True)
    if kind in ("organization", "text"):
        return cl.JaroWinklerAtThresholds(column, [0.92, 0.85]).configure(term_frequency_adjustments=True)
    return cl.ExactMatch(column).configure(term_frequency_adjustments=True)


def settings(columns: Mapping[str, str], *, link_only: bool) -> SettingsCreator:
    """Recommended comparisons and blocking for people."""
    return SettingsCreator(
        link_type="link_only" if link_only else "dedupe_only",
        comparisons=[comparison(c, kind) for c, kind in columns.items()],
        blocking_rules_to_generate_predictions=[block_on(*rule) for rule in rules(columns)],
        retain_intermediate_calculation_columns=False,
        retain_matching_columns=False,
    )


def rules(columns: Mapping[str, str]) -> list[tuple[str, ...]]:
    """Exact blocking on each contact and number, on the name, and on half a name with anything that narrows it."""
    wanted = [(c,) for c, kind in columns.items() if kind in ("email", "phone", "identifier")]
    named = {"first_name", "last_name"} <= set(columns)
    wanted += [("first_name", "last_name")] if named else []
    narrow = [c for c, kind in columns.items() if kind in ("organization", "code", "date")]
    wanted += [(half, c) for c in narrow for half in ("last_name", "first_name") if half in columns]
    places = [c for c, kind in columns.items() if kind == "text"]
    wanted += [("last_name", c) for c in places if "last_name" in columns]
    return wanted or list(combinations(columns, 2)) or [tuple(columns)]


def link(table: Path, truth: str, kinds: Mapping[str, str], *, link_only: bool = False) -> dict:
    """Train, predict, cluster; the seconds do not include the scoring against the truth."""
    connection = duckdb.connect()
    begun = time.perf_counter()
    columns = prepare(connection, table, truth, kinds)
    linker = Linker(inputs(connection, link_only=link_only), settings(columns, link_only=link_only))
    wanted = rules(columns)
    exact = [r for r in (("email",), ("first_name", "last_name", "company"), ("first_name", "last_name"))
             if set(r) <= set(columns)] or wanted  # fmt: skip
    linker.training.estimate_probability_two_random_records_match([block_on(*r) for r in exact[:2]], recall=0.7)
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    training = [r for r in (("first_name", "last_name"), ("email",)) if set(r) <= set(columns)]
    training += [r for r in wanted if len(r) == 1 and r not in training][:1] if len(training) < 2 else []
    dates = [(c,) for c, kind in columns.items() if kind == "date"]
    for rule in training if len(training) > 1 else [*training, *(dates or wanted[-1:])]:
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


def inputs(connection: duckdb.DuckDBPyConnection, *, link_only: bool) -> list:
    """The table, or one a source where only records of different sources are linked."""
    api = DuckDBAPI(connection)
    names = ["records"]
    if link_only:
        sources = [row[0] for row in connection.execute("select distinct source_dataset from records").fetchall()]
        names = [f"list_{i}" for i in range(len(sources))]
        for name, source in zip(names, sorted(sources), strict=True):
            connection.execute(f"create table {name} as select * from records where source_dataset = '{source}'")
    return [api.register(name) for name in names]


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
    given = json.loads(sys.argv[4]) if len(sys.argv) > 4 else COMPANY
    outcome = link(Path(sys.argv[1]), sys.argv[2], given, link_only="link_only" in sys.argv[5:])
    Path(sys.argv[3]).write_text(json.dumps(outcome))
    print(json.dumps(outcome))
