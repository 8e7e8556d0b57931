"""The report `sales_alerts`: what happened at an account that somebody in sales should know, once."""

from __future__ import annotations

from include.contracts.reports.declaration import Chart, Cover, Part, Report, figure
from include.contracts.tables import count, date, json, text

ALERTS = ("hand_raise", "surge", "new_person", "champion_quiet")
ANSWERS = ("acted", "dismissed")
ALERT = "alert/"  # before an alert's id, the subject of an answer
MEANINGS = {"approved": "acted", "rejected": "dismissed"}  # what the verdicts of control.approval say of an alert

ALERTS_PART = Part(
    name="report_sales_alerts",
    title="Alerts",
    grain="one alert: an account, a reason and a window, once however many people and events it has",
    key=("alert_id",),
    figures=(
        figure(text("alert_id", "<account>/<alert>/<first day of the window>")),
        figure(text("account_id", "Account", required=True)),
        figure(text("alert", "Why", required=True, allowed=ALERTS)),
        figure(date("window_on", "First day of its window", required=True)),
        figure(text("owner_id", "The account's owner in the CRM")),
        figure(text("what", "What happened, in one sentence without names", required=True)),
        figure(count("people", "Unified people concerned"), "people"),
        figure(json("who", "Their profiles, as a list", required=True)),
        figure(json("evidence", "Source rows that show it, at most ten, as a list", required=True)),
        figure(text("answer", "What came of it, where somebody has said so", allowed=ANSWERS)),
        figure(text("answered_by", "Who said so")),
    ),
)
SUMMARY = Part(
    name="report_sales_alerts_reason",
    title="By reason",
    grain="one reason, its alerts and what came of them",
    key=("alert",),
    figures=(
        figure(text("alert", "Why", allowed=ALERTS)),
        figure(count("alerts", "Alerts"), "alerts"),
        figure(count("accounts", "Accounts concerned"), "accounts"),
        figure(count("acted", "Alerts that somebody acted on"), "alerts"),
        figure(count("dismissed", "Alerts that somebody dismissed"), "alerts"),
    ),
)

REPORT = Report(
    key="sales_alerts",
    name="Sales alerts",
    question="At which accounts did something happen that somebody should act on now, who, and what shows it?",
    window="Windows of seven days, counted from a Monday, that overlap the last sales_alerts.days days.",
    definition=(
        "Hand-raise: a person of the account sent a form or chatted, or a lead of it raised a hand. Surge: of a "
        "target account, sales_alerts.surge_people unified people or more did something in one week, and twice as "
        "many as in the median of the eight weeks before. New person: somebody first seen in the week at a target "
        "account. Champion gone quiet: somebody with a buying role at a customer who did something in the 90 days "
        "before, and nothing for sales_alerts.quiet_days. Opens carry nothing. One alert an account, reason and "
        "week. Answer one with `python -m include alert ID` (`--dismissed`); the next run shows it."
    ),
    source="Demandbase, sales alerts",
    needs=(),
    parts=(ALERTS_PART, SUMMARY),
    chart=Chart("report_sales_alerts_reason", "bar", "alert", "alerts", "Alerts by reason"),
    covers=(
        Cover("accounts with an owner", "accounts", "The others have nobody to alert."),
        Cover(
            "hand-raises of people with an account",
            "events",
            "The others are of people of no account: they alert nobody.",
        ),
    ),
    cannot_say=("A chat is seen where the CRM notes it as a task; who called on the telephone, the CRM does not say.",),
)
