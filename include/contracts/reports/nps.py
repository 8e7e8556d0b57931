"""The report `nps`: who recommends us, how sure that is, and whether it foretells what becomes of contracts."""

from __future__ import annotations

from include.contracts.measures import NPS_CLASSES
from include.contracts.reports.declaration import DIMENSION, Chart, Cover, Need, Part, Report, figure
from include.contracts.tables import count, date, integer, number, text

_SCORES = (
    figure(count("answered", "People whose latest answer counts: the n"), "people"),
    figure(count("promoters", "Promoters (9 and 10)"), "people"),
    figure(count("passives", "Passives (7 and 8)"), "people"),
    figure(count("detractors", "Detractors (0 to 6)"), "people"),
    figure(
        number("nps", "Share of promoters less share of detractors", required=True, minimum=-100, maximum=100), "points"
    ),
    figure(number("nps_low", "Lower end of its 95 % interval", required=True, minimum=-100, maximum=100), "points"),
    figure(number("nps_high", "Upper end", required=True, minimum=-100, maximum=100), "points"),
)

GROUPS = Part(
    name="report_nps",
    title="By group, over the window",
    grain="one category of people, and how those of it who answered within the window would recommend us",
    key=("dimension", "category"),
    figures=(*DIMENSION, *_SCORES),
)
MONTHS = Part(
    name="report_nps_month",
    title="By month",
    grain="one calendar month of answers of one category of people; of each person the latest one in it",
    key=("dimension", "category", "month"),
    figures=(*DIMENSION, figure(date("month", "First day of the month")), *_SCORES),
)
RENEWALS = Part(
    name="report_nps_renewal",
    title="What it foretells",
    grain="one class of accounts by NPS on the day before their contract's last quarter, and what became of it",
    key=("nps_class",),
    figures=(
        figure(text("nps_class", "Class of the account's score: above 0, 0, below 0; unknown", allowed=NPS_CLASSES)),
        figure(count("contracts", "Contracts that were decided within the window"), "contracts"),
        figure(count("renewed", "Of these, those that were renewed"), "contracts"),
        figure(number("renewal_rate", "They, as a share", minimum=0, maximum=1), "share"),
        figure(number("rate_low", "Lower end of its 95 % interval (Wilson)", minimum=0, maximum=1), "share"),
        figure(number("rate_high", "Upper end", minimum=0, maximum=1), "share"),
    ),
)
FOLLOW_UP = Part(
    name="report_nps_follow_up",
    title="Detractors, and what they said next",
    grain="one half-year in which people first answered as detractors, and how they answered the next time",
    key=("half_year",),
    figures=(
        figure(date("half_year", "First day of the half-year")),
        figure(count("detractors", "People with a detractor's answer in it"), "people"),
        figure(
            integer(
                "followed_up",
                "Of these, those with whom somebody spoke within nps.follow_up_days; null where no source notes it",
                minimum=0,
            ),
            "people",
        ),
        figure(count("answered_again", "Of these, those who have answered again since"), "people"),
        figure(count("recovered", "Of these, those who were detractors no longer"), "people"),
        figure(number("median_days", "Median days to the next answer", minimum=0), "days"),
    ),
)

ASKED = Part(
    name="report_nps_asked",
    title="Who was asked, and who never is",
    grain="one category of people with an account, and how many of it were asked within the window",
    key=("dimension", "category"),
    figures=(
        *DIMENSION,
        figure(count("people", "People with an account"), "people"),
        figure(count("asked", "Of these, those whose address was asked within the window"), "people"),
        figure(count("answered_asked", "Of those asked, those with a valid answer within it"), "people"),
        figure(number("response_rate", "They, as a share", minimum=0, maximum=1), "share"),
        figure(number("rate_low", "Lower end of its 95 % interval (Wilson)", minimum=0, maximum=1), "share"),
        figure(number("rate_high", "Upper end", minimum=0, maximum=1), "share"),
        figure(count("never_asked", "People none of whose addresses was ever asked"), "people"),
    ),
)

REPORT = Report(
    key="nps",
    name="NPS",
    question="Who would recommend us, how sure is that, and does it foretell who renews?",
    window="By month since the first answer; by group over the last nps.window_days; renewals of the last year.",
    definition=(
        "0 to 6 is a detractor, 7 and 8 a passive, 9 and 10 a promoter; NPS is the share of promoters less that of "
        "detractors. Of each unified person the latest answer counts, once, however many records or addresses gave "
        "it. No answer is unknown: outside of the denominator, never passive. The interval is that of a difference "
        "of two shares of one sample (normal approximation, 95 %); below 30 answers read it before the score."
    ),
    source="Net Promoter System (Reichheld, Bain); interval: Rocks, Int. J. Market Research 58 (2016)",
    needs=(Need("staged/nps_response", "No survey answers are exported; add a source of the part survey."),),
    parts=(GROUPS, MONTHS, RENEWALS, FOLLOW_UP, ASKED),
    chart=Chart(
        "report_nps_month",
        "line",
        "month",
        "nps",
        "NPS by month, with its 95 % interval",
        band=("nps_low", "nps_high"),
        where={"dimension": "all"},
    ),
    covers=(
        Cover("people with an account", "people", "The others of them gave no answer within the window."),
        Cover("accounts with a live contract", "accounts", "Of the others nobody answered within the window."),
        Cover("revenue under contract", "company currency", "The rest is of accounts of which nobody answered."),
    ),
    cannot_say=(
        "Where the survey tool exports answers alone, who was asked, and so a response rate, is empty.",
        "A conversation after a detractor's answer is one that the CRM notes; what was said in it, nobody exports.",
    ),
)
