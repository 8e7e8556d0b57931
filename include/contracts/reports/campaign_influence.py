"""The report `campaign_influence`: what share of the revenue won each campaign had, by five models."""

from __future__ import annotations

from include.contracts.reports.declaration import Chart, Cover, Figure, Need, Part, Report, figure
from include.contracts.tables import Column, count, date, integer, number, text

MODELS = ("first_touch", "last_touch", "even", "u_shaped", "time_decay", "primary_campaign")
UNATTRIBUTED = "unattributed"
REASONS = ("no_contact_role", "no_response", "no_primary_campaign")


def _campaign() -> Figure:
    return figure(text("campaign_id", f"Campaign (staged/campaign); {UNATTRIBUTED} is what no campaign can be said of"))


def _model() -> Column:
    return text("model", "How revenue is shared; primary_campaign is what the CRM says itself", allowed=MODELS)


_CURRENCY = figure(text("currency", "Currency of the amounts; `company` where the CRM has one only", required=True))

CAMPAIGNS = Part(
    name="report_campaign_influence",
    title="Revenue won, by campaign and model",
    grain="one campaign, model and currency: the shares of a model sum to the revenue won in the currency",
    key=("model", "currency", "campaign_id"),
    order=("model", "currency", "-amount", "campaign_id"),
    figures=(
        figure(_model()),
        _CURRENCY,
        _campaign(),
        figure(text("campaign_name", "Its name")),
        figure(text("campaign_type", "Its type")),
        figure(number("amount", "Its share of the amounts won", required=True), "the row's currency"),
        figure(number("share", "Of all won in the currency; beyond 0 to 1 where amounts are negative"), "share"),
        figure(count("opportunities", "Opportunities in which it has a share"), "opportunities"),
    ),
)
OPPORTUNITIES = Part(
    name="report_campaign_influence_opportunity",
    title="Each opportunity's shares",
    grain="one campaign's share in one won opportunity by one model; the shares of both sum to one",
    key=("opportunity_id", "model", "campaign_id"),
    figures=(
        figure(text("opportunity_id", "Opportunity (staged/opportunity)")),
        figure(_model()),
        _campaign(),
        figure(number("weight", "Share of the opportunity", required=True, minimum=0, maximum=1), "share"),
        _CURRENCY,
        figure(number("amount", "The share, in money", required=True), "the row's currency"),
        figure(text("reason", f"Of {UNATTRIBUTED}: why", allowed=REASONS)),
    ),
    history=False,
)
TOUCHES = Part(
    name="report_campaign_influence_touch",
    title="What the shares are made of",
    grain="one campaign that people of one won opportunity responded to before it closed",
    key=("opportunity_id", "campaign_id"),
    figures=(
        figure(text("opportunity_id", "Opportunity (staged/opportunity)")),
        figure(text("campaign_id", "Campaign (staged/campaign)")),
        figure(date("first_on", "First response of any of them", required=True)),
        figure(count("people", "Unified people among its contact roles who responded"), "people"),
        figure(integer("days_before", "Days from that response to the close", minimum=0), "days"),
    ),
    history=False,
)
MENDING = Part(
    name="report_campaign_influence_unattributed",
    title="For sales to mend: won without contact roles",
    grain="one owner of won opportunities and one currency",
    key=("owner_id", "currency"),
    figures=(
        figure(text("owner_id", "Owner in the CRM; `unknown` where there is none")),
        _CURRENCY,
        figure(count("opportunities", "Opportunities won"), "opportunities"),
        figure(count("without_roles", "Of these, those without a contact role"), "opportunities"),
        figure(number("amount", "Won", required=True), "the row's currency"),
        figure(number("amount_without_roles", "Of this, without a contact role", required=True), "the row's currency"),
    ),
)

REPORT = Report(
    key="campaign_influence",
    name="Campaign influence",
    question="Which campaigns had a part in the revenue that was won, and of how much can nobody say?",
    window="Opportunities won up to the logical date.",
    definition=(
        "A touch is a response to a campaign, dated, by a unified person who has a contact role in the opportunity, "
        "on or before the day of its close; of each campaign the first one counts, whoever gave it. First and last "
        "touch give everything to the earliest and to the latest (to several of one day alike), even splits over "
        "all, U-shaped gives 40 % each to first and last and the rest to those between (half each where there are "
        "none), time decay halves a touch's weight with every campaign_influence.half_life_days before the close. "
        "An opportunity without contact roles or responses is unattributed, so that every model sums to the revenue "
        "won, in each currency by itself. Beside them stands the primary campaign source as the CRM has it."
    ),
    source="Salesforce Campaign Influence; Salesforce Help, Customizable Campaign Influence models",
    needs=(
        Need("staged/opportunity", "No opportunities are exported; there is no revenue to share."),
        Need("staged/campaign", "No campaigns are exported; revenue can be shared over none."),
    ),
    parts=(CAMPAIGNS, OPPORTUNITIES, TOUCHES, MENDING),
    chart=Chart(
        "report_campaign_influence",
        "bar",
        "campaign_name",
        "amount",
        "Revenue won, evenly over the campaigns touched",
        where={"model": "even"},
    ),
    covers=(
        Cover(
            "won opportunities with amount and close date",
            "opportunities",
            "The others have no amount or no close date: they are in no figure, and are for sales to complete.",
        ),
        Cover(
            "won opportunities with a currency", "opportunities", "The others count as of the company's own currency."
        ),
        Cover("won opportunities with contact roles", "opportunities", "The others are unattributed, by owner."),
        Cover("responses with a day", "responses", "The others have no day: they came before no close."),
        Cover("won opportunities with a touch", "opportunities", "Of the others nobody responded before the close."),
    ),
    cannot_say=(
        "Influence is presence before the close, not cause: what would have been won without a campaign it cannot say.",
        "Campaigns that nobody responds to by name, such as most advertising, leave no members: they have no share.",
    ),
)
