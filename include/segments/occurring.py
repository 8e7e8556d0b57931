"""What occurs: the values that a measure has, with counts, and whether those that a condition names are among them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any

import ibis
import ibis.expr.types as ir

from include.contracts.errors import ConfigurationError
from include.contracts.events import Vocabulary
from include.contracts.measures import measures_of
from include.contracts.tables import Type
from include.segments import tree
from include.segments.expression import value_of
from include.segments.literals import is_share
from include.segments.names import unknown_measure
from include.segments.population import Population

COMMONEST = 5
FEW = 8
LISTED = 10_000  # texts that the nearest one is looked for among


@dataclass(frozen=True, slots=True)
class Occurring:
    """The values of a measure, the commonest first; of how many nothing is known; least and greatest."""

    measure: str
    level: str
    description: str
    values: tuple[tuple[Any, int], ...]
    different: int
    unknown: int
    least: Any
    greatest: Any

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able form (dates as text)."""
        return asdict(self)


def occurring(
    people: Population,
    level: str,
    name: str,
    limit: int,
    vocabulary: Vocabulary = Vocabulary(),  # noqa: B008 - it is frozen
) -> Occurring:
    """Return what occurs of a measure or a trait, at most ``limit`` values; raises ConfigurationError without one."""
    known = vocabulary.measures(level)
    if name not in known or name not in people.of(level).columns:
        raise ConfigurationError(f"{unknown_measure(name, level, vocabulary)}.")
    column, rows = known[name].column, people.of(level)
    if column.personal:
        raise ConfigurationError(
            f"{name} is personal, so that its values are not listed; ask for one, or whether it is known."
        )
    value = rows[name]
    has_order = column.type not in (Type.TEXT, Type.BOOLEAN)
    ends = {"least": value.min(), "greatest": value.max()} if has_order else {}
    (found,) = rows.aggregate(different=value.nunique(), unknown=value.isnull().sum(), **ends).to_pyarrow().to_pylist()
    return Occurring(
        name, level, column.description, tuple(commonest(rows, name, limit)), found["different"],
        found["unknown"] or 0, found.get("least"), found.get("greatest"),
    )  # fmt: skip


def never(condition: tree.Node, level: str, people: Population) -> tuple[str, ...]:
    """Return a sentence for each text of a condition that no record has, with the nearest that one has.

    Values of a declared vocabulary are not looked for: they may come.
    """
    known = measures_of(level)
    free = {name for name, measure in known.items() if not measure.column.allowed}
    personal = {name for name, measure in known.items() if measure.column.personal}
    found = [
        told
        for asked, texts in asked_texts(condition).items()
        if asked.name in free or asked.name not in known
        for told in absent(people.of(level), asked, sorted(texts), is_told=asked.name not in personal)
    ]
    for part in tree.clauses(condition):
        if isinstance(part, tree.Elsewhere):
            found += never(part.condition, "person" if isinstance(part, tree.People) else "account", people)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class AskedText:
    """What is compared with whole texts, by name, and whether case matters."""

    name: str
    minds_case: bool = True

    def of(self, rows: ir.Table) -> ir.Value:
        """Return the column, as it is compared."""
        return rows[self.name] if self.minds_case else rows[self.name].lower()

    def put(self, text: str) -> ir.Value:
        """Return a text as it is compared."""
        return ibis.literal(text) if self.minds_case else ibis.literal(text).lower()


def asked_texts(condition: tree.Node) -> dict[AskedText, set[str]]:
    """Return with which whole texts the clauses of a condition compare what."""
    asked: dict[AskedText, set[str]] = {}
    for clause in tree.clauses(condition):
        match clause:
            case tree.Compare(_, tree.Measured(name, Type.TEXT) | tree.Traited(name, Type.TEXT), tree.Literal(value)):
                asked.setdefault(AskedText(name), set()).add(str(value))
            case tree.In(tree.Measured(name, Type.TEXT) | tree.Traited(name, Type.TEXT), values):
                asked.setdefault(AskedText(name), set()).update(str(value.value) for value in values)
            case tree.TextTest(tree.Measured(name) | tree.Traited(name), tree.IS_ANY, texts):
                asked.setdefault(AskedText(name, minds_case=False), set()).update(texts)
    return asked


def absent(rows: ir.Table, asked: AskedText, texts: Sequence[str], *, is_told: bool = True) -> Iterator[str]:
    """Yield a sentence for each text that no row has in a column, with the nearest that one has if that may be told."""
    name, present = asked.name, _present(rows, asked, texts)
    absent = [text for text in texts if text not in present]
    if not absent:
        return
    if not is_told:
        yield from (f"No {name} is {text!r}." for text in absent)
        return
    known = commonest(rows, name, LISTED)
    shown = ", ".join(f"{other!r} {count:,}" for other, count in known[:COMMONEST])
    there_are = f"the commonest are {shown}" if known else "none is known"
    for text in absent:
        close = _nearest(text, [str(other) for other, _ in known])
        hint = f"did you mean {close!r}? " if close else ""
        yield f"No {name} is {text!r}; {hint}{there_are[:1].upper() if hint else there_are[:1]}{there_are[1:]}."


def _present(rows: ir.Table, asked: AskedText, texts: Sequence[str]) -> set[str]:
    """Those of the texts that some row has; few are looked for one by one, as the first row that has it ends that."""
    rows = rows.select(value=asked.of(rows))
    if len(texts) <= FEW:
        parts = [rows.filter(rows.value == asked.put(text)).select(text=ibis.literal(text)).limit(1) for text in texts]
        found = ibis.union(*parts) if len(parts) > 1 else parts[0]
        return set(found.to_pyarrow()["text"].to_pylist())
    found = rows.filter(rows.value.isin([asked.put(text) for text in texts])).distinct()
    known = set(found.to_pyarrow()["value"].to_pylist())
    return {text for text in texts if text in known or (not asked.minds_case and text.lower() in known)}


def _nearest(text: str, known: Sequence[str]) -> str | None:
    folded = {other.lower(): other for other in reversed(known)}
    close = [text.lower()] if text.lower() in folded else get_close_matches(text.lower(), list(folded), 1, 0.75)
    return folded[close[0]] if close else None


def commonest(rows: ir.Table, name: str, limit: int) -> list[tuple[Any, int]]:
    """Return the values of a column with how many rows have each, the commonest first, at most ``limit``."""
    counted = rows.filter(rows[name].notnull()).group_by(name).aggregate(people=lambda t: t.count())
    ordered = counted.order_by(counted.people.desc(), counted[name]).limit(limit).to_pyarrow().to_pylist()
    return [(row[name], row["people"]) for row in ordered]


def nobody(clause: tree.Clause, level: str, people: Population) -> str | None:
    """Say why a clause is true of nobody today, where what it compares tells."""
    if isinstance(clause, tree.Like):
        return _pattern(clause)
    asked = tree.compared(clause)
    if len(asked) != 1 or isinstance(clause, tree.IsNull | tree.Top) or asked[0].type in (Type.TEXT, Type.BOOLEAN):
        return None
    value = value_of(asked[0], level, people)
    (ends,) = people.of(level).aggregate(least=value.min(), greatest=value.max()).to_pyarrow().to_pylist()
    if ends["least"] is None:
        return f"Nothing is known of anybody's {asked[0]}, so that nobody fulfils {clause}."
    measure = measures_of(level)[asked[0].name] if isinstance(asked[0], tree.Measured) else None
    share = "; it is a share, so write 80 % as 0.8 or 80%" if measure and is_share(measure) else ""
    return f"{asked[0]} goes from {ends['least']} to {ends['greatest']} today: nobody fulfils {clause}{share}."


def _pattern(clause: tree.Like) -> str | None:
    plain = clause.pattern.replace("*", "").replace("%", "")
    if "*" in clause.pattern:
        return f"In a pattern % stands for any text, not *; write {clause.measure} contains '{plain}'."
    if "%" not in clause.pattern and "_" not in clause.pattern:
        return f"A pattern without % is the whole text; write {clause.measure} contains '{plain}' for a part of it."
    return None
