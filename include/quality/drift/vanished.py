"""Figures that a run lacks though the weeks before had them: of a source, an object or a column that is gone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date, timedelta
from statistics import median

from include.quality.drift.figure import KINDS, RESPONSES, Figure
from include.quality.drift.judging import Past, Verdict
from include.quality.drift.memory import Key
from include.quality.drift.settings import Drift

ORDER = tuple(KINDS)
PAUSING = frozenset({RESPONSES.name, *(kind.name for kind in KINDS.values() if kind.is_weekly)})


def vanished(
    figures: Collection[Figure], day: date, known: Mapping[Key, Sequence[Past]], settings: Drift
) -> Iterator[tuple[Figure, Verdict]]:
    """Yield each figure that enough of the days before had, without values, and that all of it has gone.

    Of an object none of whose figures is left, one is told. A day that a source has not brought to its end has no
    figure, and is late, not gone; where nobody was asked in the last weeks, a survey rests.
    """
    left, missing = {figure.key for figure in figures}, dict[str, list[tuple[Key, int]]]()
    for key, history in known.items():
        kind = KINDS.get(key[0])
        recent = [past for past in history if past.day >= day - timedelta(days=settings.history_days)]
        if key in left or kind is None or kind.name in PAUSING or settings.kinds.rule(kind.name).level == "off":
            continue
        if len(recent) >= settings.least_days and median(past.rows for past in recent) >= settings.least_rows:
            missing.setdefault(key[1], []).append((key, len(recent)))
    there = {of for _, of, _ in left}
    for of, gone in sorted(missing.items()):
        told = sorted(gone, key=lambda each: (ORDER.index(each[0][0]), each[0]))
        for (kind_name, _, column), days in told if of in there else told[:1]:
            allowed = settings.kinds.rule(kind_name).change
            yield Figure(KINDS[kind_name], of, column, {}, 0), Verdict(True, days, distance=1.0, allowed=allowed)
