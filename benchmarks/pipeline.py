"""Time the whole pipeline on a sample company: seconds and peak memory a stage, as a Markdown table.

    make bench PEOPLE=1000000

Generates the exports once a size (not timed), runs `python -m include run` in its own process on an empty
home, and reads the run ledger.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    arguments = _arguments()
    place = arguments.home / f"{arguments.people}"
    exports = _exports(place / "sample", arguments.people, arguments.seed)
    home = place / "home"
    shutil.rmtree(home, ignore_errors=True)
    environment = _environment(home, exports)
    seconds = _run(environment)
    print(_report(arguments.people, seconds, _stages(environment), exports))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--home", type=Path, default=ROOT / ".kindred" / "bench")
    return parser.parse_args()


def _exports(out: Path, people: int, seed: int) -> Path:
    if not (out / "exports" / "sample.json").exists():
        command = [sys.executable, "-m", "include.samples", str(out), "--people", str(people), "--seed", str(seed)]
        subprocess.run(command, check=True, cwd=ROOT)
    return out / "exports"


def _environment(home: Path, exports: Path) -> dict[str, str]:
    as_of = json.loads((exports / "sample.json").read_text("utf-8"))["as_of"]
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "KINDRED_HOME": str(home),
        "KINDRED_DATA": str(exports),
        "KINDRED_AS_OF": as_of,
    }


def _run(environment: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "include", "run"], check=True, cwd=ROOT, env=environment)
    return time.perf_counter() - started


def _stages(environment: dict[str, str]) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "include", "runs", "--stages", "--json"],
        check=True, cwd=ROOT, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def _report(people: int, seconds: float, stages: list[dict[str, Any]], exports: Path) -> str:
    size = sum(file.stat().st_size for file in exports.rglob("*") if file.is_file()) / 1e9
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    lines = [
        f"{people:,} people, {size:.2f} GB of exports; {machine}; {seconds:.0f} s in all.",
        "",
        "| stage | seconds | peak MB |",
        "|---|---:|---:|",
        *(f"| {row['stage']} | {row['seconds']:.1f} | {row['peak_mb']:,} |" for row in stages),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
