"""Seconds to explain a profile and a pair in a published million: `python -m benchmarks.crosswalk_explain HOME [TIMES]`

HOME holds a lake on which `resolve` ran, for example of the sample of 10,000 people; its identity datasets are
multiplied (by 100: a million people) into a lake of their own, in which other people have other ids.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from include.answers.lookup import Lookup
from include.answers.profile import explain_profile, explain_records
from include.contracts.identity import ALIAS, APPLIED, CROSSWALK, EDGE, HISTORY, IDENTITY_EVENT, MEMBER, REGISTER
from include.contracts.settings import ROOT, Settings
from include.contracts.staged import PERSON_RECORD
from include.matching.spec import load_spec
from include.storage.project import Project

IDS = {"record_id", "record_a", "record_b", "profile_id", "other_profile_id", "home_id", "event_id", "alias_id"}
TABLES = (HISTORY, MEMBER, REGISTER, IDENTITY_EVENT, EDGE, ALIAS, APPLIED, PERSON_RECORD, CROSSWALK)


def multiply(source: Project, target: Project, times: int) -> None:
    current = source.lake.current(CROSSWALK.name)
    for table in TABLES:
        version = current.inputs[PERSON_RECORD.name] if table is PERSON_RECORD else current.version
        files = source.lake.urls(source.lake.manifest(table.name, version))
        columns = ", ".join(_scattered(c.name) if c.name in IDS else f'"{c.name}"' for c in table.columns)
        with target.engine() as engine:
            engine.connection.execute(
                f"CREATE VIEW many AS SELECT {columns} FROM read_parquet({files!r}), range({times}) t(k)"
            ).complete()
            engine.write(table, engine.ibis.table("many"), version=version, inputs=current.inputs)
    folder = Path(target.lake.url("identity/model", "x")).parent
    for file in Path(source.lake.url("identity/model", "x")).parent.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())


def _scattered(name: str) -> str:
    """An id of the copy's own, its start a digest so that ids stay as scattered as real ones."""
    return f'left(md5(k || right("{name}", 3)), 4) || \'-\' || k || \'-\' || "{name}" AS "{name}"'


def measure(project: Project, tries: int = 15) -> None:
    spec = load_spec(ROOT / "include" / "config" / "matching.yaml")
    with project.engine() as engine:
        crosswalk = project.lake.urls(project.lake.current(CROSSWALK.name))
        people = engine.connection.execute(
            f"SELECT profile_id, min(record_id), max(record_id) FROM read_parquet({crosswalk!r}) GROUP BY profile_id "
            f"HAVING count(*) > 2 ORDER BY md5(profile_id) LIMIT {tries}"
        ).fetchall()
        rows = engine.connection.execute(f"SELECT count(*) FROM read_parquet({crosswalk!r})").fetchall()[0][0]
    profile, pair = [], []
    for profile_id, a, b in people:
        profile.append(_timed(project, lambda look, p=profile_id: explain_profile(look, p)))
        pair.append(_timed(project, lambda look, a=a, b=b: explain_records(look, a, b, spec)))
    print("| records | what | median, s | slowest, s |\n|---:|---|---:|---:|")
    for name, seconds in (("explain a profile", profile), ("explain two records", pair)):
        print(f"| {rows:,} | {name} | {statistics.median(seconds):.2f} | {max(seconds):.2f} |")


def _timed(project: Project, explain) -> float:
    started = time.perf_counter()
    with project.engine() as engine:
        explain(Lookup(engine))
    return time.perf_counter() - started


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="kindred-explain-") as folder:
        million = Project(Settings(home=Path(folder)))
        multiply(Project(Settings(home=Path(sys.argv[1]))), million, int(sys.argv[2]) if len(sys.argv) > 2 else 100)
        measure(million)
