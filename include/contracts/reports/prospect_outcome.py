"""The report `prospect_outcome`: grades and scores held against what became of the people who had them."""

from __future__ import annotations

from include.contracts.reports.declaration import MONEY, Chart, Cover, Need, Part, Report, figure
from include.contracts.tables import Column, count, date, integer, number, text
from include.contracts.vocabulary import GRADES

KNOWN_GRADES = (*GRADES, "none")
JUDGES = ("score", "grade")


def _grade(name: str = "grade", description: str = "Grade: fit") -> Column:
    return text(name, f"{description}; none where there is none", allowed=KNOWN_GRADES)


_OUTCOMES = (
    figure(count("people", "People who had it, and funnel.cohort_days since"), "people"),
    figure(count("sqls", "Of these, those who became SQL within these days"), "people"),
    figure(count("opportunities", "Those who got a contact role in an opportunity created within them"), "people"),
    figure(count("won", "Those of whom such an opportunity was won"), "people"),
    figure(count("lost", "Those of whom such an opportunity was lost"), "people"),
    figure(number("won_value", "Amounts of the won ones, each once, in the currency of most", required=True), MONEY),
    figure(count("rejected", "Those whom sales rejected within them"), "people"),
    figure(number("rate", "Share that became SQL", minimum=0, maximum=1), "share"),
    figure(number("rate_low", "Lower end of its 95 % interval (Wilson)", minimum=0, maximum=1), "share"),
    figure(number("rate_high", "Upper end", minimum=0, maximum=1), "share"),
    figure(number("lift", "The rate by that of all", minimum=0), "times"),
)

CELLS = Part(
    name="report_prospect_outcome",
    title="Grade by score",
    grain="one grade and one tenth of scores, and what became of those who had them",
    key=("grade", "score_decile"),
    figures=(
        figure(_grade()),
        figure(integer("score_decile", "Tenth of scores, 10 the highest; equal scores are in one", minimum=1), "tenth"),
        figure(integer("score_from", "Lowest score of it", required=True, minimum=0), "points"),
        *_OUTCOMES,
    ),
)
SCORES = Part(
    name="report_prospect_outcome_score",
    title="Calibration of the score, and its drift",
    grain="one tenth of scores of one half-year in which they were given",
    key=("half_year", "score_decile"),
    figures=(
        figure(date("half_year", "First day of the half-year in which the scores were as they are")),
        figure(integer("score_decile", "Tenth of scores, 10 the highest", minimum=1), "tenth"),
        *_OUTCOMES,
    ),
)
GRADES_PART = Part(
    name="report_prospect_outcome_grade",
    title="What a grade should have been",
    grain="one grade, and the one that its outcomes deserve",
    key=("grade",),
    figures=(
        figure(_grade()),
        *_OUTCOMES,
        figure(
            text(
                "deserved_grade",
                "The grade whose place by rate it takes; its own where that one's rate lies within its interval; none "
                "where too few tell",
                allowed=KNOWN_GRADES,
            )
        ),
    ),
)
LOSSES = Part(
    name="report_prospect_outcome_lost",
    title="Why their opportunities were lost",
    grain="one grade and one reason for a loss",
    key=("grade", "reason"),
    figures=(
        figure(_grade()),
        figure(text("reason", "Reason as the source has it; `not said` where it has none")),
        figure(
            count("opportunities", "Lost opportunities, created within funnel.cohort_days after the judgement"),
            "opportunities",
        ),
    ),
)
JUDGEMENT = Part(
    name="report_prospect_outcome_judgement",
    title="Is the score, is the grade, better than chance?",
    grain="one judge: the score, or the grade",
    key=("judge",),
    figures=(
        figure(text("judge", "Which", allowed=JUDGES)),
        figure(count("people", "People whom it judged"), "people"),
        figure(count("sqls", "Of these, SQLs"), "people"),
        figure(
            number(
                "auc", "Chance that of an SQL and another it puts the SQL higher; 0.5 is chance", minimum=0, maximum=1
            ),
            "probability",
        ),
        figure(
            number("auc_low", "Lower end of its 95 % interval (Hanley, McNeil)", minimum=0, maximum=1), "probability"
        ),
        figure(number("auc_high", "Upper end", minimum=0, maximum=1), "probability"),
        figure(number("median_lag", "Median days from the judgement to the SQL", minimum=0), "days"),
    ),
)
CONTRADICTED = Part(
    name="report_prospect_outcome_contradicted",
    title="Score says hot, sales says no",
    grain="one person of the two highest tenths of scores whom sales rejected after that",
    key=("profile_id",),
    figures=(
        figure(text("profile_id", "Person")),
        figure(_grade()),
        figure(integer("score", "Score", required=True, minimum=0), "points"),
        figure(date("scored_on", "Day since which it is so at least", required=True)),
        figure(date("rejected_on", "Day of the rejection", required=True)),
        figure(text("owner_id", "Owner of the lead")),
        figure(text("reason", "Why, where the source says")),
    ),
    history=False,
)

REPORT = Report(
    key="prospect_outcome",
    name="Prospect outcome",
    question="Do our scores and grades foretell what becomes of people, and what should they have been?",
    window="Outcomes within funnel.cohort_days after the score was last changed; only people who have had so long.",
    definition=(
        "A person's score is the highest of its prospects', the grade that of the same prospect; both are as the "
        "mail system has them, since the day on which the prospect was last changed. Only what came after that day "
        "counts, for a score that was raised by an outcome foretells nothing. Tenths are by rank over all judged "
        "people. Lift is the SQL rate by that of all. A grade deserves the place that its rate takes among grades "
        "with prospect_outcome.least_people people. Score is interest and grade is fit; opens are in neither's "
        "outcome."
    ),
    source="Account Engagement, scoring and grading; Hanley and McNeil, Radiology 143 (1982)",
    needs=(
        Need("staged/prospect_score", "No scores or grades are exported; add a source of the part mail that has them."),
        Need(
            "staged/lead_step",
            "The CRM exports no days on which leads became SQL: there is no outcome to hold against.",
        ),
    ),
    parts=(CELLS, SCORES, GRADES_PART, LOSSES, JUDGEMENT, CONTRADICTED),
    chart=Chart(
        "report_prospect_outcome_grade", "bar", "grade", "rate", "People who became SQL, by the grade they had before"
    ),
    covers=(
        Cover("people with a score or grade", "people", "The others were never judged."),
        Cover(
            "judged people with time enough",
            "people",
            "The others were judged too lately: what becomes of them is open.",
        ),
        Cover(
            "SQLs after the judgement",
            "people",
            "The others were SQL before the score was as it is: it foretold nothing.",
        ),
        Cover(
            "won opportunities with an amount in the main currency",
            "opportunities",
            "The others are counted as won, and their amounts are in no sum.",
        ),
    ),
    cannot_say=(
        "The mail system exports scores as they are now: what they were on an earlier day is known from Kindred's "
        "own history alone, and not of before its first run.",
    ),
)
