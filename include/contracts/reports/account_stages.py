"""The report `account_stages`: where each account stands on its way, one stage at a time, and how it moves."""

from __future__ import annotations

from include.contracts.reports.declaration import MONEY, Chart, Cover, Part, Report, figure
from include.contracts.tables import boolean, count, integer, json, number, text

STAGES = ("untargeted", "target", "engaged", "opportunity", "pipeline", "customer", "retention_expansion")
PILLARS = ("new_business", "pipeline_acceleration", "retention", "expansion", "none")

_STAGE = text("stage", "Where it stands; the lowest on the way that holds", required=True, allowed=STAGES)

SUMMARY = Part(
    name="report_account_stages",
    title="Accounts by stage",
    grain="one stage, and the accounts that stand in it",
    key=("stage",),
    order=("place",),
    figures=(
        figure(text("stage", "The stage", allowed=STAGES)),
        figure(integer("place", "Its place on the way, from 0", required=True, minimum=0), "place"),
        figure(count("accounts", "Accounts in it"), "accounts"),
        figure(number("value", "Their yearly value under contract", required=True, minimum=0), MONEY),
        figure(count("entered", "Of these, those that came into it in the last 28 days"), "accounts"),
        figure(count("left_since", "Accounts that left it in the last 28 days"), "accounts"),
        figure(number("median_days", "Median days since those came in whose coming in was seen", minimum=0), "days"),
    ),
)
ACCOUNTS = Part(
    name="report_account_stages_account",
    title="Each account",
    grain="one account, and the one stage in which it stands",
    key=("account_id",),
    figures=(
        figure(text("account_id", "Account")),
        figure(_STAGE),
        figure(text("pillar", "What is to be done about it", required=True, allowed=PILLARS)),
        figure(boolean("is_target", "It fits, and something says that it is interested (reports.yaml)", required=True)),
    ),
)
TRANSITIONS = Part(
    name="report_account_stages_transition",
    title="Transitions",
    grain="one pair of stages between which accounts moved, since the history began",
    key=("from_stage", "to_stage"),
    figures=(
        figure(text("from_stage", "Stage before", allowed=STAGES)),
        figure(text("to_stage", "Stage after", allowed=STAGES)),
        figure(count("moves", "Moves"), "moves"),
        figure(count("moves_28", "Of these, those of the last 28 days"), "moves"),
        figure(
            number("median_days", "Median days in the stage before, where its beginning was seen", minimum=0), "days"
        ),
    ),
)
PILLARS_PART = Part(
    name="report_account_stages_pillar",
    title="Four pillars",
    grain="one pillar, its accounts, and its movement since 28 days ago",
    key=("pillar",),
    figures=(
        figure(text("pillar", "The pillar", allowed=PILLARS)),
        figure(count("accounts", "Accounts now"), "accounts"),
        figure(
            integer("accounts_before", "Accounts 28 days ago; unknown before the history began", minimum=0), "accounts"
        ),
        figure(count("came", "Accounts of now that were not in it then"), "accounts"),
        figure(count("went", "Accounts of then that are not in it now"), "accounts"),
    ),
)
GROUPS = Part(
    name="report_account_stages_group",
    title="Buying groups",
    grain="one account with an open opportunity or a contract, and who of it is known",
    key=("account_id",),
    figures=(
        figure(text("account_id", "Account")),
        figure(_STAGE),
        figure(count("people", "People of it who are known"), "people"),
        figure(count("engaged_people", "Of these, those who did something in the last 90 days"), "people"),
        figure(count("roles_known", "Buying roles (reports.yaml) that somebody has"), "roles"),
        figure(count("roles_engaged", "Of these, those of somebody who did something"), "roles"),
        figure(json("roles_missing", "The others, as a list", required=True)),
        figure(number("coverage", "Known roles by those wanted", minimum=0, maximum=1), "share"),
    ),
)

REPORT = Report(
    key="account_stages",
    name="Account stages",
    question="Where does each account stand, what moves, and whom do we not know there yet?",
    window="On the logical date; engagement over account_stages.engaged_days; movement over 28 days.",
    definition=(
        "An account stands in one stage, the last on the way that holds, tried from the bottom up: retention and "
        "expansion (a contract in force, and an open opportunity beside it), customer (a contract in force), "
        "pipeline (an open opportunity at one of account_stages.pipeline_stages), opportunity (an open one), "
        "engaged (a target of which account_stages.engaged_people unified people did something: a click, a form, a "
        "reply, a response, use; opens carry nothing), target (it fits and is interested, both as conditions of the "
        "segment language), untargeted. CRM stages beat activity. New business is what is on its way to an "
        "opportunity, pipeline acceleration what is in it, retention customers at risk or up for renewal within 120 "
        "days, expansion the other customers. Dwell and transitions are from Kindred's own history, which begins "
        "with its first run."
    ),
    source="Demandbase, account journey stages and pillars",
    needs=(),
    parts=(SUMMARY, ACCOUNTS, TRANSITIONS, PILLARS_PART, GROUPS),
    chart=Chart("report_account_stages", "bar", "stage", "accounts", "Accounts by stage"),
    covers=(
        Cover("accounts whose fit is known", "accounts", "Of the others too little is known: they are no targets."),
        Cover("accounts whose stage was seen to begin", "accounts", "The others stood in it when the history began."),
        Cover("people of accounts", "people", "The others belong to no account: what they do moves none."),
        Cover(
            "parts in opportunities whose role is told",
            "parts",
            "Of the others, as of all in HubSpot, the source does not say which: they fill no role of a buying group.",
        ),
    ),
    cannot_say=("Intent that others sell (topics, searches) is not exported: interest is what people did here.",),
)
