"""What conditions ask of events, collected, and joined to those who are asked about: each thing once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import ibis
import ibis.expr.types as ir

from include.segments import tree
from include.segments.expression import MEMBER, MOST, Population
from include.segments.happenings import MEMBER_ID, joined
from include.segments.sequences import went_through

Hold = Callable[[ir.Table], ir.Table]


@dataclass(frozen=True)
class Asked:
    """What a set of conditions asks of events, by the level of those who did them."""

    happenings: Mapping[str, tuple[tree.Happened, ...]]
    sequences: Mapping[str, tuple[tree.Sequence, ...]]

    @classmethod
    def by(cls, conditions: Iterable[tuple[str, tree.Node]]) -> Asked:
        """Collect it from conditions, each with its level."""
        happenings: dict[str, list[tree.Happened]] = {level: [] for level in MEMBER}
        sequences: dict[str, list[tree.Sequence]] = {level: [] for level in MEMBER}
        for level, node in conditions:
            for whose, of_people in ((level, False), ("person", True)):
                happenings[whose] += tree.happenings(node, of_people=of_people)
                sequences[whose] += tree.sequences(node, of_people=of_people)
        return cls(
            {level: tuple(dict.fromkeys(each)) for level, each in happenings.items()},
            {level: tuple(dict.fromkeys(each)) for level, each in sequences.items()},
        )

    @property
    def is_nothing(self) -> bool:
        """Tell whether they ask nothing of events."""
        return not any((*self.happenings.values(), *self.sequences.values()))

    def of(self, people: Population, hold: Hold = lambda rows: rows) -> Population:
        """Return a population with all of it; ``hold`` may keep what is read again."""
        with_all = {level: self._joined(people, level, hold) for level in MEMBER}
        return replace(people, customers=with_all["person"], accounts=with_all["account"])

    def _joined(self, people: Population, level: str, hold: Hold) -> ir.Table:
        rows = joined(people.of(level), level, self.happenings[level], people, hold)
        for sequence in sorted(self.sequences[level], key=str):
            found = hold(went_through(sequence, level, people))
            rows = rows.left_join(found, rows[MEMBER[level]] == found[MEMBER_ID])
            never = ibis.literal(False) if _is_told(sequence, people) else ibis.null("boolean")
            columns = {sequence.name: ibis.literal(False), sequence.name + MOST: never}
            absent = rows[MEMBER_ID].isnull()
            rows = rows.mutate(**{name: ibis.ifelse(absent, no, rows[name]) for name, no in columns.items()})
            rows = rows.drop(MEMBER_ID)
        return rows


def _is_told(sequence: tree.Sequence, people: Population) -> bool:
    """Whether sources tell of all the steps."""
    known = people.events.through if people.events else {}
    return all(step.counted.event in known for step in sequence.steps)
