"""Which way a company wants a measure to go, or can move it; one that is not listed is a fact that nobody makes."""

from __future__ import annotations

from collections.abc import Mapping

from include.contracts.measures.declaration import RENEWAL_BUCKETS, USAGE_TIERS

MORE, LESS, EITHER = "more", "less", "either"

Wanted = str | tuple[str | bool, ...]
"""MORE (later, of a day), LESS, EITHER; or the values in the order in which they get better."""

_UP = (
    "nps", "nps_score", "nps_change", "nps_promoters", "account_nps", "usage_active_days_7", "usage_active_days_28",
    "usage_active_days_90", "usage_core_actions_28", "usage_features_28", "usage_seats_used", "usage_seats_bought",
    "usage_breadth", "usage_features_adopted", "usage_trend", "usage_last_on", "usage_seen_on", "email_opens_28",
    "email_clicks_28", "engagement_last_on", "renewal_date", "renewal_days", "renewal_notice_on", "contract_end_on",
    "contract_value", "contracts_live", "account_active_people", "nps_answers", "nps_answered", "nps_on",
    "usage_change", "usage_change_chance", "usage_active_people", "account_nps_answered", "email_engaged_90",
)  # fmt: skip
_SALES = (
    "opportunities_open", "opportunities_open_amount", "opportunity_amount", "opportunity_close_on",
    "opportunities_won", "opportunities_won_amount", "opportunity_won_on",
)  # fmt: skip
_REACH = (
    "email_opens", "email_clicks", "email_opened_on", "email_clicked_on", "email_engaged_on", "campaign_responses",
    "campaign_responded_on",
)  # fmt: skip
_DOWN = (
    "nps_detractors", "usage_falling_weeks", "usage_days_since", "engagement_days_since", "account_usage_falling_weeks",
    "contract_value_overdue", "usage_people_elsewhere", "nps_of_former_people",
)  # fmt: skip
_TIERS = tuple(reversed(USAGE_TIERS))

WANTED: Mapping[str, Wanted] = {
    **dict.fromkeys((*_UP, *_SALES, *_REACH), MORE),
    **dict.fromkeys(_DOWN, LESS),
    **dict.fromkeys(("email_sent_28", "email_sent_90", "email_sent", "email_sent_on"), EITHER),
    **dict.fromkeys(("campaigns", "campaign_last_on"), EITHER),
    "nps_class": ("detractor", "passive", "promoter"),
    "usage_tier": _TIERS,
    "account_usage_tier": _TIERS,
    "renewal_bucket": tuple(bucket for bucket in RENEWAL_BUCKETS if bucket != "none"),
    "contract_type": ("none", "month_to_month", "term", "multi_year", "auto_renew", "evergreen"),
    "contract_auto_renews": (False, True),
    "contracts_overlap": (True, False),
    **dict.fromkeys(("is_at_risk", "account_is_at_risk"), (True, False)),
    **dict.fromkeys(("usage_is_declining", "account_usage_is_declining"), (True, False)),
    "has_email": (False, True),
    "email_consent": ("opted_out", "opted_in"),
    "phone_consent": ("opted_out", "opted_in"),
    "has_phone": (False, True),
    "email_unsubscribed_28": (True, False),
    "email_frequency": ("saturated", "undersaturated", "on_target"),
}
