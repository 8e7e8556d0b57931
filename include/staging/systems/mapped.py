"""Mapped sources: any table, by the mapping file that says which of its columns is which declared field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import ibis
import ibis.expr.types as ir

from include.contracts.field_mapping import Fields
from include.contracts.mapping import FileMapping
from include.contracts.staged import (
    ACCOUNT,
    CONSENT,
    CONTRACT,
    EMAIL_ACTIVITY,
    NPS_RESPONSE,
    PERSON_RECORD,
    USAGE_EVENT,
)
from include.contracts.tables import Table
from include.staging import mapped_sales, values
from include.staging.contract_terms import contract_type, last_day
from include.staging.desk import Desk, Staged, shaped
from include.staging.faults import md5
from include.staging.machines import with_machines
from include.staging.mapped_rules import rules
from include.staging.mapped_values import SAID, absent, key_of, values_of
from include.staging.people import latest_usable, person


def stage(desk: Desk) -> Staged:
    """Yield the rows that a mapped source gives to the staged tables."""
    assert desk.system.mapping is not None
    files = {name: file for name, file in desk.system.mapping.files.items() if desk.has(name)}
    good = {name: _good(desk, name, file) for name, file in files.items()}
    for name, file in files.items():
        for part, _, fields in file.parts():
            if part in SALES:
                yield from SALES[part](desk, name, good[name], fields)
            elif part != "membership":
                table, give = GIVEN[part]
                yield table, give(desk, name, good[name], fields)
    for name, file in files.items():
        if file.membership and file.membership["person"].of not in good:
            desk.tell(name, "of_nobody", good[name])


def _good(desk: Desk, name: str, file: FileMapping) -> ir.Table:
    raw = desk.raw(name)
    rows = raw.rows
    if file.headers > 1:
        place = ibis.row_number().over(ibis.window(group_by="_load_id", order_by="_line"))
        rows = desk.named(rows.mutate(_place=place))
    gone = (lambda t: t._place < file.headers - 1) if file.headers > 1 else None
    is_row = rows._place >= file.headers - 1 if file.headers > 1 else ibis.literal(True)
    judged = tuple(replace(rule, broken=is_row & rule.broken) for rule in rules(desk, name, file, rows))
    return desk.good(replace(raw, rows=rows), name, judged, gone=gone)


def _people(desk: Desk, name: str, rows: ir.Table, fields: Fields) -> ir.Table:
    found = values_of(desk, name, "person", fields, rows)
    people = rows.mutate(**{f"_{field}": value for field, value in found.items()})
    people = people.filter(people._key.notnull())
    if not _is_each(desk, name, "person"):
        people = desk.settled(_latest(desk, people, tuple(found)))
    people = _with_members(desk, name, people)
    says = {field: people[f"_{field}"] for field in SAID if field in found}
    knows = {
        column: people[f"_{field}"]
        for field, column in (("birth_date", "birth_date"), ("crm_id", "crm_id"), ("created_at", "created_at"),
                              ("updated_at", "updated_at"))
        if field in found
    }  # fmt: skip
    if "account" in found or "_account" in people.columns:
        knows["account_id"] = people._account
    if "is_deleted" in found:
        knows["is_deleted"] = people._is_deleted.fill_null(False)
    return person(desk, people, name, people._key, says=says, knows=knows)


def _is_each(desk: Desk, name: str, part: str) -> bool:
    table = {"person": "person_record", "account": "account"}[part]
    return any(feed.each for feed in desk.system.feeds if (feed.object, feed.table) == (name, table))


def _latest(desk: Desk, rows: ir.Table, fields: tuple[str, ...]) -> ir.Table:
    """One row a key: of each attribute the latest value that says something."""
    at = rows._updated_at if "updated_at" in fields else rows._created_at if "created_at" in fields else None
    order = (rows._extracted_at if at is None else ibis.coalesce(at, rows._extracted_at)).cast("string")
    timed = rows.mutate(_order=order + rows._line.cast("string").lpad(12, "0") + rows._load_id)  # no two alike
    kept = {
        f"_{field}": latest_usable(desk, field, timed[f"_{field}"], timed._order)
        if field in SAID
        else timed[f"_{field}"].argmax(timed._order, where=timed[f"_{field}"].notnull())
        for field in fields
        if field not in ("key", "created_at")
    }
    if "created_at" in fields:
        kept["_created_at"] = timed._created_at.min()
    return timed.group_by("_key").agg(
        **kept, _load_id=timed._load_id.argmax(timed._order), _extracted_at=timed._extracted_at.argmax(timed._order)
    )


def _with_members(desk: Desk, name: str, people: ir.Table) -> ir.Table:
    """Add the account of people whose memberships another object holds: the last one that it names."""
    assert desk.system.mapping is not None
    for other, file in desk.system.mapping.files.items():
        if file.membership and file.membership["person"].of == name and other in desk.kept:
            rows = desk.kept[other]
            found = values_of(desk, other, "membership", file.membership, rows)
            links = rows.select(_who=found["person"], _where=found["account"], _line=rows._line)
            latest = links.group_by("_who").agg(_member_of=links._where.argmax(links._line))
            own = desk.key(name, people._key)
            joined = people.mutate(_own=own).left_join(latest, [("_own", "_who")])
            account = ibis.coalesce(joined._member_of, joined._account) if "_account" in people.columns else None
            people = joined.mutate(_account=joined._member_of if account is None else account)
    return people


def _accounts(desk: Desk, name: str, rows: ir.Table, fields: Fields) -> ir.Table:
    found = values_of(desk, name, "account", fields, rows)
    accounts = rows.mutate(**{f"_{field}": value for field, value in found.items()})
    accounts = accounts.filter(accounts._key.notnull())
    if not _is_each(desk, name, "account"):
        accounts = desk.settled(_latest(desk, accounts, tuple(found)))
    columns = {"parent": "parent_id", "owner": "owner_id"}
    shown: dict[str, ir.Value] = {
        columns.get(field, field): accounts[f"_{field}"] for field in found if field not in ("key", "is_deleted")
    }
    shown |= {
        "account_id": desk.key(name, accounts._key), "source": ibis.literal(desk.source),
        "part": ibis.literal(desk.system.part.value), "object": ibis.literal(name), "source_key": accounts._key,
        "is_deleted": accounts._is_deleted.fill_null(False) if "is_deleted" in found else ibis.literal(False),
        **desk.provenance(accounts),
    }  # fmt: skip
    return shaped(ACCOUNT, shown, accounts)


def _activities(desk: Desk, name: str, rows: ir.Table, fields: Fields) -> ir.Table:
    found = values_of(desk, name, "activity", fields, rows)
    activities = shaped(
        EMAIL_ACTIVITY,
        {
            "activity_id": desk.key(name, key_of(desk, name, rows)), "record_id": found.pop("person"), **found,
            "is_machine": ibis.literal(False), **desk.provenance(rows),
        },
        rows,
    )  # fmt: skip
    return with_machines(activities, _domains(desk), desk.staging.machines)


def _domains(desk: Desk) -> ir.Table:
    """The mail domain of each person of the source: record_id, domain."""
    assert desk.system.mapping is not None
    parts = []
    for name, file in desk.system.mapping.files.items():
        if "email" in file.person and name in desk.kept:
            rows = desk.kept[name]
            found = values_of(desk, name, "person", file.person, rows)
            domain = values.email(found["email"], ()).split("@")[1]
            parts.append(rows.select(record_id=desk.key(name, found["key"]), domain=domain))
    if not parts:
        return ibis.memtable({"record_id": [], "domain": []}, schema={"record_id": "string", "domain": "string"})
    every = ibis.union(*parts) if len(parts) > 1 else parts[0]
    every = every.filter(every.domain.notnull())
    return every.group_by("record_id").agg(domain=every.domain.max())


def _uses(desk: Desk, name: str, rows: ir.Table, fields: Fields) -> ir.Table:
    found = values_of(desk, name, "use", fields, rows)
    product, event = desk.staging.product, found["event"]
    passive = event.lower().isin([action.lower() for action in product.passive])
    feature = found.get("feature")
    if feature is None:
        feature = event.substitute(dict(product.features)) if product.features else event
    shown = {
        "event_id": desk.key(name, key_of(desk, name, rows)), "is_stitched": ibis.literal(False), "at": found["at"],
        "event": event, "is_core": ~passive, "feature": ibis.ifelse(passive, ibis.null("string"), feature),
        **({"record_id": found["person"]} if "person" in found else {}),
        **({"account_id": found["account"]} if "account" in found else {}), **desk.provenance(rows),
    }  # fmt: skip
    return shaped(USAGE_EVENT, shown, rows)


def _contracts(desk: Desk, name: str, rows: ir.Table, fields: Fields) -> ir.Table:
    found = values_of(desk, name, "contract", fields, rows)
    kinds = {"type": "string", "end": "date", "term_months": "int64", "auto_renew": "boolean", "status": "string"}
    said = {field: found.get(field, absent(rows, kind)) for field, kind in kinds.items()}
    kind = contract_type(said["type"], term=said["term_months"], end=said["end"], renews=said["auto_renew"])
    endless = kind == "evergreen"
    end = last_day(said["end"], found["start"], said["term_months"])
    shown = {
        "contract_id": desk.key(name, key_of(desk, name, rows)), "account_id": found["account"],
        "status": said["status"].fill_null("active"), "contract_type": kind, "start_date": found["start"],
        "end_date": ibis.ifelse(endless, ibis.null("date"), end),
        "term_months": ibis.ifelse(endless, ibis.null("int64"), said["term_months"]),
        "auto_renew": ibis.coalesce(said["auto_renew"], kind.isin(["auto_renew", "month_to_month"])),
        **{field: found[field] for field in ("number", "notice_days", "annual_value") if field in found},
        **desk.provenance(rows),
    }  # fmt: skip
    return shaped(CONTRACT, shown, rows)


def _answers(desk: Desk, name: str, rows: ir.Table, fields: Fields) -> ir.Table:
    found = values_of(desk, name, "answer", fields, rows)
    shown = {"response_id": desk.key(name, key_of(desk, name, rows)), "record_id": found.pop("person"), **found}
    return shaped(NPS_RESPONSE, {**shown, **desk.provenance(rows)}, rows)


def _consents(desk: Desk, name: str, rows: ir.Table, fields: Fields) -> ir.Table:
    found = values_of(desk, name, "consent", fields, rows)
    at = found.get("at", rows._extracted_at)
    parts = [found["person"], found["email"].fill_null(""), found["purpose"], found["status"], at.cast("string")]
    shown = {
        "consent_id": md5(ibis.literal("|").join(parts)), "record_id": found["person"], "point": found["email"],
        "point_type": ibis.literal("email"), "purpose": found["purpose"], "status": found["status"],
        "is_explicit": ibis.literal(True), "at": at, **desk.provenance(rows),
    }  # fmt: skip
    return shaped(CONSENT, shown, rows)


GIVEN: Mapping[str, tuple[Table, Callable[[Desk, str, ir.Table, Fields], ir.Table]]] = MappingProxyType(
    {
        "person": (PERSON_RECORD, _people),
        "account": (ACCOUNT, _accounts),
        "activity": (EMAIL_ACTIVITY, _activities),
        "use": (USAGE_EVENT, _uses),
        "contract": (CONTRACT, _contracts),
        "answer": (NPS_RESPONSE, _answers),
        "consent": (CONSENT, _consents),
    }
)
"""What each part of a mapping gives, and into which staged table."""

SALES: Mapping[str, Callable[[Desk, str, ir.Table, Fields], Staged]] = MappingProxyType(
    {
        "opportunity": mapped_sales.opportunities,
        "entered": mapped_sales.entered,
        "change": mapped_sales.changes,
        "lead": mapped_sales.lead_steps,
        "score": mapped_sales.scores,
        "response": mapped_sales.responses,
        "conversation": mapped_sales.conversations,
    }
)
"""The parts of which each names its tables itself."""
