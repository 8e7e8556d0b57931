"""The embedded PostgreSQL: starts, is shared, survives kills, stops."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from include.contracts.errors import FatalError, RetryableError
from include.storage.postgres import embedded, postmaster


@pytest.fixture
def home() -> Iterator[Path]:
    """A home whose path is longer than a Unix socket's may be, with characters that a shell would read."""
    place = Path(tempfile.mkdtemp(prefix="kindred-test-"))
    home = place / "it's $HOME `x`" / ("a" * 120)
    yield home
    embedded.stop(home)
    shutil.rmtree(place)


def _ask(url: str, query: str) -> object:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        cursor = connection.execute(query)
        return cursor.fetchone()[0] if cursor.description else None


def _postmaster(home: Path) -> int:
    return int((home / "pg" / "data" / "postmaster.pid").read_text().splitlines()[0])


def _gone(home: Path) -> bool:
    for _ in range(1200):
        if not embedded.is_running(home):
            return True
        time.sleep(0.05)
    return False


def test_it_starts_serves_both_databases_keeps_the_data_and_stops(home: Path) -> None:
    url = embedded.start(home)
    _ask(url, "CREATE TABLE kept (x int)")
    assert _ask(embedded.url(home, "airflow"), "SELECT current_database()") == "airflow"
    assert _ask(url, "SHOW fsync") == "on"
    embedded.stop(home)
    assert not embedded.is_running(home)
    with pytest.raises(FatalError, match="start it first"):
        embedded.url(home)
    assert embedded.start(home) == url
    assert _ask(url, "SELECT count(*) FROM kept") == 0


def test_it_listens_on_this_machine_only_and_asks_for_the_password(home: Path) -> None:
    url = embedded.start(home)
    assert _ask(url, "SHOW listen_addresses") == "127.0.0.1"
    assert (home / "pg" / "password").stat().st_mode & 0o077 == 0
    password = (home / "pg" / "password").read_text()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        _ask(url.replace(password, "guess"), "SELECT 1")


def test_it_outlives_a_starter_that_is_killed(home: Path) -> None:
    script = "import sys, pathlib, os, signal; from include.storage.postgres import embedded;"
    script += "embedded.start(pathlib.Path(sys.argv[1])); os.kill(os.getpid(), signal.SIGKILL)"
    subprocess.run([sys.executable, "-c", script, str(home)], check=False, env={**os.environ, "PYTHONPATH": "."})
    assert embedded.is_running(home)
    assert _ask(embedded.start(home), "SELECT 1") == 1


def test_it_starts_again_after_it_was_killed_itself(home: Path) -> None:
    url = embedded.start(home)
    _ask(url, "CREATE TABLE committed (x int)")
    os.kill(_postmaster(home), signal.SIGKILL)
    assert _gone(home)
    assert _ask(embedded.start(home), "SELECT count(*) FROM committed") == 0


def test_a_pid_file_whose_number_is_another_process_by_now_is_no_server(home: Path) -> None:
    embedded.start(home)
    pid_file = home / "pg" / "data" / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    embedded.stop(home)
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    assert not embedded.is_running(home)
    assert _ask(embedded.start(home), "SELECT 1") == 1


def hang(home: Path) -> psutil.Process:
    """Stop the process that writes the last checkpoint, so that the server cannot stop; returns the server."""
    server = psutil.Process(_postmaster(home))
    for child in server.children():
        with contextlib.suppress(psutil.ZombieProcess, psutil.NoSuchProcess):
            if "checkpointer" in " ".join(child.cmdline()):
                child.suspend()
    return server


def test_one_that_does_not_stop_is_stopped_by_force(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postmaster, "FAST_SECONDS", 1)
    url = embedded.start(home)
    _ask(url, "CREATE TABLE committed (x int)")
    hang(home)
    embedded.stop(home)
    assert postmaster.state(home / "pg" / "data") is None
    assert _ask(embedded.start(home), "SELECT count(*) FROM committed") == 0


def test_one_that_hangs_while_it_stops_is_taken_over(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postmaster, "FAST_SECONDS", 1)
    monkeypatch.setattr(postmaster, "IMMEDIATE_SECONDS", 0)  # and does not heed a stop at once
    embedded.start(home)
    hang(home).send_signal(signal.SIGINT)
    assert _gone(home)
    assert postmaster.state(home / "pg" / "data") == "stopping"
    assert _ask(embedded.start(home), "SELECT 1") == 1


def test_one_that_cannot_start_for_want_of_room_says_so(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    embedded.start(home)
    embedded.stop(home)
    (home / "pg" / "data" / "postgresql.conf").write_text("nonsense = 1")
    with pytest.raises(FatalError, match=r"did not start: .* contains errors; .*server.log may say more"):
        embedded.start(home)
    monkeypatch.setattr(embedded, "NEEDED_BYTES", 10**18)
    with pytest.raises(RetryableError, match="The disk is full"):
        embedded.start(home)


def test_a_set_up_that_was_killed_half_way_is_begun_again(home: Path) -> None:
    (home / "pg" / "data.draft" / "base").mkdir(parents=True)
    assert _ask(embedded.start(home), "SELECT 1") == 1


def test_a_port_that_is_taken_is_no_problem(home: Path) -> None:
    embedded.start(home)
    embedded.stop(home)
    other = home.parent / "other"
    (other / "pg").mkdir(parents=True)
    shutil.copy(home / "pg" / "port", other / "pg" / "port")
    try:
        assert embedded.start(other) != embedded.start(home)
    finally:
        embedded.stop(other)


def test_the_last_block_that_uses_it_stops_it(home: Path) -> None:
    with embedded.running(home):
        with embedded.running(home) as url:
            assert _ask(url, "SELECT 1") == 1
        assert embedded.is_running(home)
    assert not embedded.is_running(home)


def test_a_block_leaves_a_server_alone_that_ran_before_or_was_asked_to_stay(home: Path) -> None:
    with embedded.running(home):
        embedded.start(home)
    assert embedded.is_running(home)
    with embedded.running(home):
        pass
    assert embedded.is_running(home)
