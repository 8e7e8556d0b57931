"""Rules that many objects share: keys, times, days, numbers, yes or no."""

from __future__ import annotations

import ibis.expr.types as ir

from include.staging import values
from include.staging.faults import Rule


def key_rules(rows: ir.Table, key: str) -> tuple[Rule, ...]:
    """A row needs a key."""
    return (Rule("missing_key", key, ~values.given(rows[key]), f"The row has no {key}."),)


def moment_rules(rows: ir.Table, zone: str, *columns: str) -> tuple[Rule, ...]:
    """Times that are given have to be times."""
    return tuple(
        Rule(
            "invalid_time",
            column,
            values.given(rows[column]) & values.moment(rows[column], zone).isnull(),
            f"{column} is no time that the calendar knows.",
        )
        for column in columns
    )


def day_rules(rows: ir.Table, *columns: str) -> tuple[Rule, ...]:
    """Days that are given have to be days, written YYYY-MM-DD."""
    return tuple(
        Rule(
            "invalid_date",
            column,
            values.given(rows[column]) & values.day(rows[column]).isnull(),
            f"{column} is no day of the calendar, or not written YYYY-MM-DD.",
        )
        for column in columns
    )


def flag_rules(rows: ir.Table, *columns: str) -> tuple[Rule, ...]:
    """Yes-or-no columns that are given have to say yes or no."""
    return tuple(
        Rule(
            "unknown_value",
            column,
            values.given(rows[column]) & values.flag(rows[column]).isnull(),
            f"{column} says neither yes nor no.",
        )
        for column in columns
    )


def number_rules(rows: ir.Table, *columns: str) -> tuple[Rule, ...]:
    """Numbers that are given have to be numbers."""
    return tuple(
        Rule(
            "invalid_number",
            column,
            values.given(rows[column]) & values.number(rows[column]).isnull(),
            f"{column} is no number.",
        )
        for column in columns
    )


def presence_rules(rows: ir.Table, *columns: str) -> tuple[Rule, ...]:
    """Columns without which the row means nothing."""
    return tuple(
        Rule("missing_value", column, ~values.given(rows[column]), f"{column} is empty.") for column in columns
    )


def is_deleted(rows: ir.Table) -> ir.BooleanValue:
    """Whether the row is in Salesforce's recycle bin."""
    return values.flag(rows.IsDeleted).fill_null(False)
