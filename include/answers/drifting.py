"""What drifts: each figure of a version with its range, its verdict, and what it was on the days before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import sqlalchemy as sa

from include.quality.drift.figure import NUMBER
from include.quality.drift.judging import Past
from include.quality.drift.memory import Kept, history, kept_of
from include.quality.drift.wording import GONE, WAS, now, usual, values_of

LOOKED_BACK = timedelta(days=56)


@dataclass(frozen=True, slots=True)
class Watched:
    """One figure. ``verdict``: holds, warns, in range or not judged yet; ``before``: its values, the earliest first.

    ``before`` ends with today's value; of the shares of values it is the share that has moved most.
    """

    kind: str
    says: str
    name: str
    now: str
    usual: str
    verdict: str
    before: Sequence[tuple[date, float]]

    @property
    def is_drifted(self) -> bool:
        """Whether it is out of range."""
        return self.verdict in ("holds", "warns")


def watched(connection: sa.Connection, version: str, day: date) -> list[Watched]:
    """Return the figures of a version, made as of a day, those out of range first."""
    known = history(connection, day)
    return [
        _watched(kept, known.get((kept.kind.name, kept.of, kept.column), ()), day)
        for kept in kept_of(connection, version)
    ]


def _watched(kept: Kept, past: Sequence[Past], day: date) -> Watched:
    shown = _shown(kept.observed)
    before = [(each.day, each.values.get(shown, 0.0)) for each in past if each.day >= day - LOOKED_BACK]
    today = [] if GONE in kept.observed else [(day, values_of(kept.observed).get(shown, 0.0))]
    return Watched(
        kept.kind.name, kept.kind.says, kept.name, now(kept.kind, kept.observed), usual(kept.kind, kept.observed),
        _verdict(kept), [*before, *today],
    )  # fmt: skip


def _shown(observed: Mapping[str, float]) -> str:
    """The value that is shown over time: the number, or the share that has moved most, else the largest."""
    moved = next((name.removeprefix(WAS) for name in observed if name.startswith(WAS)), None)
    values = values_of(observed)
    return moved or max(values, key=lambda name: values[name], default=NUMBER)


def _verdict(kept: Kept) -> str:
    if kept.is_drifted:
        return "holds" if kept.level == "table" else "warns"
    return "in range" if "allowed" in kept.observed else "not judged yet"
