"""A home as a version of Kindred leaves it, packed: what the next version is upgraded from.

    python -m tests.kept_home [TREE]

TREE is a checkout of that version, this one unless it is given. Its command line runs two days of a town, takes a
decision, sends a list twice and erases a person; the lake, the warehouse and the key of the erased are packed. Made
anew at each landing, after all else, so that the next version starts from what readers of this one have.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg

from include.contracts.settings import ROOT
from include.storage.postgres import embedded, postmaster
from tests import kept_town

KEPT = ROOT / "tests" / "kept_home.tar.xz"
PARTS = ("lake", "erasure.key", "warehouse.dump")


def main() -> None:
    """Make the home of a checkout and pack it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree", nargs="?", type=Path, default=ROOT)
    parser.add_argument("--out", type=Path, default=KEPT)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kindred-kept-", ignore_cleanup_errors=True) as made:
        make(Path(made), given.tree.resolve())
        with tarfile.open(given.out, "w:xz", preset=9) as kept:
            for part in filter(lambda part: (Path(made) / "home" / part).exists(), PARTS):
                kept.add(Path(made) / "home" / part, part)
    sys.stdout.write(f"{given.out}: {given.out.stat().st_size // 1000} kB\n")


def make(place: Path, tree: Path) -> None:
    """Live two days in ``place`` by the command line of the checkout, and dump what the warehouse has then."""
    kept_town.configuration(place / "config")
    with embedded.running(place / "server") as server:
        with psycopg.connect(server.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute("CREATE DATABASE kept")
        url = f"{server.rpartition('/')[0]}/kept"
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            connection.execute(kept_town.AUDIENCE)
        environment = {
            "PATH": os.environ["PATH"], "PYTHONPATH": str(tree), "KINDRED_HOME": str(place / "home"),
            "KINDRED_DATA": str(place / "exports"), "KINDRED_CONFIG": str(place / "config"),
            "KINDRED_WAREHOUSE_URL": url, "USER": "Nina",
            "AIRFLOW_CONN_TOOL": url.replace("postgresql+psycopg", "postgres"),
        }  # fmt: skip
        for command in commands(place):
            subprocess.run([sys.executable, "-m", "include", *command], cwd=tree, env=environment, check=True)
        dump(url, place / "home" / "warehouse.dump")


def commands(place: Path) -> Iterator[tuple[str, ...]]:
    """Yield what the town's operator types on the two days."""
    sends = ("activate", "unhappy")
    for number in (1, 2):
        kept_town.exports(place / "exports", number)
        yield ("run", "--as-of", kept_town.day(number).isoformat())
        yield sends
        if number == 1:
            yield ("decide", "never", *kept_town.STRANGERS, "--reason", "asked them")
            erased = kept_town.email(kept_town.ERASED)
            yield ("erase", "--email", erased, "--reason", "request 1", "--yes", "--by", "Nina")


def dump(url: str, place: Path) -> None:
    """Write the warehouse's rows and definitions to a file."""
    flags = ("--format=custom", "--compress=0", "--no-owner", "--no-privileges")
    _program("pg_dump", f"--file={place}", *flags, url.replace("+psycopg", ""))


def unpack(place: Path, url: str, kept: Path = KEPT) -> None:
    """Unpack a home into ``place``, and its warehouse into an empty database."""
    with tarfile.open(kept) as packed:
        packed.extractall(place)  # ours; the filters came with Python 3.11.4
    _program("pg_restore", "--no-owner", f"--dbname={url.replace('+psycopg', '')}", str(place / "warehouse.dump"))


def _program(name: str, *arguments: str) -> None:
    subprocess.run([str(postmaster.programs() / name), *arguments], check=True)


if __name__ == "__main__":
    main()
