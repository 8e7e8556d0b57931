"""Doubts about what a condition asks of events: kinds of which there is none, values that none has, other money."""

from __future__ import annotations

from collections.abc import Iterator

from include.contracts.tables import Type
from include.segments import tree
from include.segments.currencies import CURRENCY, own_of
from include.segments.deeds import AVERAGE, SUM
from include.segments.happenings import kind_rows
from include.segments.occurring import COMMONEST, absent, asked_texts
from include.segments.population import Population


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


def foreign(condition: tree.Node, people: Population) -> tuple[str, ...]:
    """Return a sentence for each kind of event that has amounts in another currency than the one that is asked for.

    Asked for is the company's own, of which a condition need not speak.
    """
    named = ((each.event, own_of(each.where)) for each in tree.counted(condition) if each.what in (SUM, AVERAGE))
    asked = dict.fromkeys((event, own) for event, own in named if own is not None)
    return tuple(told for event, own in asked for told in _foreign(event, own, people))


def _foreign(event: str, own: str, people: Population) -> Iterator[str]:
    rows = kind_rows(event, {CURRENCY: Type.TEXT}, people)
    others = rows.filter(rows[CURRENCY] != own).group_by(CURRENCY).aggregate(amounts=lambda t: t.count())
    found = others.order_by(others.amounts.desc(), CURRENCY).limit(COMMONEST).to_pyarrow().to_pylist()
    if found:
        which = ", ".join(f"{row['amounts']:,} in {row[CURRENCY]}" for row in found)
        yield f"Of {event!r} some amounts are in another currency than {own} and are left out: {which}."


def _untold(happened: tree.Happened, people: Population) -> Iterator[str]:
    if happened.where is None:
        return
    named = asked_texts(happened.where)
    if named:
        rows = kind_rows(happened.event, {asked.name: Type.TEXT for asked in named}, people)
        for asked, wanted in named.items():
            yield from (f"Of {happened.event!r}: {told}" for told in absent(rows, asked, sorted(wanted)))
