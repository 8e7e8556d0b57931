"""What a row of a mapped source must keep to: what it cannot be without, and that each value is of its kind."""

from __future__ import annotations

from collections.abc import Iterator

import ibis.expr.types as ir

from include.contracts.field_mapping import FieldMapping
from include.contracts.mapping import FileMapping
from include.contracts.targets import Kind
from include.staging import values
from include.staging.desk import Desk
from include.staging.faults import Rule
from include.staging.mapped_values import key_of, moment_of, number_of, text_of

SCORE, VALUE = "answer.score", "contract.annual_value"


def rules(desk: Desk, name: str, file: FileMapping, rows: ir.Table) -> tuple[Rule, ...]:
    """Return the rules of an object's rows, in the order in which they are asked."""
    return tuple(_rules(desk, name, file, rows))


def _rules(desk: Desk, name: str, file: FileMapping, rows: ir.Table) -> Iterator[Rule]:
    if file.key:
        yield Rule("missing_key", _at(file.key), key_of(desk, name, rows).isnull(), f"The row has no {_at(file.key)}.")
    for part, target, fields in file.parts():
        for field, mapping in fields.items():
            if not mapping.column:
                continue
            is_needed = field in target.required and (part, field) != ("account", "key")
            yield from _of_field(desk, rows, f"{part}.{field}", mapping, target.fields[field].kind, needed=is_needed)
        if {"start", "end"} <= fields.keys() and part == "contract":
            early = values.day(text_of(rows, fields["end"])) < values.day(text_of(rows, fields["start"]))
            yield Rule("ends_before_start", _at(fields["end"]), early, "It ends before it starts.")


def _at(mapping: FieldMapping) -> str:
    return mapping.column[0]


def _of_field(
    desk: Desk, rows: ir.Table, place: str, mapping: FieldMapping, kind: Kind, *, needed: bool
) -> Iterator[Rule]:
    column, text = _at(mapping), text_of(rows, mapping)
    said = values.given(rows[column])
    if mapping.values:
        what = f"{column} says something that the mapping has no meaning for ({place})."
        yield Rule("unknown_value", column, said & text.isnull(), what)
    if needed:
        yield Rule("missing_value", column, text.isnull() | ~values.given(text), f"{column} is empty.")
    read = _readers(desk, text, mapping, kind)
    if read is not None:
        yield Rule(_NAMES[kind], column, values.given(text) & read.isnull(), f"{column} {_FAULTS[kind]}.")
    if kind is Kind.WHOLE and place.startswith("contract."):
        count = number_of(text, mapping)
        yield Rule("invalid_number", column, (count < 0) | (count % 1 != 0), f"{column} counts no whole number.")
    if place == VALUE:
        yield Rule("invalid_number", column, number_of(text, mapping) < 0, f"{column} is less than nothing.")
    if place == SCORE:
        score = number_of(text, mapping)
        yield Rule("nps_score_not_whole", column, score % 1 != 0, "The score is no whole number.")
        yield Rule("nps_score_range", column, (score < 0) | (score > 10), "The score lies outside 0 to 10.")


def _readers(desk: Desk, text: ir.StringValue, mapping: FieldMapping, kind: Kind) -> ir.Value | None:
    match kind:
        case Kind.DAY:
            return values.day(text)
        case Kind.MOMENT:
            return moment_of(desk, text, mapping)
        case Kind.NUMBER | Kind.WHOLE:
            return number_of(text, mapping)
        case Kind.FLAG if not mapping.values:
            return values.flag(text)
    return None


_NAMES = {
    Kind.DAY: "invalid_date", Kind.MOMENT: "invalid_time", Kind.NUMBER: "invalid_number",
    Kind.WHOLE: "invalid_number", Kind.FLAG: "unknown_value",
}  # fmt: skip
_FAULTS = {
    Kind.DAY: "is no day of the calendar", Kind.MOMENT: "is no time that the calendar knows",
    Kind.NUMBER: "is no number", Kind.WHOLE: "is no number", Kind.FLAG: "says neither yes nor no",
}  # fmt: skip
