"""Who the sources know: people, companies, and what may be sent to whom."""

from __future__ import annotations

from include.contracts.staged.provenance import PROVENANCE
from include.contracts.systems import Part
from include.contracts.tables import Table, boolean, date, integer, number, text, timestamp
from include.contracts.vocabulary import CONSENT_PURPOSES, CONSENT_STATUSES

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
        text("other_emails", "Further addresses, cleaned likewise, each once, parted by '; '", personal=True),
        text("other_phones", "Further numbers, likewise, each with ' x' and its extension if any", personal=True),
        text("company", "Employer as the source names it, white space folded", personal=False),
        text("title", "Job title"),
        text("street", "Street line of the postal address", personal=True),
        text("city", "City"),
        text("region", "State or province"),
        text("postcode", "Postal code", personal=True),
        text("country", "Country"),
        text("time_zone", "Time zone by its IANA name; what names none is null"),
        date("birth_date", "Date of birth", personal=True),
        text("crm_id", "The CRM's contact or lead id, where the source carries it", personal=False),
        text("merged_into", "Record of the same source that this one was merged into there"),
        text("account_id", "Account the source itself attaches the record to (staged/account)"),
        text("first_name_received", "Given name as received", personal=True),
        text("last_name_received", "Family name as received", personal=True),
        text("full_name_received", "Name in one field as received", personal=True),
        text("email_received", "Address as received; of several columns, a line each", personal=True),
        text("phone_received", "Phone as received, likewise", personal=True),
        text("company_received", "Employer as received"),
        text("time_zone_received", "Time zone as received"),
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
