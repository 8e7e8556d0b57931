"""``python -m benchmarks.identity.tournament``: the engine on every family of tables, looking and reporting seed.

Prints a line a family: F1, precision, recall, what the engine expected, the worst tenth of its calibration, of pairs by
themselves and as held by their clusters, each also without the tenths that chance alone explains, the trivial rule, and
Splink at its best threshold. Splink's outcomes are kept in ``splink.json``, for they do not change; ``--splink``
computes those that are missing. ``--only a,b`` names families, ``--seed 1`` one seed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.stats import binom

from benchmarks.identity.families import FAMILIES, LOOKING, REPORTING, Family
from include.matching.engine import resolve
from include.matching.evaluate.baselines import trivial_rule
from include.matching.evaluate.scores import measure
from include.matching.resolution import Resolution
from include.matching.spec import MatchingSpec, parse_spec

HERE = Path(__file__).parent
KEPT = HERE / "splink.json"
SPLINK = HERE.parent / ".venv" / "bin" / "python"
FEWEST = 100  # pairs of a tenth whose calibration says something


class Worst(NamedTuple):
    """The largest distance of predicted and true share in a tenth of at least ``FEWEST`` pairs."""

    off: float
    beyond_chance: float  # the same, of the tenths that are further off than chance would have them


@dataclass(frozen=True)
class Outcome:
    """One family and seed, measured."""

    family: str
    seed: int
    records: int
    f1: float
    precision: float
    recall: float
    expected: float
    worst_tenth: Worst  # of pairs by themselves
    worst_held: Worst  # the same, where a pair of one cluster is at least as likely as the cluster's weakest merge
    unlisted: float  # the share of true pairs that were never scored
    trivial: float
    splink: float | None
    seconds: float

    @property
    def error(self) -> float | None:
        """Our error as a share of Splink's at its best threshold."""
        return None if self.splink is None else (1 - self.f1) / max(1 - self.splink, 1e-9)


def spec_of(family: Family) -> MatchingSpec:
    """The spec: kinds only."""
    return parse_spec({"id": "record_id", "source": "source", "link_only": family.link_only, "columns": family.columns})


def play(family: Family, seed: int, *, with_splink: bool = False) -> Outcome:
    """Make the family's table, resolve it and measure."""
    table = family.make(family.people, seed)
    spec = spec_of(family)
    begun = time.perf_counter()
    found = resolve(table, spec)
    seconds = time.perf_counter() - begun
    true = np.asarray(table["person"].to_numpy(), np.int64)
    scores = measure(found.clusters["cluster"].to_numpy(), true)
    worst, held, unlisted = judged(found, table, family)
    return Outcome(
        family.name, seed, table.num_rows, scores.f1, scores.precision, scores.recall, found.report["expected_f1"],
        worst, held, unlisted, measure(trivial_rule(table, spec), true).f1,
        splinks(family, seed, table, run=with_splink), seconds,
    )  # fmt: skip


def judged(found: Resolution, table: pa.Table, family: Family) -> tuple[Worst, Worst, float]:
    """The worst tenths of the calibration of listed pairs, by themselves and as the clusters hold them, and the share
    of true pairs not listed."""
    assert found.judged is not None
    inside, left, right = found.judged, found.judged.candidates.left, found.judged.candidates.right
    person, cluster = table["person"].to_numpy()[inside.features.row], inside.clusters.cluster
    real = person[left] == person[right]
    least = np.where(cluster[left] == cluster[right], inside.clusters.weakest[left], -np.inf)
    worst, held = worst_tenth(inside.logits, real), worst_tenth(np.maximum(inside.logits, least), real)
    sizes = np.bincount(person)
    every = int((sizes * (sizes - 1) // 2).sum())
    if family.link_only:
        frame = table.select(["source", "person"]).to_pandas()
        both = frame.groupby(["person", "source"]).size().groupby("person").agg(["sum", lambda s: (s**2).sum()])
        every = int(((both.iloc[:, 0] ** 2 - both.iloc[:, 1]) / 2).sum())
    return worst, held, 1 - int(real.sum()) / max(every, 1)


def worst_tenth(odds: npt.NDArray[np.float32], real: npt.NDArray[np.bool_]) -> Worst:
    """How far predicted and true share are apart in the worst tenth, and in the worst that chance does not explain.

    ``odds`` are log odds. Chance explains a tenth whose number of true pairs is within 95 of 100 draws of as many pairs
    at the predicted share (binomial, each pair by itself).
    """
    probability = 1 / (1 + np.exp(-np.clip(odds.astype(np.float64), -60.0, 60.0)))
    tenth = np.minimum((probability * 10).astype(int), 9)
    worst = beyond = 0.0
    for mine in (tenth == t for t in range(10)):
        number, true = int(mine.sum()), int(real[mine].sum())
        if number < FEWEST:
            continue
        predicted = float(probability[mine].mean())
        least, most = binom.interval(0.95, number, predicted)
        off = abs(predicted - true / number)
        worst, beyond = max(worst, off), max(beyond, 0.0 if least <= true <= most else off)
    return Worst(worst, beyond)


def splinks(family: Family, seed: int, table: pa.Table, *, run: bool) -> float | None:
    """Splink's F1 at its best threshold, from what is kept or computed now."""
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    key = f"{family.name}, seed {seed}, {table.num_rows} records"
    if key not in kept and run:
        with tempfile.TemporaryDirectory() as folder:
            path, out, kinds = Path(folder) / "t.parquet", Path(folder) / "out.json", json.dumps(dict(family.columns))
            pq.write_table(table, path)
            command = [str(SPLINK), str(HERE / "splink_side.py"), str(path), "person", str(out), kinds]
            command += ["link_only"] if family.link_only else []
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                print(f"Splink gives no outcome on {key}: {done.stderr.strip()[-120:]}", file=sys.stderr)
                return None
            said = json.loads(out.read_text())
        kept[key] = {name: round(float(said[name]), 4) for name in ("f1", "precision", "recall", "seconds")}
        KEPT.write_text(json.dumps(dict(sorted(kept.items())), indent=1) + "\n")
    return kept[key]["f1"] if key in kept else None


def line(o: Outcome) -> str:
    """A row of the table."""
    beside = "" if o.splink is None else f"{o.splink:.3f}"
    ratio = "" if o.error is None else f"{o.error:.2f}"
    return (
        f"| {o.family} | {o.seed} | {o.records:,} | {o.f1:.4f} | {o.precision:.4f} | {o.recall:.4f} | {o.expected:.3f} "
        f"| {o.worst_tenth.off:.2f} | {o.worst_tenth.beyond_chance:.2f} | {o.worst_held.off:.2f} "
        f"| {o.worst_held.beyond_chance:.2f} | {o.unlisted:.3f} | {o.trivial:.3f} | {beside} | {ratio} "
        f"| {o.seconds:.1f} |"
    )


def rounds(names: list[str], seeds: list[int], *, with_splink: bool) -> Iterator[Outcome]:
    """Every family and seed asked for."""
    for family in FAMILIES:
        if not names or family.name in names:
            for seed in seeds if not family.name.startswith("febrl") else seeds[:1]:
                yield play(family, seed, with_splink=with_splink)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.identity.tournament", description=__doc__)
    parser.add_argument("--only", default="", help="families, separated by commas")
    parser.add_argument("--seed", type=int, choices=(LOOKING, REPORTING), help="one seed; else both")
    parser.add_argument("--splink", action="store_true", help="compute Splink's outcomes that are not kept")
    given = parser.parse_args()
    seeds = [given.seed] if given.seed else [LOOKING, REPORTING]
    print("| family | seed | records | F1 | precision | recall | expected | worst tenth | beyond chance | held "
          "| beyond chance | unlisted | trivial | Splink | error to Splink's | s |\n|" + "---|" * 16)  # fmt: skip
    for outcome in rounds([n for n in given.only.split(",") if n], seeds, with_splink=given.splink):
        print(line(outcome), flush=True)


if __name__ == "__main__":
    main()
