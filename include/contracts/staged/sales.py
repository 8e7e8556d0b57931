"""What sales and marketing have on file: contracts, opportunities, campaigns, leads on their way."""

from __future__ import annotations

from include.contracts.staged.provenance import PROVENANCE
from include.contracts.tables import Table, boolean, date, integer, number, text, timestamp
from include.contracts.vocabulary import CONTRACT_STATUSES, CONTRACT_TYPES, CONVERSATIONS, GRADES, LEAD_STEPS

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
        number("amount", "Amount, in `currency`"),
        boolean("is_closed", "Closed, won or lost", required=True),
        boolean("is_won", "Closed and won", required=True),
        date("close_date", "Expected or real close"),
        text("campaign_id", "Primary campaign source"),
        text("loss_reason", "Why it was lost, where the source says so"),
        text("currency", "ISO code of the amount's currency; null is the company's, and what was brought into it"),
        text("owner_id", "Owner in the source"),
        timestamp("created_at", "When it was created"),
        *PROVENANCE,
    ),
)

OPPORTUNITY_STAGE = Table(
    name="staged/opportunity_stage",
    grain="one change of one opportunity, and the stage that it was in from then on",
    key=("change_id",),
    columns=(
        text("change_id", "crm.opportunity_history:<Id>"),
        text("opportunity_id", "Opportunity", required=True),
        text("stage", "Stage as the source names it", required=True),
        timestamp("at", "When it was changed", required=True),
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

CONVERSATION = Table(
    name="staged/conversation",
    grain="one conversation of one person with somebody of the company, as the CRM notes it",
    key=("conversation_id",),
    columns=(
        text("conversation_id", "crm.task:<Id>"),
        text("record_id", "Contact or lead (staged/person_record)", required=True),
        text("kind", "How they spoke", required=True, allowed=CONVERSATIONS),
        date("on_date", "Day on which they did", required=True),
        text("owner_id", "Who of the company, in the source"),
        *PROVENANCE,
    ),
)

DEPARTURE = Table(
    name="staged/departure",
    grain="one person's leaving of one account, as the CRM's history dates it",
    key=("departure_id",),
    columns=(
        text("departure_id", "crm.contact_history:<Id>"),
        text("record_id", "Contact (staged/person_record)", required=True),
        text("account_id", "Account that the person left", required=True),
        date("on_date", "Day on which the CRM was told", required=True),
        *PROVENANCE,
    ),
)
