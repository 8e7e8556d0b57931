"""Statements of consent: opt-outs in the sources' fields, and what people themselves did.

An opt-out is never lost: deleted rows keep theirs, and a field that says neither yes nor no counts as an opt-out.
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
        if name not in desk.kept:
            continue
        rows = desk.kept[name]
        no = values.flag(rows[column]).fill_null(values.given(rows[column]))
        key = "Id" if "Id" in rows.columns else "Prospect Id"
        said = rows.filter(no).select(_record=desk.key(name, rows.filter(no)[key]))
        records = people.semi_join(said, people.record_id == said._record)
        at = ibis.coalesce(records.updated_at, records.created_at, records.extracted_at)
        yield _statements(records, point_type, purpose, "opted_out", at=at, explicit=False)


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
