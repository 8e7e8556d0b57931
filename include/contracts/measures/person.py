"""Measures of a person."""

from __future__ import annotations

from include.contracts.measures.declaration import (
    FREQUENCY_BUCKETS,
    JOB_FUNCTIONS,
    NPS_CLASSES,
    SENIORITIES,
    USAGE_TIERS,
    Measure,
    engagement,
    nps,
    relation,
    usage,
)
from include.contracts.measures.reach import CAMPAIGN_MEASURES, CONTACT_MEASURES
from include.contracts.measures.sales import SALES_MEASURES
from include.contracts.measures.shared import RENEWAL_MEASURES, SOURCE_ENDS, USAGE_MEASURES, active_days
from include.contracts.tables import boolean, count, date, integer, number, text
from include.contracts.vocabulary import CONSENT_STATUSES

SIGNS = ("email_activity", "usage_event")  # what a sign of engagement may come from

PERSON_MEASURES: tuple[Measure, ...] = (
    nps(integer("nps_score", "Latest valid answer, 0 to 10", minimum=0, maximum=10), "points"),
    nps(
        text("nps_class", "Class of the latest answer; unknown without one", required=True, allowed=NPS_CLASSES),
        default="unknown",
        history=True,
        beside=("nps_of_another_account",),
    ),
    nps(date("nps_on", "Day of the latest answer")),
    nps(integer("nps_change", "Latest answer less the one before it", minimum=-10, maximum=10), "points"),
    nps(
        count("nps_answers", "Different answers within the window, over all the person's records"), "answers", default=0
    ),
    nps(text("nps_response_id", "The latest answer (staged/nps_response)")),
    nps(text("nps_account_id", "Account that the latest answer is about, by the employer that it names")),
    nps(
        boolean("nps_of_another_account", "That is not the person's present account: they have moved", required=True),
        default=False,
    ),
    *active_days(),
    usage(
        count("usage_core_actions_28", "Core actions"), "actions", "28 days", default=0, beside=("usage_stitched_28",)
    ),
    usage(
        count("usage_stitched_28", "Of these, those without a login, on a device that one user only ever logged in on"),
        "actions",
        "28 days",
        default=0,
    ),
    usage(count("usage_features_28", "Different features used by core actions"), "features", "28 days", default=0),
    usage(
        text("usage_account_id", "Account in whose workspace the person acted last, which need not be the person's"),
        window="28 days",
    ),
    *USAGE_MEASURES,
    *RENEWAL_MEASURES,
    *SALES_MEASURES,
    *CONTACT_MEASURES,
    *CAMPAIGN_MEASURES,
    engagement(count("email_sent_28", "Emails sent, over all the person's addresses"), "emails", "28 days", default=0),
    engagement(count("email_opens_28", "Opens by the person"), "opens", "28 days", default=0, uses_opens=True),
    engagement(count("email_clicks_28", "Clicks by the person"), "clicks", "28 days", default=0),
    engagement(count("email_machine_28", "Opens and clicks made by machines"), "activities", "28 days", default=0),
    engagement(
        count("email_unknown_28", "Opens and clicks that may be the person's or a machine's: nothing tells"),
        "activities",
        "28 days",
        default=0,
    ),
    engagement(
        boolean("email_unsubscribed_28", "The person unsubscribed", required=True), window="28 days", default=False
    ),
    engagement(
        date("engagement_last_on", "Last human open, click, reply, form or product event"),
        window="all time",
        uses_opens=True,
        until="engagement_through",
        needs=SIGNS,
    ),
    engagement(
        integer("engagement_days_since", "Days from then to engagement_through", minimum=0),
        "days",
        "all time",
        uses_opens=True,
        needs=SIGNS,
    ),
    engagement(count("email_sent_90", "Emails sent, over all the person's addresses"), "emails", "90 days", default=0),
    engagement(
        count("email_engaged_90", "Of these, those that the person opened or clicked"),
        "emails",
        "90 days",
        default=0,
        uses_opens=True,
    ),
    engagement(
        number(
            "email_expected_90", "As many as those open or click who are sent about as many (email_curve)", minimum=0
        ),
        "emails",
        "90 days",
        uses_opens=True,
    ),
    engagement(
        text(
            "email_frequency",
            "unsubscribed; saturated: opens and clicks fewer than email_curve lets expect, by no chance; "
            "undersaturated: more, of no more emails than the middle addressee; on_target: opens and clicks; "
            "insufficient_data: fewer emails than engagement.enough_sends, or none opened and chance may be why",
            required=True,
            allowed=FREQUENCY_BUCKETS,
        ),
        window="90 days",
        default="insufficient_data",
        uses_opens=True,
        beside=("email_sent_90", "email_engaged_90", "email_expected_90"),
    ),
    engagement(
        text("engagement_record_id", "The record that engaged last (staged/person_record)"),
        window="all time",
        needs=SIGNS,
    ),
    *SOURCE_ENDS,
    relation(date("email_through", "Last day that the email tool's data covers whole"), needs=("email_activity",)),
    relation(date("engagement_through", "The later of both: the last day a sign could come from"), needs=SIGNS),
    relation(date("first_seen_on", "Day the first source created a record of the person")),
    relation(integer("tenure_days", "Days since then", minimum=0), "days"),
    relation(text("title", "Job title")),
    relation(text("seniority", "Level read from the title", required=True, allowed=SENIORITIES), default="unknown"),
    relation(
        text("job_function", "Function read from the title", required=True, allowed=JOB_FUNCTIONS), default="unknown"
    ),
    relation(text("buying_role", "Part in the account's latest opportunity, as the CRM names it")),
    relation(text("country", "Country")),
    relation(text("email_consent", "Strictest consent to marketing email", allowed=CONSENT_STATUSES)),
    relation(
        boolean("has_email", "There is an address to write to that has not bounced for good", required=True),
        default=False,
    ),
    relation(boolean("email_bounced", "Every address has bounced for good; unknown where there is none")),
    relation(
        number(
            "identity_confidence",
            "Probability of the weakest link that holds the profile together",
            required=True,
            minimum=0,
            maximum=1,
        )
    ),
    relation(count("identity_records", "Source records unified in the profile"), "records"),
    relation(text("account_name", "Name of the person's account")),
    relation(text("account_industry", "Its industry")),
    relation(text("account_plan", "Its product plan")),
    relation(integer("account_employees", "Its number of employees", minimum=0), "people"),
    relation(
        count("account_active_people", "People of the account with a core action, in whosever workspace"),
        "people",
        "28 days",
        default=0,
        needs=("usage_event",),
    ),
    relation(
        integer("account_usage_falling_weeks", "usage_falling_weeks of the account", minimum=0, maximum=3),
        "weeks",
        "28 days",
    ),
    relation(
        boolean("account_usage_is_declining", "usage_is_declining of the account"),
        window="84 days",
        beside=("account_usage_tier", "usage_through"),
    ),
    relation(text("account_usage_tier", "usage_tier of the account", allowed=USAGE_TIERS), window="28 days"),
    relation(
        number("account_nps", "nps of the account", minimum=-100, maximum=100),
        "points",
        beside=("account_nps_answered",),
    ),
    relation(
        count("account_nps_answered", "nps_answered of the account: the n of account_nps"),
        "people",
        default=0,
        needs=("nps_response",),
    ),
    relation(
        boolean("account_is_at_risk", "is_at_risk of the account"),
        beside=("account_risk_reasons",),
        needs=("contract",),
    ),
    relation(text("account_risk_reasons", "risk_reasons of the account"), needs=("contract",)),
)
