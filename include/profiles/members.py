"""The records of each profile, and those among them that may give it attributes."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from include.profiles.settings import ATTRIBUTES

# The columns of staged/person_record that a profile is made of.
USED = (
    "record_id", "source", "part", "object", "source_key", "email", "phone", "other_emails", "other_phones", "crm_id",
    "account_id", *ATTRIBUTES, "is_deleted", "created_at", "updated_at", "extracted_at",
)  # fmt: skip
LAST = 1_000  # the rank of a source that survivorship.yaml does not name


def member_records(crosswalk: ir.Table, records: ir.Table, sources: tuple[str, ...]) -> ir.Table:
    """Join each person record to its profile.

    Adds ``source_rank`` (0 is the most trusted), ``changed_at`` (the time of its attributes) and ``speaks``: a
    record that its source deleted says nothing of a person of whom another record lives.
    """
    ranks = [(f"{name}", rank) for rank, name in enumerate(sources)]
    joined = crosswalk.select("record_id", "profile_id", "confidence").inner_join(records.select(*USED), "record_id")
    ranked = joined.mutate(
        source_rank=(joined.part + "." + joined.object).cases(*ranks, else_=LAST),
        changed_at=ibis.coalesce(joined.updated_at, joined.created_at, joined.extracted_at),
    )
    living = (~ranked.is_deleted).any().over(ibis.window(group_by="profile_id"))
    return ranked.mutate(speaks=~ranked.is_deleted | ~living)
