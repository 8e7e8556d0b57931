"""What conditions ask of events and of the kept history, joined to those who are asked about: each thing once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import ibis
import ibis.expr.types as ir

from include.segments import tree
from include.segments.expression import MEMBER, MOST, Population
from include.segments.happenings import MEMBER_ID, joined
from include.segments.history import changed
from include.segments.sequences import went_through

Hold = Callable[[ir.Table], ir.Table]


@dataclass(frozen=True)
class Asked:
    """What a set of conditions asks of events and of the kept history, by the level of those who are asked about."""

    happenings: Mapping[str, tuple[tree.Happened, ...]]
    courses: Mapping[str, tuple[tree.Sequence | tree.Changed, ...]]

    @classmethod
    def by(cls, conditions: Iterable[tuple[str, tree.Node]]) -> Asked:
        """Collect it from conditions, each with its level."""
        happenings: dict[str, list[tree.Happened]] = {level: [] for level in MEMBER}
        courses: dict[str, list[tree.Sequence | tree.Changed]] = {level: [] for level in MEMBER}
        for level, node in conditions:
            happenings[level] += tree.happenings(node)
            happenings["person"] += tree.happenings(node, of_people=True)
            happenings["account"] += tree.happenings(node, of_account=True)
            courses[level] += tree.courses(node)
            courses["person"] += tree.courses(node, of_people=True)
            courses["account"] += tree.courses(node, of_account=True)
        return cls(
            {level: tuple(dict.fromkeys(each)) for level, each in happenings.items()},
            {level: tuple(dict.fromkeys(each)) for level, each in courses.items()},
        )

    @property
    def is_nothing(self) -> bool:
        """Tell whether they ask nothing of the kind."""
        return not any((*self.happenings.values(), *self.courses.values()))

    @property
    def of_history(self) -> bool:
        """Tell whether they ask what became of a measure."""
        return any(isinstance(course, tree.Changed) for each in self.courses.values() for course in each)

    def of(self, people: Population, hold: Hold = lambda rows: rows) -> Population:
        """Return a population with all of it; ``hold`` may keep what is read again."""
        with_all = {level: self._joined(people, level, hold) for level in MEMBER}
        return replace(people, customers=with_all["person"], accounts=with_all["account"])

    def _joined(self, people: Population, level: str, hold: Hold) -> ir.Table:
        rows = joined(people.of(level), level, self.happenings[level], people, hold)
        for course in sorted(self.courses[level], key=str):
            found = hold(_followed(course, level, people))
            rows = rows.left_join(found, rows[MEMBER[level]] == found[MEMBER_ID])
            absent = rows[MEMBER_ID].isnull()
            rows = rows.mutate(
                **{name: ibis.ifelse(absent, no, rows[name]) for name, no in _of_nobody(course, people).items()}
            )
            rows = rows.drop(MEMBER_ID)
        return rows


def _followed(course: tree.Sequence | tree.Changed, level: str, people: Population) -> ir.Table:
    if isinstance(course, tree.Changed):
        return changed(course, level, people)
    return went_through(course, level, people)


def _of_nobody(course: tree.Sequence | tree.Changed, people: Population) -> dict[str, ir.BooleanValue]:
    """The columns of somebody without such events or changes; nothing is known where no source tells of a step."""
    no, unknown = ibis.literal(False), ibis.null("boolean")
    if isinstance(course, tree.Changed):
        return {course.name: no}
    known = people.events.through if people.events else {}
    is_told = all(step.counted.event in known for step in course.steps)
    return {course.name: no, course.name + MOST: no if is_told else unknown}
