"""Measures that people and accounts have alike."""

from __future__ import annotations

from include.contracts.measures.declaration import RENEWAL_BUCKETS, USAGE_TIERS, Measure, relation, renewal, usage
from include.contracts.tables import boolean, count, date, integer, number, text
from include.contracts.vocabulary import CONTRACT_TYPES


def active_days(whose: str = "") -> tuple[Measure, ...]:
    """Return the active days of each window; ``whose`` says so where they are not the person's own."""
    return tuple(
        usage(
            count(f"usage_active_days_{days}", f"Days with a core action{whose}"),
            "days",
            f"{days} days",
            default=0,
            beside=("usage_stitched_28",),
        )
        for days in (7, 28, 90)
    )


SOURCE_ENDS: tuple[Measure, ...] = tuple(
    relation(date(name, f"Last day that the data of {what} covers whole"), needs=(table,))
    for name, what, table in (
        ("usage_through", "the product (windows of use end on it)", "usage_event"),
        ("nps_through", "the surveys", "nps_response"),
        ("contracts_through", "the CRM's contracts", "contract"),
    )
)

USAGE_MEASURES: tuple[Measure, ...] = (
    usage(
        integer(
            "usage_falling_weeks",
            "Latest weeks in a row with fewer core actions than the week before; three come by chance to one in 24",
            required=True,
            minimum=0,
            maximum=3,
        ),
        "weeks",
        "28 days",
        default=0,
        beside=("usage_change", "usage_change_chance"),
    ),
    usage(
        number(
            "usage_change",
            "Core actions of 28 days against those to expect from the 56 days before and the season, less 1",
            minimum=-1,
        ),
        "share",
        "84 days",
        beside=("usage_change_chance",),
    ),
    usage(
        number(
            "usage_change_chance",
            "Probability of so few by the member's own noise alone; unknown where too few are to expect",
            minimum=0,
            maximum=1,
        ),
        "probability",
        "84 days",
        beside=("usage_change",),
    ),
    usage(
        boolean("usage_is_declining", "The fall is large (usage.decline.drop) and no chance (usage.decline.chance)"),
        window="84 days",
        beside=("usage_change", "usage_change_chance"),
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
    usage(date("usage_last_on", "Day of the last core action"), window="all time", until="usage_through"),
    usage(integer("usage_days_since", "Days from it to usage_through", minimum=0), "days", "all time"),
    usage(
        date("usage_seen_on", "Day of the last event of any kind, logins among them"),
        window="all time",
        until="usage_through",
    ),
    usage(text("usage_record_id", "The product user who acted last (staged/person_record)"), window="all time"),
)

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
    renewal(
        number("contract_value", "Yearly value of the account's live contracts, overdue ones among them", minimum=0),
        "company currency",
    ),
    renewal(number("contract_value_overdue", "That of the overdue ones", minimum=0), "company currency"),
    renewal(
        count("contracts_live", "Live contracts of the account: in force, or overdue (ended without a successor)"),
        "contracts",
        default=0,
    ),
    renewal(
        boolean("contracts_overlap", "Two or more of them are in force at the same time", required=True),
        default=False,
    ),
    renewal(date("contract_ended_on", "Last day of the latest ended contract, where none is live")),
    renewal(text("renewal_contract_id", "The contract (staged/contract)")),
)
