"""Compare what `stage` costs in two checkouts, by turns on the same extracted rows: processor seconds and peak memory.

    git worktree add /tmp/before COMMIT
    python -m benchmarks.stage --people 40000 --before /tmp/before

The sample is made and extracted once a size (not timed). Each checkout stages it on a fresh home in a process of its
own; what counts is the process's processor time, which a shared machine changes little. Both have to write the same
rows: those of every staged table are compared, byte for byte, by a digest that does not depend on their order.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb

from include.contracts.runs import Run, Window
from include.contracts.settings import Settings
from include.contracts.staged import STAGED
from include.samples import generate
from include.sources.step import extract
from include.storage.project import Project

ROOT = Path(__file__).resolve().parents[1]
RUN, EVERYTHING = Run("bench", date(2026, 10, 31)), Window(None, datetime(2026, 11, 1, tzinfo=UTC))
STAGE = """
import json, resource, sys
from datetime import date
from pathlib import Path
from include.contracts.runs import Run
from include.contracts.settings import Settings
from include.staging.step import stage
from include.storage.project import Project

report = stage(Project(Settings(home=Path(sys.argv[1]))), Run("bench", date(2026, 10, 31)))
used = resource.getrusage(resource.RUSAGE_SELF)
rows = sum(count for name, count in report.counts.items() if name.endswith(".raw"))
print(json.dumps({"user": used.ru_utime, "system": used.ru_stime, "peak_mb": used.ru_maxrss // 1024, "rows": rows}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=40_000)
    parser.add_argument("--before", type=Path, required=True, help="the checkout to compare with")
    parser.add_argument("--pairs", type=int, default=2)
    parser.add_argument("--home", type=Path, default=ROOT / ".kindred" / "bench")
    arguments = parser.parse_args()
    place = arguments.home / f"{arguments.people}"
    extracted = _extracted(place, arguments.people)
    checkouts = {"before": arguments.before.resolve(), "after": ROOT}
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in checkouts}
    for _ in range(arguments.pairs):
        for name, checkout in checkouts.items():
            runs[name].append(_staged(checkout, extracted, place / name))
    after = _digests(place / "after")
    different = [table for table, found in _digests(place / "before").items() if found != after[table]]
    print(_report(arguments.people, runs, different))


def _extracted(place: Path, people: int) -> Path:
    """A home with the sample's raw rows."""
    home = place / "extracted"
    if not home.exists():
        generate(place / "sample", people=people)
        project = Project(Settings(home=home, data=place / "sample" / "exports"))
        for source in ("crm", "email", "usage", "nps"):
            extract(project, RUN, source, EVERYTHING)
    return home


def _staged(checkout: Path, extracted: Path, home: Path) -> dict[str, Any]:
    shutil.rmtree(home, ignore_errors=True)
    shutil.copytree(extracted, home, copy_function=os.link)
    done = subprocess.run(
        [sys.executable, "-c", STAGE, str(home)],
        check=True, cwd=checkout, env={**os.environ, "PYTHONPATH": str(checkout)}, capture_output=True, text=True,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _digests(home: Path) -> dict[str, Any]:
    """Rows of each staged table that the checkout knows, and the sum of the digests of all of them."""
    lake = Project(Settings(home=home)).lake
    found = {}
    for table in STAGED:
        manifest = lake.current(table.name)
        if manifest is None:
            continue
        urls = lake.urls(manifest)
        sql = "SELECT count(*), sum(md5_number_lower(t::VARCHAR)::HUGEINT) FROM read_parquet(?) t"
        found[table.name] = duckdb.execute(sql, [urls]).fetchone()
    return found


def _report(people: int, runs: dict[str, list[dict[str, Any]]], different: list[str]) -> str:
    said = ", ".join(different) or "none"
    lines = [
        f"{people:,} people, {runs['after'][0]['rows']:,} raw rows; tables that differ: {said}",
        "",
        "| | user seconds | median | system seconds | peak MB |",
        "|---|---:|---:|---:|---:|",
    ]
    for name, found in runs.items():
        user = [run["user"] for run in found]
        times, system = (", ".join(f"{t:.1f}" for t in ts) for ts in (user, [run["system"] for run in found]))
        lines.append(
            f"| {name} | {times} | {statistics.median(user):.1f} | {system} | {max(r['peak_mb'] for r in found):,} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
