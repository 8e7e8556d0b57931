"""What a contract's terms amount to: how it ends or renews, and its last day."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir


def contract_type(
    declared: ir.StringValue, *, term: ir.IntegerValue, end: ir.DateValue, renews: ir.BooleanValue
) -> ir.StringValue:
    """How a contract ends or renews: what its type field says, else what its terms amount to (measures.md).

    No end and no term is evergreen, one month is month to month, more than twelve are multi-year; of the rest, those
    that renew by themselves are auto-renew, the others a term.
    """
    return ibis.cases(
        (declared.notnull(), declared),
        (end.isnull() & term.isnull(), "evergreen"),
        (term == 1, "month_to_month"),
        (term > 12, "multi_year"),
        (renews.fill_null(False), "auto_renew"),
        else_="term",
    )


def last_day(end: ir.DateValue, start: ir.DateValue, term: ir.IntegerValue) -> ir.DateValue:
    """The last day: as given, else the day before the term's months are over, as Salesforce reckons it."""
    reckoned = (start + term.as_interval("M")).cast("date") - ibis.interval(days=1)
    return ibis.coalesce(end, reckoned.cast("date"))
