"""Measures: each declared once; the tables customer_360 and account_360 are derived from the declarations.

What computes a measure lies in ``include/measures/<family>.py`` under the same name. Written by ``measure``.
"""

from __future__ import annotations

from dataclasses import dataclass

from include.contracts.staged import CONSENT_STATUSES, CONTRACT_TYPES
from include.contracts.tables import Column, Table, boolean, date, integer, number, text

NPS_CLASSES = ("promoter", "passive", "detractor", "unknown")
USAGE_TIERS = ("power", "regular", "low", "inactive", "none")
RENEWAL_BUCKETS = ("overdue", "0-30", "31-60", "61-90", "91-120", "later", "none")
FREQUENCY_BUCKETS = ("saturated", "on_target", "undersaturated", "insufficient_data")
SENIORITIES = ("executive", "director", "manager", "staff", "unknown")
JOB_FUNCTIONS = ("marketing", "sales", "engineering", "finance", "operations", "product", "people", "other", "unknown")

BAIN = "Net Promoter System: 0-6 detractor, 7-8 passive, 9-10 promoter"
USAGE = "Breadth, depth and frequency of core actions; thresholds in measures.yaml"
RENEWAL = "Contract terms in the CRM; half-open buckets on the logical date"
ENGAGEMENT = "Human email activity by staging's machine rules"
RELATION = "The golden record (profile, account)"


@dataclass(frozen=True, slots=True)
class Measure:
    """One column of customer_360 or account_360: what it means, and where its values come from.

    ``record`` and ``dated`` name the columns that hold the source row behind the value and that row's date.
    ``default`` is the value of somebody without any source row. ``history`` keeps every change of it.
    """

    column: Column
    family: str
    source: str
    unit: str = ""
    window: str = ""
    record: str = ""
    dated: str = ""
    default: str | int | bool | None = None
    history: bool = False
    uses_opens: bool = False

    @property
    def name(self) -> str:
        """Name of the column."""
        return self.column.name


NPS_ROW = {"record": "nps_response_id", "dated": "nps_on"}
USAGE_ROW = {"record": "usage_record_id", "dated": "usage_last_on"}
CONTRACT_ROW = {"record": "renewal_contract_id", "dated": "contract_start_on"}
EMAIL_ROW = {"record": "engagement_record_id", "dated": "engagement_last_on"}


def nps(column: Column, unit: str = "", **more: object) -> Measure:
    """A measure of the family nps on a person's latest valid response."""
    return Measure(column, "nps", BAIN, unit, "latest response of the last nps.window_days", **NPS_ROW, **more)  # type: ignore[arg-type]


def usage(column: Column, unit: str = "", window: str = "", **more: object) -> Measure:
    """A measure of the family usage."""
    return Measure(column, "usage", USAGE, unit, window, **{**USAGE_ROW, **more})  # type: ignore[arg-type]


def renewal(column: Column, unit: str = "", **more: object) -> Measure:
    """A measure of the family renewal, of the account's contracts."""
    return Measure(column, "renewal", RENEWAL, unit, "on the logical date", **CONTRACT_ROW, **more)  # type: ignore[arg-type]


def engagement(column: Column, unit: str = "", window: str = "", **more: object) -> Measure:
    """A measure of the family engagement, of all the person's addresses."""
    return Measure(column, "engagement", ENGAGEMENT, unit, window, **EMAIL_ROW, **more)  # type: ignore[arg-type]


def relation(column: Column, unit: str = "", window: str = "", **more: object) -> Measure:
    """A measure of the family relation: who the person or company is."""
    return Measure(column, "relation", RELATION, unit, window, **more)  # type: ignore[arg-type]


def count(name: str, description: str) -> Column:
    """A column that counts: never null, never negative."""
    return integer(name, description, required=True, minimum=0)


RENEWAL_MEASURES: tuple[Measure, ...] = (
    renewal(
        date("renewal_date", "Day that decides: the contract's end, or the notice deadline where it renews by itself")
    ),
    renewal(integer("renewal_days", "Days from the logical date to renewal_date; negative when overdue"), "days"),
    renewal(
        text(
            "renewal_bucket",
            "renewal_date's bucket; none without a contract that ends (no contract, evergreen, month to month)",
            required=True,
            allowed=RENEWAL_BUCKETS,
        ),
        default="none",
        history=True,
    ),
    renewal(date("renewal_notice_on", "Last day to give notice, where the contract renews by itself")),
    renewal(date("contract_start_on", "First day of the contract that renewal_date is of")),
    renewal(date("contract_end_on", "Last day of that contract's present term")),
    renewal(
        text("contract_type", "How that contract ends or renews", required=True, allowed=(*CONTRACT_TYPES, "none")),
        default="none",
        history=True,
    ),
    renewal(
        boolean("contract_auto_renews", "It renews by itself unless notice is given", required=True), default=False
    ),
    renewal(number("contract_value", "Yearly value of the account's live contracts", minimum=0), "company currency"),
    renewal(count("contracts_live", "Live contracts of the account on the logical date"), "contracts", default=0),
    renewal(
        boolean("contracts_overlap", "Two or more of them run at the same time", required=True),
        default=False,
    ),
    renewal(date("contract_ended_on", "Last day of the latest ended contract, where none is live")),
    renewal(text("renewal_contract_id", "The contract (staged/contract)")),
)

PERSON_MEASURES: tuple[Measure, ...] = (
    nps(integer("nps_score", "Latest valid answer, 0 to 10", minimum=0, maximum=10), "points"),
    nps(
        text("nps_class", "Class of the latest answer; unknown without one", required=True, allowed=NPS_CLASSES),
        default="unknown",
        history=True,
    ),
    nps(date("nps_on", "Day of the latest answer")),
    nps(integer("nps_change", "Latest answer less the one before it", minimum=-10, maximum=10), "points"),
    nps(
        count("nps_answers", "Different answers within the window, over all the person's records"), "answers", default=0
    ),
    nps(text("nps_response_id", "The latest answer (staged/nps_response)")),
    usage(count("usage_active_days_7", "Days with a core action"), "days", "7 days", default=0),
    usage(count("usage_active_days_28", "Days with a core action"), "days", "28 days", default=0),
    usage(count("usage_active_days_90", "Days with a core action"), "days", "90 days", default=0),
    usage(count("usage_core_actions_28", "Core actions"), "actions", "28 days", default=0),
    usage(count("usage_features_28", "Different features used by core actions"), "features", "28 days", default=0),
    usage(
        integer(
            "usage_falling_weeks",
            "Latest weeks in a row with fewer core actions than the week before",
            required=True,
            minimum=0,
            maximum=3,
        ),
        "weeks",
        "28 days",
        default=0,
    ),
    usage(
        number("usage_trend", "Core actions of the last 14 days against the 14 before, less 1", minimum=-1),
        "share",
        "28 days",
    ),
    usage(
        text(
            "usage_tier",
            "power, regular, low, inactive (no core action for 30 days), none (never one)",
            required=True,
            allowed=USAGE_TIERS,
        ),
        window="28 days",
        default="none",
        history=True,
    ),
    usage(date("usage_last_on", "Day of the last core action"), window="all time"),
    usage(integer("usage_days_since", "Days since the last core action", minimum=0), "days", "all time"),
    usage(date("usage_seen_on", "Day of the last event of any kind, logins among them"), window="all time"),
    usage(text("usage_record_id", "The product user who acted last (staged/person_record)"), window="all time"),
    *RENEWAL_MEASURES,
    engagement(count("email_sent_28", "Emails sent, over all the person's addresses"), "emails", "28 days", default=0),
    engagement(count("email_opens_28", "Opens not made by a machine"), "opens", "28 days", default=0, uses_opens=True),
    engagement(count("email_clicks_28", "Clicks not made by a machine"), "clicks", "28 days", default=0),
    engagement(count("email_machine_28", "Opens and clicks made by machines"), "activities", "28 days", default=0),
    engagement(
        boolean("email_unsubscribed_28", "The person unsubscribed", required=True), window="28 days", default=False
    ),
    engagement(
        date("engagement_last_on", "Last human open, click, reply, form or product event"),
        window="all time",
        uses_opens=True,
    ),
    engagement(integer("engagement_days_since", "Days since then", minimum=0), "days", "all time", uses_opens=True),
    engagement(
        text("email_frequency", "Sends against engagement", required=True, allowed=FREQUENCY_BUCKETS),
        window="28 days",
        default="insufficient_data",
        uses_opens=True,
    ),
    engagement(text("engagement_record_id", "The record that engaged last (staged/person_record)"), window="all time"),
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
    relation(boolean("has_email", "There is an address to write to", required=True), default=False),
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
        count("account_active_people", "People of the account with a core action"), "people", "28 days", default=0
    ),
    relation(
        integer("account_usage_falling_weeks", "usage_falling_weeks of the account", minimum=0, maximum=3),
        "weeks",
        "28 days",
    ),
    relation(text("account_usage_tier", "usage_tier of the account", allowed=USAGE_TIERS), window="28 days"),
    relation(number("account_nps", "nps of the account", minimum=-100, maximum=100), "points"),
)

ACCOUNT_MEASURES: tuple[Measure, ...] = (
    nps(
        number(
            "nps",
            "Share of promoters less share of detractors over the people's latest answers",
            minimum=-100,
            maximum=100,
        ),
        "points",
        history=True,
    ),
    nps(count("nps_answered", "People whose latest answer counts: the n of nps"), "people", default=0),
    nps(count("nps_promoters", "Promoters among them"), "people", default=0),
    nps(count("nps_detractors", "Detractors among them"), "people", default=0),
    nps(date("nps_on", "Day of the latest answer")),
    nps(text("nps_response_id", "The latest answer (staged/nps_response)")),
    usage(count("usage_active_days_7", "Days with a core action of anybody"), "days", "7 days", default=0),
    usage(count("usage_active_days_28", "Days with a core action of anybody"), "days", "28 days", default=0),
    usage(count("usage_active_days_90", "Days with a core action of anybody"), "days", "90 days", default=0),
    usage(count("usage_core_actions_28", "Core actions"), "actions", "28 days", default=0),
    usage(count("usage_seats_used", "People with a core action"), "seats", "28 days", default=0),
    usage(
        integer("usage_seats_bought", "Seats of the assets in force, else of the product's own count", minimum=0),
        "seats",
    ),
    usage(number("usage_breadth", "Seats used of seats bought", minimum=0), "share", "28 days"),
    usage(
        count("usage_features_adopted", "Features used by more than half of the active people"),
        "features",
        "28 days",
        default=0,
    ),
    usage(
        integer(
            "usage_falling_weeks",
            "Latest weeks in a row with fewer core actions than the week before",
            required=True,
            minimum=0,
            maximum=3,
        ),
        "weeks",
        "28 days",
        default=0,
    ),
    usage(
        number("usage_trend", "Core actions of the last 14 days against the 14 before, less 1", minimum=-1),
        "share",
        "28 days",
    ),
    usage(
        text(
            "usage_tier",
            "power, regular, low, inactive (no core action for 30 days), none (never one)",
            required=True,
            allowed=USAGE_TIERS,
        ),
        window="28 days",
        default="none",
        history=True,
    ),
    usage(date("usage_last_on", "Day of the last core action"), window="all time"),
    usage(date("usage_seen_on", "Day of the last event of any kind, logins among them"), window="all time"),
    usage(integer("usage_days_since", "Days since the last core action", minimum=0), "days", "all time"),
    usage(text("usage_record_id", "The product user who acted last (staged/person_record)"), window="all time"),
    *RENEWAL_MEASURES,
    relation(text("name", "Name")),
    relation(text("industry", "Industry")),
    relation(text("country", "Country")),
    relation(text("plan", "Product plan")),
    relation(integer("employees", "Number of employees", minimum=0), "people"),
    relation(count("people", "Profiles that belong to the account"), "people", default=0),
    relation(date("first_seen_on", "Day the source created the account")),
    relation(integer("tenure_days", "Days since then", minimum=0), "days"),
)

CUSTOMER_360 = Table(
    name="customer_360",
    grain="one person as of the logical date",
    key=("profile_id",),
    columns=(
        text("profile_id", "Profile"),
        date("as_of", "Logical date", required=True),
        text("account_id", "Account the person belongs to"),
        *(measure.column for measure in PERSON_MEASURES),
    ),
)

ACCOUNT_360 = Table(
    name="account_360",
    grain="one company as of the logical date",
    key=("account_id",),
    columns=(
        text("account_id", "Account"),
        date("as_of", "Logical date", required=True),
        *(measure.column for measure in ACCOUNT_MEASURES),
    ),
)


def _history(name: str, grain: str, member: str, measures: tuple[Measure, ...]) -> Table:
    kept = (
        Column(m.name, m.column.type, m.column.description, allowed=m.column.allowed) for m in measures if m.history
    )
    return Table(
        name=name,
        grain=grain,
        key=(member, "since"),
        columns=(
            text(member, "Whose state it is"),
            date("since", "First logical date it holds on, until the next row of the same id"),
            boolean("is_present", "False once the id no longer exists", required=True),
            *kept,
        ),
    )


CUSTOMER_HISTORY = _history(
    "customer_history", "one person's state from a day on: a row only where it changed", "profile_id", PERSON_MEASURES
)
ACCOUNT_HISTORY = _history(
    "account_history", "one company's state from a day on: a row only where it changed", "account_id", ACCOUNT_MEASURES
)


def measures_of(level: str) -> dict[str, Measure]:
    """Return the measures of a level, person or account, by name."""
    return {measure.name: measure for measure in {"person": PERSON_MEASURES, "account": ACCOUNT_MEASURES}[level]}


def language_types(level: str) -> dict[str, Column]:
    """Return the columns that a segment definition of the level may name."""
    return {name: measure.column for name, measure in measures_of(level).items()}
