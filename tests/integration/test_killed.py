"""A run killed at any point, and run again, publishes the same bytes as a run that was left in peace.

So does one that loses its server, and one that is elsewhere: another time zone and way of writing dates. All of them
do in a locale that knows ASCII alone. Stages are killed at more points one by one, on small companies
(test_staging_sample, test_crosswalk_step, test_publish_killed); here it is the whole that is resumed.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import psycopg
import pytest

from include.contracts.settings import ROOT
from include.samples import generate
from include.storage.postgres import embedded

Run = Callable[..., int]
LOST = 75  # the exit code of what may succeed later
PLAIN = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
ELSEWHERE = {"TZ": "Asia/Kolkata", "PGTZ": "America/St_Johns", "PGDATESTYLE": "SQL, DMY"}
LAKE = "include.storage.lake:Lake"
BUILD, PUBLICATION = "include.storage.postgres.build:", "include.storage.postgres.publication:"
POINTS = [
    f"before {LAKE}.commit raw/crm/contact",
    f"after {LAKE}.point raw/nps/response",
    "during include.storage.engine:Engine.write staged/person_record",
    f"after {LAKE}.commit identity/crosswalk",
    "during include.storage.engine:Engine.write profile",
    f"before {LAKE}.commit customer_360",
    f"after {LAKE}.commit segment_membership",
    "lost include.storage.postgres.bulk:copy customer_360",  # in the middle of a transaction
    f"after {BUILD}seal any",
    f"after {PUBLICATION}publish any",
    "before include.pipeline:perform publish",  # between two stages
]


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The exports of a small sample company."""
    out = tmp_path_factory.mktemp("company")
    generate(out, people=1_000, seed=3, as_of=date(2026, 2, 28))
    return out / "exports"


@pytest.fixture
def run(tmp_path: Path, exports: Path) -> Iterator[Run]:
    """Run the pipeline in a home and to a database, killed at a point where there is one; returns the exit code."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "KINDRED_DATA": str(exports), **PLAIN}
    command = [sys.executable, str(ROOT / "tests" / "killed_run.py")]
    told = tmp_path / "told"
    with (
        told.open("w") as errors,
        subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True
        ) as forking,
    ):
        assert forking.stdin is not None and forking.stdout is not None

        def _run(home: Path, url: str, point: str = "", **elsewhere: str) -> int:
            variables = {"KINDRED_HOME": str(home), "KINDRED_WAREHOUSE_URL": url, **elsewhere}
            print(json.dumps([variables, point]), file=forking.stdin, flush=True)
            code = int(forking.stdout.readline() or 1)
            assert code in (0, LOST, -signal.SIGKILL), told.read_text()
            return code

        yield _run


def published(url: str) -> dict[str, str]:
    """Return a digest of each published table's bytes, rows in key order."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        names = [row[0] for row in connection.execute("SELECT viewname FROM pg_views WHERE schemaname = 'kindred'")]
        return {name: _digest(connection, name) for name in names}


def _digest(connection: psycopg.Connection, name: str) -> str:
    digest = hashlib.sha256()
    with connection.cursor().copy(f'COPY (SELECT * FROM kindred."{name}" t ORDER BY t::text) TO STDOUT') as rows:
        for block in rows:
            digest.update(block)
    return digest.hexdigest()


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_a_run_killed_at_every_point_publishes_the_same_bytes(tmp_path: Path, run: Run, postgres_home: Path) -> None:
    calm, killed = (_database(postgres_home, name) for name in ("calm", "killed"))
    assert run(tmp_path / "calm", calm) == 0
    for point in POINTS:
        code = LOST if point.startswith("lost") else -signal.SIGKILL
        assert run(tmp_path / "killed", killed, point, **ELSEWHERE) == code, f"never came to: {point}"
    assert run(tmp_path / "killed", killed, **ELSEWHERE) == 0
    assert published(killed) == published(calm)
    assert len(published(calm)) >= 10
    with psycopg.connect(killed.replace("+psycopg", "")) as connection:
        states = dict(connection.execute("SELECT state, count(*) FROM control.run GROUP BY state"))
    expected = {"interrupted": len(POINTS) - 1, "failed": 1, "success": 1}
    assert states == expected, "the ledger knows whose process is gone, and whose server was"


def _database(home: Path, name: str) -> str:
    server = embedded.url(home, "postgres").replace("+psycopg", "")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return embedded.url(home, name)
