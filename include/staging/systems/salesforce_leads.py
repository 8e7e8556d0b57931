"""Steps of leads: the days on which each became qualified, was accepted, rejected, recycled or converted."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import ibis
import ibis.expr.types as ir

from include.contracts.staged import LEAD_STEP
from include.staging import values
from include.staging.desk import Desk, shaped
from include.staging.row_rules import is_deleted

DATED: Mapping[str, str] = MappingProxyType(
    {
        "mql": "MQL_Date__c",
        "sql": "SQL_Date__c",
        "rejected": "Rejected_Date__c",
        "recycled": "Recycled_Date__c",
        "converted": "ConvertedDate",
    }
)


def lead_steps(desk: Desk) -> ir.Table:
    """Return the rows of staged/lead_step, of the leads that were staged and are not deleted.

    A day that is none of the calendar is no step; how many there are is counted.
    """
    rows = desk.kept["lead"]
    rows = rows.filter(~is_deleted(rows))
    for column in DATED.values():
        given = values.given(rows[column])
        desk.tell("lead", f"unreadable.{column}", rows.filter(given & values.day(rows[column]).isnull()))
    return ibis.union(*(_step(desk, rows, step, column) for step, column in DATED.items()))


def _step(desk: Desk, rows: ir.Table, step: str, column: str) -> ir.Table:
    rows = rows.filter(values.day(rows[column]).notnull())
    record = desk.key("lead", rows.Id)
    found: dict[str, ir.Value] = {
        "step_id": record + f"/{step}",
        "record_id": record,
        "step": ibis.literal(step),
        "on_date": values.day(rows[column]),
        "owner_id": rows.OwnerId,
        **desk.provenance(rows),
    }
    if step == "converted":
        found["opportunity_id"] = desk.key("opportunity", rows.ConvertedOpportunityId)
    return shaped(LEAD_STEP, found, rows)
