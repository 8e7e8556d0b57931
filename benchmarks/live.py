"""Take millions of contacts in from Bulk CSV pages served on this machine: rows a second, peak memory.

    python -m benchmarks.live --rows 5000000

The server is a process of its own, whose memory does not count as the extraction's; what is measured is the whole step:
describe, query job, pages, the copy on disk, reading it, and the Parquet file in the lake.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import shutil
import tempfile
import time
from datetime import UTC, date, datetime
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import yaml

from include.contracts.connections import Connection
from include.contracts.exports import salesforce
from include.contracts.runs import Run, Window
from include.contracts.settings import Settings
from include.samples.servers.frame import Answer
from include.samples.servers.salesforce import SalesforceServer
from include.samples.servers.tables import Rows, as_csv
from include.sources.live.opened import Means
from include.sources.step import extract
from include.storage.project import Project

PAGE = 50_000


class ManyContacts(SalesforceServer):
    """An org with millions of contacts, all alike but for their ids; a page is made when it is asked for."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count
        example = {column.name: column.example for column in salesforce.CONTACT.columns}
        self.rows["contact"] = Rows.of(salesforce.CONTACT, [example])

    def _results(self, job: Any, query: Any) -> Answer:
        start = int(query.get("locator") or 0)
        size = min(int(query.get("maxRecords") or PAGE), self._count - start)
        row = job.rows.slice(0, 1).to_pylist()[0]
        ids = np.char.add(np.char.add("0035g", np.char.zfill(np.arange(start, start + size).astype(str), 10)), "AAA")
        columns = {name: pa.repeat(pa.scalar(value, pa.string()), size) for name, value in row.items()}
        page = as_csv(pa.table({**columns, "Id": pa.array(ids)}), job.fields)
        following = start + size
        locator = str(following) if following < self._count else "null"
        return Answer(page, headers={"Sforce-NumberOfRecords": str(size), "Sforce-Locator": locator}, kind="text/csv")


def serve(count: int, told: Pipe) -> None:
    with ManyContacts(count) as server:
        told.send(server.url)
        told.recv()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    count = parser.parse_args().rows
    mine, its = multiprocessing.Pipe()
    context = multiprocessing.get_context("spawn")
    server = context.Process(target=serve, args=(count, its), daemon=True)
    server.start()
    url = mine.recv()
    folder = Path(tempfile.mkdtemp(prefix="kindred-bench-"))
    try:
        seconds = take_in(folder, url)
    finally:
        mine.send("done")
        shutil.rmtree(folder)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"| rows | seconds | rows a second | peak MB |\n|---:|---:|---:|---:|\n"
          f"| {count:,} | {seconds:.1f} | {count / seconds:,.0f} | {peak:,.0f} |")  # fmt: skip


def take_in(folder: Path, url: str) -> float:
    live = {"connection": "org"}
    entry = {"kind": "salesforce_export", "live": live, "schedule": "0 1 * * *", "owner": "somebody", "region": "US",
             "timezone": "UTC", "objects": ["contact"]}  # fmt: skip
    (folder / "sources.yaml").write_text(yaml.safe_dump({"sources": {"crm": entry}}))
    project = Project(Settings(home=folder / "home", config=folder))
    means = Means({"org": Connection("org", host=url, login="client", password="client-secret")}.get)
    begun = time.perf_counter()
    window = Window(None, datetime(2026, 11, 1, tzinfo=UTC))
    report = extract(project, Run("bench", date(2026, 10, 31)), "crm", window, means=means)
    assert report.counts["contact.rows"] > 0
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
