"""Time erasures in a published home: one person, then ten and fifty in one go, with all that is kept of them.

    python -m benchmarks.erasure [--people 10000] [--home FOLDER]

Makes the sample and runs the pipeline once a size (not timed); then erases people who have several records, by commands
as an operator types them, each until a scan has found nothing. CPU is that of the command, and of the embedded
PostgreSQL's processes beside it, as far as they live still when it ends.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import psutil
import psycopg

from benchmarks.pipeline import ROOT, _environment, _exports
from include.storage.postgres import embedded, postmaster

PICK = """
    SELECT email FROM kindred.profile WHERE records > 2 AND email IS NOT NULL ORDER BY md5(profile_id) LIMIT 61
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--home", type=Path, default=ROOT / ".kindred" / "bench-erasure")
    given = parser.parse_args()
    place = (given.home / str(given.people)).resolve()
    environment = _environment(place / "home", _exports(place / "sample", given.people, given.seed))
    with published(place / "home", environment) as url:
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            picked = [email for (email,) in connection.execute(PICK)]
        size = sum(file.stat().st_size for file in (place / "home" / "lake").rglob("*") if file.is_file())
        print(f"{given.people:,} people, lake of {size / 1e6:,.0f} MB")
        print("| erased | seconds | CPU of the command | CPU of the server | peak MB |\n|---:|---:|---:|---:|---:|")
        for people in (picked[:1], picked[1:11], picked[11:]):
            print(row(place / "home", environment, people), flush=True)


def published(home: Path, environment: dict[str, str]) -> AbstractContextManager[str]:
    """A home of its own, on which the pipeline has run once."""
    shutil.rmtree(home, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "include", "run"], check=True, cwd=ROOT, env=environment)
    return embedded.running(home)


def row(home: Path, environment: dict[str, str], people: list[str]) -> str:
    """Erase people by one command; returns what it took."""
    began, before = time.perf_counter(), sum(_server(home))
    cpu, peak = _erase(environment, people)
    seconds, server = time.perf_counter() - began, sum(_server(home)) - before
    return f"| {len(people)} | {seconds:.1f} | {cpu:.1f} | {server:.1f} | {peak:,} |"


def _erase(environment: dict[str, str], people: list[str]) -> tuple[float, int]:
    """Returns the seconds of CPU of the command and its peak of memory in MB."""
    emails = [part for email in people for part in ("--email", email)]
    command = [sys.executable, "-m", "include", "erase", *emails, "--reason", "benchmark", "--by", "nobody", "--yes"]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as running:
        _, status, used = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode:
        raise SystemExit(running.returncode)
    return used.ru_utime + used.ru_stime, used.ru_maxrss // 1024


def _server(home: Path) -> Iterator[float]:
    """The seconds of CPU of the server's processes, of those that have ended among them."""
    server = psutil.Process(int(postmaster.pid_file(home / "pg" / "data")[0]))
    for process in (server, *server.children()):
        times = process.cpu_times()
        yield times.user + times.system + times.children_user + times.children_system


if __name__ == "__main__":
    main()
