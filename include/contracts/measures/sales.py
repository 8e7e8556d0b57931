"""Measures of an account's sales opportunities, which people have as well, by their account."""

from __future__ import annotations

from include.contracts.measures.declaration import Measure
from include.contracts.tables import Column, count, date, number, text

SALES = "Opportunities in the CRM"
_ONE = "; unknown where they are in several currencies"


def _sales(column: Column, unit: str = "", **more: object) -> Measure:
    row = {"record": "opportunity_id", "dated": "opportunity_created_on", "needs": ("opportunity",)}
    return Measure(column, "sales", SALES, unit, "on the logical date", **row, **more)  # type: ignore[arg-type]


SALES_MEASURES: tuple[Measure, ...] = (
    _sales(count("opportunities_open", "Open opportunities of the account"), "opportunities", default=0),
    _sales(number("opportunities_open_amount", f"Their amounts together{_ONE}"), "company currency"),
    _sales(text("opportunity_stage", "Stage of the open one that is expected to close first, as the CRM names it")),
    _sales(text("opportunity_type", "Its type, as the CRM names it")),
    _sales(number("opportunity_amount", "Its amount"), "company currency"),
    _sales(date("opportunity_close_on", "Its expected close")),
    _sales(date("opportunity_created_on", "Day it was created")),
    _sales(text("opportunity_id", "That opportunity (staged/opportunity)")),
    _sales(count("opportunities_won", "Opportunities won"), "opportunities", default=0),
    _sales(number("opportunities_won_amount", f"Their amounts together{_ONE}"), "company currency"),
    _sales(date("opportunity_won_on", "Day the latest was won")),
    _sales(count("opportunities_lost", "Opportunities closed and not won"), "opportunities", default=0),
    _sales(date("opportunity_lost_on", "Day the latest was lost")),
)
