"""Staged rows written briefly, with whatever a test does not mind filled in; for tests of several kinds."""

from __future__ import annotations

from datetime import UTC, date, datetime

import ibis
import pyarrow as pa

from include.contracts import staged
from include.contracts.identity import CROSSWALK
from include.contracts.tables import Table

DAY = date(2026, 1, 5)


def on(year, month=1, day=1):
    return datetime(year, month, day, tzinfo=UTC)


# the part of each source that these tests name
PARTS = {"crm": "crm", "usage": "product", "email": "mail", "nps": "survey"}
PROVENANCE = {"load_id": "load", "extracted_at": on(2026)}


def rows(table: Table, given):
    """An Ibis table of the declaration's columns; what a row leaves out is null."""
    filled = [{name: row.get(name) for name in table.names} for row in given]
    nullable = pa.schema(field.with_nullable(True) for field in table.schema)
    return ibis.memtable(pa.Table.from_pylist(filled, nullable))


def person(record_id, **values):
    source, rest = record_id.split(".", 1)
    kind, key = rest.split(":", 1)
    return {
        "record_id": record_id, "source": source, "part": PARTS[source], "object": kind,
        "source_key": key, "is_deleted": False,
        "created_at": on(2020), "updated_at": on(2024), **PROVENANCE, **values,
    }  # fmt: skip


def people(*given):
    return rows(staged.PERSON_RECORD, given)


def account(account_id, **values):
    source, rest = account_id.split(".", 1)
    kind, key = rest.split(":", 1)
    return {
        "account_id": account_id, "source": source, "part": PARTS[source], "object": kind,
        "source_key": key, "is_deleted": False,
        "updated_at": on(2024), **PROVENANCE, **values,
    }  # fmt: skip


def accounts(*given):
    return rows(staged.ACCOUNT, given)


def said(record_id, status, at, *, point="a@x.example", explicit=False, purpose="email_marketing"):
    return {
        "consent_id": f"{record_id}{status}{at}{point}{explicit}", "record_id": record_id,
        "point_type": purpose.split("_", maxsplit=1)[0], "point": point, "purpose": purpose, "status": status,
        "is_explicit": explicit, "at": at, **PROVENANCE,
    }  # fmt: skip


def consents(*given):
    return rows(staged.CONSENT, given)


def crosswalk(**profiles):
    """``crosswalk(P="crm.contact:1 usage.user:2")`` puts both records into profile P."""
    return rows(
        CROSSWALK,
        [
            {"record_id": record, "profile_id": profile, "confidence": 0.9, "since": DAY, "home_id": profile}
            for profile, records in profiles.items()
            for record in records.split()
        ],
    )


def found(expression, *order):
    """The expression's rows as dictionaries, in order."""
    table = expression.order_by(list(order)) if order else expression
    return ibis.duckdb.connect().to_pyarrow(table).to_pylist()
