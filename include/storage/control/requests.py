"""How often live systems were asked, kept in the run ledger: a stage of its own a run, failed or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from include.contracts.runs import Run, StageReport
from include.storage.control.ledger import Ledger

ASKED = "ask."


def stage_of(source: str) -> str:
    """Name of the stage under which the requests to a source are kept."""
    return f"{ASKED}{source}"


@dataclass(frozen=True, slots=True)
class Requests:
    """Counts the requests of a run beside those of the day's others."""

    ledger: Ledger
    run: Run

    def today(self, source: str) -> int:
        """Return how many requests a source was sent today (UTC), by all runs."""
        return self.ledger.counted_today(stage_of(source), "requests")

    def add(self, source: str, counts: Mapping[str, int]) -> None:
        """Add to what the run has asked of a source so far: a task that is tried again asks again."""
        stage = stage_of(source)
        found = {row["stage"]: row["counts"] for row in self.ledger.stages(self.run.run_id)}
        before = found.get(stage, {})
        summed = {name: count + before.get(name, 0) for name, count in counts.items()}
        self.ledger.record_stage(self.run, StageReport(stage, counts=summed, engine="http"), seconds=0)
