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
    """Shape rows as person records: ``says`` holds texts as received, by attribute; ``knows`` finished columns.

    Texts are cleaned in steps, one upon the other, since each step names what it takes several times.
    """
    blanks = desk.staging.placeholders
    begun = {attribute: _begun(attribute, said) for attribute, said in says.items()}
    kept = {
        f"{attribute}_received": values.received(said)
        for attribute, said in says.items()
        if f"{attribute}_received" in PERSON_RECORD.names
    }
    if "email" in says:
        begun["other_emails"] = values.several_addresses(says["email"])
    found: dict[str, ir.Value] = {
        "record_id": desk.key(name, key),
        "source": ibis.literal(desk.source),
        "part": ibis.literal(desk.system.part.value),
        "object": ibis.literal(name),
        "source_key": key,
        "is_deleted": ibis.literal(False),
        **begun,
        **kept,
        **knows,
        **desk.provenance(rows),
    }
    people = shaped(PERSON_RECORD, found, rows)
    texts = [attribute for attribute in says if attribute not in ("email", "phone")]
    people = people.mutate(**{text: values.folded(people[text]) for text in texts})
    clean = {text: values.filled(people[text], _blanks(text, blanks)) for text in texts}
    if "email" in says:
        clean["email"] = values.mailable(people.email, blanks.email)
    return people.mutate(**clean)


def with_other_emails(people: ir.Table, blanks: Placeholders) -> ir.Table:
    """Take apart ``other_emails`` of the records of all sources, which ``person`` leaves as the text that has them."""
    return people.mutate(other_emails=values.other_emails(people.other_emails, people.email, blanks.email))


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
    known = blanks.email if attribute == "email" else _blanks(attribute, blanks)
    fit = said.re_search(r"\S@\S+\.\S") if attribute == "email" else said.re_search(r"\S")
    return fit & ~values.among(values.trimmed(said).lower(), known)


def latest_usable(desk: Desk, attribute: str, said: ir.StringValue, order: ir.StringValue) -> ir.StringValue:
    """Of each group the latest text that says something of the attribute; where none does, the latest at all."""
    is_usable = usable(attribute, said, desk.staging.placeholders)
    return ibis.coalesce(said.argmax(order, where=is_usable), said.argmax(order, where=said.notnull()))


def _blanks(attribute: str, blanks: Placeholders) -> tuple[str, ...]:
    """Placeholders of a text."""
    return blanks.name if attribute.endswith("_name") else blanks.text


def _begun(attribute: str, said: ir.StringValue) -> ir.StringValue:
    """The first step of cleaning a text."""
    if attribute == "email":
        return values.address_in(said)
    if attribute == "phone":
        return values.nothing()  # read for all sources at once, since only distinct numbers are parsed
    return values.unmarked(said)
