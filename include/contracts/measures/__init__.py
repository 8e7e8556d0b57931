"""Measures: each declared once; the tables customer_360 and account_360 are derived from the declarations.

What computes a measure lies in ``include/measures/<family>.py`` under the same name. Written by ``measure``.
"""

from __future__ import annotations

from include.contracts.measures.account import ACCOUNT_MEASURES
from include.contracts.measures.declaration import (
    CONTRACT_STATES,
    GIVERS,
    JOB_FUNCTIONS,
    LIVE,
    NPS_CLASSES,
    RENEWAL_BUCKETS,
    RISKS,
    SENIORITIES,
    SOURCES,
    USAGE_TIERS,
    Measure,
)
from include.contracts.measures.person import PERSON_MEASURES
from include.contracts.measures.sales import SALES_MEASURES
from include.contracts.measures.shared import RENEWAL_MEASURES
from include.contracts.tables import Column, Table, boolean, date, text

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


__all__ = [
    "ACCOUNT_360",
    "ACCOUNT_HISTORY",
    "ACCOUNT_MEASURES",
    "CONTRACT_STATES",
    "CUSTOMER_360",
    "CUSTOMER_HISTORY",
    "GIVERS",
    "JOB_FUNCTIONS",
    "LIVE",
    "NPS_CLASSES",
    "PERSON_MEASURES",
    "RENEWAL_BUCKETS",
    "RENEWAL_MEASURES",
    "RISKS",
    "SALES_MEASURES",
    "SENIORITIES",
    "SOURCES",
    "USAGE_TIERS",
    "Measure",
    "measures_of",
]
