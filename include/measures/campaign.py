"""Campaign: the marketing campaigns that a person is in, by all records of the profile."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from include.measures.inputs import Inputs


def person(inputs: Inputs) -> ir.Table:
    """Return the campaign measures of everybody who is in one; two records in one campaign are one membership."""
    rows = inputs.campaign_member
    rows = rows.mutate(day=inputs.day(rows.created_at), responded_on=rows.first_responded_on)
    rows = rows.filter(rows.day.isnull() | (rows.day <= inputs.today))
    rows = inputs.of_person(rows).left_join(inputs.campaign.select("campaign_id", "name"), "campaign_id")
    counted = rows.group_by("profile_id").aggregate(
        campaigns=rows.campaign_id.nunique(),
        campaign_responses=rows.campaign_id.nunique(where=rows.has_responded),
        campaign_responded_on=rows.responded_on.max(where=rows.responded_on <= inputs.today),
    )
    latest = ibis.window(group_by="profile_id", order_by=[rows.day.desc(nulls_first=False), rows.member_id])
    ranked = rows.mutate(place=ibis.row_number().over(latest))
    last = ranked.filter(ranked.place == 0).select(
        "profile_id", campaign_last="name", campaign_last_status="status", campaign_last_on="day",
        campaign_member_id="member_id",
    )  # fmt: skip
    return counted.left_join(last, "profile_id").drop("profile_id_right")
