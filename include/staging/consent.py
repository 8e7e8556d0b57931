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
from include.contracts.systems import Refusal
from include.staging import values
from include.staging.desk import Desk, shaped
from include.staging.faults import md5
from include.staging.mapped_values import text_of

PURPOSES = {"email": "email_marketing", "phone": "phone_marketing"}
ADMITTED = ("unsubscribe", "complaint")


def refusals(desk: Desk, people: ir.Table) -> Iterator[ir.Table]:
    """Yield consent rows for the columns in which the records of a source say no, as its system declares."""
    for refusal in desk.system.refusals or ():
        if refusal.object in desk.broken and refusal.point_type == "email":
            yield _from_broken(desk, refusal)
        if refusal.object not in desk.kept:
            continue
        rows = desk.kept[refusal.object]
        said = rows.filter(_refuses(rows[refusal.column])).select(_record=_record(desk, refusal, rows))
        records = people.semi_join(said, people.record_id == said._record)
        at = ibis.coalesce(records.updated_at, records.created_at, records.extracted_at)
        yield _statements(records, refusal.point_type, "opted_out", at=at, explicit=False)


def _of_all_points(records: ir.Table, point_type: str) -> ir.Table:
    """The records, and each again for each further address or number that it has."""
    others = records[f"other_{point_type}s"]
    further = records.filter(others.notnull())
    each = further.mutate(**{point_type: further[others.get_name()].split(values.SEVERAL).unnest()})
    return records.union(each.mutate(**{point_type: each[point_type].re_replace(" x.*$", "")}))


def _record(desk: Desk, refusal: Refusal, rows: ir.Table) -> ir.StringValue:
    """The id of a row's record, which is made of the object's key, or of what a mapping says makes a person unique."""
    if desk.system.mapping is None:
        return desk.key(refusal.object, rows[desk.system.file(refusal.object).key])
    key = text_of(rows, desk.system.mapping.files[refusal.object].person["key"])
    return desk.key(refusal.object, values.identifier(key, desk.staging.placeholders.identifier))


def _refuses(value: ir.StringValue) -> ir.BooleanValue:
    return values.flag(value).fill_null(values.given(value))


def _from_broken(desk: Desk, refusal: Refusal) -> ir.Table:
    """What rows say that were set aside: their address is refused, though they are nobody's record."""
    rows = desk.broken[refusal.object]
    rows = rows.filter(_refuses(rows[refusal.column]) & values.given(_record(desk, refusal, rows)))
    records = rows.select(
        record_id=_record(desk, refusal, rows),
        email=values.address_in(rows[refusal.point]),
        other_emails=values.several_addresses(rows[refusal.point]),
        load_id=rows._load_id,
        extracted_at=rows._extracted_at,
    )
    blanks = desk.staging.placeholders.email  # step by step, as each names what it takes several times
    records = desk.settled(records.mutate(email=values.mailable(records.email, blanks)))
    if desk.engine.ibis.to_pyarrow(records.other_emails.count()).as_py():
        records = records.mutate(other_emails=values.other_emails(records.other_emails, records.email, blanks))
    return _statements(records, "email", "opted_out", at=records.extracted_at, explicit=False)


def doings(activities: ir.Table, people: ir.Table, consenting_forms: str) -> Iterator[ir.Table]:
    """Yield consent rows for what people did: unsubscribing and complaining, subscribing anew or by a form."""
    own = activities.filter(~activities.is_machine)
    acts = own.filter(own.kind.isin(list(ADMITTED))).select("record_id", _did_at="at")
    left = people.join(acts, "record_id")
    yield _statements(left, "email", "opted_out", at=left._did_at, explicit=True)
    is_form = (own.kind == "form") & own.mailing.re_search(consenting_forms)
    yes = own.filter(is_form | (own.kind == "resubscribe")).select("record_id", _did_at="at")
    joined = people.join(yes, "record_id")
    yield _statements(joined, "email", "opted_in", at=joined._did_at, explicit=True)


def _statements(records: ir.Table, point_type: str, status: str, *, at: ir.TimestampValue, explicit: bool) -> ir.Table:
    """Who says no says it of all addresses; who says yes, of the first."""
    records = records.mutate(_said_at=at)
    records = _of_all_points(records, point_type) if status == "opted_out" else records
    point, purpose, at = records[point_type], PURPOSES[point_type], records._said_at
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
