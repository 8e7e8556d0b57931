"""Measures and segments on one machine, over a hundred million activities.

`python -m benchmarks.measures [--people N] [--each N] [--home FOLDER] [--memory 3GB]` prints one JSON line a step, each
in a process of its own: the company drawn (by DuckDB, from hashes of row numbers), `measure`, and `segment` with
definitions of which half ask about events. Of `each` activities a profile, six in ten are of use and four of mail.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks import reports
from benchmarks.segments import definitions, draw, relation
from include.contracts import staged
from include.contracts.events import read_events
from include.contracts.identity import ALIAS
from include.contracts.measures import SOURCES
from include.contracts.runs import DatasetRef, Run, StageReport
from include.contracts.settings import SHIPPED, Settings
from include.contracts.tables import Table
from include.measures.step import READS, measure
from include.segments.step import segment_with
from include.storage.project import Project

AS_OF, DAYS = date(2026, 10, 31), 365
PLAIN = (staged.USAGE_EVENT, staged.EMAIL_ACTIVITY)


def tables(people: int, each: int) -> dict[Table, tuple[int, Mapping[str, str]]]:
    """Rows and columns of what `measure` reads; of activities only what it asks for, spread over a year."""
    drawn = reports.tables(people)
    kinds = ", ".join(f"'{kind.name}'" for kind in read_events(SHIPPED).product)
    surface = "'{\"surface\":\"' || ['web', 'mobile', 'api'][1 + (hash(n, 's') % 3)::INT] || '\"}'"
    own = {
        staged.USAGE_EVENT: (people * each * 6 // 10, {
            "event": f"[{kinds}][1 + (hash(n, 'kind') % {len(read_events(SHIPPED).product)})::INT]",
            "feature": "'f' || (hash(n, 'feature') % 12)", "properties": surface}),
        staged.EMAIL_ACTIVITY: (people * each * 4 // 10, {}),
    }  # fmt: skip
    for table, (rows, columns) in own.items():
        empty = {c.name: "NULL" for c in table.columns if not table.requires(c)}
        drawn[table] = (rows, {**empty, **drawn[table][1], **columns, "at": moment()})
    fed = {"source": "'all'", "object": "'all'", "feeds": f"'{', '.join(sorted(SOURCES))}'", "missing_days": "0",
           "usual_silence": "0", "newest_at": f"TIMESTAMPTZ '{AS_OF} 23:59:59'",
           "complete_before": f"TIMESTAMPTZ '{AS_OF} 23:59:59'"}  # fmt: skip
    return {**{table: drawn[table] for table in READS.values() if table in drawn}, staged.SOURCE_STATE: (1, fed)}


def moment() -> str:
    return f"TIMESTAMPTZ '{AS_OF} 23:00:00' - to_seconds((hash(n, 'at') % {DAYS * 86_400})::BIGINT)"


def populate(project: Project, people: int, each: int) -> dict[str, DatasetRef]:
    refs = {}
    with project.engine() as engine:
        for table, (rows, fixed) in tables(people, each).items():
            sql = draw(table, rows, 0, reports.filled(table, fixed))
            drawn = relation(engine, "drawn_" + table.name.replace("/", "_"), sql)
            refs[table.name] = engine.write(table, drawn, version=f"drawn{people}", ordered=False)
        alias = relation(engine, "drawn_alias", draw(ALIAS, 0, 0, {}))
        refs[ALIAS.name] = engine.write(ALIAS, alias, version="drawn")
    return refs


def measured(project: Project, refs: Mapping[str, DatasetRef]) -> dict[str, DatasetRef]:
    return published(project, measure(project, Run("benchmark", AS_OF), refs))


def segmented(project: Project, refs: Mapping[str, DatasetRef]) -> dict[str, DatasetRef]:
    return published(project, segment_with(project, Run("benchmark", AS_OF), refs, []))


def published(project: Project, report: StageReport) -> dict[str, DatasetRef]:
    for ref in report.writes:
        project.lake.point(ref)
    return {ref.dataset: ref for ref in report.writes}


def apart(what: str, step: Callable[..., dict[str, DatasetRef]], *given: Any) -> dict[str, DatasetRef]:
    """Run a step in a process of its own and print what it took."""
    receiving, sending = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(sending, what, step, *given))
    process.start()
    sending.close()
    found: dict[str, DatasetRef] = receiving.recv()
    process.join()
    return found


def _run(sending: Any, what: str, step: Callable[..., dict[str, DatasetRef]], *given: Any) -> None:
    began = time.perf_counter()
    found = step(*given)
    used = resource.getrusage(resource.RUSAGE_SELF)
    told = {"what": what, "seconds": round(time.perf_counter() - began, 1),
            "cpu_seconds": round(used.ru_utime + used.ru_stime, 1), "peak_mb": used.ru_maxrss // 1024,
            "rows": {name: ref.rows for name, ref in found.items() if ref.rows > 1000}}  # fmt: skip
    print(json.dumps(told), flush=True)
    sending.send(found)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--people", type=int, default=2_500_000)
    options.add_argument("--each", type=int, default=40)
    options.add_argument("--definitions", type=int, default=20)
    options.add_argument("--memory", default="3GB")
    options.add_argument("--home", type=Path, default=None)
    given = options.parse_args()
    home = given.home or Path(tempfile.mkdtemp(prefix="kindred-bench-"))
    if not (home / "config").exists():  # a home that was drawn before is measured again
        definitions(home / "config", given.definitions, on_events=True)
    project = Project(Settings(home=home, config=home / "config", memory_limit=given.memory, threads=2))
    refs = apart("(drawn)", populate, project, given.people, given.each)
    refs |= apart("measure", measured, project, refs)
    apart("segment", segmented, project, refs)
    if given.home is None:
        shutil.rmtree(home)


if __name__ == "__main__":
    main()
