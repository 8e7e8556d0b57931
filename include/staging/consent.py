"""Statements of consent: opt-outs in the sources' fields, and what people themselves did.

An opt-out is never lost: deleted rows keep theirs, so do rows that were set aside for another fault, and a field
that says neither yes nor no counts as an opt-out.
What a machine did says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import ibis
import ibis.expr.types as ir

from include.contracts.staged import CONSENT
from include.staging import values
from include.staging.desk import Desk, shaped
from include.staging.faults import md5

EMAIL, PHONE = ("email", "email_marketing"), ("phone", "phone_marketing")
# kind of source -> object, its person object, and the columns in which it says no
REFUSALS = {
    "salesforce_export": (
        ("contact", "HasOptedOutOfEmail", EMAIL), ("contact", "DoNotCall", PHONE),
        ("lead", "HasOptedOutOfEmail", EMAIL), ("lead", "DoNotCall", PHONE),
    ),
    "pardot_export": (
        ("prospect", "Opted Out", EMAIL), ("prospect", "Do Not Email", EMAIL), ("prospect", "Do Not Call", PHONE),
    ),
}  # fmt: skip
ADMITTED = ("unsubscribe", "complaint")


def refusals(desk: Desk, people: ir.Table) -> Iterator[ir.Table]:
    """Yield consent rows for the fields of a source in which its records say no."""
    for name, column, (point_type, purpose) in REFUSALS.get(desk.settings.kind, ()):
        if name in desk.broken and point_type == "email":
            yield _from_broken(desk, name, column)
        if name not in desk.kept:
            continue
        rows = desk.kept[name]
        said = rows.filter(_refuses(rows[column])).select(_record=desk.key(name, rows[_key(rows)]))
        records = people.semi_join(said, people.record_id == said._record)
        at = ibis.coalesce(records.updated_at, records.created_at, records.extracted_at)
        yield _statements(records, point_type, purpose, "opted_out", at=at, explicit=False)


def _refuses(value: ir.StringValue) -> ir.BooleanValue:
    return values.flag(value).fill_null(values.given(value))


def _key(rows: ir.Table) -> str:
    return "Id" if "Id" in rows.columns else "Prospect Id"


def _from_broken(desk: Desk, name: str, column: str) -> ir.Table:
    """What rows say that were set aside: their address is refused, though they are nobody's record."""
    rows = desk.broken[name]
    rows = rows.filter(_refuses(rows[column]) & values.given(rows[_key(rows)]))
    records = rows.select(
        record_id=desk.key(name, rows[_key(rows)]),
        email=values.email(rows.Email, desk.staging.placeholders.email),
        load_id=rows._load_id,
        extracted_at=rows._extracted_at,
    )
    return _statements(records, *EMAIL, "opted_out", at=records.extracted_at, explicit=False)


def doings(activities: ir.Table, people: ir.Table, consenting_forms: str) -> Iterator[ir.Table]:
    """Yield consent rows for what people did: unsubscribing and complaining, or sending a form that subscribes."""
    own = activities.filter(~activities.is_machine)
    acts = own.filter(own.kind.isin(list(ADMITTED))).select("record_id", _did_at="at")
    left = people.join(acts, "record_id")
    yield _statements(left, *EMAIL, "opted_out", at=left._did_at, explicit=True)
    forms = own.filter((own.kind == "form") & own.mailing.re_search(consenting_forms))
    joined = people.join(forms.select("record_id", _did_at="at"), "record_id")
    yield _statements(joined, *EMAIL, "opted_in", at=joined._did_at, explicit=True)


def _statements(
    records: ir.Table, point_type: str, purpose: str, status: str, *, at: ir.TimestampValue, explicit: bool
) -> ir.Table:
    point = records[point_type]
    identity = [
        records.record_id,
        point.fill_null(""),
        ibis.literal(f"{purpose}|{status}|{explicit}"),
        at.cast("string"),
    ]
    found = {
        "consent_id": md5(ibis.literal("|").join(identity)), "record_id": records.record_id,
        "point_type": ibis.literal(point_type), "point": point, "purpose": ibis.literal(purpose),
        "status": ibis.literal(status), "is_explicit": ibis.literal(explicit), "at": at,
        "load_id": records.load_id, "extracted_at": records.extracted_at,
    }  # fmt: skip
    return shaped(CONSENT, found, records)
