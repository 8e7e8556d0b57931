"""Rules that many objects share: keys, times, days, numbers, yes or no."""

from __future__ import annotations

from collections.abc import Callable

import ibis.expr.types as ir

from include.staging import values
from include.staging.faults import Rule


def key_rules(rows: ir.Table, key: str) -> tuple[Rule, ...]:
    """A row needs a key."""
    return (Rule("missing_key", key, ~values.given(rows[key]), f"The row has no {key}."),)


def presence_rules(rows: ir.Table, *columns: str) -> tuple[Rule, ...]:
    """Columns without which the row means nothing."""
    return tuple(
        Rule("missing_value", column, ~values.given(rows[column]), f"{column} is empty.") for column in columns
    )


def id_rules(rows: ir.Table, *columns: str) -> tuple[Rule, ...]:
    """Ids of Salesforce that are given have to be letters and digits, of a length that an id can have."""
    return tuple(
        Rule("invalid_id", column, values.given(rows[column]) & ~values.is_id(rows[column]), f"{column} is no id.")
        for column in columns
    )


def moment_rules(rows: ir.Table, zone: str, *columns: str) -> tuple[Rule, ...]:
    """Times that are given have to be times."""
    fault = "is no time that the calendar knows"
    return _readable(rows, columns, "invalid_time", lambda value: values.moment(value, zone), fault)


def day_rules(rows: ir.Table, *columns: str) -> tuple[Rule, ...]:
    """Days that are given have to be days, written YYYY-MM-DD."""
    return _readable(rows, columns, "invalid_date", values.day, "is no day of the calendar, or not written YYYY-MM-DD")


def flag_rules(rows: ir.Table, *columns: str) -> tuple[Rule, ...]:
    """Yes-or-no columns that are given have to say yes or no."""
    return _readable(rows, columns, "unknown_value", values.flag, "says neither yes nor no")


def number_rules(rows: ir.Table, *columns: str) -> tuple[Rule, ...]:
    """Numbers that are given have to be numbers."""
    return _readable(rows, columns, "invalid_number", values.number, "is no number")


def amount_rules(rows: ir.Table, *columns: str) -> tuple[Rule, ...]:
    """Numbers that are given have to be numbers, and not negative ones."""
    below = (
        Rule("invalid_number", column, values.number(rows[column]) < 0, f"{column} is less than nothing.")
        for column in columns
    )
    return (*number_rules(rows, *columns), *below)


def _readable(
    rows: ir.Table, columns: tuple[str, ...], name: str, read: Callable[[ir.StringValue], ir.Value], fault: str
) -> tuple[Rule, ...]:
    """What is given in the columns has to be something when it is read."""
    return tuple(
        Rule(name, column, values.given(rows[column]) & read(rows[column]).isnull(), f"{column} {fault}.")
        for column in columns
    )


def is_deleted(rows: ir.Table) -> ir.BooleanValue:
    """Whether the row is in Salesforce's recycle bin."""
    return values.flag(rows.IsDeleted).fill_null(False)
