"""`make run` as a person uses it, on a small sample company: a real Airflow, a real PostgreSQL, all processes ended."""

from __future__ import annotations

import csv
import gzip
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import sqlalchemy as sa

from include.contracts.settings import ROOT
from include.launch import lock
from include.launch.environment import USER, password
from include.launch.layout import Layout
from include.samples import generate
from include.storage.postgres import embedded

pytestmark = pytest.mark.slow
TABLES = ("profile", "profile_identifier", "crosswalk", "customer_360", "segment_membership", "segment_event")


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="kindred-test-"))  # not pytest's: only its owner may enter that
    generate(home / "sample", people=1000)
    yield home
    left = left_behind(home)
    shutil.rmtree(home, ignore_errors=True)
    assert not left


def launch(home: Path, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW_", "KINDRED_"))}
    environment |= {"PYTHONPATH": str(ROOT), "KINDRED_HOME": str(home), **variables}
    command = [sys.executable, "-m", "include.launch", *arguments]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def run(home: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    process = launch(home, "run", *arguments, **variables)
    said, _ = process.communicate(timeout=400)
    return process.returncode, said


def kindred(home: Path, *arguments: str, **variables: str) -> None:
    """Call the command line on this home."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "KINDRED_HOME": str(home), **variables}
    subprocess.run([sys.executable, "-m", "include", *arguments], cwd=ROOT, env=environment, check=True)


def left_behind(home: Path) -> list[str]:
    """Processes that still work for this home: Airflow's by their environment, PostgreSQL's by their folder."""
    found = []
    for process in psutil.process_iter(["name", "status"]):
        try:
            works_here = process.environ().get("KINDRED_HOME") == str(home) or process.cwd().startswith(str(home))
        except (psutil.AccessDenied, psutil.NoSuchProcess):
            continue
        if works_here and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(f"{process.pid} {process.info['name']}")
    return found


def published(home: Path) -> dict[str, str]:
    """A digest of each table that readers see."""
    with embedded.running(home) as url:
        engine = sa.create_engine(url)
        with engine.connect() as connection:
            digest = "SELECT md5(string_agg(t::text, '|' ORDER BY t::text)) FROM kindred.{} t"
            found = {table: connection.execute(sa.text(digest.format(table))).scalar_one() for table in TABLES}
        engine.dispose()
    return found


@pytest.fixture(scope="module")
def first_run(home: Path) -> tuple[int, str, dict[str, str]]:
    return *run(home), published(home)


def test_a_run_shows_each_task_and_ends_with_a_summary(home: Path, first_run: tuple[int, str, dict[str, str]]) -> None:
    code, said, _ = first_run
    assert code == 0, said
    steps = [f"extract_{source}.extract" for source in ("crm", "email", "usage", "nps")]
    steps += ["resolve_identities.stage", "resolve_identities.resolve"]
    steps += [
        f"build_segments.{step}" for step in ("unify", "measure", "segment", "report", "load", "audit", "publish")
    ]
    for step in steps:
        assert re.search(rf"{step}  done  [\d.]+ s  \w", said), step
    assert re.search(r"Published as of 2026-10-31\. Took \d+ s\.", said)
    assert "Detractors renewing within 90 days" in said
    assert left_behind(home) == []


def test_no_address_of_a_person_reaches_a_log_or_airflows_database(
    home: Path, first_run: tuple[int, str, dict[str, str]]
) -> None:
    with (home / "sample" / "exports" / "crm" / "Contact.csv").open(encoding="utf-8", newline="") as file:
        people = {row[name] for row in csv.DictReader(file) for name in ("Email", "LastName") if len(row[name]) > 7}
    assert len(people) > 500
    told = [path.read_text("utf-8", errors="replace") for path in (home / "logs").rglob("*.log")]
    with embedded.running(home):
        engine = sa.create_engine(embedded.url(home, "airflow"))
        with engine.connect() as connection:
            for column in ("xcom.value", "asset_event.extra", "rendered_task_instance_fields.rendered_fields"):
                table, _, name = column.partition(".")
                told += connection.execute(sa.text(f"SELECT {name}::text FROM {table}")).scalars()
        engine.dispose()
    text = "\n".join(told)
    assert "crosswalk" in text
    assert {person for person in people if person in text} == set()


def test_a_second_run_on_the_same_exports_changes_nothing(
    home: Path, first_run: tuple[int, str, dict[str, str]]
) -> None:
    code, said = run(home)
    assert code == 0, said
    assert "Nothing has changed" in said
    assert published(home) == first_run[2]


def test_a_broken_export_stops_the_run_with_one_sentence(
    home: Path, first_run: tuple[int, str, dict[str, str]], tmp_path: Path
) -> None:
    exports = tmp_path / "exports"
    shutil.copytree(home / "sample" / "exports", exports)
    broken = max((exports / "usage").glob("*.gz"))
    broken.write_bytes(gzip.compress(gzip.decompress(broken.read_bytes()))[:-40])
    code, said = run(home, str(exports))
    assert code == 70
    sentence = re.search(r"Error: The task extract_usage\.extract failed: (.*)\nIts log: (.*)\n", said)
    assert sentence, said
    assert broken.name in sentence[1]
    log = Path(sentence[2]).read_text()
    assert "Traceback" not in log
    assert "error_detail" not in log
    assert Path(sentence[2]).name == "attempt=1.log"
    assert left_behind(home) == []
    assert published(home) == first_run[2]


def test_a_killed_launcher_leaves_nothing_behind(home: Path, first_run: tuple[int, str, dict[str, str]]) -> None:
    launcher = launch(home, "run")
    assert launcher.stdout is not None
    for line in launcher.stdout:
        if "begins" in line:
            break
    assert len(left_behind(home)) > 5
    launcher.send_signal(signal.SIGKILL)
    launcher.wait()
    launcher.stdout.close()
    until(lambda: not left_behind(home))


def test_a_postgresql_that_is_killed_is_told_in_one_sentence(
    home: Path, first_run: tuple[int, str, dict[str, str]]
) -> None:
    launcher = launch(home, "run")
    assert launcher.stdout is not None
    said = ""
    for line in launcher.stdout:
        said += line
        if "extract" in line and "begins" in line:
            server = int((home / "pg" / "data" / "postmaster.pid").read_text().splitlines()[0])
            os.kill(server, signal.SIGKILL)
            break
    said += launcher.stdout.read()
    assert launcher.wait() == 75, said
    assert "PostgreSQL ended while the run was at work" in said.splitlines()[-1]
    assert left_behind(home) == []
    assert published(home) == first_run[2]


def config_that_splits_a_profile(home: Path, place: Path) -> Path:
    """The shipped configuration with a decision that takes a person's two records apart, which needs an approval.

    So does a segment that is larger than expected.
    """
    config = shutil.copytree(ROOT / "include" / "config", place / "config")
    (config / "stewardship.yaml").write_text("limits: {split_profiles: 0, at_least: 0}\n")
    with (config / "segments" / "lapsed.yaml").open("a") as lapsed:
        lapsed.write("expected: {max: 1}\n")
    pairs = "SELECT min(record_id), max(record_id) FROM kindred.crosswalk GROUP BY profile_id HAVING count(*) = 2"
    ((a, b), *_) = rows(home, f"{pairs} ORDER BY 1")
    columns = "kind,a,b,column,value,author,reason,decided_on"
    (config / "decisions.csv").write_text(f"{columns}\nnever,{a},{b},,,Nina,Twins,2026-10-01\n")
    return config


def rows(home: Path, query: str) -> list[tuple[Any, ...]]:
    with embedded.running(home) as url:
        engine = sa.create_engine(url)
        with engine.connect() as connection:
            found = [tuple(row) for row in connection.execute(sa.text(query))]
        engine.dispose()
    return found


def until(condition: Callable[[], Any], seconds: float = 240) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.5)
    return found


@contextmanager
def up(home: Path, **variables: str) -> Iterator[httpx.Client]:
    """Airflow, left up for the block; yields a client of its API with the user's rights."""
    try:
        said, _ = launch(home, "up", **variables).communicate(timeout=240)
        url = (lock.holder(Layout(home).lock) or {})["url"]
        assert url in said
        with httpx.Client(base_url=url, timeout=60, trust_env=False) as client:
            secret = {"username": USER, "password": password(Layout(home))}
            client.headers["Authorization"] = f"Bearer {client.post('/auth/token', json=secret).json()['access_token']}"
            try:
                yield client
            except AssertionError as error:
                error.add_note(task_states(client))
                raise
    finally:
        launch(home, "down").communicate(timeout=120)


def task_states(airflow: httpx.Client) -> str:
    """What became of each task, for whoever reads why a test failed."""
    newest = {"limit": 100, "order_by": "-run_after"}
    tasks = airflow.get("/api/v2/dags/~/dagRuns/~/taskInstances", params=newest).json()
    shown = ("dag_id", "dag_run_id", "task_id", "map_index", "state", "try_number", "start_date", "end_date")
    return "\n".join(" ".join(str(task[name]) for name in shown) for task in tasks["task_instances"])


def answer(airflow: httpx.Client, chosen: str, note: str) -> tuple[str, str]:
    """Wait for a question that nobody has answered, and answer it; returns its subject and its evidence.

    It must have stood for a moment: Airflow 3.3.2 loses an answer that comes while it still puts the task to sleep.
    """

    def waiting() -> list[dict[str, Any]]:
        late = datetime.now(UTC) - timedelta(seconds=3)
        return [
            question
            for question in questions(airflow, response_received=False)
            if question["task_instance"]["state"] == "awaiting_input"
            and datetime.fromisoformat(question["created_at"]) < late
        ]

    (question,) = until(waiting)
    task = question["task_instance"]
    run = f"/api/v2/dags/{task['dag_id']}/dagRuns/{task['dag_run_id']}"
    place = f"{run}/taskInstances/{task['task_id']}/{task['map_index']}/hitlDetails"
    answered = airflow.patch(place, json={"chosen_options": [chosen], "params_input": {"note": note}})
    assert answered.status_code == httpx.codes.OK, answered.text
    return question["subject"], question["body"]


def questions(airflow: httpx.Client, **which: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = airflow.get("/api/v2/dags/~/dagRuns/~/hitlDetails", params=which).json()[
        "hitl_details"
    ]
    return found


def start(airflow: httpx.Client, dag: str) -> None:
    """Start a DAG by hand and wait for its end."""
    started = airflow.post(f"/api/v2/dags/{dag}/dagRuns", json={"logical_date": None})
    assert started.status_code == httpx.codes.OK, started.text
    place = f"/api/v2/dags/{dag}/dagRuns/{started.json()['dag_run_id']}"
    until(lambda: airflow.get(place).json()["state"] == "success")


def asked(airflow: httpx.Client, times: int) -> None:
    """Wait until so many runs of the asking DAG have ended well, and none is under way."""
    runs = "/api/v2/dags/approve_changes/dagRuns"
    until(lambda: [run["state"] for run in airflow.get(runs).json()["dag_runs"]] == ["success"] * times)


@pytest.mark.timeout(1500)
def test_what_is_held_is_asked_again_until_somebody_answers_and_only_a_yes_lets_it_pass(
    home: Path, first_run: tuple[int, str, dict[str, str]], tmp_path: Path
) -> None:
    people = "SELECT count(*) FROM kindred.profile"
    ((before,),) = rows(home, people)
    settings = {"KINDRED_CONFIG": str(config_that_splits_a_profile(home, tmp_path)), "KINDRED_ANSWER_HOURS": "0.009"}
    code, said = run(home, **settings)
    assert code == 69, said
    assert "1 profiles would split off another" in said
    held = re.search(r"approve or reject (identity/crosswalk@\w+) and run again", said)
    assert held, said
    ledger = "SELECT state FROM control.run WHERE run_id LIKE 'resolve_identities/%' ORDER BY started_at"
    assert rows(home, ledger)[-1] == ("held",)
    answers = "SELECT verdict, author, reason FROM control.approval ORDER BY subject"

    with up(home, **settings) as airflow:
        asked(airflow, 1)  # and nobody answers in 32 seconds
        assert (rows(home, answers), published(home)) == ([], first_run[2])

        start(airflow, "resolve_identities")
        subject, body = answer(airflow, "Reject", "They are one")
        assert subject == held[1]
        assert "1 profiles would split off another" in body
        asked(airflow, 2)
        assert (rows(home, answers), published(home)) == ([("rejected", USER, "They are one")], first_run[2])

        start(airflow, "resolve_identities")
        assert rows(home, ledger)[-1] == ("held",)
        assert published(home) == first_run[2]

        change_of_mind = ("approve", subject, "--author", "nina", "--reason", "They are twins")
        kindred(home, *change_of_mind, **settings)
        start(airflow, "resolve_identities")
        subject, body = answer(airflow, "Approve", "A mailing failed")
        assert subject.startswith("segment/lapsed@")
        assert "more than the expected 1" in body
        lapsed = "SELECT state FROM kindred.segment WHERE segment_key = 'lapsed'"
        until(lambda: rows(home, lapsed) == [("published",)], 600)  # Airflow takes five minutes to miss a lost task
        assert "approval.record" in task_states(airflow)
        assert len(questions(airflow)) == 3  # what was rejected was not asked about again
    assert rows(home, answers) == [("approved", "nina", "They are twins"), ("approved", USER, "A mailing failed")]
    ((after,),) = rows(home, people)
    assert after == before + 1
