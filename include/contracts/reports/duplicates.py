"""The report `duplicates`: the same figures as the systems count records, and as they are on unified people."""

from __future__ import annotations

from include.contracts.reports.declaration import Chart, Cover, Part, Report, figure
from include.contracts.tables import number, text

FIGURES = (
    "leads", "contacts", "prospects", "mqls", "conversion", "open_rate", "mails_per_addressee", "nps", "nps_answers",
    "revenue_per_contact",
)  # fmt: skip

FIGURES_PART = Part(
    name="report_duplicates",
    title="As counted, and as it is",
    grain="one figure, as records count it and as unified people do",
    key=("measured",),
    figures=(
        figure(text("measured", "The figure", allowed=FIGURES)),
        figure(text("unit", "Unit of both", required=True)),
        figure(number("as_counted", "As the systems count: every record for itself"), "see unit"),
        figure(number("on_people", "On unified people, machines left out"), "see unit"),
        figure(number("difference", "The second against the first, less 1"), "share"),
        figure(text("why", "What makes the difference", required=True)),
    ),
)

REPORT = Report(
    key="duplicates",
    name="What duplicates did",
    question="By how much were our usual figures wrong, because one person is several records?",
    window="Leads, contacts, MQLs and revenue of all time; mails of 90 days; NPS of nps.window_days.",
    definition=(
        "Each figure twice: over the records as the CRM, the mail system or the survey have them, and over the "
        "people whom those records are. Deleted records count in neither. A lead that became a contact is one "
        "person. The open rate is opens by anybody by mails sent, against mails that a person opened."
    ),
    source="The identity crosswalk (docs/matching.md)",
    needs=(),
    parts=(FIGURES_PART,),
    chart=Chart(
        "report_duplicates", "bar", "measured", "difference", "How far people differ from what the systems count"
    ),
    covers=(Cover("records of people", "records", "The others belong to no profile: they count as records only."),),
)
