"""The report `lifetime_value`: margin to date and margin to expect, with a back-test that it has to pass."""

from __future__ import annotations

from include.contracts.reports.declaration import DIMENSION, MONEY, Chart, Cover, Need, Part, Report, figure
from include.contracts.tables import count, date, integer, number, text

GROUPS = Part(
    name="report_lifetime_value",
    title="By group",
    grain="one category of accounts that are or were under contract",
    key=("dimension", "category"),
    figures=(
        *DIMENSION,
        figure(count("accounts", "Accounts"), "accounts"),
        figure(count("live_accounts", "Of these, those under contract"), "accounts"),
        figure(number("margin_to_date", "Margin of the months under contract", required=True, minimum=0), MONEY),
        figure(number("expected_margin", "Margin to expect of those under contract", required=True, minimum=0), MONEY),
        figure(number("expected_low", "With the survival curve's lower end", required=True, minimum=0), MONEY),
        figure(number("expected_high", "With its upper end", required=True, minimum=0), MONEY),
        figure(number("lifetime_value", "Both together, by account", minimum=0), MONEY),
    ),
)
ACCOUNTS = Part(
    name="report_lifetime_value_account",
    title="Each account",
    grain="one account that is or was under contract",
    key=("account_id",),
    figures=(
        figure(text("account_id", "Account")),
        figure(number("margin_to_date", "Margin of the months under contract", required=True, minimum=0), MONEY),
        figure(number("expected_margin", "Margin to expect", required=True, minimum=0), MONEY),
        figure(number("expected_low", "With the survival curve's lower end", required=True, minimum=0), MONEY),
        figure(number("expected_high", "With its upper end", required=True, minimum=0), MONEY),
    ),
    history=False,
)
BACK_TEST = Part(
    name="report_lifetime_value_back_test",
    title="Back-test",
    grain="one day a year back: the model of that day held against what came in the twelve months after it",
    key=("fitted_on",),
    figures=(
        figure(date("fitted_on", "First day of the last month that the model knew")),
        figure(count("accounts", "Accounts under contract then"), "accounts"),
        figure(number("predicted", "Value that the model expected of them", required=True, minimum=0), MONEY),
        figure(number("actual", "Value that came", required=True, minimum=0), MONEY),
        figure(number("error", "The model's error of an account (root mean square)", minimum=0), MONEY),
        figure(number("error_of_mean", "That of expecting of each the mean of the year before", minimum=0), MONEY),
        figure(
            number("error_of_no_churn", "That of expecting of each what it paid then: nobody goes", minimum=0), MONEY
        ),
        figure(integer("horizon_months", "Months that were predicted", required=True, minimum=1), "months"),
    ),
)

REPORT = Report(
    key="lifetime_value",
    name="Lifetime value",
    question="What has each customer been worth, what is still to expect, and is the model worth believing?",
    window="Whole months up to the logical date; expected over lifetime_value.horizon_months; back-test over a year.",
    definition=(
        "Margin is the yearly value under contract by twelve, for each month under contract, times "
        "lifetime_value.gross_margin. What is to expect is the present value times the chance to be a customer "
        "still, month by month, by the survival curve given the account's age (report churn); beyond the ages at "
        "which lifetime_value.least_at_risk customers were seen the mean monthly risk goes on. Nothing is "
        "discounted. The interval is that of the curve. The model is fitted on what was known a year ago and held "
        "against what came; where its error is above that of the mean, or fewer than "
        "lifetime_value.least_accounts can be tested, nothing but the back-test is published."
    ),
    source="Gupta and others, Modeling Customer Lifetime Value, J. Service Research 9 (2006)",
    needs=(Need("staged/contract", "No contracts are exported; lifetime value cannot be told without them."),),
    parts=(GROUPS, ACCOUNTS, BACK_TEST),
    chart=Chart(
        "report_lifetime_value",
        "bar",
        "category",
        "lifetime_value",
        "Lifetime value of an account, by plan",
        where={"dimension": "plan"},
    ),
    covers=(
        Cover(
            "accounts under contract", "accounts", "The others have contracts without a value, or none: they have none."
        ),
    ),
    cannot_say=(
        "No export holds costs: margin is the value times one share for all (lifetime_value.gross_margin).",
        "Expansion is not expected: it would have to be foretold as well, and the back-test has no room for a "
        "second guess.",
    ),
)
