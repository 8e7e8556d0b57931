"""Measures of an account: of all its people, its contracts and itself."""

from __future__ import annotations

from include.contracts.measures.declaration import Measure, nps, relation, risk, usage
from include.contracts.measures.sales import SALES_MEASURES
from include.contracts.measures.shared import RENEWAL_MEASURES, SOURCE_ENDS, USAGE_MEASURES, active_days
from include.contracts.tables import Column, boolean, count, date, integer, number, text

HIERARCHY = "Parent accounts in the CRM"
PEOPLE = ("usage_active_people", "usage_people_elsewhere")


def _hierarchy(column: Column, unit: str = "", **more: object) -> Measure:
    return Measure(column, "hierarchy", HIERARCHY, unit, **more)  # type: ignore[arg-type]


ACCOUNT_MEASURES: tuple[Measure, ...] = (
    nps(
        number(
            "nps",
            "Share of promoters less share of detractors, of each person the latest answer about the account",
            minimum=-100,
            maximum=100,
        ),
        "points",
        history=True,
        beside=("nps_answered", "nps_of_former_people"),
    ),
    nps(count("nps_answered", "People whose latest answer counts: the n of nps"), "people", default=0),
    nps(
        count("nps_of_former_people", "Of these, those who belong to another account by now, or to none"),
        "people",
        default=0,
    ),
    nps(count("nps_promoters", "Promoters among them"), "people", default=0),
    nps(count("nps_detractors", "Detractors among them"), "people", default=0),
    nps(date("nps_on", "Day of the latest answer")),
    nps(text("nps_response_id", "The latest answer (staged/nps_response)")),
    *active_days(" of anybody"),
    usage(
        count("usage_core_actions_28", "Core actions"), "actions", "28 days", default=0, beside=("usage_stitched_28",)
    ),
    usage(
        count("usage_stitched_28", "Of these, those without a login, on a device that one user only ever logged in on"),
        "actions",
        "28 days",
        default=0,
    ),
    usage(
        count("usage_seats_used", "People with a core action in the account's workspaces, whosever people they are"),
        "seats",
        "28 days",
        default=0,
        beside=PEOPLE,
    ),
    usage(
        count("usage_active_people", "People of the account with a core action, in whosever workspace"),
        "people",
        "28 days",
        default=0,
        beside=("usage_people_elsewhere", "usage_seats_used"),
    ),
    usage(
        count("usage_people_elsewhere", "Of these, those who acted in other accounts' workspaces only"),
        "people",
        "28 days",
        default=0,
    ),
    usage(
        integer("usage_seats_bought", "Seats of the assets in force, else of the product's own count", minimum=0),
        "seats",
        needs=(),
    ),
    usage(
        number("usage_breadth", "Seats used of seats bought", minimum=0),
        "share",
        "28 days",
        beside=("usage_seats_used", "usage_seats_bought", *PEOPLE),
    ),
    usage(
        count("usage_features_adopted", "Features used by more than half of the active people"),
        "features",
        "28 days",
        default=0,
    ),
    *USAGE_MEASURES,
    *RENEWAL_MEASURES,
    *SALES_MEASURES,
    risk(
        boolean(
            "is_at_risk",
            "Of an account with a live contract: one of risk_reasons holds; unknown where none could be judged",
        ),
        beside=("risk_reasons", "nps", "nps_answered", "usage_breadth", "usage_tier", "usage_change"),
    ),
    risk(
        text(
            "risk_reasons",
            "Of these those that hold: unhappy (NPS below risk.nps_below, of risk.nps_answered people or more), "
            "declining (usage_is_declining), unused (usage_breadth below risk.breadth), silent (nobody active); the "
            "last two from risk.settling_days after the contract's start",
        )
    ),
    *SOURCE_ENDS,
    relation(text("name", "Name")),
    relation(text("industry", "Industry")),
    relation(text("country", "Country")),
    relation(text("plan", "Product plan")),
    relation(integer("employees", "Number of employees", minimum=0), "people"),
    relation(count("people", "Profiles that belong to the account"), "people", default=0),
    _hierarchy(text("parent_account_id", "The account right above it, by the CRM's parents; loops of parents aside")),
    _hierarchy(text("top_account_id", "The uppermost account above it; itself where there is none")),
    _hierarchy(count("accounts_above", "Accounts above it, at any depth"), "accounts", default=0),
    _hierarchy(count("accounts_below", "Accounts below it, at any depth"), "accounts", default=0),
    relation(date("first_seen_on", "Day the source created the account")),
    relation(integer("tenure_days", "Days since then", minimum=0), "days"),
)
