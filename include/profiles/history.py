"""What records said before: the employer before a job change, the address before the new one."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

ATTRIBUTES = ("company", "title", "email", "phone")


def former_values(before: ir.Table, now: ir.Table) -> ir.Table:
    """Return profile_history's new rows: what records of ``before`` had and have no longer in ``now``.

    A value holds from the change time of the record that had it until that of the record without it. Words that are
    the same and are only read otherwise, since a setting was corrected, have not changed.
    """
    received = [f"{name}_received" for name in ATTRIBUTES if f"{name}_received" in before.columns]
    kept = {f"was_{name}": before[name] for name in (*ATTRIBUTES, *received)}
    known = before.select("record_id", held_from=_changed_at(before), **kept)
    both = now.inner_join(known, "record_id").mutate(held_until=_changed_at)
    parts = []
    for name in ATTRIBUTES:
        was = both[f"was_{name}"]
        lost = both.filter(was.notnull(), (both[name] != was).fill_null(True))
        if f"{name}_received" in received:
            lost = lost.filter((lost[f"was_{name}_received"] != lost[f"{name}_received"]).fill_null(True))
        parts.append(
            lost.select(
                "record_id",
                attribute=ibis.literal(name),
                value=lost[f"was_{name}"],
                held_from="held_from",
                held_until="held_until",
            )
        )
    return ibis.union(*parts)


def _changed_at(rows: ir.Table) -> ir.Value:
    return ibis.coalesce(rows.updated_at, rows.created_at, rows.extracted_at)
