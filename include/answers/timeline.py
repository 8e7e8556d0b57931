"""The timeline of a person: what they did, what reached them, and what became of their profile, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir

from include.answers.lookup import Row
from include.answers.profile import ProfileExplained
from include.contracts.segments import SEGMENT_EVENT
from include.contracts.staged import EMAIL_ACTIVITY, NPS_RESPONSE, USAGE_EVENT
from include.storage.readers import LakeReader

SHOWN_VALUES = ("company", "title")  # a former address or number may be one that must not be used
_FORM = {"on": "date", "kind": "string", "about": "string", "record": "string", "times": "int64"}


@dataclass(frozen=True, slots=True)
class Happening:
    """What happened on a day, so many ``times``.

    ``kind``: answered, used, a kind of email_activity (and the actor, where it is no person for sure), a kind of
    segment_event after the word segment, a kind of identity event, changed. ``about``: the score, the feature, the
    mailing, the segment's key, the other profile, the attribute. ``record``: the source's row, where it is one.
    """

    on: date
    kind: str
    about: str | None
    record: str | None
    times: int


def timeline(reader: LakeReader, found: ProfileExplained, limit: int) -> list[Happening]:
    """Return the latest of what happened to a profile that was explained with its former values."""
    records = [row["record_id"] for row in found.records]
    activity = [part(reader, records) for part in (_answers, _mails, _use)]
    done = ibis.union(*activity, _moves(reader, found.profile_id))
    latest = done.order_by(ibis.desc(done.on), done.kind, done.about).limit(limit).to_pyarrow().to_pylist()
    told = [Happening(**row) for row in latest]
    told += [Happening(row["on_date"], row["kind"], row["other_profile_id"], None, 1) for row in found.events]
    told += [_changed(row) for row in found.history]
    return sorted(told, key=lambda one: (one.on, one.kind, one.about or ""), reverse=True)[:limit]


def _answers(reader: LakeReader, records: Sequence[str]) -> ir.Table:
    rows = reader.input(NPS_RESPONSE)
    mine = rows.filter(rows.record_id.isin(records))
    return _formed(mine.select(on=mine["at"].date(), kind=ibis.literal("answered"), about=mine.score.cast("string"),
                               record=mine.response_id, times=ibis.literal(1)))  # fmt: skip


def _mails(reader: LakeReader, records: Sequence[str]) -> ir.Table:
    """What happened to mails, by day, mailing and who did it."""
    rows = reader.input(EMAIL_ACTIVITY)
    mine = rows.filter(rows.record_id.isin(records))
    kind = ibis.ifelse(mine.actor.isin(("machine", "unknown")), mine.kind + " " + mine.actor, mine.kind)
    grouped = mine.group_by(on=mine["at"].date(), kind=kind, about=mine.mailing)
    return _formed(grouped.aggregate(record=mine.activity_id.min(), times=mine.count()))


def _use(reader: LakeReader, records: Sequence[str]) -> ir.Table:
    """Core actions, by day and feature."""
    rows = reader.input(USAGE_EVENT)
    mine = rows.filter(rows.record_id.isin(records), rows.is_core)
    grouped = mine.group_by(on=mine["at"].date(), kind=ibis.literal("used"), about=mine.feature.fill_null(mine.event))
    return _formed(grouped.aggregate(record=ibis.null("string"), times=mine.count()))


def _moves(reader: LakeReader, profile_id: str) -> ir.Table:
    """Into segments and out of them."""
    rows = reader.table(SEGMENT_EVENT)
    mine = rows.filter(rows.member_id == profile_id)
    kind = ibis.literal("segment ") + mine.kind
    named = mine.select(on=mine.on_date, kind=kind, about=mine.segment_key)
    return _formed(named.mutate(record=ibis.null("string"), times=ibis.literal(1)))


def _changed(row: Row) -> Happening:
    value = f": {row['value']}" if row["attribute"] in SHOWN_VALUES and row["value"] else ""
    return Happening(row["held_until"].date(), "changed", f"{row['attribute']}{value}", row["record_id"], 1)


def _formed(rows: ir.Table) -> ir.Table:
    return rows.select(**{name: rows[name].cast(kind) for name, kind in _FORM.items()})
