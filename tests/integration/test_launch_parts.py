"""The launcher's parts: processes that certainly end, one launcher at a time, secrets kept, outcomes told."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from io import StringIO
from pathlib import Path

import httpx
import psutil
import pytest
from rich.console import Console, RenderableType

from include.contracts.errors import ConfigurationError, FatalError, HeldError, RetryableError
from include.contracts.settings import ROOT, Settings
from include.launch import diagnosis, lock
from include.launch.api import _checked
from include.launch.environment import airflow_environment, free_port, password
from include.launch.follow import error_in
from include.launch.layout import Layout, settings_for
from include.launch.processes import Processes
from include.launch.progress import spell
from include.launch.summary import render, render_held, summarise
from include.storage.postgres import embedded

# A process that makes a group of its own for a child which ignores SIGTERM, as Airflow's tasks do.
STUBBORN = """
import os, signal, sys, time
if os.fork() == 0:
    os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    open(sys.argv[1], "w").write(str(os.getpid()))
time.sleep(600)
"""
LAUNCHER = """
import os, signal, sys
from pathlib import Path
from include.launch.processes import Processes
with Processes(Path(sys.argv[1])) as processes:
    processes.start("stubborn", [sys.executable, "-c", sys.argv[2], sys.argv[3]], dict(os.environ))
    signal.pause()
"""
HOLDER = """
import sys
from pathlib import Path
from include.launch import diagnosis, lock
from include.launch.api import _checked
with lock.held(Path(sys.argv[1]), "make up"):
    input()
"""


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def pid_in(path: Path) -> int:
    wait_until(lambda: path.exists() and path.read_text() != "")
    return int(path.read_text())


def test_nothing_that_was_started_survives_the_block(tmp_path: Path) -> None:
    told = tmp_path / "pid"
    with Processes(tmp_path) as processes:
        leader = processes.start("stubborn", [sys.executable, "-c", STUBBORN, str(told)], dict(os.environ))
        stubborn = pid_in(told)
        assert is_alive(stubborn)
    assert not is_alive(stubborn)
    assert not is_alive(leader.process.pid)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_survives_a_launcher_that_is_killed(tmp_path: Path, number: signal.Signals) -> None:
    told = tmp_path / "pid"
    launcher = subprocess.Popen([sys.executable, "-c", LAUNCHER, str(tmp_path), STUBBORN, str(told)], cwd=ROOT)
    stubborn = pid_in(told)
    launcher.send_signal(number)
    launcher.wait()
    wait_until(lambda: not is_alive(stubborn))


def test_a_process_that_dies_is_told_with_its_log(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        processes.start("scheduler", [sys.executable, "-c", "raise SystemExit(3)"], dict(os.environ)).process.wait()
        with pytest.raises(FatalError, match=rf"scheduler ended with exit code 3. Its log: {tmp_path}/scheduler.log"):
            processes.check()
        processes.start("api-server", ["sleep", "600"], dict(os.environ)).process.kill()


def failing() -> None:
    """What Airflow's API does when the database beneath it is gone."""
    request = httpx.Request("GET", "http://127.0.0.1/api/v2/dags")
    _checked(httpx.Response(500, text='{"detail": "Database error"}', request=request))


def unreachable() -> None:
    raise httpx.ConnectError("refused")


@pytest.mark.parametrize("fails", [failing, unreachable])
@pytest.mark.parametrize(("needed", "said"), [(0, "PostgreSQL ended while the run was at"), (10**18, "disk is full")])
def test_where_airflow_fails_what_it_stands_on_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: Callable[[], None], needed: int, said: str
) -> None:
    monkeypatch.setattr(diagnosis, "NEEDED_BYTES", needed)
    with pytest.raises(RetryableError, match=said), diagnosis.diagnosed(tmp_path):
        fails()


def test_where_nothing_else_is_wrong_airflows_own_answer_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "is_running", lambda _home: True)
    with pytest.raises(FatalError, match=r"Airflow answered 500 to GET /api/v2/dags"), diagnosis.diagnosed(tmp_path):
        failing()
    with pytest.raises(FatalError, match=r"Airflow's API does not answer"), diagnosis.diagnosed(tmp_path):
        unreachable()


def test_an_error_of_the_run_itself_stays_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(FatalError, match="The task extract failed"), diagnosis.diagnosed(tmp_path):
        raise FatalError("The task extract failed")


def test_the_log_holds_what_the_process_wrote(tmp_path: Path) -> None:
    with Processes(tmp_path) as processes:
        processes.finish(processes.start("migrate", ["echo", "all is well"], dict(os.environ)))
    assert (tmp_path / "migrate.log").read_text() == "all is well\n"


def test_a_second_launcher_is_told_who_is_at_work(tmp_path: Path) -> None:
    path = tmp_path / "launch.lock"
    with lock.held(path, "make run"):
        taken = rf"`make run` \(process {os.getpid()}\) is at work here"
        with pytest.raises(ConfigurationError, match=taken), lock.held(path, "make run"):
            pass
        assert lock.holder(path) == {"pid": os.getpid(), "command": "make run"}
    assert lock.holder(path) is None


def test_a_lock_goes_with_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "launch.lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], cwd=ROOT, stdin=subprocess.PIPE)
    wait_until(lambda: (lock.holder(path) or {}).get("command") == "make up")
    holder.kill()
    holder.wait()
    with lock.held(path, "make run"):
        pass


def test_the_command_line_waits_for_its_turn_as_a_launcher_does(tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()
    environment = os.environ | {"PYTHONPATH": str(ROOT), "KINDRED_HOME": str(tmp_path / "home")}
    with lock.held(Layout(tmp_path / "home").lock, "make run"):
        command = [sys.executable, "-m", "include", "run", str(tmp_path / "exports")]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == ConfigurationError.exit_code
    assert f"Another `make run` (process {os.getpid()}) is at work here" in done.stderr


def test_a_busy_port_is_no_problem() -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        taken = busy.getsockname()[1]
        assert free_port(taken) != taken
    assert free_port(taken) == taken


def test_secrets_are_made_once_and_for_the_owners_eyes(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    secret = password(layout)
    environment = airflow_environment(Settings(home=tmp_path), layout, database="postgresql://", port=1)
    again = airflow_environment(Settings(home=tmp_path), layout, database="postgresql://", port=1)
    assert password(layout) == secret
    assert environment == again
    for path in (layout.passwords, layout.secrets):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_shells_own_airflow_does_not_disturb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "SequentialExecutor")
    monkeypatch.setenv("AIRFLOW_CONN_CRM", "http://crm.example")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("NO_PROXY", "intranet.example")
    environment = airflow_environment(Settings(home=tmp_path), Layout(tmp_path), database="postgresql://", port=8080)
    assert environment["AIRFLOW__CORE__EXECUTOR"].endswith("LocalExecutor")
    assert environment["AIRFLOW_CONN_CRM"] == "http://crm.example"
    assert "PYTHONDONTWRITEBYTECODE" not in environment
    assert environment["NO_PROXY"] == "intranet.example,127.0.0.1,localhost"


def test_a_companys_exports_have_a_home_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KINDRED_HOME", raising=False)
    mine, yours = tmp_path / "mine" / "exports", tmp_path / "yours" / "exports"
    mine.mkdir(parents=True)
    yours.mkdir(parents=True)
    homes = {settings_for(data, schedules=False).home for data in (None, mine, yours)}
    assert len(homes) == 3
    assert settings_for(mine, schedules=False).exports == mine
    with pytest.raises(ConfigurationError, match="There is no folder"):
        settings_for(tmp_path / "nowhere", schedules=False)


LOGS = {
    "sentence": (
        [
            {"level": "info", "event": "Filling up the DagBag"},
            {"level": "error", "event": "crm/Contact.csv, line 12: the row has too few fields. Export it again."},
            {"level": "error", "event": "Task exited", "exit_code": 66},
        ],
        "crm/Contact.csv, line 12: the row has too few fields. Export it again.",
    ),
    "fault": (
        [
            {
                "level": "error",
                "event": "Task failed with exception",
                "error_detail": [{"exc_type": "KeyError", "exc_value": "'email'"}],
            }
        ],
        "KeyError: 'email'",
    ),
    "killed": ([{"level": "info", "event": "begins"}], "it left no error in its log, so it was probably killed"),
}


@pytest.mark.parametrize(("lines", "sentence"), LOGS.values(), ids=LOGS)
def test_why_a_task_failed_is_the_last_error_in_its_log(tmp_path: Path, lines: list[object], sentence: str) -> None:
    log = tmp_path / "attempt=1.log"
    log.write_text("\n".join(json.dumps(line) for line in lines) + "\nnot JSON\n")
    assert error_in(log).startswith(sentence)


def test_counts_of_several_objects_are_added_up() -> None:
    counts = {
        "lead.rows": 4000,
        "contact.rows": 8000,
        "lead.rejected": 0,
        "lead.unknown.Colour": 3,
        "lead.unknown.Size": 3,
    }
    assert spell(counts) == "rows 12,000, columns not used 2"


STAGES = [
    {"stage": "extract.crm", "counts": {"lead.rows": 10}, "seconds": 1.0},
    {
        "stage": "stage",
        "counts": {
            "crm.lead.raw": 6,
            "crm.lead.staged": 5,
            "crm.lead.quarantined": 1,
            "crm.contact.raw": 4,
            "crm.contact.staged": 3,
            "crm.contact.superseded": 1,
        },
        "seconds": 2.0,
    },
    {"stage": "resolve", "counts": {"records": 8, "profiles": 5, "created": 4, "merged": 1, "review": 2}, "seconds": 3},
]
SEGMENT = {"segment_key": "lapsed", "name": "Lapsed users", "level": "person", "state": "published", "reason": None}


def shown(content: RenderableType) -> str:
    console = Console(width=72, record=True, file=StringIO())
    console.print(content, highlight=False, crop=False)  # as commands.run does
    return console.export_text()


def told(*, is_new: bool, **segment: str) -> str:
    segments = [{**SEGMENT, "size": 1234, "entered": 7, "exited": 3, **segment}]
    summary = summarise(date(2026, 10, 31), STAGES, segments, is_new=is_new)
    return shown(render(summary, took=42.0, home=Path("/data/of/a/company/whose/folders/lie/very/deep/down/acme")))


def test_a_summary_tells_rows_people_segments_seconds_and_what_next() -> None:
    text = told(is_new=True)
    assert "Published as of 2026-10-31. Took 42 s." in text
    assert ["crm", "10", "8", "1", "1"] in [line.split() for line in text.splitlines()]
    assert "8 records are 5 people, 4 created, 1 merged, 2 pairs to review" in text
    assert ["Lapsed", "users", "1,234", "7", "3"] in [line.split() for line in text.splitlines()]
    assert "resolve 3.0 s" in text
    assert "export KINDRED_HOME=/data/of/a/company/whose/folders/lie/very/deep/down/acme\n" in text
    assert "python -m include segment lapsed" in text


def test_a_summary_tells_what_deletes_at_a_source_did_to_people() -> None:
    counts = {"departed.crm.deleted": 12, "departed.crm.lost": 9, "departed.crm.ended": 3}
    stages = [{"stage": "resolve", "counts": {"records": 8, "profiles": 5, **counts}, "seconds": 3}]
    sentence = "12 records deleted at crm: 9 profiles lost a record, 3 ended."
    for is_new in (True, False):
        text = shown(render(summarise(date(2026, 10, 31), stages, [], is_new=is_new), took=4.0, home=None))
        assert (sentence in text) is is_new


def test_a_summary_of_a_run_that_changed_nothing_tells_no_changes() -> None:
    text = told(is_new=False)
    assert "Nothing has changed" in text
    assert "created" not in text
    assert "entered" not in text


def test_a_segment_that_is_refused_is_told_with_the_reason() -> None:
    text = told(is_new=True, state="refused", reason="lapsed.yaml:1:1: 'name' is missing.")
    assert "Refused; they keep the members they had until they are corrected" in text
    assert "lapsed.yaml:1:1: 'name' is missing." in text


def test_a_segment_that_is_held_is_told_with_how_to_publish_it() -> None:
    text = told(is_new=True, state="held", approval="segment/lapsed@1")
    assert "Lapsed users  held" in text
    assert "python -m include approve segment/lapsed@1 --reason …" in text


def test_segments_that_want_a_source_are_told_by_source(monkeypatch: pytest.MonkeyPatch) -> None:
    unjudged = {**SEGMENT, "state": "unjudged", "size": 0, "entered": 0, "exited": 0}
    both = "No source gives use of the product or contracts."
    segments = [
        {**unjudged, "segment_key": "a", "name": "First", "reason": "No source gives contracts."},
        {**unjudged, "segment_key": "b", "name": "Second", "reason": both},
        {**unjudged, "segment_key": "c", "name": "Third", "reason": "The list guests is too old."},
    ]
    stages = [*STAGES, {"stage": "measure", "counts": {"lacking.contract": 19}, "seconds": 1.0}]
    text = shown(render(summarise(date(2026, 10, 31), stages, segments, is_new=True), took=4.0, home=None))
    told = " ".join(text.split())
    assert (
        "No source gives contracts: 19 measures are unknown and 2 segments cannot be judged. A spreadsheet of" in told
    )
    assert "No source gives use of the product: 1 segment cannot be judged (b). Segment, Mixpanel" in told
    assert "The list guests is too old. So this segment cannot be judged: Third." in told
    assert "First" not in text and "and 2 of which nothing is known" in told


def test_a_run_that_is_held_shows_its_evidence_and_how_to_answer() -> None:
    held = HeldError("identity/crosswalk@1", "It needs a person.\n\n| | now |\n|---|---:|\n| merges | 70 |")
    text = shown(render_held(held, home=None, data=Path("my exports")))
    assert ["merges", "70"] in [line.split() for line in text.splitlines()]
    assert "python -m include approve identity/crosswalk@1 --reason …" in text
    assert "make up DATA='my exports'" in text
    assert "KINDRED_HOME" not in text


def test_a_logs_place_is_airflows(tmp_path: Path) -> None:
    place = Layout(tmp_path).task_log("build_segments", "manual__1", "audit", 2)
    assert place == tmp_path / "logs/tasks/dag_id=build_segments/run_id=manual__1/task_id=audit/attempt=2.log"
