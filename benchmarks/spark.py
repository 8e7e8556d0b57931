"""``make bench-spark``: the same table on one machine and on Spark; are the clusters the same, and what does it cost?

``python -m benchmarks.spark --people 3300,33000 --master local[2]``. Each engine runs in a process of its own. A task's
peak memory is that of the largest Python worker of the run.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.identity.made import SPECS, make

EVERY = 0.2  # seconds between two looks at the workers


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
    worker, done = [0.0], threading.Event()

    def look() -> None:
        while not done.wait(EVERY):
            try:
                below = psutil.Process(process.pid).children(recursive=True)
                worker[0] = max([worker[0], *(p.memory_info().rss for p in below if p.name().startswith("python"))])
            except psutil.Error:
                continue

    watching = threading.Thread(target=look)
    watching.start()
    said, _ = process.communicate()
    done.set()
    watching.join()
    report = json.loads(said.splitlines()[-1])
    return {
        "seconds": time.perf_counter() - begun, "inside": report["seconds"]["total"], "peak_mb": report["peak_mb"],
        "worker_mb": worker[0] / 1e6, "clusters": report["clusters"],
    }  # fmt: skip


def same(one: Path, other: Path) -> bool:
    """Whether two runs gave every record the same cluster and confidence, and the same model."""
    clusters = [pq.read_table(path).sort_by("record_id").combine_chunks() for path in (one, other)]
    models = [path.with_suffix(".json").read_text(encoding="utf-8") for path in (one, other)]
    return bool(clusters[0].cast(clusters[1].schema).equals(clusters[1])) and models[0] == models[1]


def main() -> None:
    """Print a row for each table and engine."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.spark", description=__doc__)
    parser.add_argument("--people", default="3300,33000")
    parser.add_argument("--master", default="local[2]")
    options = parser.parse_args()
    print("| records | engine | wall s | in the engine s | driver MB | largest worker MB | same |")
    print("|---|---|---|---|---|---|---|")
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
                    f"| {records.num_rows:,} | {engine} | {found['seconds']:.1f} | {found['inside']:.1f} | "
                    f"{found['peak_mb']:.0f} | {found['worker_mb']:.0f} | {alike} |", flush=True,
                )  # fmt: skip


if __name__ == "__main__":
    main()
