"""Whatever contracts a company has: its ledger adds up, and gross retention is never above one."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from include.reports import churn, contracts
from tests.golden.test_reports_churn import retention_of
from tests.report_data import listed, report_data
from tests.small_company import AS_OF, SmallCompany

TYPES = ("term", "auto_renew", "multi_year", "evergreen", "month_to_month")
CONTRACTS = st.tuples(
    st.sampled_from("abcd"),
    st.sampled_from(TYPES),
    st.integers(0, 900),  # days before the logical date on which it begins
    st.integers(0, 800),  # days that it runs
    st.integers(0, 500),
    st.sampled_from(("active", "expired", "cancelled")),
)


@given(st.lists(CONTRACTS, min_size=1, max_size=12))
@settings(max_examples=15, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_every_month_starts_where_the_last_one_ended_and_ends_where_its_movements_lead(drawn) -> None:
    with tempfile.TemporaryDirectory() as home:
        company = SmallCompany(Path(home))
        for account, kind, ago, length, value, status in drawn:
            start = AS_OF - timedelta(days=ago)
            end = None if kind == "evergreen" else start + timedelta(days=length)
            company.contract(account, kind, start, end, annual_value=float(value), status=status)
        with report_data(company) as data:
            months = retention_of(data)
            spans = listed(contracts.spans(data))
            _, ledger = churn.movements(data, contracts.spans(data))
            moved = listed(ledger)
    before = (0.0, 0)
    for row in months:
        start, end = (row["start_value"], row["start_accounts"]), (row["end_value"], row["end_accounts"])
        gained = row["new_value"] + row["reactivated_value"] + row["expanded_value"]
        lost = row["contracted_value"] + row["churned_value"]
        assert start == before and end[0] == start[0] + gained - lost
        assert end[1] == start[1] + row["new_accounts"] + row["reactivated_accounts"] - row["churned_accounts"]
        assert row["grr"] is None or 0 <= row["grr"] <= min(1, row["nrr"])
        live = [span for span in spans if covers(span, last_day(row["month"]))]
        assert end == (sum(span["annual_value"] for span in live), len({span["account_id"] for span in live}))
        before = end
    assert sum(row["value_after"] - row["value_before"] for row in moved) == before[0]


def covers(span, day: date) -> bool:
    return span["begins_on"] <= day and (span["until"] is None or span["until"] >= day)


def last_day(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
