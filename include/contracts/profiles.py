"""Profile tables: the golden record of each person, its contact points, its lineage. Written by `unify`."""

from __future__ import annotations

from include.contracts.tables import Table, boolean, integer, json, number, text, timestamp
from include.contracts.vocabulary import CONSENT_PURPOSES, CONSENT_STATUSES

PROFILE = Table(
    name="profile",
    grain="one person",
    key=("profile_id",),
    columns=(
        text("profile_id", "Durable id of the person"),
        text("first_name", "Given name", personal=True),
        text("last_name", "Family name", personal=True),
        text("full_name", "Name to show", personal=True),
        text("email", "Best address to write to, opt-outs regarded", personal=True),
        text("phone", "Best number to call", personal=True),
        text("company", "Current employer"),
        text("title", "Current job title"),
        text("street", "Street line; the address fields come from one record", personal=True),
        text("city", "City"),
        text("region", "State or province"),
        text("postcode", "Postal code", personal=True),
        text("country", "Country"),
        text("time_zone", "Time zone, by its IANA name"),
        text("account_id", "Account the person belongs to (account)"),
        text(
            "account_reason", "Why: crm, corporate_domain, workspace", allowed=("crm", "corporate_domain", "workspace")
        ),
        text("email_consent", "Strictest consent to marketing email", allowed=CONSENT_STATUSES),
        text("phone_consent", "Strictest consent to marketing calls", allowed=CONSENT_STATUSES),
        integer("records", "Source records unified in the profile", required=True, minimum=1),
        integer("sources", "Different sources among them", required=True, minimum=1),
        number(
            "confidence",
            "Probability of the weakest link that holds the profile together",
            required=True,
            minimum=0,
            maximum=1,
        ),
        timestamp("first_seen_at", "Earliest creation time among its records"),
        timestamp("last_changed_at", "Latest change time among its records"),
    ),
)

PROFILE_IDENTIFIER = Table(
    name="profile_identifier",
    grain="one contact point or key of one profile",
    key=("profile_id", "type", "value"),
    columns=(
        text("profile_id", "Profile"),
        text("type", "What it is", allowed=("email", "phone", "crm_id", "user_id")),
        text("value", "The address, number or key", personal=True),
        text("source", "Source that knew it first", required=True),
        timestamp("first_seen_at", "Earliest creation time of a record with it"),
        timestamp("last_seen_at", "Latest change time of a record with it"),
        integer("records", "Records of the profile that carry it", required=True, minimum=1),
        boolean("is_primary", "The one shown in the profile", required=True),
        boolean("is_deliverable", "No hard bounce on it since it was last seen good"),
        text("consent", "Consent to marketing on this point", allowed=CONSENT_STATUSES),
    ),
)

PROFILE_LINEAGE = Table(
    name="profile_lineage",
    grain="one attribute of one profile, and where its value comes from",
    key=("profile_id", "attribute"),
    columns=(
        text("profile_id", "Profile"),
        text("attribute", "Attribute of profile"),
        text("record_id", "Record whose value won", required=True),
        text("rule", "Survivorship rule that decided", required=True),
        integer("candidates", "Records that had a value", required=True, minimum=1),
        integer("losing_values", "Different values that lost", required=True, minimum=0),
        json("losing_records", "The records they came from"),
    ),
)

ACCOUNT = Table(
    name="account",
    grain="one company",
    key=("account_id",),
    columns=(
        text("account_id", "Id of the CRM account, or of the workspace where the CRM has none"),
        text("name", "Name"),
        text("domain", "Corporate domain"),
        text("parent_id", "Parent account, as the CRM has it"),
        text("type", "Relation as the CRM names it"),
        text("industry", "Industry"),
        integer("employees", "Number of employees", minimum=0),
        number("annual_revenue", "Revenue a year"),
        text("country", "Country"),
        text("owner_id", "Owner in the CRM"),
        text("plan", "Product plan"),
        integer("people", "Profiles that belong to it", required=True, minimum=0),
        timestamp("created_at", "When the source created it"),
    ),
)

ACCOUNT_LINK = Table(
    name="account_link",
    grain="one source account and the account it stands for",
    key=("source_account_id",),
    columns=(
        text("source_account_id", "Source account (staged/account)"),
        text("account_id", "Account", required=True),
        text(
            "reason", "Why: itself, crm_id, domain, name", required=True, allowed=("itself", "crm_id", "domain", "name")
        ),
    ),
)

CONSENT = Table(
    name="consent",
    grain="one record's word, all that it ever said, on one contact point and one purpose",
    key=("record_id", "point_digest", "purpose"),
    columns=(
        text("record_id", "Record that carries or carried the statements, also one that is gone"),
        text("point_digest", "SHA-256 of the address or number, or of the record id where none was named"),
        text("purpose", "What for", allowed=CONSENT_PURPOSES),
        text("source", "Source of the record", required=True),
        text("status", "What holds: an opt-out until a newer explicit opt-in", required=True, allowed=CONSENT_STATUSES),
        timestamp("opted_out_at", "Latest opt-out, explicit or not"),
        timestamp("opted_in_at", "Latest explicit opt-in"),
        timestamp("granted_at", "Latest opt-in of any kind; lifts nothing"),
    ),
)

PROFILE_HISTORY = Table(
    name="profile_history",
    grain="one value that one record no longer has",
    key=("record_id", "attribute", "held_until"),
    columns=(
        text("record_id", "Record whose source changed it; the crosswalk says whose it is"),
        text("attribute", "Attribute: company, title, email, phone", allowed=("company", "title", "email", "phone")),
        text("value", "The value before", required=True, personal=True),
        timestamp("held_from", "Change time of the record when it had the value"),
        timestamp("held_until", "Change time of the record when it had it no longer"),
    ),
)

PROFILES = (PROFILE, PROFILE_IDENTIFIER, PROFILE_LINEAGE, ACCOUNT, ACCOUNT_LINK, CONSENT, PROFILE_HISTORY)
