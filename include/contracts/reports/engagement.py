"""The report `engagement`: what people did with mails, beside what the mail system counts."""

from __future__ import annotations

from include.contracts.reports.declaration import DIMENSION, Chart, Cover, Need, Part, Report, figure
from include.contracts.tables import boolean, count, date, integer, number, text

SEEN = ("open", "click")
SIGNS = ("open", "click", "unsubscribe", "reply", "form", "chat", "response", "login", "core_action")

MONTHS = Part(
    name="report_engagement",
    title="Opens and clicks, by month",
    grain="one calendar month of opens or of clicks of one category of people",
    key=("dimension", "category", "month", "kind"),
    figures=(
        *DIMENSION,
        figure(date("month", "First day of the month")),
        figure(text("kind", "What is counted", allowed=SEEN)),
        figure(count("sent", "Mails sent in the month"), "mails"),
        figure(count("raw", "Opens or clicks as the mail system counts them"), "events"),
        figure(count("by_people", "Of these, those by a person"), "events"),
        figure(count("by_machines", "By a machine: mail privacy, a scanner"), "events"),
        figure(count("by_nobody_knows", "By whom cannot be told: they count as neither"), "events"),
        figure(number("raw_rate", "Mails with one, as the mail system counts, by mails sent", minimum=0), "share"),
        figure(number("true_rate", "Mails with one by a person, by mails sent", minimum=0), "share"),
        figure(number("machine_share", "Machines' share of all", minimum=0, maximum=1), "share"),
    ),
)
MACHINES = Part(
    name="report_engagement_machine",
    title="Machines, by what gave them away",
    grain="one rule by which opens or clicks of the last 90 days were found to be a machine's",
    key=("kind", "machine_reason"),
    figures=(
        figure(text("kind", "What was counted", allowed=SEEN)),
        figure(text("machine_reason", "Rule of staging; prefetch_agent is mail privacy, scanner_agent a scanner")),
        figure(count("events", "Opens or clicks"), "events"),
        figure(number("share", "Of all of the kind", required=True, minimum=0, maximum=1), "share"),
        figure(number("confidence", "How sure the rule is, on average", minimum=0, maximum=1), "probability"),
    ),
)
EVIDENCE = Part(
    name="report_engagement_sign",
    title="Signs of people",
    grain="one sign that a person gave in the last 90 days, the strongest last",
    key=("sign",),
    figures=(
        figure(text("sign", "What the person did", allowed=SIGNS)),
        figure(count("events", "How often, by people"), "events"),
        figure(count("people", "By how many unified people"), "people"),
        figure(count("only_sign", "Of these, those who gave no other"), "people"),
    ),
)
FREQUENCY = Part(
    name="report_engagement_frequency",
    title="What the next mail would bring and cost",
    grain="one band of mails sent to a unified person in 90 days",
    key=("sent_from",),
    figures=(
        figure(integer("sent_from", "Fewest mails of the band", required=True, minimum=1), "mails"),
        figure(integer("sent_to", "Most mails of the band; none of the last one", minimum=1), "mails"),
        figure(count("people", "People who were sent as many"), "people"),
        figure(count("saturated", "Of these, saturated ones (email_frequency)"), "people"),
        figure(number("engaged_rate", "Mails that a person opened or clicked", minimum=0, maximum=1), "share"),
        figure(number("unsubscribe_rate", "Unsubscribes by mail sent", minimum=0, maximum=1), "share"),
        figure(number("next_engaged", "Mails engaged with, of one more to each", minimum=0), "mails"),
        figure(number("next_unsubscribed", "Unsubscribes that it would cost", minimum=0), "people"),
    ),
)
DEPENDENCE = Part(
    name="report_engagement_dependence",
    title="Segments that depend on opens",
    grain="one segment, and whether it rests on opens",
    key=("segment_key",),
    figures=(
        figure(text("segment_key", "Segment")),
        figure(boolean("uses_opens", "It depends on opens, which machines distort", required=True)),
        figure(integer("members", "Its members", minimum=0), "members"),
        figure(number("opens_unknown", "Share of opens that may be either's", minimum=0, maximum=1), "share"),
    ),
)

REPORT = Report(
    key="engagement",
    name="Engagement that is true",
    question="What did people do with our mails, what did machines, and who has had enough?",
    window="By calendar month; signs, machines and frequency over the 90 days up to the last complete day of mail.",
    definition=(
        "Every open and click is counted as the mail system has it, and beside it by who did it: a person, a machine "
        "(mail privacy that fetches ahead, a scanner that follows every link), or nobody knows. What nobody knows is "
        "neither. A mail has one open however often it is opened. Frequency is over the unified person's addresses: "
        "duplicates hide saturation. What the next mail costs is the unsubscribe rate of the band, times its people."
    ),
    source="Staging's machine rules (docs/profiles.md); email_frequency (docs/measures.md)",
    needs=(Need("staged/email_activity", "No mail activity is exported; add a source of the part mail."),),
    parts=(MONTHS, MACHINES, EVIDENCE, FREQUENCY, DEPENDENCE),
    chart=Chart(
        "report_engagement",
        "line",
        "month",
        "true_rate",
        "Mails that a person opened, of mails sent",
        colour="kind",
        where={"dimension": "all"},
    ),
    covers=(
        Cover("opens", "events", "Nobody can tell by whom the others were: they count as neither."),
        Cover("clicks", "events", "Nobody can tell by whom the others were: they count as neither."),
        Cover("mails to somebody known", "mails", "The others went to addresses of no profile."),
    ),
    cannot_say=(
        "The mail system's automation rules and lists are not exported: which of them still depend on opens cannot "
        "be said; Kindred's own segments stand in the part dependence.",
    ),
)
