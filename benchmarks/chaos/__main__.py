"""Days of a pipeline under faults, each day compared with what an undisturbed twin publishes.

    python -m benchmarks.chaos [--seed 1] [--faults 50] [--days 4] [--people 1000] [--only KIND ...]

Both take in the same exports, day by day; stages are processes, as tasks of Airflow are, each with an embedded
PostgreSQL. The disturbed one lives on a small disk of its own (a tmpfs, which root may mount). Faults are drawn by the
seed: which, in which stage, at which of its moments, and whether the same run is tried again or a new one begins. A
stage that a fault meets has to end, or to say in one sentence why not; the next try, undisturbed, has to go through;
and at the end of a day every published table has to be the twin's, byte for byte. Ends with exit code 1 otherwise.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.chaos.days import days, export
from benchmarks.chaos.living import STEPS, Answer, Home, Way, said
from benchmarks.chaos.world import compiled_clock, crowded, disk, serving, undone, unexplained
from benchmarks.published import digests
from include.samples import generate
from include.storage.postgres import embedded

LAST = date(2026, 10, 31)
MOMENTARY = ("kill", "kill_soon", "end", "cut", "crash", "fill", "close")
CLOCK = "CHAOS_CLOCK"
ELSEWHERE = {
    "zone": {"TZ": "Asia/Kolkata", "PGTZ": "America/St_Johns", "PGDATESTYLE": "SQL, DMY"},
    "locale": {},
    "ahead": {CLOCK: f"{400 * 86_400}"},
    "behind": {CLOCK: f"{-400 * 86_400}"},
}
KINDS = (*MOMENTARY, "crowd", "twice", *ELSEWHERE)


@dataclass(frozen=True, order=True)
class Fault:
    """What happens in which stage of a day, at a share of its moments."""

    step: int
    kind: str
    share: float
    again: bool  # the same run is tried again, instead of a new one


class Chaos:
    """Lives days twice, calm and disturbed, and keeps what came of it."""

    def __init__(self, calm: Home, wild: Home) -> None:
        self.calm, self.wild = calm, wild
        self.told: Counter[tuple[str, str]] = Counter()
        self.defects: list[str] = []

    def day(self, on: date, faults: Sequence[Fault]) -> None:
        """Live a day in both, and compare."""
        moments = [answer["moments"] for answer in self.undisturbed(on, self.calm.way())]
        self.disturbed(on, faults, moments)
        expected, found = (digests(embedded.start(home.place)) for home in (self.calm, self.wild))
        differ = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
        if differ:
            self.defect(f"{on}: {', '.join(differ)} differ from the twin's")
        print(f"{on}: {len(faults)} faults, {len(expected) - len(differ)} of {len(expected)} tables equal", flush=True)

    def undisturbed(self, on: date, way: Way, until: int = len(STEPS)) -> list[Answer]:
        """Go on until a stage, which has to be reached."""
        answers = way.go(on, until)
        if answers and "refs" not in answers[-1]:
            self.defect(f"{on}: {STEPS[way.step]} does not go through undisturbed: {said(answers[-1])}")
            raise SystemExit(1)
        return answers

    def disturbed(self, on: date, faults: Sequence[Fault], moments: list[int]) -> None:
        """Live the day with its faults; after each, one undisturbed try of the stage has to go through."""
        way = self.wild.way()
        for fault in faults:
            self.undisturbed(on, way, fault.step)
            aimed = 1 + int(fault.share * moments[min(fault.step, way.step)])
            self.note(fault, on, self.befall(fault, on, way, aimed), aimed)
            if not fault.again or way.step == len(STEPS):
                fresh = self.wild.way()
                fresh.worker, fresh.variables = way.worker, way.variables
                way = fresh
        self.undisturbed(on, way)
        if CLOCK in way.variables:
            embedded.stop(self.wild.place)  # the next day its clock is right again

    def befall(self, fault: Fault, on: date, way: Way, moment: int) -> Answer:
        """Let the fault happen while the stage runs, and take away again what can be."""
        if fault.kind in ELSEWHERE:
            way.worker = fault.kind if fault.kind == "locale" else way.worker
            way.variables = {**way.variables, **ELSEWHERE[fault.kind]}
            if CLOCK in ELSEWHERE[fault.kind]:
                embedded.stop(self.wild.place)  # the stage starts it again, with the same clock
            return way.ask(on)
        if fault.kind == "twice":
            return self.twice(on, way, fault)
        with crowded(self.wild.place) if fault.kind == "crowd" else undone(self.wild.place):
            return way.ask(on, **({"fault": fault.kind, "at": moment} if fault.kind in MOMENTARY else {}))

    def twice(self, on: date, way: Way, fault: Fault) -> Answer:
        """Let two runs go side by side, for a share of what is left of the day; returns how the worse of them ended."""
        other = self.wild.way()
        other.step, other.refs, other.worker, other.variables = way.step, way.refs, "second", way.variables
        until = way.step + 1 + int(fault.share * (len(STEPS) - way.step))
        ended: list[Answer] = []
        pair = [threading.Thread(target=lambda own=own: ended.append(own.go(on, until)[-1])) for own in (way, other)]
        for thread in pair:
            thread.start()
        for thread in pair:
            thread.join()
        return min(ended, key=lambda answer: "refs" in answer)

    def note(self, fault: Fault, on: date, answer: Answer, aimed: int) -> None:
        """Keep how the stage ended; one that a moment's fault never met had its version already."""
        is_missed = fault.kind in MOMENTARY and answer.get("moments", aimed) < aimed
        how = "went on" if "refs" in answer else answer.get("kind") or answer.get("ended") or "hung"
        how = "had nothing left to do" if is_missed else how
        self.told[fault.kind, how] += 1
        print(f"{on} {STEPS[fault.step]:14} {fault.kind:10} {said(answer)}", flush=True)
        if "fault" in answer:
            self.defect(f"{on}, {fault.kind} in {STEPS[fault.step]}: no sentence")

    def defect(self, text: str) -> None:
        self.defects.append(text)
        print(f"DEFECT {text}", flush=True)


def planned(draw: random.Random, count: int, kinds: Sequence[str]) -> list[Fault]:
    """Draw the faults of a day, in the order of its stages."""
    return sorted(
        Fault(draw.randrange(len(STEPS)), draw.choice(kinds), draw.random(), draw.random() < 0.5) for _ in range(count)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in {"seed": 1, "faults": 50, "days": 4, "people": 1000}.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--only", nargs="+", choices=KINDS, default=KINDS)
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started and mounted goes
    began = time.monotonic()
    with ExitStack() as ends:
        top = Path(ends.enter_context(tempfile.TemporaryDirectory(prefix="kindred-chaos-", ignore_cleanup_errors=True)))
        top.chmod(0o755)  # the server is another user's
        clock = compiled_clock(top)
        kinds = [kind for kind in given.only if clock or CLOCK not in ELSEWHERE.get(kind, {})]
        calm = Home(top / "calm", top / "exports")
        wild = Home(ends.enter_context(disk()) / "home", top / "exports", clock)
        for home in (calm, wild):
            ends.enter_context(serving(home.place))
            ends.callback(home.close)
        chaos, draw, past = Chaos(calm, wild), random.Random(given.seed), list[date]()
        generate(top / "sample", people=given.people, seed=given.seed, as_of=LAST)
        ends.callback(report, chaos)
        for number, on in enumerate(days(LAST, given.days)):
            past.append(on)
            export(top / "sample" / "exports", top / "exports", on, past, given.seed)
            count = given.faults * (number + 1) // given.days - given.faults * number // given.days
            chaos.day(on, planned(draw, count, kinds))
        chaos.defects += unexplained(wild.place)
    print(f"{time.monotonic() - began:.0f} s")
    raise SystemExit(bool(chaos.defects))


def report(chaos: Chaos) -> None:
    """Print what came of each kind of fault."""
    for (kind, how), count in sorted(chaos.told.items()):
        print(f"| {kind} | {how} | {count} |")
    print(f"{sum(chaos.told.values())} faults, {len(chaos.defects)} defects")
    for text in chaos.defects:
        print(f"- {text}")


if __name__ == "__main__":
    main()
