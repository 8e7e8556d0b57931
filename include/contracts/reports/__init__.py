"""Reports: each declared once, in a module of its own; tables, checks, commands, pages and documentation follow.

What computes a report lies in ``include/reports/<key>.py``. Written by ``report``.
"""

from __future__ import annotations

from include.contracts.reports import (
    account_stages,
    campaign_influence,
    churn,
    duplicates,
    engagement,
    funnel,
    lifetime_value,
    nps,
    prospect_outcome,
    sales_alerts,
)
from include.contracts.reports.declaration import ALL, Chart, Cover, Figure, Need, Part, Report
from include.contracts.tables import Table, boolean, count, date, json, number, text

STATES = ("published", "missing", "refused")

_MODULES = (
    funnel, prospect_outcome, campaign_influence, churn, lifetime_value, nps, engagement, account_stages, sales_alerts,
    duplicates,
)  # fmt: skip
REPORTS: tuple[Report, ...] = tuple(module.REPORT for module in _MODULES)

REPORT = Table(
    name="report",
    grain="one report, and how it came out",
    key=("report_key",),
    columns=(
        text("report_key", "Key of the report"),
        text("name", "Name to show", required=True),
        text("question", "The question it answers", required=True),
        date("as_of", "Logical date", required=True),
        text(
            "state",
            "published; missing: a source that it needs has no rows; refused: the data does not bear it out",
            required=True,
            allowed=STATES,
        ),
        text("reason", "Why it is missing or refused, in one sentence"),
        json("cannot_say", "What it cannot say, as a list of sentences", required=True),
        count("rows", "Rows of all its tables"),
    ),
)

REPORT_COVERAGE = Table(
    name="report_coverage",
    grain="one thing that a report judges, and how much of it there was",
    key=("report_key", "subject"),
    columns=(
        text("report_key", "Report"),
        text("subject", "What is judged"),
        text("unit", "Unit of both numbers", required=True),
        number("judged", "How much it could judge", required=True, minimum=0),
        number("total", "Of how much", required=True, minimum=0),
        number("share", "The share; null of nothing", minimum=0, maximum=1),
        text("says", "What became of the rest", required=True),
    ),
)

REPORT_HISTORY = Table(
    name="report_history",
    grain="one row of one part of a report from a day on: kept only where it changed",
    key=("row_id", "since"),
    columns=(
        text("row_id", "The part, and the row's key in it as JSON"),
        date("since", "First logical date it holds on, until the next row of the same id"),
        boolean("is_present", "False once the part has no such row", required=True),
        text("part", "Part of the report", required=True),
        json("figures", "The row", required=True),
    ),
)

PARTS: tuple[Part, ...] = tuple(part for report in REPORTS for part in report.parts)
REPORTED: tuple[Table, ...] = (*(part.table for part in PARTS), REPORT, REPORT_COVERAGE, REPORT_HISTORY)
"""All that ``report`` writes."""


def reports_by_key() -> dict[str, Report]:
    """Return the reports by key, in their order."""
    return {report.key: report for report in REPORTS}


__all__ = [
    "ALL",
    "PARTS",
    "REPORT",
    "REPORTED",
    "REPORTS",
    "REPORT_COVERAGE",
    "REPORT_HISTORY",
    "Chart",
    "Cover",
    "Figure",
    "Need",
    "Part",
    "Report",
    "reports_by_key",
]
