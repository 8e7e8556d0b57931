"""``make bench-spark``: the same table on one machine and on Spark; are the clusters the same, and what does it cost?

``python -m benchmarks.spark --people 3300,33000 --master local[2]``. Each engine runs in a process of its own.
Processor seconds are those of it and of all that it starts; a task's peak memory is that of the largest Python worker.
With two sizes or more, what records cost beyond the first size is what larger tables are told to take, on paper.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.identity.made import SPECS, make

EVERY = 0.2  # seconds between two looks at the workers
LARGER, CORES = (100_000_000, 1_000_000_000), (16, 64, 256)  # records and cores, on paper


class Watched:
    """The processor seconds of a process and all below it, and the memory of its largest Python worker."""

    def __init__(self, pid: int) -> None:
        self.process, self.worker, self.used = psutil.Process(pid), 0, dict[int, float]()
        self.done = threading.Event()
        self.looking = threading.Thread(target=self._look)
        self.looking.start()

    def stop(self) -> None:
        """Look no more."""
        self.done.set()
        self.looking.join()

    def _look(self) -> None:
        while not self.done.wait(EVERY):
            try:
                below = self.process.children(recursive=True)
                for one in (self.process, *below):
                    times = one.cpu_times()
                    self.used[one.pid] = times.user + times.system
                workers = [one.memory_info().rss for one in below if one.name().startswith("python")]
                self.worker = max([self.worker, *workers])
            except psutil.Error:
                continue


def run(engine: str, table: Path, out: Path, options: list[str]) -> dict[str, float]:
    """Resolve in a process of its own; its seconds, and the memory of it and of the largest worker below it."""
    spec = table.with_suffix(".yaml")
    columns = "\n".join(f"  {name}: {kind}" for name, kind in SPECS["customers"].items())
    spec.write_text(f"id: record_id\ncolumns:\n{columns}\n", encoding="utf-8")
    words = [sys.executable, "-m", "include", "resolve", str(table), "--spec", str(spec), "--out", str(out), "--json"]
    model = out.with_suffix(".json")
    begun = time.perf_counter()
    process = subprocess.Popen(
        [*words, "--save-model", str(model), *(["--engine", "spark", *options] if engine == "spark" else [])],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    watched = Watched(process.pid)
    said, _ = process.communicate()
    watched.stop()
    report = json.loads(said.splitlines()[-1])
    return {
        "seconds": time.perf_counter() - begun, "processor": sum(watched.used.values()), "peak_mb": report["peak_mb"],
        "worker_mb": watched.worker / 1e6, "pairs": report["pairs_scored"],
    }  # fmt: skip


def same(one: Path, other: Path) -> bool:
    """Whether two runs gave every record the same cluster and confidence, and the same model."""
    clusters = [pq.read_table(path).sort_by("record_id").combine_chunks() for path in (one, other)]
    models = [path.with_suffix(".json").read_text(encoding="utf-8") for path in (one, other)]
    return bool(clusters[0].cast(clusters[1].schema).equals(clusters[1])) and models[0] == models[1]


def on_paper(measured: Sequence[tuple[int, float]]) -> None:
    """Print what larger tables take on some cores, each record costing what it does between the two largest sizes."""
    (less, before), (more, after) = sorted(measured)[-2:]
    each = (after - before) / (more - less)
    print(f"\nA record costs {each * 1e3:.2f} ms of a processor, beyond {before - each * less:.0f} s of any table.\n")
    print("| records |", " | ".join(f"{cores} cores" for cores in CORES), "|")
    print("|---|" + "---|" * len(CORES))
    for records in LARGER:
        print(f"| {records:,} |", " | ".join(f"{each * records / cores / 3600:.1f} h" for cores in CORES), "|")


def main() -> None:
    """Print a row for each table and engine, and what larger tables take."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.spark", description=__doc__)
    parser.add_argument("--people", default="3300,33000")
    parser.add_argument("--master", default="local[2]")
    options = parser.parse_args()
    print("| records | engine | pairs | wall s | processor s | driver MB | largest worker MB | same |")
    print("|---|---|---|---|---|---|---|---|")
    measured = []
    with tempfile.TemporaryDirectory() as place:
        for people in map(int, options.people.split(",")):
            path = Path(place) / f"{people}.parquet"
            records: pa.Table = make("customers", people, 2)
            pq.write_table(records, path)
            outs = {engine: Path(place) / f"{people}-{engine}.parquet" for engine in ("memory", "spark")}
            for engine, out in outs.items():
                found = run(engine, path, out, ["--master", options.master])
                alike = "" if engine == "memory" else str(same(outs["memory"], out))
                print(
                    f"| {records.num_rows:,} | {engine} | {found['pairs']:,} | {found['seconds']:.1f} | "
                    f"{found['processor']:.1f} | {found['peak_mb']:.0f} | {found['worker_mb']:.0f} | {alike} |",
                    flush=True,
                )
                if engine == "spark":
                    measured.append((records.num_rows, found["processor"]))
    if len(measured) > 1:
        on_paper(measured)


if __name__ == "__main__":
    main()
