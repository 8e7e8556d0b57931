"""Steps of leads: the days on which each became qualified, was accepted, rejected, recycled or converted.

A lead has a day for some of them, and its history tells the others by the status that it was given, and why. A step
that both tell of on one day is one step.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import ibis
import ibis.expr.types as ir

from include.contracts.staged import LEAD_STEP
from include.staging import values
from include.staging.desk import Desk, shaped
from include.staging.row_rules import is_deleted, key_rules, moment_rules, presence_rules

DATED: Mapping[str, str] = MappingProxyType(
    {
        "mql": "MQL_Date__c",
        "sql": "SQL_Date__c",
        "rejected": "Rejected_Date__c",
        "recycled": "Recycled_Date__c",
        "converted": "ConvertedDate",
    }
)
SAME = ("record_id", "on_date")


def lead_steps(desk: Desk) -> ir.Table:
    """Return the steps that leads have a day for, of the leads that were staged and are not deleted.

    A day that is none of the calendar is no step; how many there are is counted.
    """
    rows = _living(desk)
    for column in DATED.values():
        given = values.given(rows[column])
        desk.tell("lead", f"unreadable.{column}", rows.filter(given & values.day(rows[column]).isnull()))
    steps = _dated(desk, rows)
    return _with_reasons(desk, steps, _history(desk, rows)) if desk.has("lead_history") else steps


def told_steps(desk: Desk) -> ir.Table:
    """Return the steps that the history tells of by the statuses that leads were given, and no day of the lead."""
    if "lead" not in desk.kept:  # a history of nobody
        _changes(desk)
        return ibis.memtable(LEAD_STEP.schema.empty_table())
    leads = _living(desk)
    history = _history(desk, leads)
    step = values.word(history.NewValue, desk.staging.leads.statuses)
    rows = history.mutate(step=step).filter((values.folded(history.Field).lower() == "status") & step.notnull())
    found = {
        "step_id": rows.record_id + "/" + rows.step + "/" + rows.Id,
        **{name: rows[name] for name in ("record_id", "step", "on_date", "owner_id")},
        **desk.provenance(rows),
    }
    steps = shaped(LEAD_STEP, found, rows).anti_join(_dated(desk, leads), [*SAME, "step"])
    return _with_reasons(desk, steps, history)


def _living(desk: Desk) -> ir.Table:
    rows = desk.kept["lead"]
    return rows.filter(~is_deleted(rows))


def _dated(desk: Desk, leads: ir.Table) -> ir.Table:
    return ibis.union(*(_step(desk, leads, step, column) for step, column in DATED.items()))


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


def _changes(desk: Desk) -> ir.Table:
    """The good rows of the history, judged once."""
    if "lead_history" not in desk.kept:
        raw = desk.raw("lead_history")
        rules = (
            *key_rules(raw.rows, "Id"),
            *presence_rules(raw.rows, "LeadId", "Field", "CreatedDate"),
            *moment_rules(raw.rows, desk.zone, "CreatedDate"),
        )
        desk.good(raw, "lead_history", rules, gone=is_deleted)
    return desk.kept["lead_history"]


def _history(desk: Desk, leads: ir.Table) -> ir.Table:
    """The changes of leads that are there, with the lead's owner and the day of each change."""
    joined = _changes(desk).inner_join(leads.select(LeadId=leads.Id, owner_id=leads.OwnerId), "LeadId")
    when = desk.moment(joined, "CreatedDate", "lead_history")
    return desk.named(joined.mutate(record_id=desk.key("lead", joined.LeadId), on_date=when.date()))


def _with_reasons(desk: Desk, steps: ir.Table, history: ir.Table) -> ir.Table:
    """Give rejected and recycled steps the last reason that the lead was given on that day.

    A lead that was rejected and sent back on one day was rejected for the first one.
    """
    fields = list(desk.staging.leads.reasons)
    why = history.filter(values.folded(history.Field).isin(fields) & values.given(history.NewValue))
    order, reason = why.CreatedDate + why.Id, values.folded(why.NewValue)
    said = why.group_by(*SAME).agg(_first=reason.argmin(order), _last=reason.argmax(order))
    returned = steps.filter(steps.step == "recycled").select(*SAME).distinct().mutate(_is_returned=True)
    joined = steps.left_join(said, list(SAME)).drop("record_id_right", "on_date_right").left_join(returned, list(SAME))
    found = ibis.cases(
        ((joined.step == "rejected") & joined._is_returned.fill_null(False), joined._first),
        (joined.step.isin(["rejected", "recycled"]), joined._last),
        else_=ibis.null("string"),
    )
    return joined.drop("reason").mutate(reason=found).select(*LEAD_STEP.names)
