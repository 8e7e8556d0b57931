"""The report `funnel`: how unified people come from a raised hand to a customer, and where they stay."""

from __future__ import annotations

from include.contracts.reports.declaration import DIMENSION, Chart, Cover, Figure, Need, Part, Report, figure
from include.contracts.tables import Column, boolean, count, date, integer, number, text

STAGES = ("raised_hand", "mql", "sal", "sql", "opportunity", "customer")
OUTCOMES = ("accepted", "rejected", "recycled", "open")
ENDS = ("rejected", "recycled", "lost")
FITS = ("yes", "no", "unknown")


def _stage() -> Column:
    return text("stage", "Stage of the person's way", allowed=STAGES)


def _days(name: str, which: str) -> Figure:
    return figure(number(name, f"{which} of the days from the stage before to this one", minimum=0), "days")


def _days_in(name: str, which: str) -> Figure:
    return figure(number(name, f"{which} of the days in it, of those who went on", minimum=0), "days")


STAGES_PART = Part(
    name="report_funnel",
    title="By stage",
    grain="one stage, and the people of one category who have come to it",
    key=("dimension", "category", "stage"),
    order=("dimension", "category", "place"),
    figures=(
        *DIMENSION,
        figure(_stage()),
        figure(integer("place", "Its place on the way, from 0", required=True, minimum=0), "place"),
        figure(count("people", "Unified people who have come to it, each once"), "people"),
        figure(count("crm_count", "As the CRM counts: every lead, role or form for itself"), "records"),
        figure(
            count("from_before", "Of these, those who had come to the stage before of which the data tells"), "people"
        ),
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
        figure(count("sals", "Those whom sales had accepted within these days (SAL), or who were SQL"), "people"),
        figure(number("cohort_rate", "The SQLs, as a share", minimum=0, maximum=1), "share"),
        figure(number("rate_low", "Lower end of its 95 % interval (Wilson)", minimum=0, maximum=1), "share"),
        figure(number("rate_high", "Upper end", minimum=0, maximum=1), "share"),
        figure(count("rejected", "Those whom sales rejected and did not send back"), "people"),
        figure(count("recycled", "Those whom sales sent back"), "people"),
        figure(count("undecided", "Those of whom sales has said nothing"), "people"),
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
DEALS = Part(
    name="report_funnel_deal",
    title="Velocity of opportunities, by their history",
    grain="one stage that opportunities have come to, as the CRM names it",
    key=("stage",),
    figures=(
        figure(text("stage", "Stage as the source names it")),
        figure(count("opportunities", "Opportunities that have come to it"), "opportunities"),
        figure(count("moved_on", "Times that one went on from it"), "changes"),
        figure(count("waiting", "Open opportunities that are in it"), "opportunities"),
        _days_in("days_q1", "First quartile"),
        _days_in("days_median", "Median"),
        _days_in("days_q3", "Third quartile"),
        figure(number("won_share", "Of those that have closed since, the share won", minimum=0, maximum=1), "share"),
    ),
)
REASONS = Part(
    name="report_funnel_reason",
    title="Why people and opportunities were turned away",
    grain="one outcome and one reason for it",
    key=("outcome", "reason"),
    order=("outcome", "-records", "reason"),
    figures=(
        figure(
            text("outcome", "What became of them: leads are rejected or recycled, opportunities lost", allowed=ENDS)
        ),
        figure(text("reason", "Reason as the source has it; `not said` where it has none")),
        figure(count("records", "Leads, or opportunities"), "records"),
        figure(count("people", "Unified people of these leads, or with a role in these opportunities"), "people"),
    ),
)

REPORT = Report(
    key="funnel",
    name="Funnel",
    question="How many people come how far, how fast, and by how much does the CRM miscount them?",
    window="All time up to the logical date; rates by calendar month.",
    definition=(
        "A person comes to a stage once, on the first day that any of the person's records says so: raised hand (a "
        "form, a chat, or a lead that raised one), MQL, SAL and SQL (the CRM's days, and the statuses of staging.yaml: "
        "leads.statuses in the history of leads; SAL: sales took it up), opportunity (a contact role in one that "
        "was created), customer (one of these was won). The period rate is SQLs by MQLs of one month; the cohort "
        "rate is the share of a month's MQLs that became SQL within funnel.cohort_days, and it is immature until "
        "all of them have had that long. Days between stages are of people who came to both in that order. An MQL "
        "is accepted where an SQL followed, else accepted, recycled or rejected by the latest word (of one day the "
        "last of these), else open. Opportunities are timed by their history; of two stages at one instant neither "
        "has lasted a known time."
    ),
    source="SiriusDecisions Demand Waterfall; cohort rates: Brian Balfour",
    needs=(Need("staged/lead_step", "The CRM exports no days on which leads became MQL or SQL."),),
    parts=(STAGES_PART, MONTHS, COHORTS, PEOPLE, CRITERIA, DEALS, REASONS),
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
        Cover("lost opportunities with a reason", "opportunities", "Of the others the source does not say why."),
        Cover("won opportunities with a day of close", "opportunities", "The others make nobody a customer."),
        Cover(
            "changes of stage whose order is known",
            "changes",
            "The others are of two stages at one instant: their time counts in none.",
        ),
    ),
    cannot_say=("Where the CRM exports no history of leads and opportunities, SAL and velocity are empty.",),
)
