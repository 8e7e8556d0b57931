"""Staged tables: the current, cleaned state of each source row. Written by `stage`, read by all later stages.

Ids are made as ``<source>.<object>:<key in the source>``, for example ``crm.contact:0035g00000XyZ12AAB``.
"""

from __future__ import annotations

from include.contracts.systems import Part
from include.contracts.tables import Column, Table, boolean, count, date, integer, json, number, text, timestamp
from include.contracts.vocabulary import (
    ACTORS,
    CONSENT_PURPOSES,
    CONSENT_STATUSES,
    CONTRACT_STATUSES,
    CONTRACT_TYPES,
    EMAIL_ACTIVITY_KINDS,
    GRADES,
    LEAD_STEPS,
)

PROVENANCE: tuple[Column, ...] = (
    text("load_id", "Load that brought the row in", required=True),
    timestamp(
        "extracted_at", "Start of the load's window, or the export's own date: when the row was true", required=True
    ),
)

PERSON_RECORD = Table(
    name="staged/person_record",
    grain="one person as one source object knows them (a contact, a lead, a prospect, a product user, a respondent)",
    key=("record_id",),
    columns=(
        text("record_id", "<source>.<object>:<source key>"),
        text("source", "Source that holds the record, by its name in sources.yaml", required=True),
        text("part", "Part that the source plays, whatever its name", required=True, allowed=tuple(Part)),
        text("object", "Object inside the source: contact, lead, prospect, user, respondent", required=True),
        text("source_key", "Key of the row in its source", required=True),
        text("first_name", "Given name, white space folded; placeholders are null", personal=True),
        text("last_name", "Family name, likewise", personal=True),
        text("full_name", "Name in one field, where the source has no parts", personal=True),
        text("email", "Address, trimmed and lower-cased; placeholders and invalid ones are null", personal=True),
        text("phone", "E.164 where it is a possible number of the source's region, else null", personal=True),
        text("phone_extension", "What is dialled after the number, digits", personal=True),
        text("company", "Employer as the source names it, white space folded", personal=False),
        text("title", "Job title"),
        text("street", "Street line of the postal address", personal=True),
        text("city", "City"),
        text("region", "State or province"),
        text("postcode", "Postal code", personal=True),
        text("country", "Country"),
        date("birth_date", "Date of birth", personal=True),
        text("crm_id", "The CRM's contact or lead id, where the source carries it", personal=False),
        text("merged_into", "Record of the same source that this one was merged into there"),
        text("account_id", "Account the source itself attaches the record to (staged/account)"),
        text("first_name_received", "Given name as received", personal=True),
        text("last_name_received", "Family name as received", personal=True),
        text("full_name_received", "Name in one field as received", personal=True),
        text("email_received", "Address as received", personal=True),
        text("phone_received", "Phone as received", personal=True),
        text("company_received", "Employer as received"),
        boolean("is_deleted", "The source marks the row as deleted", required=True),
        timestamp("created_at", "When the source created the row"),
        timestamp("updated_at", "When the source last changed the row: the time of its attributes"),
        *PROVENANCE,
    ),
)

ACCOUNT = Table(
    name="staged/account",
    grain="one company as one source object knows it (a CRM account, a product workspace)",
    key=("account_id",),
    columns=(
        text("account_id", "<source>.<object>:<source key>"),
        text("source", "Source that holds the account", required=True),
        text("part", "Part that the source plays, whatever its name", required=True, allowed=tuple(Part)),
        text("object", "Object inside the source: account, group", required=True),
        text("source_key", "Key of the row in its source", required=True),
        text("name", "Name of the company"),
        text("domain", "Bare host name of the company's site, lower-case, without a leading www"),
        text("parent_id", "Parent account, as the source has it"),
        text("crm_id", "The CRM's account id, where another source carries it"),
        text("type", "Relation: customer, prospect, partner and so on, as the source names it"),
        text("industry", "Industry as the source names it"),
        integer("employees", "Number of employees", minimum=0),
        number("annual_revenue", "Revenue a year, in the source's currency"),
        text("country", "Country"),
        text("owner_id", "Owner in the source"),
        text("plan", "Product plan, where the source is the product"),
        integer("seats", "Seats the product counts as bought", minimum=0),
        boolean("is_deleted", "The source marks the row as deleted", required=True),
        timestamp("created_at", "When the source created the row"),
        timestamp("updated_at", "When the source last changed the row"),
        *PROVENANCE,
    ),
)

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

CONTRACT = Table(
    name="staged/contract",
    grain="one contract of one account",
    key=("contract_id",),
    columns=(
        text("contract_id", "crm.contract:<Id>"),
        text("account_id", "Account that signed it", required=True),
        text("number", "Contract number"),
        text("status", "State of the contract", required=True, allowed=CONTRACT_STATUSES),
        text("contract_type", "How it ends or renews", required=True, allowed=CONTRACT_TYPES),
        date("start_date", "First day", required=True),
        date("end_date", "Last day; null when it has none (evergreen)"),
        integer("term_months", "Length of the term in months", minimum=0),
        boolean("auto_renew", "Renews by itself unless notice is given", required=True),
        integer("notice_days", "Days before the end by which notice must be given", minimum=0),
        number("annual_value", "Value a year, in the company's currency", minimum=0),
        *PROVENANCE,
    ),
)

ASSET = Table(
    name="staged/asset",
    grain="one product that one account has bought",
    key=("asset_id",),
    columns=(
        text("asset_id", "crm.asset:<Id>"),
        text("account_id", "Account that owns it", required=True),
        text("product", "Product name"),
        integer("seats", "Quantity bought", minimum=0),
        text("status", "State as the source names it"),
        date("installed_on", "Install date"),
        date("ends_on", "Usage end date"),
        *PROVENANCE,
    ),
)

OPPORTUNITY = Table(
    name="staged/opportunity",
    grain="one sales opportunity",
    key=("opportunity_id",),
    columns=(
        text("opportunity_id", "crm.opportunity:<Id>"),
        text("account_id", "Account it is with"),
        text("name", "Name"),
        text("type", "New business, renewal, expansion, as the source names it"),
        text("stage", "Stage as the source names it", required=True),
        number("amount", "Amount, in the company's currency"),
        boolean("is_closed", "Closed, won or lost", required=True),
        boolean("is_won", "Closed and won", required=True),
        date("close_date", "Expected or real close"),
        text("campaign_id", "Primary campaign source"),
        text("currency", "ISO code of the amount's currency; null is the company's"),
        text("owner_id", "Owner in the source"),
        timestamp("created_at", "When it was created"),
        *PROVENANCE,
    ),
)

OPPORTUNITY_CONTACT_ROLE = Table(
    name="staged/opportunity_contact_role",
    grain="one person's part in one opportunity",
    key=("role_id",),
    columns=(
        text("role_id", "crm.opportunity_contact_role:<Id>"),
        text("opportunity_id", "Opportunity", required=True),
        text("record_id", "Contact (staged/person_record)", required=True),
        text("role", "Decision maker, influencer and so on"),
        boolean("is_primary", "The primary contact", required=True),
        *PROVENANCE,
    ),
)

CAMPAIGN = Table(
    name="staged/campaign",
    grain="one marketing campaign",
    key=("campaign_id",),
    columns=(
        text("campaign_id", "crm.campaign:<Id>"),
        text("name", "Name"),
        text("type", "Type as the source names it"),
        text("status", "Status as the source names it"),
        date("start_date", "First day"),
        date("end_date", "Last day"),
        *PROVENANCE,
    ),
)

CAMPAIGN_MEMBER = Table(
    name="staged/campaign_member",
    grain="one person's membership in one campaign",
    key=("member_id",),
    columns=(
        text("member_id", "crm.campaign_member:<Id>"),
        text("campaign_id", "Campaign", required=True),
        text("record_id", "Contact or lead (staged/person_record)", required=True),
        text("status", "Status as the source names it"),
        boolean("has_responded", "Counts as a response", required=True),
        date("first_responded_on", "Day of the first response"),
        timestamp("created_at", "When the membership was created"),
        *PROVENANCE,
    ),
)

LEAD_STEP = Table(
    name="staged/lead_step",
    grain="one step on the way of one lead, as its source dates it",
    key=("step_id",),
    columns=(
        text("step_id", "<record_id>/<step>, and what else tells steps of one kind apart"),
        text("record_id", "Lead (staged/person_record)", required=True),
        text("step", "What it became", required=True, allowed=LEAD_STEPS),
        date("on_date", "Day of the step", required=True),
        text("reason", "Why, where the source says so"),
        text("owner_id", "Owner in the source"),
        text("opportunity_id", "Opportunity that came of it (staged/opportunity)"),
        *PROVENANCE,
    ),
)

PROSPECT_SCORE = Table(
    name="staged/prospect_score",
    grain="one prospect's score and grade as the mail system has them",
    key=("record_id",),
    columns=(
        text("record_id", "Prospect (staged/person_record)"),
        integer("score", "Score: interest", minimum=0),
        text("grade", "Grade: fit, A to F without plus and minus", allowed=GRADES),
        text("grade_received", "Grade as received"),
        timestamp("scored_at", "When the row was last changed: how old both are at least"),
        *PROVENANCE,
    ),
)

CONSENT = Table(
    name="staged/consent",
    grain="one statement of consent on one contact point for one purpose, by one source row",
    key=("consent_id",),
    columns=(
        text("consent_id", "Digest of record, contact point, purpose, status and time"),
        text("record_id", "Record that carries the statement", required=True),
        text("point_type", "Kind of contact point", required=True, allowed=("email", "phone")),
        text("point", "The address or number, cleaned; null when the record has none", personal=True),
        text("purpose", "What for", required=True, allowed=CONSENT_PURPOSES),
        text("status", "What was said", required=True, allowed=CONSENT_STATUSES),
        boolean(
            "is_explicit",
            "The person said so in an event of its own (unsubscribe, form), not a field of an import",
            required=True,
        ),
        timestamp("at", "When it was said, as far as the source tells"),
        *PROVENANCE,
    ),
)

SOURCE_STATE = Table(
    name="staged/source_state",
    grain="one object of one source, and until when its rows are complete",
    key=("source", "object"),
    columns=(
        text("source", "Source"),
        text("object", "Object inside the source"),
        timestamp("newest_at", "Time of its newest row; of files of a day, the end of the last", required=True),
        timestamp("complete_before", "All that happened before has been exported", required=True),
        count("missing_days", "Days between its first and last file of a day that have none"),
        count("usual_silence", "Most days from one day with rows to the next, in the 120 days before the newest"),
        text("feeds", "Staged tables that its rows go into, without their folder, parted by commas", required=True),
    ),
)

QUARANTINE = Table(
    name="staged/quarantine",
    grain="one source row that was set aside, with its reason",
    key=("quarantine_id",),
    columns=(
        text("quarantine_id", "Digest of source, object, load, line and rule"),
        text("source", "Source", required=True),
        text("object", "Object", required=True),
        text("source_key", "Key of the row, where it could be read"),
        text("file", "File the row came in", required=True),
        integer("line", "Line in the file, the header being line 1"),
        text("stage", "Stage that set it aside: extract, stage, audit", required=True),
        text("rule", "Rule it broke, for example nps_score_range", required=True),
        text("column", "Column at fault"),
        text("value_class", "What kind of value was there: empty, text, negative, fractional and so on"),
        text("reason", "One sentence for a person, without the value", required=True),
        text("row_received", "The row as received, as JSON or as the raw line; kept in the lake only", personal=True),
        *PROVENANCE,
    ),
)

ACTIVITIES = (
    EMAIL_ACTIVITY, USAGE_EVENT, NPS_RESPONSE, CONTRACT, ASSET, OPPORTUNITY, OPPORTUNITY_CONTACT_ROLE,
    CAMPAIGN, CAMPAIGN_MEMBER, LEAD_STEP, PROSPECT_SCORE, CONSENT,
)  # fmt: skip
STAGED = (PERSON_RECORD, ACCOUNT, *ACTIVITIES, SOURCE_STATE, QUARANTINE)
