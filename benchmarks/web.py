"""The pages and the API under load: profiles at a steady rate, a large segment as CSV, pages during a publication.

`python -m benchmarks.web [--people N] [--members N] [--rate N] [--seconds N]` prints one JSON line a measurement. The
population is drawn by DuckDB from hashes of row numbers, so it is the same on every machine; the server is a process of
its own, and so is what is asked of it. A latency counts from when its request was due, so waiting in a queue is in it.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import httpx
import psutil

from benchmarks.segments import AS_OF, draw, relation
from include.contracts import identity, measures, metrics, profiles, segments
from include.contracts.access import Scope
from include.contracts.published import PUBLISHED
from include.contracts.runs import DatasetRef, Run
from include.contracts.settings import ROOT, Settings
from include.contracts.tables import Table, Type
from include.launch.environment import free_port
from include.storage.engine import Engine
from include.storage.postgres import build, embedded, publication
from include.storage.project import Project
from include.web import keys

CONNECTIONS = 32
PERSON = UUID(hashlib.md5(b"p1", usedforsecurity=False).hexdigest())  # as ID has it
PAGES = (
    "/", "/segments", "/segments/big", "/segments/grid/detractor/low/0-30", f"/people/{PERSON}",
    "/accounts/crm.account:1",
)  # fmt: skip
IN_LAKE = (identity.MEMBER, profiles.PROFILE_LINEAGE)  # what the page of a person reads besides
ID = "CAST(md5(concat('p', n)) AS UUID)::VARCHAR"
IN_BIG = "'big'"


@dataclass
class Sizes:
    """What is published: people, and members of the segment ``big`` in each of two versions."""

    people: int
    members: int
    accounts: int = field(init=False)

    def __post_init__(self) -> None:
        self.accounts = max(self.people // 20, 1)

    def of(self, version: int) -> int:
        """Members of ``big`` in a version: fewer in the second, so that one is told from the other."""
        return self.members if version == 1 else self.members // 2


def populate(engine: Engine, sizes: Sizes, version: int) -> dict[str, DatasetRef]:
    """Write all tables that the pages and the API read."""
    account, day = f"'crm.account:' || (hash(n) % {sizes.accounts})", f"DATE '{AS_OF}'"
    address, people, accounts = "concat('p', n, '@x.test')", sizes.people, sizes.accounts
    state, size = {"state": "'published'", "as_of": day}, str(sizes.of(version))
    counted = {"size": size, "candidate_size": size, "share": "0.1"}
    listed = {"level": "'person'", "tags": "'[]'", "measures": '\'["nps_score", "usage_tier"]\''}
    known: dict[Table, tuple[int, dict[str, str]]] = {
        profiles.ACCOUNT: (accounts, {"account_id": "'crm.account:' || n", "domain": "concat('d', n, '.test')"}),
        profiles.PROFILE: (people, {"profile_id": ID, "account_id": account, "email": address}),
        profiles.PROFILE_IDENTIFIER: (people, {"profile_id": ID, "type": "'email'", "value": address}),
        identity.CROSSWALK: (people, {"profile_id": ID, "home_id": ID, "record_id": "concat('crm.contact:', n)"}),
        identity.MEMBER: (people, {"profile_id": ID, "record_id": "concat('crm.contact:', n)"}),
        profiles.PROFILE_LINEAGE: (people, {"profile_id": ID, "attribute": "'email'"}),
        measures.CUSTOMER_360: (people, {"profile_id": ID, "account_id": account, "as_of": day}),
        measures.ACCOUNT_360: (accounts, {"account_id": "'crm.account:' || n", "as_of": day}),
        segments.SEGMENT: (1, {**state, **counted, **listed, "segment_key": IN_BIG}),
        segments.SEGMENT_MEMBERSHIP: (sizes.of(version), {"member_id": ID, "segment_key": IN_BIG, "evidence": "'{}'",
                                                          "confidence": "0.9", "is_holdout": "false"}),
        segments.SEGMENT_HISTORY: (60, {**state, **counted, "segment_key": IN_BIG, "as_of": f"{day} - n::INT"}),
    }  # fmt: skip
    refs = {}
    for table in (*(published.table for published in PUBLISHED), *IN_LAKE):
        rows, fixed = known.get(table, (0, {}))
        fixed = _plain(table) | fixed
        named = relation(engine, f"drawn_{table.name.replace('/', '_')}_{version}", draw(table, rows, version, fixed))
        refs[table.name] = engine.write(table, named, version=f"bench{version}", point=True)
    cells = engine.read(measures.CUSTOMER_360, refs["customer_360"])
    grid = cells.group_by(*metrics.GRID_DIMENSIONS).aggregate(profiles=cells.count())
    grid = grid.mutate(share=grid.profiles / float(people))
    refs[metrics.GRID.name] = engine.write(metrics.GRID, grid, version=f"bench{version}-cells", point=True)
    return refs


def _plain(table: Table) -> dict[str, str]:
    """Plain values of the columns that must have one."""
    day, moment = f"DATE '{AS_OF}'", "TIMESTAMPTZ '2026-01-01'"
    values = {Type.TEXT: "'x'", Type.JSON: "'{}'", Type.DATE: day, Type.TIMESTAMP: moment}
    return {c.name: values[c.type] for c in table.columns if table.requires(c) and c.type in values and not c.allowed}


def publish(project: Project, refs: dict[str, DatasetRef], version: int) -> None:
    """Load a version and let readers see it."""
    made = build.Build.of(refs, f"bench{version}")
    with project.warehouse().begin() as connection:
        build.load(connection, project.lake, made)
    with project.warehouse().begin() as connection:
        build.seal(connection, made)
    publication.publish(project.warehouse(), made, Run(f"bench{version}", AS_OF))


@dataclass(frozen=True)
class Server:
    """The application in a process of its own, and a key for it."""

    address: str
    key: str
    process: psutil.Process

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    @property
    def megabytes(self) -> float:
        """What it holds now."""
        return round(self.process.memory_info().rss / 2**20, 1)


@contextmanager
def served(project: Project) -> Iterator[Server]:
    """Serve the project as `make web` does."""
    key = keys.create(project.warehouse(), "bench", [scope.value for scope in Scope], days=1, author="bench")
    port, settings = free_port(), project.settings
    environment = os.environ | {"PYTHONPATH": str(ROOT), "KINDRED_HOME": str(settings.home),
                                "KINDRED_WAREHOUSE_URL": embedded.url(settings.home)}  # fmt: skip
    command = [sys.executable, "-m", "include", "web", "--port", str(port)]
    with subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        server = Server(f"http://127.0.0.1:{port}", key, psutil.Process(process.pid))
        try:
            _wait_for(server)
            yield server
        finally:
            process.terminate()


def _wait_for(server: Server) -> None:
    for _ in range(600):
        try:
            httpx.get(f"{server.address}/api/v1/health", trust_env=False)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("The server did not come up.")


def told(what: str, **facts: object) -> None:
    """Print a measurement."""
    sys.stdout.write(json.dumps({"what": what, **facts}) + "\n")
    sys.stdout.flush()


def spread(latencies: Sequence[float]) -> dict[str, float]:
    """Return p50, p99 and the longest, in milliseconds."""
    ordered = sorted(latencies)
    places = {"p50_ms": 0.5, "p99_ms": 0.99, "longest_ms": 1.0}
    return {
        name: round(1000 * ordered[min(int(at * len(ordered)), len(ordered) - 1)], 1) for name, at in places.items()
    }


async def steadily(server: Server, paths: Sequence[str], rate: int) -> tuple[list[float], int]:
    """Ask for the paths at a steady rate over kept connections; returns latencies in seconds, and failures."""
    due: asyncio.Queue[tuple[float, str]] = asyncio.Queue()
    begin, latencies, failures = time.perf_counter() + 0.5, list[float](), 0
    for number, path in enumerate(paths):
        due.put_nowait((begin + number / rate, path))

    async def ask() -> None:
        nonlocal failures
        host, port = server.address.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        while not due.empty():
            at, path = due.get_nowait()
            await asyncio.sleep(max(0.0, at - time.perf_counter()))
            request = f"GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {server.key}\r\n\r\n"
            writer.write(request.encode())
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
            await reader.readexactly(int(length[1]) if length else 0)
            latencies.append(time.perf_counter() - at)
            failures += not head.startswith(b"HTTP/1.1 200")
        writer.close()

    await asyncio.gather(*(ask() for _ in range(CONNECTIONS)))
    return latencies, failures


def profile_paths(project: Project, count: int) -> list[str]:
    """Paths of profiles drawn by chance, the same each time."""
    query = f"SELECT profile_id FROM kindred.profile ORDER BY md5(profile_id || 'x') LIMIT {min(count, 20_000)}"
    with project.warehouse().begin() as connection:
        found = list(connection.exec_driver_sql(query).scalars())
    return [f"/api/v1/profiles/{found[number % len(found)]}" for number in range(count)]


def csv(server: Server) -> None:
    """Take the whole segment along as CSV, twice: the second time tells whether memory stays."""
    for turn in ("cold", "warm"):
        begun, size, before = time.perf_counter(), 0, server.megabytes
        where = f"{server.address}/api/v1/segments/big/members?format=csv"
        with httpx.stream("GET", where, headers=server.headers, timeout=600, trust_env=False) as answer:
            count = answer.headers["x-kindred-count"]
            for chunk in answer.iter_raw():
                size += len(chunk)
        took = round(time.perf_counter() - begun, 2)
        told(f"members as CSV, {turn}", seconds=took, members=int(count), bytes_sent=size, mb_before=before,
             mb_after=server.megabytes)  # fmt: skip


def pages(server: Server, publishing: threading.Thread, sizes: Sizes) -> None:
    """Ask for the pages one after another while a version is loaded and published, and for a while after."""
    took, seen, faults = dict[str, list[float]](), set[str](), list[str]()
    with httpx.Client(base_url=server.address, headers=server.headers, timeout=60, trust_env=False) as client:
        for path in PAGES:
            client.get(path)
        publishing.start()
        after = 10
        while publishing.is_alive() or after:
            after -= not publishing.is_alive()
            for path in PAGES:
                begun = time.perf_counter()
                answer = client.get(path)
                took.setdefault(path, []).append(time.perf_counter() - begun)
                if answer.status_code != httpx.codes.OK:
                    faults.append(f"{path}: {answer.status_code}")
                if path == "/segments/big":
                    seen.add(_told_by(answer.text))
    whole = {f"{version}: {sizes.of(version):,}" for version in (1, 2)}
    for path, latencies in took.items():
        told(f"page {path} while a version is published", times=len(latencies), **spread(latencies))
    told("pages in all", faults=faults, versions_seen=sorted(seen), half_states=sorted(seen - whole))


def _told_by(page: str) -> str:
    """The version and the size that a page tells."""
    version = re.search(r"version (\w+)", page)
    size = re.search(r"<li><b>([\d,]+)</b> people", page)
    return f"{VERSIONS.get(version[1], version[1]) if version else '?'}: {size[1] if size else '?'}"


VERSIONS: dict[str, int] = {}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--people", type=int, default=1_000_000)
    options.add_argument("--members", type=int, default=100_000)
    options.add_argument("--rate", type=int, default=200, help="profiles a second")
    options.add_argument("--seconds", type=int, default=30)
    given = options.parse_args()
    home = Path(tempfile.mkdtemp(prefix="kindred-bench-"))
    project, sizes = Project(Settings(home=home)), Sizes(given.people, min(given.members, given.people))
    with project.serving():
        with project.engine() as engine:
            versions = {version: populate(engine, sizes, version) for version in (2, 1)}
        begun = time.perf_counter()
        for version, refs in versions.items():
            VERSIONS[build.Build.of(refs, f"bench{version}").version] = version
        publish(project, versions[1], 1)
        told("(drawn, loaded, published)", people=sizes.people, seconds=round(time.perf_counter() - begun, 1))
        with served(project) as server:
            under_load(project, server, given)
            csv(server)
            pages(server, threading.Thread(target=publish, args=(project, versions[2], 2)), sizes)
    shutil.rmtree(home)


def under_load(project: Project, server: Server, given: argparse.Namespace) -> None:
    """Profiles at the steady rate, after a second of the same to warm up."""
    asyncio.run(steadily(server, profile_paths(project, given.rate), given.rate))
    latencies, failures = asyncio.run(steadily(server, profile_paths(project, given.rate * given.seconds), given.rate))
    told("GET /profiles/{id}", rate=given.rate, requests=len(latencies), failures=failures, **spread(latencies),
         server_mb=server.megabytes)  # fmt: skip


if __name__ == "__main__":
    main()
