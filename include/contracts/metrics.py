"""Metric tables: what the measures amount to over all people and contracts, for the pages. Written by `measure`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from include.contracts.measures import (
    ACCOUNT_360,
    ACCOUNT_HISTORY,
    CONTRACT_STATES,
    CUSTOMER_360,
    CUSTOMER_HISTORY,
    NPS_CLASSES,
    RENEWAL_BUCKETS,
    USAGE_TIERS,
)
from include.contracts.tables import Table, boolean, count, date, integer, number, text
from include.contracts.vocabulary import CONTRACT_TYPES

GRID_DIMENSIONS = ("nps_class", "usage_tier", "renewal_bucket")
NOT_KNOWN = "unknown"  # where a measure is null, for there is no source of it
_CELL = (
    text("nps_class", "NPS class", allowed=NPS_CLASSES),
    text("usage_tier", "Usage tier", allowed=(*USAGE_TIERS, NOT_KNOWN)),
    text("renewal_bucket", "Renewal bucket", allowed=(*RENEWAL_BUCKETS, NOT_KNOWN)),
)

GRID = Table(
    name="grid",
    grain="one cell of NPS class x usage tier x renewal bucket, empty ones among them; every profile is in one. Where "
    "no source tells of one of the three, all are unknown in it",
    key=GRID_DIMENSIONS,
    columns=(
        *_CELL,
        count("profiles", "Profiles in the cell"),
        number("share", "Of all profiles", required=True, minimum=0, maximum=1),
    ),
)

GRID_FLOW = Table(
    name="grid_flow",
    grain="one pair of cells that profiles moved between, in one week",
    key=("week_end", *(f"from_{name}" for name in GRID_DIMENSIONS), *(f"to_{name}" for name in GRID_DIMENSIONS)),
    columns=(
        date("week_end", "Last day of the seven; the cells are those on it and seven days before"),
        *(text(f"from_{c.name}", f"{c.description} before; new: the profile did not exist") for c in _CELL),
        *(text(f"to_{c.name}", f"{c.description} after; gone: the profile no longer exists") for c in _CELL),
        integer("profiles", "Profiles that moved so", required=True, minimum=1),
    ),
)

NPS_MONTH = Table(
    name="nps_month",
    grain="one calendar month of answers; of each person the latest one in it",
    key=("month",),
    columns=(
        date("month", "First day of the month"),
        count("answered", "People who answered: the n"),
        count("promoters", "Promoters"),
        count("passives", "Passives"),
        count("detractors", "Detractors"),
        number("nps", "Share of promoters less share of detractors", required=True, minimum=-100, maximum=100),
    ),
)

CONTRACT_RENEWAL = Table(
    name="contract_renewal",
    grain="one contract that is not a draft, and when it renews",
    key=("contract_id",),
    columns=(
        text("contract_id", "Contract (staged/contract)"),
        text("account_id", "Account"),
        text("contract_type", "How it ends or renews", required=True, allowed=CONTRACT_TYPES),
        text("state", "State on the logical date", required=True, allowed=CONTRACT_STATES),
        boolean("is_live", "In force or overdue (past its end without a successor): its value counts", required=True),
        date("renewal_date", "Day that decides: its end, or the notice deadline where it renews by itself"),
        text(
            "renewal_bucket",
            "renewal_date's bucket; none where it does not renew, has ended, or its renewal is signed",
            required=True,
            allowed=RENEWAL_BUCKETS,
        ),
        number("annual_value", "Value a year, in the company's currency", minimum=0),
        boolean("is_at_risk", "is_at_risk of its account; unknown where that is, and of a contract that has ended"),
    ),
)

RENEWAL_MONTH = Table(
    name="renewal_month",
    grain="one calendar month in which contracts, live or signed ahead, come up for renewal",
    key=("month",),
    columns=(
        date("month", "First day of the month"),
        count("contracts", "Contracts due"),
        number("value", "Their value a year", required=True, minimum=0),
        count("at_risk", "Contracts of accounts at risk among them"),
        number("value_at_risk", "Their value a year", required=True, minimum=0),
    ),
)

UNKNOWN: Mapping[str, tuple[str, str | bool | None]] = MappingProxyType(
    {
        "nps": ("nps_class", "unknown"),
        "usage": ("usage_tier", "none"),
        "contract": ("contract_type", "none"),
        "email": ("has_email", False),
        "account": ("account_id", None),
    }
)
"""Of each family the measure of customer_360 that tells whether it is known, and its value when it is not, or null."""

COVERAGE = Table(
    name="coverage",
    grain="one family of measures",
    key=("family",),
    columns=(
        text("family", ", ".join(UNKNOWN)),
        count("profiles", "Profiles that have it"),
        number("share", "Of all profiles", required=True, minimum=0, maximum=1),
    ),
)

ACCOUNT_ABOVE = Table(
    name="account_above",
    grain="one account and one of those above it, at any depth, by the CRM's parents; loops of parents aside",
    key=("account_id", "above_account_id"),
    columns=(
        text("account_id", "Account"),
        text("above_account_id", "Its parent, or one of that one's"),
        integer("steps", "How many parents it is up to there; 1 is the account's own parent", required=True, minimum=1),
    ),
)

EMAIL_CURVE = Table(
    name="email_curve",
    grain="one band of emails sent to a person in 90 days, and what they led to",
    key=("sent_from",),
    columns=(
        integer("sent_from", "Fewest emails of the band", required=True, minimum=1),
        integer("sent_to", "Most emails of the band; none of the last one", minimum=1),
        count("people", "People who were sent as many"),
        count("sent", "Emails sent to them"),
        count("engaged", "Of these, those that they, no machine, opened or clicked"),
        number(
            "engaged_rate",
            "The share of these that email_frequency expects; the company's average counts as 200 emails more",
            required=True,
            minimum=0,
            maximum=1,
        ),
        count("unsubscribed", "People of them who unsubscribed"),
        number("unsubscribe_rate", "They, by email sent", required=True, minimum=0, maximum=1),
    ),
)

SOURCE_DAY = Table(
    name="source_day",
    grain="one object of one source, and the last day that it covers whole",
    key=("source", "object"),
    columns=(
        text("source", "Source"),
        text("object", "Object inside the source"),
        date("through", "Last day that is all in; windows of days over the object end on it", required=True),
        count("age_days", "Days from it to the logical date; 1 where a night's exports hold the day before"),
        count("missing_days", "Days between its first and last file of a day that have none"),
        boolean(
            "is_stale",
            "Older than sources.stale_after_days and than its own silences: what follows from it stands still",
            required=True,
        ),
    ),
)

BASES: Mapping[str, str] = MappingProxyType(
    {
        "usage": "Core actions of 28 days",
        "nps": "Answers within nps.window_days",
        "nps_of_other_accounts": "Answers whose employer is another account than the person's: they count there",
        "nps_of_unknown_employers": "Answers whose employer is no account: they count for the person alone",
        "email_opens": "Opens of 28 days",
        "email_opens_unknown": "Opens that may be a person's or a machine's: they count as neither",
        "email_clicks": "Clicks of 28 days",
        "email_clicks_unknown": "Clicks that may be a person's or a machine's: they count as neither",
        "accounts_judged": "Accounts with use enough to tell a decline from their own noise",
        "accounts_declining": "Accounts whose use declines; usage.decline.chance of those judged would by chance",
        "accounts_of_currencies": "Accounts with amounts in several currencies: what they sum to is unknown",
        "usage_of_nobody": "Core actions of nobody known: they count for accounts, for no person",
        "usage_stitched": "Core actions of a person without a login: only that person ever logged in on the device",
        "usage_by_workspace": "Core actions in a workspace of an account, for which they count",
        "usage_by_person": "Core actions in no known workspace: they count for the person's account",
        "usage_by_nowhere": "Core actions of no account: neither a workspace nor the person tells one",
    }
)

BASIS = Table(
    name="basis",
    grain="one kind of evidence that measures rest on, and how much of it there is",
    key=("basis",),
    columns=(
        text("basis", "Which", allowed=tuple(BASES)),
        text("about", "What is counted", required=True),
        count("rows", "How many"),
    ),
)

MEASURED = (
    CUSTOMER_360,
    ACCOUNT_360,
    CUSTOMER_HISTORY,
    ACCOUNT_HISTORY,
    CONTRACT_RENEWAL,
    GRID,
    GRID_FLOW,
    NPS_MONTH,
    RENEWAL_MONTH,
    COVERAGE,
    BASIS,
    SOURCE_DAY,
    ACCOUNT_ABOVE,
    EMAIL_CURVE,
)
"""All that ``measure`` writes."""
