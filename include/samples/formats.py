"""The export files that Kindred takes in: every file and every column, declared once.

The generator writes by these declarations and ``docs/exports.md`` is rendered from them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """One column of an export: what it holds, whether a file may lack it, and an invented value."""

    name: str
    description: str
    example: str = ""
    required: bool = False


@dataclass(frozen=True, slots=True)
class ExportFile:
    """One file of an export, by its path under the folder of exports; ``row`` says what a row is."""

    path: str
    system: str
    row: str
    columns: tuple[ExportColumn, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Column names, in order."""
        return tuple(column.name for column in self.columns)


def _columns(*rows: tuple[str, str, str]) -> tuple[ExportColumn, ...]:
    """Columns from (name, description, example); a name with a star is required."""
    return tuple(ExportColumn(n.rstrip("*"), d, e, n.endswith("*")) for n, d, e in rows)


_AUDIT = (
    ("CreatedDate*", "When the row was created, UTC.", "2025-03-04T09:12:44.000Z"),
    ("LastModifiedDate", "When a person last changed it, UTC.", "2026-09-30T15:01:02.000Z"),
    ("SystemModstamp*", "When a person or a process last changed it, UTC; the newest row of an Id wins.",
     "2026-09-30T15:01:02.000Z"),
)  # fmt: skip
_DELETED = ("IsDeleted", "`true` for rows in the recycle bin: kept as history, used for nothing.", "false")

ACCOUNT = ExportFile("crm/Account.csv", "Salesforce Data Export", "a company", _columns(
    ("Id*", "18-character id, prefix `001`.", "0015g00000001IeAAI"),
    _DELETED,
    ("MasterRecordId", "The account that this one was merged into.", ""),
    ("Name*", "The company's name.", "Norvik Logistics GmbH"),
    ("Type", "Customer, Prospect, Former Customer or Partner.", "Customer"),
    ("BillingStreet", "Street and number.", "12 Hauptstraße"),
    ("BillingCity", "City.", "Berlin"),
    ("BillingPostalCode", "Postal code.", "10115"),
    ("BillingCountry", "Country.", "Germany"),
    ("Phone", "Telephone, as typed.", "+49 302 5550123"),
    ("Website", "Web address or bare domain.", "https://www.norvik.example"),
    ("Industry", "Industry.", "Transportation"),
    ("AnnualRevenue", "Yearly revenue.", "12500000.0"),
    ("NumberOfEmployees", "Employees.", "240"),
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

CONTACT = ExportFile("crm/Contact.csv", "Salesforce Data Export", "a person at an account", _columns(
    ("Id*", "18-character id, prefix `003`.", "0035g00000001IeAAI"),
    _DELETED,
    ("MasterRecordId", "The contact that this one was merged into.", ""),
    ("AccountId", "The person's account.", "0015g00000001IeAAI"),
    ("Salutation", "Form of address.", "Ms."),
    ("FirstName", "First name, as typed.", "Nina"),
    ("LastName*", "Last name, as typed; now and then the whole name.", "Berg"),
    *_PERSON,
    ("Department", "Department.", "Marketing"),
    ("MailingStreet", "Street and number.", "3 Lindenweg"),
    ("MailingCity", "City.", "Berlin"),
    ("MailingPostalCode", "Postal code.", "10117"),
    ("MailingCountry", "Country.", "Germany"),
    ("EmailBouncedReason", "Why mail came back; empty when it did not.", ""),
    ("EmailBouncedDate", "When mail came back, UTC.", ""),
    ("LastActivityDate", "Day of the last task or event.", "2026-09-12"),
    ("OwnerId", "The owner, prefix `005`.", "0055g00000001IfAAI"),
    *_AUDIT,
))  # fmt: skip

LEAD = ExportFile("crm/Lead.csv", "Salesforce Data Export", "a person not yet at an account", _columns(
    ("Id*", "18-character id, prefix `00Q`.", "00Q5g00000001IeEAI"),
    _DELETED,
    ("MasterRecordId", "The lead that this one was merged into.", ""),
    ("FirstName", "First name, as typed.", "Nina"),
    ("LastName*", "Last name, as typed; now and then the whole name.", "Berg"),
    ("Company", "Employer, as typed.", "Norvik Logistics"),
    *_PERSON,
    ("Street", "Street and number.", "3 Lindenweg"),
    ("City", "City.", "Berlin"),
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
))  # fmt: skip

OPPORTUNITY = ExportFile("crm/Opportunity.csv", "Salesforce Data Export", "a possible sale", _columns(
    ("Id*", "18-character id, prefix `006`.", "0065g00000001IeAAI"),
    _DELETED,
    ("AccountId", "The account.", "0015g00000001IeAAI"),
    ("Name*", "Name.", "Norvik Logistics - New Business"),
    ("Type", "New Business, Renewal or Upgrade.", "New Business"),
    ("StageName*", "Prospecting, Qualification, Proposal/Price Quote, Negotiation/Review, Closed Won or Closed Lost.",
     "Closed Won"),
    ("Amount", "Amount.", "48000.0"),
    ("Probability", "Per cent.", "100"),
    ("CloseDate*", "Day it closed or should.", "2026-02-27"),
    ("IsClosed", "`true` when won or lost.", "true"),
    ("IsWon", "`true` when won.", "true"),
    ("LeadSource", "Where it came from.", "Event"),
    ("CampaignId", "Primary campaign source.", "7015g00000001IeAAI"),
    ("ContractId", "The contract it led to.", "8005g00000001IeAAI"),
    ("OwnerId", "The owner, prefix `005`.", "0055g00000001IfAAI"),
    *_AUDIT,
))  # fmt: skip

CONTACT_ROLE = ExportFile("crm/OpportunityContactRole.csv", "Salesforce Data Export",
    "a contact's part in an opportunity", _columns(
    ("Id*", "18-character id, prefix `00K`.", "00K5g00000001IeEAI"),
    _DELETED,
    ("OpportunityId*", "The opportunity.", "0065g00000001IeAAI"),
    ("ContactId*", "The contact.", "0035g00000001IeAAI"),
    ("Role", "Decision Maker, Business User, Economic Buyer, Evaluator or Influencer.", "Decision Maker"),
    ("IsPrimary", "`true` for one contact an opportunity.", "true"),
    *_AUDIT,
))  # fmt: skip

CAMPAIGN = ExportFile("crm/Campaign.csv", "Salesforce Data Export", "a marketing campaign", _columns(
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

CAMPAIGN_MEMBER = ExportFile("crm/CampaignMember.csv", "Salesforce Data Export",
    "a contact or a lead in a campaign", _columns(
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

CONTRACT = ExportFile("crm/Contract.csv", "Salesforce Data Export", "a contract with an account", _columns(
    ("Id*", "18-character id, prefix `800`.", "8005g00000001IeAAI"),
    _DELETED,
    ("AccountId*", "The account.", "0015g00000001IeAAI"),
    ("ContractNumber", "Number.", "00000104"),
    ("Status*", "Draft, In Approval Process, Activated, Expired or Terminated.", "Activated"),
    ("Contract_Type__c", "Fixed Term, Auto-Renew, Multi-Year, Evergreen or Month-to-Month (custom field).", "Auto-Renew"),
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

ASSET = ExportFile("crm/Asset.csv", "Salesforce Data Export", "a product that an account bought", _columns(
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

PROSPECT = ExportFile("email/prospects.csv", "Account Engagement (Pardot) prospect export", "a mail address", _columns(
    ("Prospect Id*", "Number of the prospect.", "10000231"),
    ("First Name", "First name, as typed.", "Nina"),
    ("Last Name", "Last name, as typed.", "Berg"),
    ("Email*", "Mail address, as typed; several prospects may have one.", "nina.berg@norvik.example"),
    ("Company", "Employer, as typed.", "Norvik Logistics"),
    ("Website", "Web address or bare domain.", "norvik.example"),
    ("Job Title", "Job title.", "Head of Marketing"),
    ("Country", "Country.", "Germany"),
    ("City", "City.", "Berlin"),
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
))  # fmt: skip

ACTIVITY = ExportFile("email/visitor_activity.csv", "Account Engagement (Pardot) visitor activity export",
    "something that happened to a mail, or a form", _columns(
    ("id*", "Number of the activity.", "500004711"),
    ("prospect_id*", "The prospect.", "10000231"),
    ("type*", "1 click, 4 form, 6 sent, 11 open, 12 unsubscribe page, 13 bounce, 35 unsubscribe by header.", "11"),
    ("type_name*", "Kind of the thing: Email, Email Tracker or Form.", "Email"),
    ("details", "Name of the mail, link or form.", "Newsletter 2026-09-22"),
    ("campaign_id", "Number of the Pardot campaign.", "4012"),
    ("list_email_id", "Number of the list mail; clicks, opens and bounces carry their send's.", "8107"),
    ("created_at*", "When, UTC.", "2026-09-22 08:31:07"),
    ("user_agent", "What fetched the picture or followed the link. Not in Pardot's own export: joined on from its mail log.",
     "Mozilla/5.0"),
    ("ip", "From which address, likewise.", "203.0.113.7"),
))  # fmt: skip

RESPONSES = ExportFile("nps/responses.csv", "Delighted CSV export", "an answer to a survey", _columns(
    ("Response ID*", "Number of the answer.", "700000123"),
    ("Person ID*", "Number of the person, that is of the mail address asked.", "300000045"),
    ("Email", "The address asked.", "nina.berg@norvik.example"),
    ("Name", "The person's name, as sent to Delighted.", "Nina Berg"),
    ("Phone Number", "Telephone, as sent to Delighted.", "+491515550123"),
    ("Survey Type", "Always `nps` here; other surveys are passed over.", "nps"),
    ("Score*", "0 to 10.", "9"),
    ("Comment", "What the person wrote.", "Saves us hours every week."),
    ("Survey Sent At", "When the survey was sent, UTC.", "2026-09-01 08:00:00 UTC"),
    ("Created At*", "When the person answered, UTC.", "2026-09-02 10:11:12 UTC"),
    ("Updated At", "When the answer was last changed, UTC; the newest row of a Response ID wins.",
     "2026-09-02 10:11:12 UTC"),
    ("Tags", "Tags, parted by commas.", ""),
    ("Company", "Person property: employer.", "Norvik Logistics"),
    ("Delighted Source", "Email, Web or Link.", "Email"),
    ("Delighted Device Type", "desktop, mobile or tablet.", "desktop"),
))  # fmt: skip

CSV_FILES = (
    ACCOUNT, CONTACT, LEAD, OPPORTUNITY, CONTACT_ROLE, CAMPAIGN, CAMPAIGN_MEMBER, CONTRACT, ASSET, PROSPECT, ACTIVITY,
    RESPONSES,
)  # fmt: skip
