"""Staged tables: the current, cleaned state of each source row. Written by `stage`, read by all later stages.

Ids are made as ``<source>.<object>:<key in the source>``, for example ``crm.contact:0035g00000XyZ12AAB``.
"""

from __future__ import annotations

from include.contracts.staged.activity import EMAIL_ACTIVITY, NPS_RESPONSE, SURVEY_REQUEST, USAGE_EVENT
from include.contracts.staged.feeds import QUARANTINE, SOURCE_STATE
from include.contracts.staged.people import ACCOUNT, CONSENT, PERSON_RECORD
from include.contracts.staged.provenance import PROVENANCE
from include.contracts.staged.sales import (
    ASSET,
    CAMPAIGN,
    CAMPAIGN_MEMBER,
    CONTRACT,
    CONVERSATION,
    DEPARTURE,
    LEAD_STEP,
    OPPORTUNITY,
    OPPORTUNITY_CONTACT_ROLE,
    OPPORTUNITY_STAGE,
    PROSPECT_SCORE,
)

ACTIVITIES = (
    EMAIL_ACTIVITY, USAGE_EVENT, NPS_RESPONSE, CONTRACT, ASSET, OPPORTUNITY, OPPORTUNITY_CONTACT_ROLE,
    CAMPAIGN, CAMPAIGN_MEMBER, LEAD_STEP, OPPORTUNITY_STAGE, CONVERSATION, DEPARTURE, SURVEY_REQUEST, PROSPECT_SCORE,
    CONSENT,
)  # fmt: skip
STAGED = (PERSON_RECORD, ACCOUNT, *ACTIVITIES, SOURCE_STATE, QUARANTINE)

__all__ = [
    "ACCOUNT",
    "ACTIVITIES",
    "ASSET",
    "CAMPAIGN",
    "CAMPAIGN_MEMBER",
    "CONSENT",
    "CONTRACT",
    "CONVERSATION",
    "DEPARTURE",
    "EMAIL_ACTIVITY",
    "LEAD_STEP",
    "NPS_RESPONSE",
    "OPPORTUNITY",
    "OPPORTUNITY_CONTACT_ROLE",
    "OPPORTUNITY_STAGE",
    "PERSON_RECORD",
    "PROSPECT_SCORE",
    "PROVENANCE",
    "QUARANTINE",
    "SOURCE_STATE",
    "STAGED",
    "SURVEY_REQUEST",
    "USAGE_EVENT",
]
