"""Doubts about a condition: what it leaves out unseen, and what can hardly be meant; so that no zero is silent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from include.segments import tree
from include.segments.catalog import Segment
from include.segments.event_doubts import foreign, unheard, untold
from include.segments.expression import expression, is_unknown
from include.segments.listed import doubts_on_lists
from include.segments.occurring import never, nobody
from include.segments.population import Population
from include.segments.sense import nonsense
from include.segments.text_doubts import within_words

Counts = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Sizes:
    """Of how many a condition is true, and unknown; and so each clause alone."""

    everybody: int
    true: int
    unknown: int
    clauses: Mapping[tree.Clause | tree.Not, Counts]


def measure_sizes(segment: Segment, people: Population) -> Sizes:
    """Count for whom the condition and each clause alone are true and unknown, in one pass."""
    known = list(dict.fromkeys(tree.statements(segment.condition)))
    base = people.of(segment.level)
    conditions = {"whole": segment.condition, **{f"clause_{n}": clause for n, clause in enumerate(known)}}
    states = base.select(**{name: expression(node, segment.level, people) for name, node in conditions.items()})
    counts = {f"{name}_true": states.count(where=states[name]) for name in conditions}
    counts |= {f"{name}_unknown": states.count(where=is_unknown(states[name])) for name in conditions}
    (row,) = states.aggregate(everybody=states.count(), **counts).to_pyarrow().to_pylist()
    clauses = {c: (row[f"clause_{n}_true"], row[f"clause_{n}_unknown"]) for n, c in enumerate(known)}
    return Sizes(row["everybody"], row["whole_true"], row["whole_unknown"], clauses)


def doubts(segment: Segment, people: Population, sizes: Sizes) -> tuple[str, ...]:
    """Return what can hardly be meant, one sentence each: objections, and clauses that are true of nobody today."""
    found = [*objections(segment.condition, segment.level, people), *unheard(segment.condition, people)]
    found += [*foreign(segment.condition, people), *doubts_on_lists(segment.condition, people)]
    found += within_words(segment.condition, segment.level, people)
    found += [*_crowded(sizes), *_empty(segment, people, sizes)]
    return tuple(dict.fromkeys(found))


def objections(condition: tree.Node, level: str, people: Population) -> tuple[str, ...]:
    """Return the doubts for which a new definition is held back: whom nobody or everybody fulfils, texts nobody has."""
    return (*nonsense(condition, level, people.as_of), *never(condition, level, people), *untold(condition, people))


def _crowded(sizes: Sizes) -> Iterator[str]:
    """A rank that takes in far more than it has places, as so many share the value of the last one."""
    for clause, (true, unknown) in sizes.clauses.items():
        if isinstance(clause, tree.Top) and clause.among is None:
            places = clause.places(sizes.everybody - unknown)
            if true > 2 * places:
                yield f"{clause} finds {true:,}, not {places:,}: so many have the same value; say whom you mean."


def _empty(segment: Segment, people: Population, sizes: Sizes) -> Iterator[str]:
    for clause, (true, _) in sizes.clauses.items():
        if not true and not isinstance(clause, tree.Not):
            told = nobody(clause, segment.level, people)
            if told:
                yield told
