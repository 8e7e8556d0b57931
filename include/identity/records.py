"""Person records as they are compared with each other."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from include.contracts.runs import DatasetRef
from include.contracts.staged import PERSON_RECORD
from include.storage.engine import Engine
from include.storage.lake import Manifest

ORDER = "order"
LATER = ("phone_extension", "other_emails", "other_phones", "merged_into")  # that versions of before them do not have


def read_records(engine: Engine, at: DatasetRef | Manifest | None) -> ir.Table:
    """Return the person records of a version, each telephone number with its extension behind it.

    Two extensions of one number are two people at a switchboard. A contact point is the number alone, so staging keeps
    them apart; versions of before it did have none.
    """
    rows = as_staged(engine, at)
    return rows.mutate(phone=ibis.coalesce(rows.phone + ";ext=" + rows.phone_extension, rows.phone))


def as_staged(engine: Engine, at: DatasetRef | Manifest | None) -> ir.Table:
    """Return the person records of a version as they are staged, columns that it was written without being null."""
    rows = engine.read(PERSON_RECORD, at)
    later = [name for name in LATER if name not in rows.columns]
    return rows.mutate(**{name: ibis.null("string") for name in later}) if later else rows


def in_order(records: ir.Table) -> ir.Table:
    """Add the column ORDER, by which records can be put in order whatever their sources are called."""
    return records.mutate(**{ORDER: records.part + "." + records.object + ":" + records.source_key})


def merged(records: ir.Table) -> pa.Table:
    """Return the pairs of records that their source has merged, as record_a and record_b.

    What was merged there is one person here, unless a steward has decided that it never is.
    """
    pairs = records.filter(records.merged_into.notnull() & (records.merged_into != records.record_id))
    return pairs.select(record_a=pairs.record_id, record_b=pairs.merged_into).to_pyarrow()
