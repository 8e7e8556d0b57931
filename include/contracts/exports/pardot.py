"""Account Engagement (Pardot): the prospect and visitor activity exports, and campaigns and list memberships."""

from __future__ import annotations

from include.contracts.exports.declaration import ExportFile, Reference, columns
from include.contracts.systems import Feed, Part, Refusal, System

PROSPECT = ExportFile("email/prospects.csv", "Account Engagement (Pardot) prospect export", "a mail address",
    object="prospect", key="Prospect Id", changed="Updated Date",
    personal=("First Name", "Last Name", "Email", "Address One", "Zip", "Phone"),
    salesforce_ids=("CRM Contact FID", "CRM Lead FID"), columns=columns(
    ("Prospect Id*", "Number of the prospect.", "10000231"),
    ("First Name", "First name, as typed.", "Nina"),
    ("Last Name", "Last name, as typed.", "Berg"),
    ("Email*", "Mail address, as typed; several prospects may have one.", "nina.berg@norvik.example"),
    ("Company", "Employer, as typed.", "Norvik Logistics"),
    ("Website", "Web address or bare domain.", "norvik.example"),
    ("Job Title", "Job title.", "Head of Marketing"),
    ("Country", "Country.", "Germany"),
    ("City", "City.", "Berlin"),
    ("State", "State or province.", "BE"),
    ("Address One", "Street and number.", "3 Lindenweg"),
    ("Zip", "Postal code.", "10117"),
    ("Phone", "Telephone, as typed.", "030 555 0123"),
    ("Source", "Where the prospect came from.", "Webinar"),
    ("Do Not Email", "`Yes` forbids mail.", "No"),
    ("Do Not Call", "`Yes` forbids calls.", "No"),
    ("Opted Out", "`Yes` when the person unsubscribed.", "No"),
    ("Email Bounced", "`Yes` when mail came back for good.", "No"),
    ("Score", "Pardot's own score.", "87"),
    ("Grade", "Pardot's own grade, A+ to F.", "B+"),
    ("Campaign", "First campaign.", "2026 Q3 Webinar 4"),
    ("Created Date*", "When the prospect was created, UTC.", "2025-03-04 09:12:44"),
    ("Updated Date*", "When it was last changed, UTC; the newest row of a Prospect Id wins.", "2026-09-30 15:01:02"),
    ("Last Activity At", "When it last did something, UTC.", "2026-09-12 08:00:00"),
    ("CRM Contact FID", "Id of the Salesforce contact, where known.", "0035g00000001IeAAI"),
    ("CRM Lead FID", "Id of the Salesforce lead, where known.", ""),
    ("Is Deleted", "`Yes` for those in the recycle bin, kept as history; an export holds none, the API tells of them.",
     ""),
))  # fmt: skip

ACTIVITY = ExportFile("email/visitor_activity.csv", "Account Engagement (Pardot) visitor activity export",
    "something that happened to a mail, or a form",
    object="visitor_activity", key="id", changed="created_at", personal=("ip",), ids=("prospect_id",),
    # prospects in the recycle bin leave what happened to them behind
    references=(Reference("prospect_id", "prospect", needed=True, stops=False),), columns=columns(
    ("id*", "Number of the activity.", "500004711"),
    ("prospect_id*", "The prospect.", "10000231"),
    ("type*", "1 click, 4 form, 6 sent, 11 open, 12 unsubscribe page, 13 bounce, 16 resubscribed, and others.",
     "11"),
    ("type_name*", "Kind of the thing: Email, Email Tracker or Form.", "Email"),
    ("details", "Name of the mail, link or form.", "Newsletter 2026-09-22"),
    ("campaign_id", "Number of the Pardot campaign.", "4012"),
    ("list_email_id", "Number of the list mail; clicks, opens and bounces carry their send's.", "8107"),
    ("created_at*", "When, UTC.", "2026-09-22 08:31:07"),
    ("user_agent",
     "What fetched the picture or followed the link. Not in Pardot's own export: joined on from its mail log.",
     "Mozilla/5.0"),
    ("ip", "From which address, likewise.", "203.0.113.7"),
))  # fmt: skip

CAMPAIGN = ExportFile("email/campaigns.csv", "Account Engagement (Pardot) campaigns", "a marketing campaign",
    object="campaign", key="id", changed="updatedAt", personal=(), columns=columns(
    ("id*", "Number of the campaign.", "4012"),
    ("name*", "Name.", "2026 Q3 Webinar 4"),
    ("cost", "What it cost; kept, and not read.", "1200"),
    ("folderId*", "Folder; kept, and not read.", "77"),
    ("parentCampaignId*", "The campaign above it; kept, and not read.", ""),
    ("salesforceId", "Id of the Salesforce campaign that it is connected with; kept, and not read.",
     "7015g000000AbCdAAK"),
    ("isDeleted", "`true` for those in the recycle bin.", "false"),
    ("createdAt*", "When it was created, UTC.", "2026-07-01 09:00:00"),
    ("updatedAt*", "When it was last changed, UTC; the newest row of an id wins.", "2026-09-30 15:01:02"),
))  # fmt: skip

LIST_MEMBERSHIP = ExportFile("email/list_memberships.csv", "Account Engagement (Pardot) list memberships",
    "a prospect in a list. Rows are judged and counted, and stay raw: no staged table is about lists",
    object="list_membership", key="id", changed="updatedAt", personal=(), ids=("listId", "prospectId"),
    references=(Reference("prospectId", "prospect", needed=True, stops=False),), columns=columns(
    ("id*", "Number of the membership.", "90000321"),
    ("listId*", "Number of the list.", "3301"),
    ("prospectId*", "The prospect.", "10000231"),
    ("optedOut*", "`true` when the person left this one list.", "false"),
    ("isDeleted", "`true` for those in the recycle bin.", "false"),
    ("createdAt*", "When the prospect came into the list, UTC.", "2026-07-02 10:00:00"),
    ("updatedAt*", "When it was last changed, UTC; the newest row of an id wins.", "2026-09-30 15:01:02"),
))  # fmt: skip

SYSTEM = System(
    kind="pardot_export",
    part=Part.MAIL,
    format="csv",
    files=(PROSPECT, ACTIVITY, CAMPAIGN, LIST_MEMBERSHIP),
    feeds=(
        Feed("prospect", "person_record"),
        Feed("prospect", "prospect_score"),
        Feed("visitor_activity", "email_activity"),
        Feed("campaign", "campaign"),
    ),
    refusals=(
        Refusal("prospect", "Opted Out", "email", "Email"),
        Refusal("prospect", "Do Not Email", "email", "Email"),
        Refusal("prospect", "Do Not Call", "phone", "Phone"),
    ),
)
