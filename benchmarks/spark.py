"""``make bench-spark``: the same table on one machine and on Spark; are the clusters the same, and what does it cost?

``python -m benchmarks.spark --people 3300,33000 --master local[2]``. Each engine runs in a process of its own.
Processor seconds are those of it and of all that it starts, and beside them how many of them Java and Python's workers
took; memory is the largest that the driver's Python, Java and any one worker held. ``--only spark`` leaves out one
machine, and with it the question whether both say the same. ``--partition 1000000,5000`` lets Spark do it once for each
of these sizes of a partition. With two sizes of tables or more, what records cost beyond the first
size is what larger tables are told to take, on paper.
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
from contextlib import suppress
from pathlib import Path

import psutil
import pyarrow.parquet as pq

from benchmarks.identity.made import SPECS, towns

EVERY = 0.2  # seconds between two looks at the workers
LARGER, CORES = (100_000_000, 1_000_000_000), (16, 64, 256)  # records and cores, on paper


KINDS = ("driver", "java", "worker")


class Watched:
    """The processor seconds of a process and all below it by what they are, and the most memory that any one held."""

    def __init__(self, pid: int) -> None:
        self.process, self.used, self.peak = psutil.Process(pid), dict[tuple[str, int], float](), dict[str, int]()
        self.done = threading.Event()
        self.looking = threading.Thread(target=self._look)
        self.looking.start()

    def stop(self) -> None:
        """Look no more."""
        self.done.set()
        self.looking.join()

    def _look(self) -> None:
        while not self.done.wait(EVERY):
            with suppress(psutil.Error):
                for one in (self.process, *self.process.children(recursive=True)):
                    self._note(one)

    def _note(self, one: psutil.Process) -> None:
        with suppress(psutil.Error):  # it may have ended
            kind = "driver" if one.pid == self.process.pid else "java" if one.name() == "java" else "worker"
            times = one.cpu_times()
            self.used[kind, one.pid] = times.user + times.system
            self.peak[kind] = max(self.peak.get(kind, 0), one.memory_info().rss)

    def seconds(self, *kinds: str) -> float:
        """The processor seconds of processes of some kinds."""
        return sum(used for (kind, _), used in self.used.items() if kind in kinds)


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
        "seconds": time.perf_counter() - begun, "processor": watched.seconds(*KINDS), "pairs": report["pairs_scored"],
        **{kind: watched.seconds(kind) for kind in KINDS},
        **{f"{kind}_mb": watched.peak.get(kind, 0) / 1e6 for kind in KINDS},
    }  # fmt: skip


def write(people: int, path: Path) -> int:
    """Write the records of so many made people, a town at a time; how many there are."""
    records, out = 0, None
    for table in towns("customers", people, 2):
        out = out or pq.ParquetWriter(path, table.schema)
        out.write_table(table)
        records += table.num_rows
    if out:
        out.close()
    return records


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


def on_spark(master: str, sizes: str | None) -> dict[str, tuple[str, list[str]]]:
    """The ways to do it on Spark, by what the table calls them: the engine, and the options of its command."""
    at = ["--master", master]
    if not sizes:
        return {"spark": ("spark", at)}
    return {f"spark, {int(size):,} a part": ("spark", [*at, "--partition", size]) for size in sizes.split(",")}


def main() -> None:
    """Print a row for each table and engine, and what larger tables take."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.spark", description=__doc__)
    parser.add_argument("--people", default="3300,33000")
    parser.add_argument("--master", default="local[2]")
    parser.add_argument("--partition")
    parser.add_argument("--only", choices=["memory", "spark"])
    options = parser.parse_args()
    print("| records | engine | pairs | wall s | processor s | Java s | workers s | MB | Java MB | worker MB | same |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    measured = []
    with tempfile.TemporaryDirectory() as place:
        for people in map(int, options.people.split(",")):
            path = Path(place) / f"{people}.parquet"
            records = write(people, path)
            ways = {"memory": ("memory", [])} if options.only != "spark" else {}
            if options.only != "memory":
                ways |= on_spark(options.master, options.partition)
            outs = {way: Path(place) / f"{people}-{at}.parquet" for at, way in enumerate(ways)}
            for way, out in outs.items():
                engine, how = ways[way]
                found = run(engine, path, out, how)
                alike = str(same(outs["memory"], out)) if engine == "spark" and "memory" in outs else ""
                seconds = " | ".join(f"{found[name]:.1f}" for name in ("seconds", "processor", "java", "worker"))
                memory = " | ".join(f"{found[f'{kind}_mb']:.0f}" for kind in KINDS)
                print(f"| {records:,} | {way} | {found['pairs']:,} | {seconds} | {memory} | {alike} |", flush=True)
                if engine == "spark":
                    measured.append((records, found["processor"]))
    if len(measured) > 1:
        on_paper(measured)


if __name__ == "__main__":
    main()
