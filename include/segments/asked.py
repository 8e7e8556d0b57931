"""What conditions ask of events and of the kept history, joined to those who are asked about: each thing once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import ibis
import ibis.expr.types as ir

from include.segments import tree
from include.segments.happenings import joined
from include.segments.history import changed, was
from include.segments.listed import on_list
from include.segments.meaning import Score
from include.segments.picked import MEMBER_ID
from include.segments.population import MEMBER, MOST, Population
from include.segments.sequences import went_through
from include.segments.trait_values import PARTS, parts, value
from include.storage.holding import Holding


@dataclass(frozen=True)
class Asked:
    """What conditions ask of events, of the kept history and of lists, by the level of those who are asked about."""

    happenings: Mapping[str, tuple[tree.Happened, ...]]
    courses: Mapping[str, tuple[tree.Course, ...]]
    traits: Mapping[str, tuple[tree.Traited, ...]]

    @classmethod
    def by(cls, conditions: Iterable[tuple[str, tree.Node]]) -> Asked:
        """Collect it from conditions, each with its level."""
        happenings: dict[str, list[tree.Happened]] = {level: [] for level in MEMBER}
        courses: dict[str, list[tree.Course]] = {level: [] for level in MEMBER}
        traits: dict[str, list[tree.Traited]] = {level: [] for level in MEMBER}
        for level, node in conditions:
            traits[level] += tree.traits(node)
            traits["person"] += tree.traits(node, of_people=True)
            traits["account"] += tree.traits(node, of_account=True)
            happenings[level] += tree.happenings(node)
            happenings["person"] += tree.happenings(node, of_people=True)
            happenings["account"] += tree.happenings(node, of_account=True)
            courses[level] += tree.courses(node)
            courses["person"] += tree.courses(node, of_people=True)
            courses["account"] += tree.courses(node, of_account=True)
        return cls(
            {level: tuple(dict.fromkeys(each)) for level, each in happenings.items()},
            {level: tuple(dict.fromkeys(each)) for level, each in courses.items()},
            {level: tuple(dict.fromkeys(each)) for level, each in traits.items()},
        )

    @property
    def is_nothing(self) -> bool:
        """Tell whether they ask nothing of the kind."""
        return not any((*self.happenings.values(), *self.courses.values(), *self.traits.values()))

    @property
    def of_history(self) -> frozenset[str]:
        """Whose history they ask for: that of a level's measures, or that of traits."""
        asked = [
            (level, measure)
            for level, courses in self.courses.items()
            for course in courses
            if isinstance(course, tree.Changed | tree.Was)
            for measure in tree.kept(course)
        ]
        return frozenset("trait" if isinstance(measure, tree.Traited) else level for level, measure in asked)

    @property
    def of_traits(self) -> bool:
        """Tell whether they ask for traits."""
        return any(self.traits.values())

    @property
    def of_lists(self) -> bool:
        """Tell whether they ask who is on a list."""
        return any(isinstance(course, tree.InList) for each in self.courses.values() for course in each)

    def of(self, people: Population, hold: Holding) -> Population:
        """Return a population with all of it; ``hold`` keeps what is read again."""
        for level in MEMBER:
            people = self._with_traits(people, level, hold)
        with_all = {level: self._joined(people, level, hold) for level in MEMBER}
        return replace(people, customers=with_all["person"], accounts=with_all["account"])

    def _with_traits(self, people: Population, level: str, hold: Holding) -> Population:
        """Add the traits: as they are published, else computed here."""
        rows, missing = people.of(level), []
        for trait in self.traits[level]:
            if trait.name in rows.columns:
                continue
            published = people.traits(trait) if people.traits else None
            if published is None:
                missing.append(trait)
                continue
            found = published.select(**{MEMBER_ID: published.member_id, trait.name: published.value})
            rows = rows.left_join(found, rows[MEMBER[level]] == found[MEMBER_ID]).drop(MEMBER_ID)
        people = people.having(level, rows)
        return computed(people, level, missing, hold) if missing else people

    def _joined(self, people: Population, level: str, hold: Holding) -> ir.Table:
        rows = joined(people.of(level), level, self.happenings[level], people, hold)
        courses, followed = sorted(self.courses[level], key=str), []
        if not courses:
            return rows
        with hold.briefly() as kept:
            for course in courses:
                with kept.briefly() as meanwhile:
                    followed.append(kept(_followed(course, level, people, meanwhile)))
            found = hold(_together(followed))
        rows = rows.left_join(found, rows[MEMBER[level]] == found[MEMBER_ID]).drop(MEMBER_ID)
        absent = {name: no for course in courses for name, no in _of_nobody(course, people).items()}
        return rows.mutate(**{name: rows[name].fill_null(no) for name, no in absent.items()})


def computed(
    people: Population, level: str, traits: Sequence[tree.Traited], hold: Holding, *, with_parts: bool = False
) -> Population:
    """Return a population of which one level has these traits, each a column; of scores the points of parts too."""
    asked = Asked.by((level, part) for trait in traits for part in tree.parts_of(trait))
    rich = asked.of(people, hold)
    columns = {trait.name: value(trait, rich) for trait in traits}
    scores = [trait for trait in traits if isinstance(trait.meaning, Score)] if with_parts else []
    columns |= {trait.name + PARTS: parts(trait, rich) for trait in scores}
    found = hold(rich.of(level).select(MEMBER[level], **columns))
    rows = people.of(level)
    joined = rows.left_join(found.rename({MEMBER_ID: MEMBER[level]}), rows[MEMBER[level]] == found[MEMBER[level]])
    return people.having(level, joined.drop(MEMBER_ID))


def _together(parts: Sequence[ir.Table]) -> ir.Table:
    """One row a member with the columns of all, null where a part has none of it."""
    if len(parts) == 1:
        return parts[0]
    names = [name for part in parts for name in part.columns if name != MEMBER_ID]
    shaped = [
        part.select(MEMBER_ID, **{name: part[name] if name in part.columns else ibis.null("boolean") for name in names})
        for part in parts
    ]
    rows = ibis.union(*shaped)
    return rows.group_by(MEMBER_ID).aggregate(**{name: rows[name].any() for name in names})


def _followed(course: tree.Course, level: str, people: Population, hold: Holding) -> ir.Table:
    if isinstance(course, tree.Changed):
        return changed(course, level, people)
    if isinstance(course, tree.InList):
        return on_list(course, people)
    if isinstance(course, tree.Was):
        return was(course, level, people)
    return went_through(course, level, people, hold)


def _of_nobody(course: tree.Course, people: Population) -> dict[str, ir.BooleanValue]:
    """The columns of somebody without such; nothing is known where no source tells of a step, or a list is too old."""
    no, unknown = ibis.literal(False), ibis.null("boolean")
    if isinstance(course, tree.Changed):
        return {course.name: no}
    if isinstance(course, tree.Was):
        return {course.name: unknown}
    if isinstance(course, tree.InList):
        return {course.name: unknown if course.listed.too_old(people.as_of) else no}
    known = people.events.through if people.events else {}
    is_told = all(step.counted.event in known for step in course.steps)
    return {course.name: no, course.name + MOST: no if is_told else unknown}
