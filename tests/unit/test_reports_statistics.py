"""The reports' statistics against those of others: SciPy's, and worked examples."""

from __future__ import annotations

from pathlib import Path

import ibis
import numpy as np
import pytest
from scipy.stats import CensoredData, contingency, ecdf, fisher_exact

from include.reports import survival, warnings
from tests.report_data import listed, report_data
from tests.small_company import SmallCompany

# Freireich and others, Blood 21 (1963): weeks in remission under 6-MP; + is censored.
REMISSION = [
    "6", "6", "6", "6+", "7", "9+", "10", "10+", "11+", "13", "16", "17+", "19+", "20+", "22", "23", "25+", "32+",
    "32+", "34+", "35+",
]  # fmt: skip


@pytest.mark.parametrize("lived", [REMISSION, ["1", "2", "2", "3+"], ["4", "4"], ["5+", "6+"]])
def test_survival_and_its_interval_are_those_of_scipy(tmp_path: Path, lived: list[str]):
    ages = [int(age.rstrip("+")) for age in lived]
    ended = [not age.endswith("+") for age in lived]
    with report_data(SmallCompany(tmp_path)) as data:
        names = [f"a{n}" for n in range(len(ages))]
        lives = ibis.memtable({"account_id": names, "age": ages, "has_ended": ended})
        groups = ibis.memtable({"account_id": names, "dimension": ["all"] * len(ages), "category": ["all"] * len(ages)})
        curve = {row["age_months"]: row for row in listed(survival.curves(data, lives, groups))}
    assert sorted(curve) == list(range(max(ages) + 1))
    known = CensoredData(
        uncensored=[age for age, end in zip(ages, ended, strict=True) if end],
        right=[age for age, end in zip(ages, ended, strict=True) if not end],
    )
    estimate = ecdf(known).sf
    with np.errstate(all="ignore"):
        interval = estimate.confidence_interval(0.95, method="log-log")
    for place, age in enumerate(estimate.quantiles):
        row = curve[int(age)]
        assert row["survival"] == pytest.approx(estimate.probabilities[place], abs=1e-9)
        if 0 < row["survival"] < 1:
            assert row["survival_low"] == pytest.approx(interval.low.probabilities[place], abs=1e-3)
            assert row["survival_high"] == pytest.approx(interval.high.probabilities[place], abs=1e-3)


def test_wilsons_interval_is_that_of_the_textbook(tmp_path: Path):
    with report_data(SmallCompany(tmp_path)) as data:
        (row,) = listed(data.sql("SELECT wilson_low(81, 263) AS low, wilson_high(81, 263) AS high"))
    # Newcombe, Statistics in Medicine 17 (1998), table I
    assert (row["low"], row["high"]) == (pytest.approx(0.2553, abs=1e-4), pytest.approx(0.3662, abs=1e-4))


def counts(signal: str, lead: int, *numbers: int) -> dict:
    names = ("with_signal", "lost_with", "without_signal", "lost_without")
    return {"signal": signal, "lead_days": lead, **dict(zip(names, numbers, strict=True))}


def test_only_what_chance_does_not_explain_is_shown_with_its_ratio_the_earliest_first():
    tried = [
        counts("no_use", 14, 20, 15, 80, 10),
        counts("no_use", 60, 20, 13, 80, 12),
        counts("few_seats", 14, 20, 4, 80, 14),
    ]
    shown = list(warnings.beyond_chance(tried, 0.05))
    assert [(row["signal"], row["lead_days"]) for row in shown] == [("no_use", 60), ("no_use", 14)]
    assert shown[0]["risk_ratio"] == pytest.approx((13 / 20) / (12 / 80))
    theirs = contingency.relative_risk(13, 20, 12, 80).confidence_interval(0.95)
    assert (shown[0]["ratio_low"], shown[0]["ratio_high"]) == pytest.approx((theirs.low, theirs.high))
    assert shown[1]["chance"] == pytest.approx(3 * fisher_exact([[15, 5], [10, 70]], alternative="greater").pvalue)


def test_a_signal_that_only_luck_of_many_tries_would_show_is_not_shown():
    lucky = counts("no_use", 14, 10, 5, 40, 7)
    assert len(list(warnings.beyond_chance([lucky], 0.05))) == 1
    assert not list(warnings.beyond_chance([lucky, *(counts("few_seats", n, 10, 2, 40, 8) for n in range(9))], 0.05))
