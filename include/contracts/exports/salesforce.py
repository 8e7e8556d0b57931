"""Salesforce: the CSV files of its Data Export, one an object, by API field names."""

from __future__ import annotations

from types import MappingProxyType

from include.contracts.exports.declaration import ExportColumn, ExportFile, Reference, columns
from include.contracts.systems import Feed, Part, Refusal, System

_AUDIT = (
    ("CreatedDate*", "When the row was created, UTC.", "2025-03-04T09:12:44.000Z"),
    ("LastModifiedDate", "When a person last changed it, UTC.", "2026-09-30T15:01:02.000Z"),
    ("SystemModstamp*", "When a person or a process last changed it, UTC; the newest row of an Id wins.",
     "2026-09-30T15:01:02.000Z"),
)  # fmt: skip
_DELETED = ("IsDeleted", "`true` for rows in the recycle bin: kept as history, used for nothing.", "false")


_SINCE = ("CreatedDate*", "When it was changed, UTC.", "2026-08-02T10:11:12.000Z")
_CHANGED = (
    ("Field*", "Field that was changed.", "Status"),
    ("OldValue", "What it was.", "Open - Not Contacted"),
    ("NewValue", "What it became.", "Working - Contacted"),
    _SINCE,
)

_REFERRED = MappingProxyType({
    "AccountId": "account", "ContactId": "contact", "LeadId": "lead", "OpportunityId": "opportunity",
    "CampaignId": "campaign", "ContractId": "contract", "ConvertedAccountId": "account",
    "ConvertedContactId": "contact", "ConvertedOpportunityId": "opportunity",
})  # fmt: skip
_OWN = ("ParentId", "MasterRecordId")  # refer to rows of the same object
_NEEDED = frozenset({
    ("contract", "AccountId"), ("asset", "AccountId"),
    ("opportunity_contact_role", "OpportunityId"), ("opportunity_contact_role", "ContactId"),
    ("lead_history", "LeadId"), ("contact_history", "ContactId"), ("opportunity_history", "OpportunityId"),
    ("campaign_member", "CampaignId"), ("campaign_member", "ContactId"), ("campaign_member", "LeadId"),
})  # fmt: skip


def _file(
    path: str, row: str, name: str, declared: tuple[ExportColumn, ...], personal: tuple[str, ...] = ()
) -> ExportFile:
    names = [column.name for column in declared]
    ids = tuple(column for column in names if column.endswith("Id"))
    referred = {**_REFERRED, **dict.fromkeys(_OWN, name)}
    references = tuple(Reference(c, referred[c], (name, c) in _NEEDED) for c in ids if c in referred)
    return ExportFile(
        path, "Salesforce Data Export", row, declared, object=name, key="Id",
        changed="SystemModstamp" if "SystemModstamp" in names else "CreatedDate",  # what is history never changes
        personal=personal, salesforce_ids=ids, references=references,
    )  # fmt: skip


ACCOUNT = _file("crm/Account.csv", "a company", "account", columns(
    ("Id*", "18-character id, prefix `001`.", "0015g00000001IeAAI"),
    _DELETED,
    ("MasterRecordId", "The account that this one was merged into.", ""),
    ("Name*", "The company's name.", "Norvik Logistics GmbH"),
    ("Type", "Customer, Prospect, Former Customer or Partner.", "Customer"),
    ("BillingStreet", "Street and number.", "12 Hauptstraße"),
    ("BillingCity", "City.", "Berlin"),
    ("BillingState", "State or province.", "BE"),
    ("BillingPostalCode", "Postal code.", "10115"),
    ("BillingCountry", "Country.", "Germany"),
    ("Phone", "Telephone, as typed.", "+49 302 5550123"),
    ("Website", "Web address or bare domain.", "https://www.norvik.example"),
    ("Industry", "Industry.", "Transportation"),
    ("AnnualRevenue", "Yearly revenue.", "12500000.0"),
    ("NumberOfEmployees", "Employees.", "240"),
    ("ParentId", "The account above it.", ""),
    ("AccountSource", "Where it came from.", "Web"),
    ("OwnerId", "The owner, prefix `005`.", "0055g00000001IfAAI"),
    *_AUDIT,
))  # fmt: skip

_PERSON = (
    ("Email", "Mail address, as typed.", "nina.berg@norvik.example"),
    ("Phone", "Telephone, as typed.", "(030) 555-0123"),
    ("MobilePhone", "Mobile telephone, as typed.", "+49 151 5550123"),
    ("Title", "Job title.", "Head of Marketing"),
    ("LeadSource", "Where the person came from.", "Event"),
    ("HasOptedOutOfEmail", "`true` forbids marketing mail.", "false"),
    ("DoNotCall", "`true` forbids calls.", "false"),
)

_WHO = ("FirstName", "LastName", "Email", "Phone", "MobilePhone")

CONTACT = _file("crm/Contact.csv", "a person at an account", "contact", columns(
    ("Id*", "18-character id, prefix `003`.", "0035g00000001IeAAI"),
    _DELETED,
    ("MasterRecordId", "The contact that this one was merged into.", ""),
    ("AccountId", "The person's account.", "0015g00000001IeAAI"),
    ("Salutation", "Form of address.", "Ms."),
    ("FirstName", "First name, as typed.", "Nina"),
    ("LastName*", "Last name, as typed; now and then the whole name.", "Berg"),
    *_PERSON,
    ("Department", "Department.", "Marketing"),
    ("Birthdate", "Date of birth.", ""),
    ("MailingStreet", "Street and number.", "3 Lindenweg"),
    ("MailingCity", "City.", "Berlin"),
    ("MailingState", "State or province.", "BE"),
    ("MailingPostalCode", "Postal code.", "10117"),
    ("MailingCountry", "Country.", "Germany"),
    ("EmailBouncedReason", "Why mail came back; empty when it did not.", ""),
    ("EmailBouncedDate", "When mail came back, UTC.", ""),
    ("LastActivityDate", "Day of the last task or event.", "2026-09-12"),
    ("OwnerId", "The owner, prefix `005`.", "0055g00000001IfAAI"),
    *_AUDIT,
), personal=(*_WHO, "Birthdate", "MailingStreet", "MailingPostalCode"))  # fmt: skip

LEAD = _file("crm/Lead.csv", "a person not yet at an account", "lead", columns(
    ("Id*", "18-character id, prefix `00Q`.", "00Q5g00000001IeEAI"),
    _DELETED,
    ("MasterRecordId", "The lead that this one was merged into.", ""),
    ("FirstName", "First name, as typed.", "Nina"),
    ("LastName*", "Last name, as typed; now and then the whole name.", "Berg"),
    ("Company", "Employer, as typed.", "Norvik Logistics"),
    *_PERSON,
    ("Street", "Street and number.", "3 Lindenweg"),
    ("City", "City.", "Berlin"),
    ("State", "State or province.", "BE"),
    ("PostalCode", "Postal code.", "10117"),
    ("Country", "Country.", "Germany"),
    ("Website", "Web address or bare domain.", "norvik.example"),
    ("Industry", "Industry.", "Transportation"),
    ("Status*", "Open - Not Contacted, Working - Contacted, Closed - Converted or Closed - Not Converted.",
     "Working - Contacted"),
    ("Rating", "Hot, Warm or Cold.", "Warm"),
    ("IsConverted", "`true` once it became a contact.", "false"),
    ("ConvertedDate", "Day of conversion.", ""),
    ("ConvertedAccountId", "The account it became part of.", ""),
    ("ConvertedContactId", "The contact it became.", ""),
    ("ConvertedOpportunityId", "The opportunity opened with it.", ""),
    ("MQL_Date__c", "Day it became marketing qualified (custom field).", "2026-08-02"),
    ("SQL_Date__c", "Day sales accepted it (custom field).", ""),
    ("Rejected_Date__c", "Day sales rejected it (custom field).", ""),
    ("Recycled_Date__c", "Day it went back to marketing (custom field).", ""),
    ("OwnerId", "The owner, prefix `005`.", "0055g00000001IfAAI"),
    *_AUDIT,
), personal=(*_WHO, "Street", "PostalCode"))  # fmt: skip

LEAD_HISTORY = _file("crm/LeadHistory.csv", "a change of a tracked field of a lead", "lead_history", columns(
    ("Id*", "18-character id, prefix `017`.", "0175g00000001IeEAI"),
    _DELETED,
    ("LeadId*", "The lead.", "00Q5g00000001IeEAI"),
    *_CHANGED,
))  # fmt: skip

CONTACT_HISTORY = _file(
    "crm/ContactHistory.csv", "a change of a tracked field of a contact", "contact_history", columns(
    ("Id*", "18-character id, prefix `017`.", "0175g00000001JeEAI"),
    _DELETED,
    ("ContactId*", "The contact.", "0035g00000001IeAAI"),
    ("Field*", "Field that was changed; `AccountId` is the employer's.", "AccountId"),
    ("OldValue", "What it was: of `AccountId` the account that the person left.", "0015g00000001IeAAI"),
    ("NewValue", "What it became.", ""),
    _SINCE,
))  # fmt: skip

TASK = _file("crm/Task.csv", "a conversation that was noted", "task", columns(
    ("Id*", "18-character id, prefix `00T`.", "00T5g00000001IeEAI"),
    _DELETED,
    ("WhoId", "The contact or lead it was with.", "0035g00000001IeAAI"),
    ("WhatId", "The opportunity or account it was about.", "0065g00000001IeAAI"),
    ("AccountId", "The account.", "0015g00000001IeAAI"),
    ("Type", "Chat, Call, Email, Meeting or Other.", "Chat"),
    ("Subject", "Subject.", "Chat on the website"),
    ("Status", "Not Started, In Progress, Completed or Deferred; only completed ones have taken place.", "Completed"),
    ("ActivityDate", "Day on which it took place or is due.", "2026-09-12"),
    ("OwnerId", "Who of the company had it, prefix `005`.", "0055g00000001IfAAI"),
    *_AUDIT,
), personal=("Subject",))  # fmt: skip

OPPORTUNITY = _file("crm/Opportunity.csv", "a possible sale", "opportunity", columns(
    ("Id*", "18-character id, prefix `006`.", "0065g00000001IeAAI"),
    _DELETED,
    ("AccountId", "The account.", "0015g00000001IeAAI"),
    ("Name*", "Name.", "Norvik Logistics - New Business"),
    ("Type", "New Business, Renewal or Upgrade.", "New Business"),
    ("StageName*", "Prospecting, Qualification, Proposal/Price Quote, Negotiation/Review, Closed Won or Closed Lost.",
     "Closed Won"),
    ("Amount", "Amount.", "48000.0"),
    ("CurrencyIsoCode", "Currency of the amount, where there are several; empty is the company's.", "EUR"),
    ("Probability", "Per cent.", "100"),
    ("CloseDate*", "Day it closed or should.", "2026-02-27"),
    ("IsClosed", "`true` when won or lost.", "true"),
    ("IsWon", "`true` when won.", "true"),
    ("LeadSource", "Where it came from.", "Event"),
    ("CampaignId", "Primary campaign source.", "7015g00000001IeAAI"),
    ("ContractId", "The contract it led to.", "8005g00000001IeAAI"),
    ("Loss_Reason__c", "Why it was lost (custom field).", ""),
    ("OwnerId", "The owner, prefix `005`.", "0055g00000001IfAAI"),
    *_AUDIT,
))  # fmt: skip

OPPORTUNITY_HISTORY = _file(
    "crm/OpportunityHistory.csv", "what an opportunity was changed to", "opportunity_history", columns(
    ("Id*", "18-character id, prefix `008`.", "0085g00000001IeEAI"),
    _DELETED,
    ("OpportunityId*", "The opportunity.", "0065g00000001IeAAI"),
    ("StageName*", "Its stage since then.", "Qualification"),
    ("Amount", "Its amount since then.", "48000.0"),
    ("CloseDate", "Its day of close since then.", "2026-02-27"),
    ("Probability", "Per cent.", "20"),
    _SINCE,
))  # fmt: skip

CONTACT_ROLE = _file("crm/OpportunityContactRole.csv", "a part in an opportunity", "opportunity_contact_role", columns(
    ("Id*", "18-character id, prefix `00K`.", "00K5g00000001IeEAI"),
    _DELETED,
    ("OpportunityId*", "The opportunity.", "0065g00000001IeAAI"),
    ("ContactId*", "The contact.", "0035g00000001IeAAI"),
    ("Role", "Decision Maker, Business User, Economic Buyer, Evaluator or Influencer.", "Decision Maker"),
    ("IsPrimary", "`true` for one contact an opportunity.", "true"),
    *_AUDIT,
))  # fmt: skip

CAMPAIGN = _file("crm/Campaign.csv", "a marketing campaign", "campaign", columns(
    ("Id*", "18-character id, prefix `701`.", "7015g00000001IeAAI"),
    _DELETED,
    ("Name*", "Name.", "2026 Q3 Webinar 4"),
    ("ParentId", "The campaign it belongs to.", ""),
    ("Type", "Conference, Webinar, Email, Advertisement or Content.", "Webinar"),
    ("Status", "Planned, In Progress, Completed or Aborted.", "Completed"),
    ("StartDate", "First day.", "2026-07-14"),
    ("EndDate", "Last day.", "2026-07-15"),
    ("BudgetedCost", "Planned cost.", "5000.0"),
    ("ActualCost", "Cost.", "4210.0"),
    ("IsActive", "`true` while it runs.", "false"),
    ("OwnerId", "The owner, prefix `005`.", "0055g00000001IfAAI"),
    *_AUDIT,
))  # fmt: skip

CAMPAIGN_MEMBER = _file("crm/CampaignMember.csv", "a contact or a lead in a campaign", "campaign_member", columns(
    ("Id*", "18-character id, prefix `00v`.", "00v5g00000001IeEAI"),
    _DELETED,
    ("CampaignId*", "The campaign.", "7015g00000001IeAAI"),
    ("ContactId", "The contact; either this or LeadId is set.", "0035g00000001IeAAI"),
    ("LeadId", "The lead; either this or ContactId is set.", ""),
    ("Status", "Sent, Registered, Attended or Responded.", "Attended"),
    ("HasResponded", "`true` when the status counts as a response.", "true"),
    ("FirstRespondedDate", "Day of the first response.", "2026-07-14"),
    *_AUDIT,
))  # fmt: skip

CONTRACT = _file("crm/Contract.csv", "a contract with an account", "contract", columns(
    ("Id*", "18-character id, prefix `800`.", "8005g00000001IeAAI"),
    _DELETED,
    ("AccountId*", "The account.", "0015g00000001IeAAI"),
    ("ContractNumber", "Number.", "00000104"),
    ("Status*", "Draft, In Approval Process, Activated, Expired or Terminated.", "Activated"),
    ("Contract_Type__c", "Fixed Term, Auto-Renew, Multi-Year, Evergreen or Month-to-Month (custom field).",
     "Auto-Renew"),
    ("StartDate", "First day.", "2025-12-01"),
    ("EndDate", "Last day; empty for evergreen ones.", "2026-11-30"),
    ("ContractTerm", "Months; empty for evergreen ones.", "12"),
    ("OwnerExpirationNotice", "Days before the end at which Salesforce warns the owner.", "60"),
    ("Auto_Renew__c", "`true` when it goes on unless somebody gives notice (custom field).", "true"),
    ("Notice_Period_Days__c", "Days before the end by which notice must be given (custom field).", "30"),
    ("Annual_Value__c", "Yearly value (custom field).", "48000.0"),
    ("ActivatedDate", "When it was activated, UTC.", "2025-11-20T10:00:00.000Z"),
    ("CustomerSignedDate", "Day the customer signed.", "2025-11-18"),
    ("OwnerId", "The owner, prefix `005`.", "0055g00000001IfAAI"),
    *_AUDIT,
))  # fmt: skip

ASSET = _file("crm/Asset.csv", "a product that an account bought", "asset", columns(
    ("Id*", "18-character id, prefix `02i`.", "02i5g00000001IeEAI"),
    _DELETED,
    ("AccountId", "The account.", "0015g00000001IeAAI"),
    ("ContactId", "The contact it was sold to.", "0035g00000001IeAAI"),
    ("Name*", "Product and plan.", "Workspace Business"),
    ("ProductCode", "Product code.", "WS-BUSINESS"),
    ("Quantity", "Seats bought.", "40.0"),
    ("Price", "Yearly price.", "48000.0"),
    ("Status", "Purchased, Installed or Obsolete.", "Installed"),
    ("PurchaseDate", "Day it was bought.", "2025-11-18"),
    ("InstallDate", "Day it went into use.", "2025-12-01"),
    ("UsageEndDate", "Day its use ends.", "2026-11-30"),
    *_AUDIT,
))  # fmt: skip

SYSTEM = System(
    kind="salesforce_export",
    part=Part.CRM,
    format="csv",
    files=(
        *(ACCOUNT, CONTACT, LEAD, OPPORTUNITY, CONTACT_ROLE, CAMPAIGN, CAMPAIGN_MEMBER, CONTRACT, ASSET),
        *(LEAD_HISTORY, CONTACT_HISTORY, OPPORTUNITY_HISTORY, TASK),
    ),
    feeds=(
        Feed("account", "account"),
        Feed("contact", "person_record"),
        Feed("lead", "person_record"),
        Feed("lead", "lead_step", each=False),
        Feed("contract", "contract"),
        Feed("asset", "asset"),
        Feed("opportunity", "opportunity"),
        Feed("opportunity_contact_role", "opportunity_contact_role"),
        Feed("campaign", "campaign"),
        Feed("campaign_member", "campaign_member"),
        Feed("lead_history", "lead_step", each=False),
        Feed("contact_history", "departure", each=False),
        Feed("opportunity_history", "opportunity_stage"),
        Feed("task", "conversation", each=False),
    ),
    refusals=(
        Refusal("contact", "HasOptedOutOfEmail", "email", "Email"),
        Refusal("contact", "DoNotCall", "phone", "MobilePhone"),
        Refusal("lead", "HasOptedOutOfEmail", "email", "Email"),
        Refusal("lead", "DoNotCall", "phone", "MobilePhone"),
    ),
)
