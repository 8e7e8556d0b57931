"""What surrounds an installation, and what may befall it from outside: its disk, its server, the clock."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from include.storage.postgres import embedded

DISK_MB, CONNECTIONS = 900, 40


@contextmanager
def disk() -> Iterator[Path]:
    """A small disk, with a lake that can be closed by itself."""
    place = Path(tempfile.mkdtemp(prefix="kindred-chaos-disk-"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(place)], check=True)
    lake = place / "home" / "lake"
    lake.mkdir(parents=True)
    subprocess.run(["mount", "--bind", str(lake), str(lake)], check=True)
    try:
        yield place
    finally:
        for mounted in (lake, place):
            subprocess.run(["umount", "--lazy", str(mounted)], check=False)
        place.rmdir()


@contextmanager
def serving(home: Path) -> Iterator[None]:
    """A server that allows few connections; stopped in the end, whatever has become of it."""
    with connected(embedded.start(home)) as connection:
        connection.execute(f"ALTER SYSTEM SET max_connections = {CONNECTIONS}")
    embedded.stop(home)
    embedded.start(home)
    try:
        yield
    finally:
        embedded.stop(home)


@contextmanager
def crowded(home: Path) -> Iterator[None]:
    """Hold every connection that the server gives."""
    held, url = [], embedded.start(home).replace("+psycopg", "")
    with suppress(psycopg.OperationalError):
        while True:
            held.append(psycopg.connect(url))
    try:
        yield
    finally:
        for connection in held:
            connection.close()


@contextmanager
def undone(home: Path) -> Iterator[None]:
    """Afterwards there is room again, and the lake may be written."""
    try:
        yield
    finally:
        (home.parent / "ballast").unlink(missing_ok=True)
        subprocess.run(["mount", "-o", "remount,bind,rw", str(home / "lake")], check=True)


def unexplained(home: Path) -> list[str]:
    """The runs of which the ledger cannot say in a sentence why they failed."""
    with connected(embedded.start(home)) as connection:
        query = "SELECT run_id, message FROM control.run WHERE message LIKE '%see the task''s log%'"
        return [f"ledger: {run}: {message}" for run, message in connection.execute(query)]


def connected(url: str) -> psycopg.Connection:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def compiled_clock(place: Path) -> Path | None:
    """The library that moves a clock; None where there is no compiler."""
    built, source = place / "clock.so", Path(__file__).with_name("clock.c")
    if shutil.which("cc") is None:
        return None
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(built), str(source), "-ldl"], check=True)
    return built
