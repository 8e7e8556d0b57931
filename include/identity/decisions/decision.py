"""Steward decisions: what a person may decide, how a file says it, and what makes a set of them impossible.

``always`` and ``never`` bind two records, ``bypass`` says that a value is no evidence, ``alias`` retires one
profile id in favour of another. A set is checked as a whole: each fault is named, and with one fault nothing
of the set is taken.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from include.contracts.decisions import DECISION_KINDS
from include.contracts.errors import ConfigurationError
from include.contracts.nearest import nearest
from include.contracts.runs import fingerprint

COLUMNS = ("kind", "a", "b", "column", "value", "author", "reason", "decided_on")
PAIR_KINDS = ("always", "never", "alias")


@dataclass(frozen=True, slots=True)
class StewardDecision:
    """One decision: ``a`` and ``b`` are records, or of an alias the retired and the surviving profile id."""

    kind: str
    author: str
    reason: str
    a: str | None = None
    b: str | None = None
    column: str | None = None
    value: str | None = None
    decided_at: datetime | None = None
    decision_id: str | None = None
    origin: str = "person"
    seen: str | None = None
    place: str = field(default="the decision", compare=False)

    @property
    def content(self) -> str:
        """A digest of what is decided, the same whoever decides it; always and never have no direction."""
        pair = [self.a, self.b] if self.kind == "alias" else sorted(x or "" for x in (self.a, self.b))
        return fingerprint(self.kind, pair, self.column, self.value)


@dataclass(frozen=True, slots=True)
class Known:
    """What a decision may refer to: records that were ever seen, founders of profile ids, columns to match by."""

    records: frozenset[str] = frozenset()
    founders: Mapping[str, str] = field(default_factory=dict)
    columns: tuple[str, ...] = ()


def read_decisions(path: Path) -> list[StewardDecision]:
    """Read a CSV of decisions; raises ConfigurationError naming each fault with its line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines, strict=True)
            header = [name for name in reader.fieldnames or () if name]
            refuse(path.name, list(_header_faults(header)))
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"Cannot read the decisions {path.name}: {type(error).__name__}.") from None
    faults = [fault for line, row in rows for fault in _row_faults(line, row)]
    refuse(path.name, faults)
    return [_decision(line, row) for line, row in rows]


def refuse(title: str, found: Sequence[str]) -> None:
    """Raise ConfigurationError that names every fault, if there is one."""
    if found:
        listed = "; ".join(found)
        raise ConfigurationError(f"{title} is refused as a whole, nothing of it was taken: {listed}.")


def faults(wanted: Sequence[StewardDecision], in_force: Sequence[StewardDecision], known: Known) -> list[str]:
    """Return all that is wrong with taking ``wanted`` on top of what is ``in_force``."""
    everything = [*in_force, *wanted]
    return [
        *(fault for decision in wanted for fault in _reference_faults(decision, known)),
        *_repetitions(wanted, in_force),
        *_alias_faults([decision for decision in everything if decision.kind == "alias"]),
        *_contradictions(everything, known),
    ]


def _header_faults(header: list[str]) -> Iterator[str]:
    for name in header:
        if name not in COLUMNS:
            yield f"line 1: unknown column {name!r}{nearest(name, COLUMNS)}"
    for name in COLUMNS:
        if name not in header:
            yield f"line 1: column {name!r} is missing"


def _row_faults(line: int, row: Mapping[str | None, str | list[str] | None]) -> Iterator[str]:
    if None in row or None in row.values():
        yield f"line {line}: it has not as many fields as the header"
        return
    kind = str(row["kind"]).strip()
    if kind not in DECISION_KINDS:
        yield f"line {line}: unknown kind {kind!r}{nearest(kind, DECISION_KINDS)}"
        return
    needed = ("a", "b") if kind in PAIR_KINDS else ("column", "value")
    for name in (*needed, "author", "reason", "decided_on"):
        if not str(row[name]).strip():
            yield f"line {line}: {kind} needs {name!r}"
    if str(row["decided_on"]).strip() and _day(str(row["decided_on"])) is None:
        yield f"line {line}: decided_on must be a date such as 2026-03-31"


def _decision(line: int, row: Mapping[str, str]) -> StewardDecision:
    given = {name: row[name].strip() or None for name in COLUMNS}
    return StewardDecision(
        kind=row["kind"].strip(),
        author=row["author"].strip(),
        reason=row["reason"].strip(),
        a=given["a"],
        b=given["b"],
        column=given["column"],
        value=given["value"],
        decided_at=_day(row["decided_on"]),
        origin="file",
        place=f"line {line}",
    )


def _day(text: str) -> datetime | None:
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None


def _reference_faults(decision: StewardDecision, known: Known) -> Iterator[str]:
    if decision.kind == "bypass":
        if decision.column not in known.columns:
            column = str(decision.column)
            yield f"{decision.place}: records are not matched by {column!r}{nearest(column, known.columns)}"
        return
    what, exists = ("profile", known.founders) if decision.kind == "alias" else ("record", known.records)
    for name in (decision.a, decision.b):
        if name not in exists:
            yield f"{decision.place}: there is no {what} {name!r}"
    if decision.a == decision.b:
        yield f"{decision.place}: {decision.kind} names {decision.a!r} twice"


def _repetitions(wanted: Sequence[StewardDecision], in_force: Sequence[StewardDecision]) -> Iterator[str]:
    taken = {decision.content: decision.place for decision in in_force}
    for decision in wanted:
        if decision.content in taken:
            yield f"{decision.place}: the same is decided already by {taken[decision.content]}"
        taken[decision.content] = decision.place


def _alias_faults(aliases: Sequence[StewardDecision]) -> Iterator[str]:
    target: dict[str, str] = {}
    for alias in aliases:
        if target.setdefault(str(alias.a), str(alias.b)) != alias.b:
            yield f"{alias.place}: {alias.a!r} is an alias of {target[str(alias.a)]!r} already"
    settled: set[str] = set()
    for start in sorted(target):
        path = [start]
        while path[-1] in target and path[-1] not in settled and len(path) == len(set(path)):
            path.append(target[path[-1]])
        if len(path) != len(set(path)):
            yield f"aliases form a cycle: {' → '.join(path[path.index(path[-1]) :])}"
        settled.update(path)


def _contradictions(everything: Sequence[StewardDecision], known: Known) -> Iterator[str]:
    """A never whose records are tied by always and alias, however long the chain."""
    ties: dict[str, list[tuple[str, StewardDecision]]] = {}
    for decision in everything:
        if decision.kind in ("always", "alias"):
            a, b = bound_records(decision, known)
            ties.setdefault(a, []).append((b, decision))
            ties.setdefault(b, []).append((a, decision))
    for decision in everything:
        if decision.kind == "never":
            a, b = bound_records(decision, known)
            chain = _chain(ties, a, b)
            if chain:
                named = ", ".join(f"{tie.kind} {tie.a} – {tie.b} ({tie.place})" for tie in chain)
                yield f"{decision.place}: never {a} – {b} contradicts {named}"


def bound_records(decision: StewardDecision, known: Known) -> tuple[str, str]:
    """Return the two records that a decision binds; of an alias, the founders of its profiles."""
    a, b = str(decision.a), str(decision.b)
    return (known.founders.get(a, a), known.founders.get(b, b)) if decision.kind == "alias" else (a, b)


def _chain(ties: Mapping[str, Iterable[tuple[str, StewardDecision]]], a: str, b: str) -> list[StewardDecision]:
    """Return the shortest chain of ties from a to b, or none."""
    came: dict[str, tuple[str, StewardDecision] | None] = {a: None}
    queue = deque([a])
    while queue and b not in came:
        here = queue.popleft()
        for there, tie in ties.get(here, ()):
            if there not in came:
                came[there] = (here, tie)
                queue.append(there)
    chain: list[StewardDecision] = []
    step = came.get(b)
    while step is not None:
        chain.insert(0, step[1])
        step = came[step[0]]
    return chain
