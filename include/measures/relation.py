"""Relation: who the person or the company is, from the golden record, and what the title says."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from include.measures.inputs import Inputs

OF_ACCOUNT = {
    "account_name": "name",
    "account_industry": "industry",
    "account_plan": "plan",
    "account_employees": "employees",
    "account_active_people": "usage_active_people",
    "account_usage_falling_weeks": "usage_falling_weeks",
    "account_usage_is_declining": "usage_is_declining",
    "account_usage_tier": "usage_tier",
    "account_nps": "nps",
    "account_nps_answered": "nps_answered",
    "account_is_at_risk": "is_at_risk",
    "account_risk_reasons": "risk_reasons",
}
"""Measures of a person that are its account's: name here, name in account_360."""


def person(inputs: Inputs) -> ir.Table:
    """Return each profile's own measures (those of its account are joined from account_360)."""
    rows = inputs.profile
    for part in (_buying_role(inputs), _bounced(inputs)):
        rows = rows.left_join(part, "profile_id").drop("profile_id_right")
    title, seen = rows.title.lower(), inputs.day(rows.first_seen_at)
    reading = inputs.thresholds.relation
    return rows.select(
        "profile_id",
        "account_id",
        "title",
        "country",
        "email_consent",
        "buying_role",
        first_seen_on=seen,
        tenure_days=inputs.elapsed(seen),
        seniority=_read(title, reading.seniority, "staff"),
        job_function=_read(title, reading.job_function, "other"),
        **_shared_ends(inputs),
        email_through=ibis.literal(inputs.email_through),
        engagement_through=ibis.literal(inputs.engagement_through),
        email_bounced=ibis.ifelse(rows.email.notnull(), rows.is_bounced.fill_null(False), None),
        has_email=rows.email.notnull() & ~rows.is_bounced.fill_null(False),
        identity_confidence=rows.confidence,
        identity_records=rows.records,
    )


def account(inputs: Inputs) -> ir.Table:
    """Return each account's own measures."""
    rows = inputs.account
    seen = inputs.day(rows.created_at)
    return rows.select(
        "account_id", "name", "industry", "country", "plan", "employees", "people",
        **_shared_ends(inputs),
        first_seen_on=seen, tenure_days=inputs.elapsed(seen),
    )  # fmt: skip


def _shared_ends(inputs: Inputs) -> dict[str, ir.DateValue]:
    """The last complete days of the sources that measures of people and of accounts come from."""
    ends = {"usage_through": inputs.usage_through, "nps_through": inputs.nps_through}
    return {name: ibis.literal(day) for name, day in {**ends, "contracts_through": inputs.contracts_through}.items()}


def _read(title: ir.StringValue, patterns: Mapping[str, str], other: str) -> ir.StringValue:
    """Return the first pattern's name that the title holds; ``other`` for any other title, unknown for none."""
    found = tuple((title.re_search(pattern), name) for name, pattern in patterns.items())
    return ibis.cases((title.isnull(), "unknown"), *found, else_=other)


def _bounced(inputs: Inputs) -> ir.Table:
    """Return the profiles whose best address bounces: they have no other that does not."""
    points = inputs.profile_identifier
    bounced = points.filter((points.type == "email") & points.is_primary & ~points.is_deliverable.fill_null(True))
    return bounced.select("profile_id", is_bounced=True)


def _buying_role(inputs: Inputs) -> ir.Table:
    """Return each person's role in the opportunity that was created last."""
    roles = inputs.opportunity_contact_role
    roles = inputs.of_person(roles.filter(roles["role"].notnull()))
    joined = roles.inner_join(inputs.opportunity["opportunity_id", "created_at"], "opportunity_id")
    order = ibis.struct(
        {
            "at": joined.created_at.fill_null(ibis.timestamp("0001-01-01 00:00:00", timezone="UTC")),
            "id": joined.role_id,
            "role": joined["role"],
        }
    )
    newest = joined.group_by("profile_id").aggregate(newest=order.max())
    return newest.select("profile_id", buying_role=newest.newest["role"])
