"""``python -m benchmarks.identity.constants``: what each hand-set constant of the engine is worth, family by family.

Every constant is put out of action (or moved far) by itself, and the tournament is played again on the looking seed.
Prints, a line a constant: mean F1 with it and without; how many families lose and gain more than ``NOTICED``; the
family that loses most; and leave-one-family-out: each family's F1 under the value that the other families would have
chosen, in the mean. Where that falls short of the mean with the constant, it was right only where it was looked at.
``--keep FILE`` writes every F1 as JSON; ``--only A,B`` names constants.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.identity.families import FAMILIES, LOOKING, Family
from benchmarks.identity.tournament import spec_of
from include.matching.engine import resolve
from include.matching.evaluate.scores import measure

NOTICED = 0.001
OUT_OF_ACTION: Mapping[str, float] = {  # module and name: a value by which it says nothing, or is far from what it was
    "weights.estimation.SLIPS": 0.0,
    "weights.estimation.LEAST_CHANCE": 0.0,
    "weights.estimation.FAMILIES": 0.001,
    "weights.estimation.CLEAR": 0.0,
    "weights.estimation.KNOWN": 2.0,
    "weights.estimation.STEADY": 1.0,
    "weights.fit.MOVES": 0.5,
    "weights.fit.OTHER_NUMBER": 0.0,
    "records.languages.LANGUAGES": 1,
    "records.languages.PAIRS": 400,
    "records.languages.MANY": 100,
    "records.languages.ONE": 1,
    "records.languages.UNSURE": 1.0,
    "records.languages.BY_DEFAULT": 0.0,
    "memory.TELLING": 3,
    "engine.FEW_NAMESAKES": 2.0,
    "judgement.LIKELY": -99.0,
    "judgement.UNLIKELY": 99.0,
    "clustering.REVIEWED": np.float32(99.0),
    "pairs.blocking.PER_RULE": 7.0,
    "pairs.blocking.LEAST": 0,
    "pairs.blocking.AFFORDED": 0,
    "declaration.WIDE": 0.0,
    "pairs.blocking_rules.LAST": 2,
    "pairs.blocking_budget.LEAST_PROMISE": 0.01,
    "pairs.blocking_budget.UNSURE": 5.0,
}
Scores = Mapping[str, float]


@contextmanager
def moved(constant: str, value: float) -> Iterator[None]:
    """Give a constant another value in its module, and wherever else it was imported from there."""
    module, name = f"include.matching.{constant}".rsplit(".", 1)
    before = getattr(sys.modules[module], name)
    holders = [
        at for at in list(sys.modules.values())
        if at.__name__.startswith("include.matching") and getattr(at, name, None) is before
    ]  # fmt: skip
    for at in holders:
        setattr(at, name, value)
    try:
        yield
    finally:
        for at in holders:
            setattr(at, name, before)


def scores(tables: Sequence[tuple[Family, pa.Table]]) -> Scores:
    """F1 of each family's table."""
    found = {}
    for family, table in tables:
        clusters = resolve(table, spec_of(family)).clusters["cluster"].to_numpy()
        found[family.name] = measure(clusters, np.asarray(table["person"].to_numpy(), np.int64)).f1
    return found


def line(constant: str, value: object, kept: Scores, without: Scores) -> str:
    """A row of the table."""
    now, then = (np.array([said[name] for name in kept]) for said in (kept, without))
    change = then - now
    others_keep = now.sum() - now >= then.sum() - then
    left_out = np.where(others_keep, now, then).mean()
    worst = int(change.argmin())
    loss = f"{list(kept)[worst]} {change[worst]:+.4f}" if change[worst] < -NOTICED else ""
    return (
        f"| {constant} | {value} | {now.mean():.4f} | {then.mean():.4f} | {(change < -NOTICED).sum()} "
        f"| {(change > NOTICED).sum()} | {loss} | {left_out:.4f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.identity.constants", description=__doc__)
    parser.add_argument("--only", default="", help="constants, separated by commas")
    parser.add_argument("--families", default="", help="families, separated by commas")
    parser.add_argument("--keep", type=Path, help="where every F1 is written to as JSON")
    given = parser.parse_args()
    wanted = set(given.families.split(",")) - {""}
    chosen = [f for f in FAMILIES if f.name in wanted or not wanted]
    tables = [(family, family.make(family.people, LOOKING)) for family in chosen]
    told = {"now": scores(tables)}
    print("| constant | without | F1 with it | F1 without | lose | gain | loses most | left out |\n|" + "---|" * 8)
    for constant, value in OUT_OF_ACTION.items():
        if not given.only or constant.rsplit(".", 1)[1] in given.only.split(","):
            with moved(constant, value):
                told[constant] = scores(tables)
            print(line(constant, value, told["now"], told[constant]), flush=True)
            if given.keep:
                given.keep.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
