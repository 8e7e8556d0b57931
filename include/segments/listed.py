"""Who is on a list that somebody brought: its addresses, numbers or ids, looked up among those of the profiles."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir
import phonenumbers

from include.contracts.lists import PeopleList
from include.contracts.records import key_of
from include.segments import tree
from include.segments.picked import MEMBER_ID
from include.segments.population import Population

KEYS = ("crm_id", "user_id")
SHOWN = 10  # lines that a sentence names


@dataclass(frozen=True, slots=True)
class Resolved:
    """How a list came out: its rows, the people whom they stand for, and the lines that stand for nobody known."""

    listed: PeopleList
    rows: int
    people: int
    unmatched: tuple[int, ...]
    too_old: str

    @property
    def told(self) -> str:
        """Say which rows stand for nobody; nothing where all do."""
        if not self.unmatched:
            return ""
        lines = ", ".join(f"{line:,}" for line in self.unmatched[:SHOWN])
        more = f" and {len(self.unmatched) - SHOWN:,} more" if len(self.unmatched) > SHOWN else ""
        stand = "stands" if len(self.unmatched) == 1 else "stand"
        return (
            f"Of the {self.rows:,} rows of the list {self.listed.key!r}, {len(self.unmatched):,} {stand} "
            f"for nobody known: line {lines}{more}."
        )


def on_list(clause: tree.InList, people: Population) -> ir.Table:
    """Return the profiles on a list, each once, with the clause's column: true, or unknown where it is too old."""
    found = _matches(clause.listed, _cells(clause.listed), people).select(MEMBER_ID).distinct()
    return found.mutate(**{clause.name: ibis.null("boolean") if clause.listed.too_old(people.as_of) else True})


def resolve(listed: PeopleList, people: Population) -> Resolved:
    """Look the rows of a list up, and count."""
    cells = _cells(listed)
    found = _matches(listed, cells, people)
    known = set(found.select("value").distinct().to_pyarrow()["value"].to_pylist())
    unmatched = tuple(line for line, value in cells.items() if value not in known)
    count = found[MEMBER_ID].nunique().to_pyarrow().as_py()
    return Resolved(listed, len(cells), count, unmatched, listed.too_old(people.as_of))


def doubts_on_lists(condition: tree.Node, people: Population) -> tuple[str, ...]:
    """Return a sentence for each list of a condition that is too old, or has rows that stand for nobody known."""
    found = [resolve(listed, people) for listed in tree.lists(condition)]
    return tuple(told for each in found for told in (each.too_old, each.told) if told)


def too_old(condition: tree.Node, as_of: date) -> tuple[str, ...]:
    """Return a sentence for each list of a condition by which nobody can be judged any more."""
    return tuple(told for listed in tree.lists(condition) if (told := listed.too_old(as_of)))


def _matches(listed: PeopleList, cells: dict[int, str], people: Population) -> ir.Table:
    """Return value and profile of all that is on a list: everybody who has an address, whom alone a key stands for."""
    assert people.contacts is not None and listed.settings is not None
    points, records = people.contacts
    wanted = sorted({value for value in cells.values() if value})
    kinds = KEYS if listed.settings.of == "source_id" else (listed.settings.of,)
    mine = points.filter(points.type.isin(kinds) & points.value.isin(wanted))
    found = mine.select("value", **{MEMBER_ID: mine.profile_id})
    if listed.settings.of != "source_id":
        return found
    whole = records.filter(records.record_id.isin(wanted))
    short = records.mutate(value=key_of(records.record_id)).filter(lambda t: t["value"].isin(wanted))
    alone = short.group_by("value").aggregate(people=short.profile_id.nunique(), **{MEMBER_ID: short.profile_id.min()})
    return ibis.union(
        found,
        whole.select(value=whole.record_id, **{MEMBER_ID: whole.profile_id}),
        alone.filter(alone.people == 1).select("value", MEMBER_ID),
    )


def _cells(listed: PeopleList) -> dict[int, str]:
    """The rows as profiles keep such values, by line; empty where a cell is none."""
    assert listed.settings is not None
    kind, region = listed.settings.of, listed.settings.region
    if kind == "source_id":
        return dict(listed.rows)
    if kind == "email":
        return {line: cell.lower() for line, cell in listed.rows}
    return {line: _number(cell, region) for line, cell in listed.rows}


def _number(cell: str, region: str | None) -> str:
    """The number in E.164."""
    try:
        number = phonenumbers.parse(cell, region)
    except phonenumbers.NumberParseException:
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
