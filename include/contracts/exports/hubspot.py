"""HubSpot: contacts, companies, deals and marketing email events, as its APIs give them, one a line.

Properties are those of https://knowledge.hubspot.com/properties/hubspots-default-contact-properties,
.../hubspot-crm-default-company-properties and .../hubspots-default-deal-properties by their internal names. A portal
keeps of each stage when a record came into it last: ``hs_v2_date_entered_<stage>``.
"""

from __future__ import annotations

from include.contracts.exports.declaration import ExportFile, Reference, columns
from include.contracts.systems import Feed, Part, Refusal, System

_STATE = (
    ("archived", "`true` once it was deleted.", "false"),
    ("archivedAt", "When it was deleted, UTC.", ""),
    ("changed*", "When it was last changed or deleted, UTC, the later of both; the newest row of an id wins.",
     "2026-09-30T15:01:02.000Z"),
)  # fmt: skip
_SYSTEM = "HubSpot CRM API"

STAGES = (
    "appointmentscheduled",
    "qualifiedtobuy",
    "presentationscheduled",
    "decisionmakerboughtin",
    "contractsent",
    "closedwon",
    "closedlost",
)
"""Internal names of the stages of the sales pipeline that every portal begins with."""

CONTACT = ExportFile("hubspot/contacts.ndjson", _SYSTEM, "a person",
    object="contact", key="id", changed="changed",
    personal=("firstname", "lastname", "email", "hs_additional_emails", "phone", "mobilephone", "address", "zip"),
    ids=("associatedcompanyid",), references=(Reference("associatedcompanyid", "company"),), columns=columns(
    ("id*", "Number of the contact.", "12345678901"),
    ("createdate*", "When it was created, UTC.", "2025-03-04T09:12:44.000Z"),
    ("lastmodifieddate", "When it was last changed, UTC.", "2026-09-30T15:01:02.000Z"),
    ("firstname", "First name.", "Nina"),
    ("lastname", "Last name.", "Berg"),
    ("email", "Mail address.", "nina.berg@norvik.example"),
    ("hs_additional_emails", "Further addresses, parted by semicolons.", ""),
    ("phone", "Telephone.", "(030) 555-0123"),
    ("mobilephone", "Mobile telephone.", "+49 151 5550123"),
    ("company", "Employer, as typed.", "Norvik Logistics"),
    ("jobtitle", "Job title.", "Head of Marketing"),
    ("address", "Street and number.", "3 Lindenweg"),
    ("city", "City.", "Berlin"),
    ("state", "State or province.", "BE"),
    ("zip", "Postal code.", "10117"),
    ("country", "Country.", "Germany"),
    ("hs_timezone", "Time zone, by HubSpot's name for it.", "europe_slash_berlin"),
    ("associatedcompanyid", "The person's primary company.", "98765432101"),
    ("hs_email_optout", "`true` forbids marketing mail.", "false"),
    ("hubspot_owner_id", "The owner.", "4711"),
    ("first_conversion_date", "When the person first sent a form.", "2025-03-05T10:00:00.000Z"),
    ("hs_v2_date_entered_marketingqualifiedlead", "When it became a marketing qualified lead.",
     "2025-04-01T10:00:00.000Z"),
    ("hs_v2_date_entered_salesqualifiedlead", "When it became a sales qualified lead.", "2025-04-20T10:00:00.000Z"),
    ("hs_v2_date_entered_opportunity", "When an opportunity came of it.", "2025-05-02T10:00:00.000Z"),
    ("hubspotscore", "HubSpot score: interest.", "42"),
    ("hs_merged_object_ids", "Contacts that were merged into this one, parted by semicolons.", ""),
    *_STATE,
))  # fmt: skip

COMPANY = ExportFile("hubspot/companies.ndjson", _SYSTEM, "a company",
    object="company", key="id", changed="changed", personal=(),
    ids=("hs_parent_company_id",), columns=columns(
    ("id*", "Number of the company.", "98765432101"),
    ("createdate*", "When it was created, UTC.", "2025-03-04T09:12:44.000Z"),
    ("hs_lastmodifieddate", "When it was last changed, UTC.", "2026-09-30T15:01:02.000Z"),
    ("name", "The company's name.", "Norvik Logistics GmbH"),
    ("domain", "Domain.", "norvik.example"),
    ("website", "Web address.", "https://www.norvik.example"),
    ("industry", "Industry.", "TRANSPORTATION"),
    ("type", "PROSPECT, PARTNER, RESELLER, VENDOR or OTHER.", "PROSPECT"),
    ("numberofemployees", "Employees.", "240"),
    ("annualrevenue", "Yearly revenue.", "12500000"),
    ("country", "Country.", "Germany"),
    ("hs_parent_company_id", "The company above it.", ""),
    ("hubspot_owner_id", "The owner.", "4711"),
    ("hs_merged_object_ids", "Companies that were merged into this one, parted by semicolons.", ""),
    *_STATE,
))  # fmt: skip

DEAL = ExportFile("hubspot/deals.ndjson", _SYSTEM, "a possible sale",
    object="deal", key="id", changed="changed", personal=(), people=("contacts",), columns=columns(
    ("id*", "Number of the deal.", "55500011122"),
    ("createdate*", "When it was created, UTC.", "2025-12-04T09:12:44.000Z"),
    ("hs_lastmodifieddate", "When it was last changed, UTC.", "2026-09-30T15:01:02.000Z"),
    ("dealname", "Name.", "Norvik Logistics - New Business"),
    ("dealstage", "Stage, by its internal name.", "closedwon"),
    ("dealtype", "newbusiness or existingbusiness.", "newbusiness"),
    ("amount", "Amount.", "48000"),
    ("deal_currency_code", "ISO code of its currency.", "EUR"),
    ("closed_lost_reason", "Why it was lost.", ""),
    *((f"hs_v2_date_entered_{stage}", f"When it came into the stage {stage}.", "2026-02-01T09:00:00.000Z")
      for stage in STAGES),
    ("closedate", "Day it closed or should, as a time in UTC.", "2026-02-27T00:00:00.000Z"),
    ("hs_is_closed", "`true` when won or lost.", "true"),
    ("hs_is_closed_won", "`true` when won.", "true"),
    ("hubspot_owner_id", "The owner.", "4711"),
    ("companies", "Associated companies, a list of numbers; the primary one first.", '["98765432101"]'),
    ("contacts", "Associated contacts, a list of numbers.", '["12345678901"]'),
    *_STATE,
))  # fmt: skip

EMAIL_EVENT = ExportFile("hubspot/email_events.ndjson", "HubSpot email events API",
    "something that happened to a marketing email",
    object="email_event", key="id", changed="changed", personal=("recipient", "location"), columns=columns(
    ("id*", "Id of the event.", "17d3fcc4-bc34-38b4-9103-69b5896bbdde"),
    ("created*", "When it happened, milliseconds since 1970.", "1790685067000"),
    ("type*", "SENT, OPEN, CLICK, BOUNCE, SPAMREPORT or STATUSCHANGE; others, such as DELIVERED, are passed over.",
     "OPEN"),
    ("recipient*", "Mail address that it was sent to; the contact that has it is whom it happened to.",
     "nina.berg@norvik.example"),
    ("emailCampaignId*", "Number of the mail.", "8107"),
    ("subject", "Subject of the mail, of SENT.", "Newsletter 2026-09-29"),
    ("url", "Link, of CLICK.", ""),
    ("userAgent", "What fetched the picture or followed the link, of OPEN and CLICK.", "Mozilla/5.0"),
    ("browser", "What HubSpot makes of that, as JSON; kept, and not read.",
     '{"name": "Apple Mail", "family": "Apple", "type": "Email client"}'),
    ("location", "Where its address is, as JSON; kept, and not read.",
     '{"country": "GERMANY", "state": "berlin", "city": "berlin"}'),
    ("deviceType", "COMPUTER, MOBILE and others; kept, and not read.", "COMPUTER"),
    ("filteredEvent", "`true` where the portal's reports leave it out; kept, and not read.", "false"),
    ("category", "Why it came back, of BOUNCE.", ""),
    ("source", "Who changed a subscription, of STATUSCHANGE.", ""),
    ("portalSubscriptionStatus",
     "Of STATUSCHANGE: UNSUBSCRIBED from all mail, or SUBSCRIBED, which counts where SOURCE_RECIPIENT did it.", ""),
    ("subscriptions", "Single subscriptions that changed, of STATUSCHANGE, as JSON; kept, and not read.", ""),
    ("changed*", "When it happened, UTC.", "2026-09-29T11:11:07.000Z"),
))  # fmt: skip

SYSTEM = System(
    kind="hubspot",
    part=Part.CRM,
    format="ndjson",
    files=(CONTACT, COMPANY, DEAL, EMAIL_EVENT),
    feeds=(
        Feed("contact", "person_record"),
        Feed("contact", "lead_step", each=False),
        Feed("contact", "prospect_score", each=False),
        Feed("company", "account"),
        Feed("deal", "opportunity"),
        Feed("deal", "opportunity_contact_role", each=False),
        Feed("deal", "opportunity_stage", each=False),
        Feed("email_event", "email_activity"),
    ),
    refusals=(Refusal("contact", "hs_email_optout", "email", "email"),),
)
