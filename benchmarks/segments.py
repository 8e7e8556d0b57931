"""A hundred definitions over a million profiles with a year of history, and a preview on each engine.

`python -m benchmarks.segments [--people N] [--definitions N] [--events N] [--home FOLDER]` prints one JSON line a
measurement. With events, so many a person, half of the definitions ask about them, ten in a hundred for a sequence.
The population is drawn by DuckDB from hashes of row numbers, so it is the same on every machine.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any

from include.answers.segment import explain
from include.contracts.events import EVENT, EVENT_KIND, read_events
from include.contracts.identity import ALIAS
from include.contracts.measures import (
    ACCOUNT_360,
    CUSTOMER_360,
    CUSTOMER_HISTORY,
    NPS_CLASSES,
    RENEWAL_BUCKETS,
    USAGE_TIERS,
)
from include.contracts.metrics import ACCOUNT_ABOVE, GRID_FLOW
from include.contracts.profiles import PROFILE, PROFILE_IDENTIFIER
from include.contracts.runs import DatasetRef, Run, StageReport, fingerprint
from include.contracts.segments import SEGMENT_MEMBERSHIP
from include.contracts.settings import SHIPPED, Settings
from include.contracts.tables import Table, Type
from include.measures import metrics
from include.segments.catalog import load, load_beside
from include.segments.preview import preview
from include.segments.step import segment_with
from include.storage import history
from include.storage.engine import Engine
from include.storage.postgres import build, embedded, publication
from include.storage.project import Project
from include.storage.readers import lake_reader, warehouse_reader

AS_OF = date(2026, 10, 31)
PREVIEWS = {
    "counts": "did('Report Published', at_least 3, within_last 14 days, where surface = 'web') "
    "and did_not('Comment Added', within_last 10 days)",
    "a rank": "in_top(times_did('Signed In'), 10%) and last_did('Data Imported', before today - 30 days)",
    "a property": "most_frequent_did('Signed In', surface) = 'mobile'",
    "a sequence": "did('Signed In', within_last 60 days) then within 7 days did('Report Published') "
    "without did('Comment Added') between",
    "three steps": "did('Signed In') then did('Workflow Run') then within 3 days did('Report Published')",
    "traits": "interest_score > 10 or fit_score > 5",
    "a change": "changed(nps_class, from 'promoter' to 'detractor', within_last 90 days)",
    "the past": "was(nps_class = 'promoter', 30 days ago) and nps_class != 'promoter'",
    "accounts": "account(usage_breadth > 80% and did('Signed In', within_last 30 days))",
    "children": "account(any_of_children(did('Signed In', within_last 30 days)))",
}
ADDRESS = "'p' || n || '@example.com'"


def draw(table: Table, rows: int, day: int, fixed: dict[str, str]) -> str:
    """SQL of a measured population: every column drawn from a hash of row, column and, for 1 in 50, the day."""
    columns = [f"{fixed.get(c.name) or _drawn(c, day)} AS {c.name}" for c in table.columns]
    return f"SELECT {', '.join(columns)} FROM range({rows}) r(n)"


def _drawn(column, day: int) -> str:
    moved = f"CASE WHEN hash(n, {day}) % 50 = 0 THEN {day} ELSE 0 END"
    number = f"(hash(n, '{column.name}', {moved}) % 1000)::INT"
    if column.allowed:
        values = ", ".join(f"'{value}'" for value in column.allowed)
        return f"[{values}][1 + ({number} % {len(column.allowed)})::INT]"
    if column.type is Type.BOOLEAN:
        return f"{number} < 300"
    if column.type is Type.DATE:
        return f"CASE WHEN {number} < 800 THEN DATE '{AS_OF}' + ({number} - 400)::INT END"
    if column.type is Type.TEXT:
        return f"CASE WHEN {number} < 900 THEN '{column.name} ' || {number} END"
    top = int(column.maximum) + 1 if column.maximum is not None and column.maximum >= 1 else 100
    low = int(column.minimum or 0)
    scaled = f"({low} + {number} % {top - low})"
    return f"{number} / 1000.0" if column.maximum == 1 else scaled


def definitions(folder: Path, count: int, *, on_events: bool = False) -> None:
    """Write definitions of many shapes, from a few members to a third of all; half of them on events, if wanted."""
    (folder / "segments").mkdir(parents=True)
    cells = list(product(NPS_CLASSES, USAGE_TIERS, RENEWAL_BUCKETS))
    for n in range(count):
        nps, tier, bucket = cells[(37 * n) % len(cells)]
        shapes = (
            f"nps_class = '{nps}' and usage_tier = '{tier}' and renewal_bucket = '{bucket}'",
            f"nps_class = '{nps}' and within_next(renewal_date, {30 + n} days)",
            f"usage_tier = '{tier}' and usage_falling_weeks >= 2 and email_clicks_28 > {n % 40}",
            f"nps_score between {n % 9} and 10 and usage_core_actions_28 > {50 + n % 50} and has_email",
            f"title like '%{n % 10}' and seniority in ('director', 'executive')",
            f"within_last(engagement_last_on, {n % 60} days) and seniority != 'unknown' "
            "and not email_frequency = 'saturated'",
            f"account_employees > {n} and contract_type = 'evergreen' and account_nps < {n - 50}",
            f"in_segment('s_{n - 7:03}') and tenure_days > 20",
            f"usage_breadth < 0.{n % 9 + 1} and any_of_people(nps_class = '{nps}')",
            f"usage_active_days_28 >= {80 + n % 20} and identity_confidence > 0.{n % 9}",
        )
        asked = _on_events(n) if on_events and n % 2 else shapes[n % 10]
        account = n % 10 == 8
        content = {
            "key": f"s_{n:03}", "name": f"Segment {n}", "owner": "bench", "purpose": "bench",
            "level": "account" if account else "person", "where": asked,
            "holdout": 0.1 if n % 5 == 0 else 0.0,
        }  # fmt: skip
        (folder / "segments" / f"s_{n:03}.yaml").write_text(json.dumps(content))
    (folder / "draft.yaml").write_text(json.dumps({**content, "key": "draft", "level": "person",
        "where": "nps_class = 'promoter' and usage_tier in ('low', 'inactive') and within_next(renewal_date, 60 days)"
                 " and not in_segment('s_004')"}))  # fmt: skip


def _on_events(n: int) -> str:
    kinds = [kind.name for kind in read_events(SHIPPED).product]
    first, second = kinds[n % len(kinds)], kinds[(n // 2 + 1) % len(kinds)]
    shapes = (
        f"did('{first}', at_least {2 + n % 5}, within_last {7 + n} days) and nps_class = 'promoter'",
        f"did('{first}', at_least 3, before_last 30 days) and did_not('{first}', within_last 30 days)",
        f"times_did('{first}', within_last 28 days, where surface = 'web') > {n % 7}",
        f"last_did('{first}', before today - {n} days) and first_did('{second}', within_last 200 days)",
        f"did('{first}', within_last {50 + n} days) then within 7 days did('{second}') "
        "without did('Comment Added') between",
    )
    return shapes[(n // 2) % 5]


def events(engine: Engine, people: int, each: int) -> dict[str, DatasetRef]:
    """Draw so many events a person, of all kinds of the product, over 400 days."""
    kinds = read_events(SHIPPED).product
    names = ", ".join(f"'{kind.name}'" for kind in kinds)
    drawn = (
        f"SELECT [{names}][1 + (hash(n, 'kind') % {len(kinds)})::INT] AS event, 'usage.track:' || n AS event_id, "
        f"CAST(md5(concat('p', hash(n, 'who') % {people})) AS UUID)::VARCHAR AS profile_id, "
        f"'crm.account:' || (hash(hash(n, 'who') % {people}) % {max(people // 20, 1)}) AS account_id, "
        "NULL::VARCHAR AS record_id, "
        f"TIMESTAMP '{AS_OF}' - to_seconds((hash(n, 'at') % 34560000)::BIGINT) AS happened, "
        'happened AS "at", happened::DATE AS on_date, '
        "true AS is_certain, '{\"surface\":\"' || ['web', 'mobile', 'api'][1 + (hash(n, 's') % 3)::INT] || '\"}' "
        f"AS properties FROM range({people * each}) r(n)"
    )
    told = " UNION ALL ".join(
        f"SELECT '{kind.name}' AS event, true AS is_declared, '' AS description, '{kind.table}' AS staged_table, "
        f"'{{}}' AS properties, {people} AS events, {people} AS people, DATE '{AS_OF}' AS first_on, "
        f"DATE '{AS_OF}' AS last_on, DATE '{AS_OF}' AS through"
        for kind in kinds
    )
    version = fingerprint("events", people, each)
    tables = ((EVENT, relation(engine, "drawn_events", drawn)), (EVENT_KIND, relation(engine, "drawn_kinds", told)))
    return {table.name: engine.write(table, rows, version=version) for table, rows in tables}


BELOW = {
    "account_id": "'crm.account:' || (n + 1)",
    "above_account_id": "'crm.account:' || ((n + 1) // 10)",
    "steps": "1",
}


def populate(engine: Engine, people: int, day: int) -> dict[str, DatasetRef]:
    """Draw profiles with an address each, their measures, and accounts."""
    as_of = AS_OF + timedelta(days=day)
    fixed = {
        "profile_id": "CAST(md5(concat('p', n)) AS UUID)::VARCHAR",
        "account_id": f"'crm.account:' || (hash(n) % {max(people // 20, 1)})",
        "as_of": f"DATE '{as_of}'",
    }
    refs = {}
    for table, rows, own in (
        (CUSTOMER_360, people, fixed),
        (ACCOUNT_360, max(people // 20, 1), {"account_id": "'crm.account:' || n", "as_of": fixed["as_of"]}),
        (PROFILE, people, {**fixed, "email": ADDRESS}),
        (ALIAS, 0, {}),
        (ACCOUNT_ABOVE, max(people // 20, 1) - 1, BELOW),
        (PROFILE_IDENTIFIER, people, {**fixed, "type": "'email'", "value": ADDRESS, "source": "'crm'"}),
    ):
        version = fingerprint(table.name, people, day)
        drawn = relation(engine, f"drawn_{table.name.replace('/', '_')}_{day}", draw(table, rows, day, own))
        refs[table.name] = engine.write(table, drawn, version=version, inputs={"as_of": as_of.isoformat()}, point=True)
    return refs


def relation(engine: Engine, name: str, sql: str):
    engine.connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS {sql}")
    return engine.ibis.table(name)


def year(engine: Engine, people: int) -> DatasetRef:
    """A history of 52 weeks in which 1 in 50 profiles changes cell every week."""
    changed = " UNION ALL ".join(
        f"SELECT CAST(md5(concat('p', n)) AS UUID)::VARCHAR AS profile_id, "
        f"DATE '{AS_OF}' - {7 * week} AS since, "
        f"true AS is_present, {_history_values(week)} FROM range({people}) r(n) "
        f"WHERE {week} = 52 OR hash(n, {week}) % 50 = 0"
        for week in range(52, 0, -1)
    )
    return engine.write(
        CUSTOMER_HISTORY,
        relation(engine, "drawn_year", changed),
        version=fingerprint("year", people),
        inputs={"as_of": (AS_OF - timedelta(days=7)).isoformat()},
    )


def _history_values(week: int) -> str:
    columns = [CUSTOMER_HISTORY.column(name) for name in CUSTOMER_HISTORY.names[3:]]
    return ", ".join(f"{_drawn(column, week)} AS {column.name}" for column in columns)


@contextmanager
def timed(what: str, **facts: object) -> Iterator[dict[str, object]]:
    started, cpu = time.perf_counter(), time.process_time()
    yield facts
    facts = {
        "what": what,
        "seconds": round(time.perf_counter() - started, 2),
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, **facts,
    }  # fmt: skip
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--people", type=int, default=1_000_000)
    options.add_argument("--definitions", type=int, default=100)
    options.add_argument("--events", type=int, default=0, help="so many a person")
    options.add_argument("--home", type=Path, default=None)
    options.add_argument("--no-warehouse", action="store_true")
    given = options.parse_args()
    home = given.home or Path(tempfile.mkdtemp(prefix="kindred-bench-"))
    config = home / "config"
    definitions(config, given.definitions, on_events=given.events > 0)
    project = Project(Settings(home=home, config=config))
    with project.serving():
        measure(project, given, config)
    if given.home is None:
        shutil.rmtree(home)


def measure(project: Project, given: argparse.Namespace, config: Path) -> None:
    with project.engine() as engine, timed("(population drawn)", people=given.people):
        happened = events(engine, given.people, given.events) if given.events else {}
        days = [{**populate(engine, given.people, day), **happened} for day in (0, 1)]
        before = year(engine, given.people)
    with timed("definitions read and checked", definitions=given.definitions):
        assert not load(config).refused
    report = segments(project, days)
    kept = keep_history(project, days[1], before)
    project.lake.point(kept)
    draft, _ = load_beside(config / "draft.yaml", config)
    for turn in ("cold", "warm"):
        with timed(f"preview, DuckDB on the lake, {turn}"), lake_reader(project) as reader:
            preview(reader, draft)
    if given.events:
        previews(project, config, lake_reader, "DuckDB on the lake")
    key, someone = any_member(project, report)
    with timed("why"):
        explain(project, key, someone)
    if not given.no_warehouse:
        on_postgres(project, {**days[1], **{ref.dataset: ref for ref in (*report.writes, kept)}}, draft)
        if given.events:
            previews(project, config, warehouse_reader, "PostgreSQL")


def previews(project: Project, config: Path, reading: Callable[[Project], Any], where: str) -> None:
    """Preview each construct of the language."""
    for name, condition in PREVIEWS.items():
        file = config / "draft.yaml"
        file.write_text(json.dumps({"key": "draft", "name": "x", "owner": "x", "purpose": "x", "where": condition}))
        draft, _ = load_beside(file, config)
        before = server_cpu(project)
        with timed(f"preview, {where}: {name}") as facts, reading(project) as reader:
            facts["members"] = preview(reader, draft).size
            facts["server_cpu_seconds"] = round(server_cpu(project) - before, 2)


def server_cpu(project: Project) -> float:
    """CPU seconds of the embedded PostgreSQL with all that it has ever started; 0 where none runs (Linux only)."""
    if not embedded.is_running(project.settings.home):
        return 0.0
    server = int((project.settings.home / "pg" / "data" / "postmaster.pid").read_text().split()[0])
    stats = [file.read_text().rpartition(")")[2].split() for file in Path("/proc").glob("[0-9]*/stat")]
    ours = [stat for stat in stats if int(stat[1]) == server]
    ticks = sum(int(stat[11]) + int(stat[12]) for stat in ours)  # what runs, by its parent; what has ended, below
    ended = Path(f"/proc/{server}/stat").read_text().rpartition(")")[2].split()
    return (ticks + sum(map(int, ended[11:15]))) / os.sysconf("SC_CLK_TCK")


def segments(project: Project, days: list[dict[str, DatasetRef]]) -> StageReport:
    """Evaluate all definitions on each day; returns the last day's report."""
    for day, refs in enumerate(days):
        run = Run(f"bench-{day}", AS_OF + timedelta(days=day))
        for ref in refs.values():
            project.lake.point(ref)
        with timed("segment, first run" if day == 0 else "segment, next day") as facts:
            report = segment_with(project, run, refs, [])
            facts.update(report.counts)
        for ref in report.writes:
            project.lake.point(ref)
    return report


def keep_history(project: Project, refs: dict[str, DatasetRef], before: DatasetRef) -> DatasetRef:
    tomorrow = AS_OF + timedelta(days=1)
    with project.engine() as engine:
        with timed("a day of history kept", rows_before=before.rows) as facts:
            rows = engine.read(CUSTOMER_360, refs[CUSTOMER_360.name])
            kept = history.keep(
                engine, CUSTOMER_HISTORY, rows, Run("bench-history", tomorrow), {"as_of": tomorrow.isoformat()}
            )
            facts["rows"] = kept.rows
        with timed("grid flows of eight weeks"):
            flow = metrics.grid_flow(engine.read(CUSTOMER_HISTORY, kept), tomorrow, AS_OF - timedelta(days=364))
            engine.write(GRID_FLOW, flow, version="bench")
    return kept


def any_member(project: Project, report: StageReport) -> tuple[str, str]:
    """A segment of people and somebody in it."""
    with project.engine() as engine:
        members = engine.read(SEGMENT_MEMBERSHIP, report.writes[1])
        people = members.filter(~members.member_id.startswith("crm.account:"))
        first = people.order_by("segment_key", "member_id").limit(1).to_pyarrow().to_pylist()[0]
    return first["segment_key"], first["member_id"]


def on_postgres(project: Project, refs: dict[str, DatasetRef], draft) -> None:
    made = build.Build.of(refs, "bench")
    with timed("(loaded into PostgreSQL)"), project.warehouse().begin() as connection:
        build.load(connection, project.lake, made)
    with project.warehouse().begin() as connection:
        build.seal(connection, made)
    publication.publish(project.warehouse(), made, Run("bench", AS_OF))
    for turn in ("cold", "warm"):
        with timed(f"preview, PostgreSQL, {turn}"), warehouse_reader(project) as reader:
            preview(reader, draft)


if __name__ == "__main__":
    main()
