"""Doubts about what a condition asks of events: kinds of which there is none, values that none has."""

from __future__ import annotations

from collections.abc import Iterator

from include.contracts.tables import Type
from include.segments import tree
from include.segments.expression import Population
from include.segments.happenings import kind_rows
from include.segments.occurring import absent, texts


def unheard(condition: tree.Node, people: Population) -> tuple[str, ...]:
    """Return a sentence for each kind of event of which there is none; it may come, as it is declared."""
    sizes = people.events.sizes if people.events else {}
    missing = dict.fromkeys(each.event for each in tree.counted(condition) if not sizes.get(each.event))
    there_are = "in the days that are kept; python -m include events lists what there is"
    return tuple(f"There is no {event!r} {there_are}." for event in missing)


def untold(condition: tree.Node, people: Population) -> tuple[str, ...]:
    """Return a sentence for each text that no event of a kind has as the property that is compared with it."""
    sizes = people.events.sizes if people.events else {}
    found = [told for each in tree.counted(condition) if sizes.get(each.event) for told in _untold(each, people)]
    return tuple(dict.fromkeys(found))


def _untold(happened: tree.Happened, people: Population) -> Iterator[str]:
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
