"""History: a row of a member's state only where it changed, so that a year of days costs little more than one.

The state on a date is each member's latest row up to it. A second run on one logical date replaces that day; one that
rewinds replaces that day and all later ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import ibis
import ibis.expr.types as ir

from include.contracts.runs import DatasetRef, Run, fingerprint
from include.contracts.tables import Table
from include.storage import days
from include.storage.engine import Transforms
from include.storage.lake import Manifest
from include.storage.versions import FOLLOWS, made_of


def keep(engine: Transforms, table: Table, current: ir.Table, run: Run, inputs: Mapping[str, str]) -> DatasetRef:
    """Write the rows of ``current`` that differ from the history's last state; returns the history's new version.

    Raises EarlierDayError where readers have a later day and the run does not rewind.
    """
    before = days.follows(engine.lake, table.name, run)
    if before is not None and made_of(before) == dict(inputs):
        return before.ref
    base = until_yesterday(engine, table, before, run.as_of)
    version = fingerprint(inputs, base.version if base else None, list(base.files) if base else [])
    known = engine.read(table, base)
    named = {**inputs, FOLLOWS: base.version if base else ""}
    return engine.write(
        table, changes(table, known, current, run.as_of), version=version, inputs=named, point=False, extends=base
    )


def state_on(table: Table, history: ir.Table, day: ir.DateValue) -> ir.Table:
    """Return each member's latest row on ``day``, those that no longer exist among them."""
    member = table.key[:-1]
    rows = history.filter(history.since <= day)
    others = [name for name in table.names if name not in member]
    newest = rows.group_by(*member).aggregate(newest=ibis.struct({name: rows[name] for name in others}).max())
    return newest.select(*member, **{name: newest.newest[name] for name in others})


def changes(table: Table, history: ir.Table, current: ir.Table, as_of: date) -> ir.Table:
    """Return a row for each member that is new, changed or gone since the history's last state."""
    member = table.key[:-1]
    values = [name for name in table.names if name not in (*table.key, "is_present")]
    last = state_on(table, history, ibis.literal(as_of))
    joined = current.select(*member, *values, is_present=True).outer_join(last, member, rname="{name}_before")
    present = joined.is_present.fill_null(False)
    kept = [joined[name].identical_to(joined[f"{name}_before"]) for name in values]
    same = present.identical_to(joined.is_present_before.fill_null(False))
    for equal in kept:
        same = same & (equal | ~present)
    return joined.filter(~same).select(
        **{name: ibis.coalesce(joined[name], joined[f"{name}_before"]) for name in member},
        since=ibis.literal(as_of),
        is_present=present,
        **{name: _said(table, name, joined) for name in values},
    )


def _said(table: Table, name: str, joined: ir.Table) -> ir.Value:
    """What a row says; of one that is gone only what every row has to say, as it was last."""
    value = joined[name]
    return ibis.coalesce(value, joined[f"{name}_before"]) if table.column(name).required else value


def until_yesterday(engine: Transforms, table: Table, before: Manifest | None, as_of: date) -> Manifest | None:
    """Return the history without the files of ``as_of`` itself, which a run of that day replaces."""
    if before is None or before.inputs["as_of"] != as_of.isoformat():
        return before
    earlier = replace(before, files=tuple(file for file in before.files if not file.startswith(f"{before.version}.")))
    return replace(earlier, rows=engine.read(table, earlier).count().to_pyarrow().as_py()) if earlier.files else None
