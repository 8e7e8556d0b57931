"""What people did: mails, product events, answers to surveys."""

from __future__ import annotations

from include.contracts.staged.provenance import PROVENANCE
from include.contracts.tables import Table, boolean, date, integer, json, number, text, timestamp
from include.contracts.vocabulary import ACTORS, EMAIL_ACTIVITY_KINDS

EMAIL_ACTIVITY = Table(
    name="staged/email_activity",
    grain="one thing that happened to one email sent to one prospect",
    key=("activity_id",),
    columns=(
        text("activity_id", "email.visitor_activity:<id>"),
        text("record_id", "Prospect it happened to (staged/person_record)", required=True),
        text("kind", "What happened", required=True, allowed=EMAIL_ACTIVITY_KINDS),
        timestamp("at", "When it happened", required=True),
        text("mailing", "Email or list email it belongs to"),
        text("detail", "Name of the mail, link or form, as the source has it"),
        text("user_agent", "User agent of an open or click", personal=False),
        boolean(
            "is_machine",
            "A machine did it (mail-privacy prefetch, security scanner), by the rules of staging",
            required=True,
        ),
        text(
            "actor",
            "Who did it, of an open, click, unsubscribe, form or reply; unknown: nothing tells a person from a machine",
            allowed=ACTORS,
        ),
        text("machine_reason", "Which rule said so"),
        number("machine_confidence", "How sure the rule is, 0 to 1", minimum=0, maximum=1),
        *PROVENANCE,
    ),
)

USAGE_EVENT = Table(
    name="staged/usage_event",
    grain="one tracked action of one product user",
    key=("event_id",),
    columns=(
        text("event_id", "usage.track:<messageId>"),
        text("record_id", "User who acted (staged/person_record); null for anonymous visitors"),
        boolean(
            "is_stitched",
            "No login says who acted: record_id is the one user who was ever identified by the event's anonymous id",
            required=True,
        ),
        text("account_id", "Workspace it happened in (staged/account)"),
        timestamp("at", "When it happened", required=True),
        text("event", "Name of the action", required=True),
        text("feature", "Feature the action belongs to, by the product's configuration"),
        boolean("is_core", "The action counts as real use, not a mere login or page view", required=True),
        json("properties", "What the action was about, as received", personal=True),
        *PROVENANCE,
    ),
)

NPS_RESPONSE = Table(
    name="staged/nps_response",
    grain="one answer to one survey",
    key=("response_id",),
    columns=(
        text("response_id", "nps.response:<id>"),
        text("record_id", "Respondent (staged/person_record)", required=True),
        timestamp("at", "When the answer was given", required=True),
        integer("score", "Likelihood to recommend", required=True, minimum=0, maximum=10),
        text("comment", "What the respondent wrote", personal=True),
        text("company", "Employer that the answer names, white space folded"),
        *PROVENANCE,
    ),
)

SURVEY_REQUEST = Table(
    name="staged/survey_request",
    grain="one mail address that was asked, and when it was the last time",
    key=("request_id",),
    columns=(
        text("request_id", "nps.person:<id>"),
        text("email", "The address", required=True, personal=True),
        date("asked_on", "Day of the last survey sent", required=True),
        *PROVENANCE,
    ),
)
