"""What a tree of the project publishes of some exports: a digest of each table, processor seconds and peak memory.

python -m benchmarks.published TREE EXPORTS HOME

Two trees are compared by the lines that this prints of each: a change that only moves code changes none of the digests.
TREE is a checkout with its environment in ``.venv`` of the running interpreter; HOME is a folder that is not there yet.
"""

from __future__ import annotations

import hashlib
import os
import resource
import sys
from importlib import import_module
from pathlib import Path

import psycopg

ROOMS = ("include.storage.postgres", "include.storage")  # of the embedded server, the newest first


def run(tree: Path, exports: Path, home: Path) -> None:
    """Run the tree's pipeline in this process."""
    os.environ.update(KINDRED_HOME=str(home), KINDRED_DATA=str(exports), KINDRED_AS_OF="2026-10-31")
    os.chdir(tree)
    sys.path.insert(0, str(tree))
    for name in [name for name in sys.modules if name.split(".")[0] == "include"]:
        del sys.modules[name]
    main = import_module("include.cli.app").main
    sys.argv = ["include", "run"]
    try:
        code = main()
    except SystemExit as error:
        code = error.code
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(f"exit code {code}, {used.ru_utime + used.ru_stime:.1f} s of CPU, peak {used.ru_maxrss // 1024} MB")


def digests(url: str) -> dict[str, tuple[int, str]]:
    """Return the rows of each published table and a digest of them, in an order of their own."""
    found = {}
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        names = connection.execute("SELECT viewname FROM pg_views WHERE schemaname = 'kindred' ORDER BY 1").fetchall()
        for (name,) in names:
            digest, rows = hashlib.sha256(), 0
            table = psycopg.sql.Identifier("kindred", name)
            query = psycopg.sql.SQL("COPY (SELECT * FROM {0} AS t ORDER BY t::text) TO STDOUT").format(table)
            with connection.cursor().copy(query) as out:
                for row in out:
                    digest.update(row)
                    rows += 1
            found[name] = (rows, digest.hexdigest()[:16])
    return found


def _embedded():  # type: ignore[no-untyped-def]
    for room in ROOMS:
        try:
            return import_module(f"{room}.embedded")
        except ModuleNotFoundError:
            continue
    raise SystemExit("This tree has no embedded PostgreSQL.")


if __name__ == "__main__":
    given = [Path(argument).resolve() for argument in sys.argv[1:4]]
    run(*given)
    with _embedded().running(given[2]) as server:
        for table, (count, digest) in digests(server).items():
            print(f"{table} {count} {digest}")
