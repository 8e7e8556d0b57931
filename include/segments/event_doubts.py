"""Doubts about what a condition asks of events: kinds of which there is none, values that none has."""

from __future__ import annotations

from collections.abc import Iterator

from include.contracts.tables import Type
from include.segments import tree
from include.segments.expression import Population
from include.segments.happenings import kind_rows
from include.segments.occurring import absent, texts


def unheard(condition: tree.Node, people: Population) -> tuple[str, ...]:
    """Return a sentence for each kind of event that never happened, and each text that no event of a kind has."""
    asked = (*tree.happenings(condition), *tree.happenings(condition, of_people=True))
    found = [told for happened in asked for told in _unheard(happened, people)]
    return tuple(dict.fromkeys(found))


def _unheard(happened: tree.Happened, people: Population) -> Iterator[str]:
    assert people.events is not None
    if not people.events.sizes.get(happened.event):
        yield f"There is no {happened.event!r} in the days that are kept; python -m include events lists what there is."
        return
    if happened.where is None:
        return
    named: dict[str, set[str]] = {}
    for clause in tree.clauses(happened.where):
        for name, text in texts(clause):
            named.setdefault(name, set()).add(text)
    if named:
        rows = kind_rows(happened.event, {name: Type.TEXT for name in named}, people)
        for name, wanted in named.items():
            yield from (f"Of {happened.event!r}: {told}" for told in absent(rows, name, sorted(wanted)))
