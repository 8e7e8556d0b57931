"""Salesforce's history of leads: the statuses that they were given, and why they were rejected or sent back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from include.contracts.exports import salesforce
from include.samples.crm import IMPOSSIBLE_STAMPS, STATUSES
from include.samples.figures import Leads
from include.samples.flaws import Mask, picked
from include.samples.names import Floats, Int
from include.samples.world import DAY, World, rarely, spoiled
from include.samples.writing import CsvFile, salesforce_ids, stamps

OPEN, WORKING, CONVERTED, CLOSED = range(4)  # of crm.STATUSES
REJECTIONS = ("No budget", "No need", "Wrong person", "Student or job seeker", "Chose a competitor")
RETURNS = ("Not ready yet", "Budget next year", "Could not be reached")
_TAKEN_UP = 0.6  # of rejected leads, those that sales had taken up first
_TOLD = 0.85  # of rejected and recycled leads, those with a reason


@dataclass(frozen=True, slots=True)
class LeadHistory:
    """When sales took each lead up (seconds since 1970; -1 for never), and its reasons (one beyond the last: none)."""

    sal: Floats
    rejection: Int  # of REJECTIONS
    return_: Int  # of RETURNS


def write_lead_history(world: World, leads: Leads) -> LeadHistory:
    """Write LeadHistory.csv; returns what became of leads beside the days that the leads have themselves."""
    rng = world.chance("lead history")
    history = LeadHistory(
        sal=_taken_up(leads, rng),
        rejection=_reason(leads.rejected >= 0, len(REJECTIONS), rng),
        return_=_reason(leads.recycled >= 0, len(RETURNS), rng),
    )
    changes = _changes(leads, history, rng).sort_values(["at", "lead"], kind="stable")
    when = changes["at"].to_numpy()
    with CsvFile(world.out / "exports" / salesforce.LEAD_HISTORY.path, salesforce.LEAD_HISTORY.names) as file:
        file.write({
            "Id": salesforce_ids("017", np.arange(len(changes))),
            "IsDeleted": "false",
            "LeadId": salesforce_ids("00Q", changes["lead"].to_numpy()),
            **{name: pa.array(changes[name], pa.string()) for name in ("Field", "OldValue", "NewValue")},
            "CreatedDate": spoiled(
                rarely(world.rates.source.invalid, len(changes), rng), stamps(when), IMPOSSIBLE_STAMPS, rng
            ),
        })  # fmt: skip
    return history


def _taken_up(leads: Leads, rng: np.random.Generator) -> Floats:
    """Sales takes up what it will accept, some of what it rejects, and whatever it works on."""
    count = len(leads.who)
    decided = np.where(leads.sql >= 0, leads.sql, leads.rejected)
    between = leads.mql + rng.random(count) * (decided - leads.mql)
    first = np.where(leads.mql >= 0, leads.mql, leads.created)
    working = np.minimum(first + rng.exponential(6, count) * DAY, np.maximum(leads.modified, first))
    taken = (leads.sql >= 0) | ((leads.rejected >= 0) & (rng.random(count) < _TAKEN_UP))
    return np.where(taken, between, np.where(leads.status == WORKING, working, -1.0))


def _reason(given: Mask, reasons: int, rng: np.random.Generator) -> Int:
    count = len(given)
    chosen = np.minimum((rng.random(count) ** 1.5 * reasons).astype(np.int64), reasons - 1)
    return np.where(given & (rng.random(count) < _TOLD), chosen, reasons)


def _changes(leads: Leads, history: LeadHistory, rng: np.random.Generator) -> pd.DataFrame:
    """One row a change: the lead's row, the field, both values, and when."""
    count = len(leads.who)
    taken = history.sal >= 0
    before = picked(STATUSES, np.where(taken, WORKING, OPEN))
    closed = np.where(leads.rejected >= 0, leads.rejected, leads.modified.astype(np.float64))
    end = np.maximum(np.where(leads.status == CLOSED, closed, leads.modified), history.sal)
    first, second = picked((*REJECTIONS, None), history.rejection), picked((*RETURNS, None), history.return_)
    tracked = rng.random(count) < 0.1  # another field whose history is kept
    return pd.concat([
        _rows(taken, "Status", STATUSES[OPEN], STATUSES[WORKING], history.sal),
        _rows(leads.status >= CONVERTED, "Status", before, picked(STATUSES, leads.status), end),
        _rows(history.rejection < len(REJECTIONS), "Status_Reason__c", None, first, leads.rejected),
        _rows(history.return_ < len(RETURNS), "Status_Reason__c", first, second, leads.recycled),
        _rows(tracked, "Rating", "Cold", "Warm", (leads.created + leads.modified) / 2),
    ])  # fmt: skip


def _rows(mask: Mask, field: str, old: pa.Array | str | None, new: pa.Array | str, when: Floats) -> pd.DataFrame:
    told = {"Field": field, "OldValue": old, "NewValue": new}
    columns = {name: values.to_pandas() if isinstance(values, pa.Array) else values for name, values in told.items()}
    return pd.DataFrame({"lead": np.arange(len(mask)), **columns, "at": when})[mask]
