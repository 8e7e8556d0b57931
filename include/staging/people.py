"""Person records: how a row of any source becomes one."""

from __future__ import annotations

from functools import reduce
from operator import add

import ibis
import ibis.expr.types as ir

from include.contracts.staged import PERSON_RECORD
from include.staging import values
from include.staging.desk import Desk, shaped
from include.staging.settings import Placeholders

FEWEST_DIGITS = 5  # of a telephone number
ONE_DIGIT = "^(?:" + "|".join(f"{digit}+" for digit in range(10)) + ")$"


def person(
    desk: Desk,
    rows: ir.Table,
    name: str,
    key: ir.StringValue,
    *,
    says: dict[str, ir.StringValue],
    knows: dict[str, ir.Value],
) -> ir.Table:
    """Shape rows as person records: ``says`` holds texts as received, by attribute; ``knows`` finished columns."""
    blanks = desk.staging.placeholders
    clean = {attribute: _clean(attribute, said, blanks) for attribute, said in says.items()}
    kept = {
        f"{attribute}_received": values.received(said)
        for attribute, said in says.items()
        if f"{attribute}_received" in PERSON_RECORD.names
    }
    if "email" in says:
        clean["other_emails"] = values.other_emails(says["email"], blanks.email)
    found: dict[str, ir.Value] = {
        "record_id": desk.key(name, key),
        "source": ibis.literal(desk.source),
        "part": ibis.literal(desk.system.part.value),
        "object": ibis.literal(name),
        "source_key": key,
        "is_deleted": ibis.literal(False),
        **clean,
        **kept,
        **knows,
        **desk.provenance(rows),
    }
    return shaped(PERSON_RECORD, found, rows)


def first_usable(desk: Desk, attribute: str, *columns: ir.StringValue) -> ir.StringValue:
    """The first of some columns that says something of the attribute; where none does, the first that is not empty."""
    if len(columns) == 1:
        return columns[0]
    blanks = desk.staging.placeholders
    return ibis.coalesce(*(ibis.ifelse(usable(attribute, said, blanks), said, None) for said in columns), *columns)


def all_usable(desk: Desk, attribute: str, *columns: ir.StringValue) -> ir.StringValue:
    """``first_usable``, and on a line of its own whatever else each other column says of the attribute."""
    first, blanks = first_usable(desk, attribute, *columns), desk.staging.placeholders
    further = (
        ibis.ifelse(usable(attribute, said, blanks) & (said != first), ibis.literal("\n") + said, "")
        for said in columns
        if len(columns) > 1
    )
    return reduce(add, further, first)


def usable(attribute: str, said: ir.StringValue, blanks: Placeholders) -> ir.BooleanValue:
    """Whether a text may say something of an attribute: it is no placeholder, and has the marks of an address.

    Only which text to take depends on it; cleaning judges the one that was taken.
    """
    if attribute == "phone":
        digits = said.re_replace(r"\D", "")
        return (digits.length() >= FEWEST_DIGITS) & ~values.among(digits, blanks.phone) & ~digits.re_search(ONE_DIGIT)
    known = blanks.email if attribute == "email" else blanks.name if attribute.endswith("_name") else blanks.text
    fit = said.re_search(r"\S@\S+\.\S") if attribute == "email" else said.re_search(r"\S")
    return fit & ~values.among(values.trimmed(said).lower(), known)


def latest_usable(desk: Desk, attribute: str, said: ir.StringValue, order: ir.StringValue) -> ir.StringValue:
    """Of each group the latest text that says something of the attribute; where none does, the latest at all."""
    is_usable = usable(attribute, said, desk.staging.placeholders)
    return ibis.coalesce(said.argmax(order, where=is_usable), said.argmax(order, where=said.notnull()))


def _clean(attribute: str, said: ir.StringValue, blanks: Placeholders) -> ir.StringValue:
    if attribute == "email":
        return values.email(said, blanks.email)
    if attribute == "phone":
        return values.nothing()  # read for all sources at once, since only distinct numbers are parsed
    return values.text(said, blanks.name if attribute.endswith("_name") else blanks.text)
