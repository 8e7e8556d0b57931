"""What the columns of a mapped source say, read as the kinds of their fields."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from include.contracts.field_mapping import FieldMapping, Fields
from include.contracts.systems import ROW_KEY
from include.contracts.targets import TARGETS, Kind, TargetField
from include.staging import values
from include.staging.desk import Desk
from include.staging.people import all_usable
from include.staging.settings import Placeholders

SAID = (
    "first_name", "last_name", "full_name", "email", "phone", "company", "title", "street", "city", "region",
    "postcode", "country", "time_zone",
)  # fmt: skip
"""Texts of people that their staging cleans itself, so that what was received is kept."""


@ibis.udf.scalar.builtin(name="json_extract_string")  # type: ignore[untyped-decorator]
def _path(document: str, path: str) -> str:  # type: ignore[empty-body]
    """The text at a path of a JSON document; null when there is none."""


def values_of(desk: Desk, name: str, part: str, fields: Fields, rows: ir.Table) -> dict[str, ir.Value]:
    """Return the value of each field that a part of an object's mapping has, ready for its staged table."""
    return {
        field: _all_said(desk, field, rows, mapping)
        if part == "person" and field in ("email", "phone")
        else _value(desk, name, rows, mapping, TARGETS[part].fields[field], as_said=part == "person" and field in SAID)
        for field, mapping in fields.items()
        if field not in ("email_opt_out", "phone_opt_out")
    }


def _all_said(desk: Desk, field: str, rows: ir.Table, mapping: FieldMapping) -> ir.StringValue:
    """What each column of a field says, where a person may have several."""
    each = [text_of(rows, mapping.model_copy(update={"column": (column,)})) for column in mapping.column]
    return all_usable(desk, field, *each) if len(each) > 1 else text_of(rows, mapping)


def absent(rows: ir.Table, kind: str) -> ir.Value:
    """A null of a type, as an expression that can be compared: Ibis compares no bare null."""
    return ibis.ifelse(rows._line.isnull(), ibis.null(kind), ibis.null(kind))


def key_of(desk: Desk, name: str, rows: ir.Table) -> ir.StringValue:
    """The key of an object's rows: what its mapping says, else a digest of all that a row says."""
    assert desk.system.mapping is not None
    key = desk.system.mapping.files[name].key
    return text_of(rows, key) if key else rows[ROW_KEY]


def text_of(rows: ir.Table, mapping: FieldMapping) -> ir.StringValue:
    """The text that a field's mapping gives, before it is read as its kind."""
    if mapping.constant is not None:
        return ibis.literal(mapping.constant)
    said = [_cut(rows[column], mapping) for column in mapping.column]
    text = ibis.coalesce(*said) if len(said) > 1 else said[0]
    if mapping.values:
        text = values.word(text, _words(mapping.values))
    return text.lower() if mapping.lower else text


def _words(meanings: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    return {meaning: [word.strip().lower() for word in words] for meaning, words in meanings.items()}


def _cut(value: ir.StringValue, mapping: FieldMapping) -> ir.StringValue:
    if mapping.path:
        value = _path(value, f"$.{mapping.path}")
    if mapping.split:
        value = value.split(mapping.split)[0]
    return value.strip().nullif("")


def _value(
    desk: Desk, name: str, rows: ir.Table, mapping: FieldMapping, field: TargetField, *, as_said: bool
) -> ir.Value:
    text, blanks = text_of(rows, mapping), desk.staging.placeholders
    if as_said or field.kind is Kind.WORD:
        return text
    if field.kind is Kind.MOMENT:
        return values.no_later(moment_of(desk, text, mapping), _known(desk, name, rows))
    if field.kind in (Kind.NUMBER, Kind.WHOLE):
        number = number_of(text, mapping)
        return _whole(number) if field.kind is Kind.WHOLE else number
    if field.kind in (Kind.KEY, Kind.PERSON, Kind.ACCOUNT, Kind.OPPORTUNITY):
        key = values.identifier(text, blanks.identifier)
        return key if field.kind is Kind.KEY else desk.key(mapping.of or name, key)
    return _read(field.kind, text, blanks)


def _read(kind: Kind, text: ir.StringValue, blanks: Placeholders) -> ir.Value:
    match kind:
        case Kind.EMAIL:
            return values.email(text, blanks.email)
        case Kind.DOMAIN:
            return values.domain(text)
        case Kind.DAY:
            return values.day(text)
        case Kind.FLAG:
            return values.flag(text)
    return values.text(text, blanks.text)


def _whole(number: ir.FloatingValue) -> ir.IntegerValue:
    fits = (number % 1 == 0) & (number >= 0)
    return ibis.ifelse(fits, number, ibis.null("float64")).cast("int64")


def _known(desk: Desk, name: str, rows: ir.Table) -> ir.TimestampValue:
    """The latest that a row can tell of: the time of its file, of a file of a day the day's end."""
    return rows._extracted_at + ibis.interval(days=1) if desk.is_daily(name) else rows._extracted_at


def moment_of(desk: Desk, text: ir.StringValue, mapping: FieldMapping) -> ir.TimestampValue:
    """A time as the mapping says that it is written."""
    if not mapping.unit:
        return values.moment(text, desk.zone)
    seconds = values.number(text) / (1000 if mapping.unit == "milliseconds" else 1)
    whole = ibis.ifelse(seconds.abs() < 2**40, seconds, ibis.null("float64"))
    epoch = (whole * 1000).round().cast("int64").as_timestamp("ms")
    return values.moment(epoch.cast("string"), "UTC")


def number_of(text: ir.StringValue, mapping: FieldMapping) -> ir.FloatingValue:
    """A number, times what the mapping says; ``numbers.py`` has brought its column into the engine's form."""
    number = values.number(text)
    return number if mapping.times == 1 else number * mapping.times
