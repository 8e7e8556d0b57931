"""The report `funnel`: how unified people come from a raised hand to a customer, and where they stay."""

from __future__ import annotations

from include.contracts.reports.declaration import DIMENSION, Chart, Cover, Figure, Need, Part, Report, figure
from include.contracts.tables import Column, boolean, count, date, integer, number, text

STAGES = ("raised_hand", "mql", "sql", "opportunity", "customer")
OUTCOMES = ("accepted", "rejected", "recycled", "open")
FITS = ("yes", "no", "unknown")


def _stage() -> Column:
    return text("stage", "Stage of the person's way", allowed=STAGES)


def _days(name: str, which: str) -> Figure:
    return figure(number(name, f"{which} of the days from the stage before to this one", minimum=0), "days")


STAGES_PART = Part(
    name="report_funnel",
    title="By stage",
    grain="one stage, and the people of one category who have come to it",
    key=("dimension", "category", "stage"),
    figures=(
        *DIMENSION,
        figure(_stage()),
        figure(integer("place", "Its place on the way, from 0", required=True, minimum=0), "place"),
        figure(count("people", "Unified people who have come to it, each once"), "people"),
        figure(count("crm_count", "As the CRM counts: every lead, role or form for itself"), "records"),
        figure(count("from_before", "Of these people, those who had come to the stage before"), "people"),
        figure(number("from_before_share", "They, by the people of the stage before", minimum=0, maximum=1), "share"),
        _days("days_q1", "First quartile"),
        _days("days_median", "Median"),
        _days("days_q3", "Third quartile"),
    ),
)
MONTHS = Part(
    name="report_funnel_month",
    title="MQL to SQL, by period",
    grain="one calendar month: who became MQL and who became SQL in it, whoever they are",
    key=("dimension", "category", "month"),
    figures=(
        *DIMENSION,
        figure(date("month", "First day of the month")),
        figure(count("mqls", "People who became MQL in it, for the first time"), "people"),
        figure(count("sqls", "People who became SQL in it, for the first time"), "people"),
        figure(number("period_rate", "The second by the first: two different groups of people", minimum=0), "share"),
        figure(count("crm_mqls", "Leads that the CRM has as MQL of the month"), "records"),
        figure(count("crm_sqls", "Leads that the CRM has as SQL of the month"), "records"),
    ),
)
COHORTS = Part(
    name="report_funnel_cohort",
    title="MQL to SQL, by cohort",
    grain="one calendar month of one category: the people who first became MQL in it, and what became of them",
    key=("dimension", "category", "month"),
    figures=(
        *DIMENSION,
        figure(date("month", "First day of the month")),
        figure(count("mqls", "People who became MQL in it"), "people"),
        figure(count("sqls", "Of these, those who became SQL within funnel.cohort_days"), "people"),
        figure(number("cohort_rate", "They, as a share", minimum=0, maximum=1), "share"),
        figure(number("rate_low", "Lower end of its 95 % interval (Wilson)", minimum=0, maximum=1), "share"),
        figure(number("rate_high", "Upper end", minimum=0, maximum=1), "share"),
        figure(count("rejected", "Those whom sales rejected and did not send back"), "people"),
        figure(count("recycled", "Those whom sales sent back"), "people"),
        figure(count("undecided", "Those of whom neither is known"), "people"),
        figure(
            boolean("is_mature", "All of them have had funnel.cohort_days; else the rate is too low", required=True)
        ),
    ),
)
PEOPLE = Part(
    name="report_funnel_person",
    title="Each person's stages",
    grain="one stage that one unified person has come to",
    key=("profile_id", "stage"),
    figures=(
        figure(text("profile_id", "Person")),
        figure(_stage()),
        figure(date("entered_on", "First day in it", required=True)),
        figure(text("rule", "What says so", required=True)),
        figure(text("record_id", "The source row that says so first", required=True)),
        figure(text("owner_id", "Its owner in the source")),
        figure(count("records", "Source rows that say so"), "records"),
        figure(text("outcome", "Of an MQL: what sales made of it", allowed=OUTCOMES)),
        figure(text("reason", "Why it was rejected or recycled, where the source says")),
    ),
    history=False,
)
CRITERIA = Part(
    name="report_funnel_criteria",
    title="Fit and interest, as the criteria have them now",
    grain="one pair of answers to the two criteria: are we interested in them, are they in us",
    key=("fit", "interest"),
    figures=(
        figure(text("fit", "funnel.fit holds", allowed=FITS)),
        figure(text("interest", "funnel.interest holds", allowed=FITS)),
        figure(count("people", "People of whom it is so"), "people"),
        figure(count("mqls", "Of these, MQLs by the CRM"), "people"),
        figure(count("sqls", "Of these, SQLs by the CRM"), "people"),
    ),
)

REPORT = Report(
    key="funnel",
    name="Funnel",
    question="How many people come how far, how fast, and by how much does the CRM miscount them?",
    window="All time up to the logical date; rates by calendar month.",
    definition=(
        "A person comes to a stage once, on the first day that any of the person's records says so: raised hand (a "
        "form, or a lead that raised one), MQL and SQL (the CRM's days), opportunity (a contact role in one that "
        "was created), customer (one of these was won). The period rate is SQLs by MQLs of one month; the cohort "
        "rate is the share of a month's MQLs that became SQL within funnel.cohort_days, and it is immature until "
        "all of them have had that long. Days between stages are of people who came to both in that order. An MQL "
        "is accepted where an SQL followed, else recycled or rejected by the latest word, else open."
    ),
    source="SiriusDecisions Demand Waterfall; cohort rates: Brian Balfour",
    needs=(Need("staged/lead_step", "The CRM exports no days on which leads became MQL or SQL."),),
    parts=(STAGES_PART, MONTHS, COHORTS, PEOPLE, CRITERIA),
    chart=Chart(
        "report_funnel_cohort",
        "line",
        "month",
        "cohort_rate",
        "MQLs who became SQL, by cohort",
        band=("rate_low", "rate_high"),
        where={"dimension": "all"},
    ),
    covers=(
        Cover("leads with a step", "records", "The others became nothing that the CRM has dated."),
        Cover("steps of somebody known", "records", "The others are of records of no profile."),
        Cover("SQLs with an MQL before or on the day", "people", "Of the others the CRM has no MQL, or a later one."),
        Cover("rejected or recycled leads with a reason", "records", "Of the others the source does not say why."),
    ),
    cannot_say=(
        "The CRM dates acceptance and qualification by sales as one (SQL): a stage SAL of its own cannot be told.",
    ),
)
