"""The report `churn`: what was kept, lost and won of the revenue under contract, and what is due."""

from __future__ import annotations

from include.contracts.reports.declaration import DIMENSION, MONEY, Chart, Cover, Figure, Need, Part, Report, figure
from include.contracts.tables import boolean, count, date, integer, number, text

MOVEMENTS = ("new", "reactivation", "expansion", "contraction", "churn")
DECISIONS = ("renewed", "lost", "automatic", "open", "missing", "later", "not_told")
SIGNALS = ("nps_negative", "no_use", "use_falling", "few_seats", "champion_left", "silence")


def _money(name: str, description: str) -> Figure:
    return figure(number(name, description, required=True, minimum=0), MONEY)


MONTHS = Part(
    name="report_churn",
    title="Revenue under contract, by month",
    grain="one calendar month of one category of accounts: start + new + reactivation + expansion - contraction - "
    "churn = end",
    key=("dimension", "category", "month"),
    order=("dimension", "category", "-month"),
    figures=(
        *DIMENSION,
        figure(date("month", "First day of the month")),
        _money("start_value", "Yearly value under contract at the end of the month before"),
        _money("new_value", "Of accounts that had no contract before"),
        _money("reactivated_value", "Of accounts that had one before, but none at the start"),
        _money("expanded_value", "More of accounts that had one at the start"),
        _money("contracted_value", "Less of accounts that still have one"),
        _money("churned_value", "Of accounts that have none any more"),
        _money("end_value", "At the month's end"),
        figure(count("start_accounts", "Accounts under contract at the start"), "accounts"),
        figure(count("new_accounts", "Accounts that came"), "accounts"),
        figure(count("reactivated_accounts", "Accounts that came back"), "accounts"),
        figure(count("churned_accounts", "Accounts that went"), "accounts"),
        figure(count("end_accounts", "Accounts at the end"), "accounts"),
        figure(number("grr", "Gross revenue retention over twelve months", minimum=0, maximum=1), "share"),
        figure(number("nrr", "Net revenue retention over twelve months", minimum=0), "share"),
        figure(number("logo_retention", "Accounts kept over twelve months", minimum=0, maximum=1), "share"),
        figure(count("base_accounts", "Accounts under contract twelve months before: the base"), "accounts"),
        figure(
            boolean("is_settled", "No contract that ended in it may still be renewed within the grace", required=True)
        ),
    ),
)
LEDGER = Part(
    name="report_churn_ledger",
    title="Contract movements",
    grain="one change of one account's value under contract between the ends of two months",
    key=("account_id", "month"),
    figures=(
        figure(text("account_id", "Account")),
        figure(date("month", "First day of the month in which it changed")),
        figure(text("movement", "What it was", required=True, allowed=MOVEMENTS)),
        _money("value_before", "Yearly value at the end of the month before"),
        _money("value_after", "At this month's end"),
        _money("change", "The difference, without its sign: `movement` says which way"),
    ),
)
SURVIVAL = Part(
    name="report_churn_survival",
    title="How long customers stay",
    grain="one month of age of customers of one category (Kaplan-Meier)",
    key=("dimension", "category", "age_months"),
    figures=(
        *DIMENSION,
        figure(integer("age_months", "Whole months since the first contract", minimum=0), "months"),
        figure(count("at_risk", "Accounts that were customers for as long at least"), "accounts"),
        figure(count("ended", "Of these, those that churned at this age"), "accounts"),
        figure(number("survival", "Share that stays longer", required=True, minimum=0, maximum=1), "share"),
        figure(number("survival_low", "Lower end of its 95 % interval", required=True, minimum=0, maximum=1), "share"),
        figure(number("survival_high", "Upper end", required=True, minimum=0, maximum=1), "share"),
    ),
)
RENEWALS = Part(
    name="report_churn_renewal",
    title="Renewals due",
    grain="one decision on contracts that end in one calendar month; decisions sum to all that are due",
    key=("month", "decision"),
    figures=(
        figure(date("month", "First day of the month of the contracts' end")),
        figure(
            text(
                "decision",
                "renewed; lost; automatic: renews by itself; open: an opportunity of renewal is; missing: none is, "
                "though the end is near or past; later: none is needed yet; not_told: the source has no opportunities "
                "that are called renewals",
                allowed=DECISIONS,
            )
        ),
        figure(count("contracts", "Contracts"), "contracts"),
        _money("value", "Their yearly value"),
        _money("value_at_risk", "Of this, that of accounts at risk"),
    ),
)
MISSING = Part(
    name="report_churn_missing",
    title="Renewals that nobody works on",
    grain="one contract that ended or ends soon, for which no opportunity of renewal is open and nothing is signed",
    key=("contract_id",),
    figures=(
        figure(text("contract_id", "Contract (staged/contract)")),
        figure(text("account_id", "Account", required=True)),
        figure(text("owner_id", "The account's owner in the CRM")),
        figure(date("ends_on", "Last day", required=True)),
        figure(number("annual_value", "Value a year", minimum=0), MONEY),
        figure(boolean("is_at_risk", "is_at_risk of the account")),
    ),
)
WARNINGS = Part(
    name="report_churn_warning",
    title="Early warnings that held here",
    grain="one signal that so many days before a contract's end foretold its loss, better than chance",
    key=("signal", "lead_days"),
    order=("-lead_days", "-risk_ratio", "signal"),
    figures=(
        figure(
            text(
                "signal",
                "What was seen of the account: nps_negative: more detractors than promoters; no_use: none in 28 days; "
                "use_falling: a trend downward over eight weeks, beyond the account's own noise; few_seats: a quarter "
                "of the seats at most in use; champion_left: somebody with a role in a won opportunity left it within "
                "180 days; silence: no conversation in 90 days, but in the 180 before",
                allowed=SIGNALS,
            )
        ),
        figure(integer("lead_days", "Days before the contract's end on which it was seen", minimum=0), "days"),
        figure(count("with_signal", "Decided contracts of accounts with it"), "contracts"),
        figure(count("lost_with", "Of these, those lost"), "contracts"),
        figure(count("without_signal", "Decided contracts of accounts known to be without it"), "contracts"),
        figure(count("lost_without", "Of these, those lost"), "contracts"),
        figure(number("risk_ratio", "How many times likelier a loss is with it", minimum=0), "times"),
        figure(number("ratio_low", "Lower end of its 95 % interval (Katz)", minimum=0), "times"),
        figure(number("ratio_high", "Upper end", minimum=0), "times"),
        figure(
            number("chance", "Probability of as much by chance (Fisher's exact test, Holm)", minimum=0, maximum=1),
            "probability",
        ),
    ),
)

REPORT = Report(
    key="churn",
    name="Churn and retention",
    question="What of our revenue stays, what goes, what comes up next, and what announced it?",
    window="Whole calendar months up to the logical date; retention over the twelve months before each month's end.",
    definition=(
        "An account's value is the yearly value of its contracts in force on a month's last day. A contract that "
        "another of the account replaces around its end (reports.yaml: churn.early_days before, churn.grace_days "
        "after) goes on in it, without counting twice. One that ended and was not replaced within the grace churned "
        "on its last day; one that ended within the grace is undecided and counts as kept. Contracts that renew by "
        "themselves go on until the CRM closes them. GRR = what the accounts live twelve months ago still pay, at "
        "most what they paid, by what they paid; NRR = the same with what they pay more; an account that went in "
        "between counts as gone for both, also when it came back (reactivation is not expansion); new accounts "
        "count in neither. Survival is Kaplan and Meier's, with Greenwood's variance on the log-log scale."
    ),
    source=(
        "SaaS Metrics Standards Board (GRR, NRR); Kaplan and Meier, JASA 53 (1958); Katz and others, Biometrics 34 "
        "(1978); Fisher; Holm, Scand. J. Stat. 6 (1979)"
    ),
    needs=(Need("staged/contract", "No contracts are exported; retention cannot be told without them."),),
    parts=(MONTHS, LEDGER, SURVIVAL, RENEWALS, MISSING, WARNINGS),
    chart=Chart(
        "report_churn", "line", "month", "grr", "Gross revenue retention over twelve months", where={"dimension": "all"}
    ),
    covers=(
        Cover("contracts", "contracts", "The others have ended, and no day says when: they are in no month."),
        Cover("contracts with a value", "contracts", "The others count as accounts, with no value."),
        Cover(
            "renewal opportunities with account and day of close",
            "opportunities",
            "The others are held against no contract: it counts as missing one.",
        ),
        Cover(
            "decided contracts with use before their end",
            "contracts",
            "Of the others the files of use do not reach back far enough: they say nothing on signals of use.",
        ),
        Cover("signals better than chance", "tests", "The others are not shown."),
    ),
    cannot_say=(
        "No export holds support tickets: silence is that of the conversations that the CRM notes.",
        "Where no opportunity's type says renewal (churn.renewal_types), as in HubSpot, whether renewals are worked on "
        "is not told: they are neither open nor missing.",
        "Whether a champion left is known where the CRM keeps the history of the accounts of contacts.",
    ),
)
