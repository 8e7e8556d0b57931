"""The reports' statistics against those of others: SciPy's, and worked examples."""

from __future__ import annotations

from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import CensoredData, contingency, ecdf, fisher_exact

from include.reports import survival, warnings
from include.reports.falling import falling
from include.samples import fading
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


def test_use_that_falls_with_a_known_strength_before_losses_is_found_with_it(tmp_path: Path):
    """Drawn by the sample's own strength: noisy use of 600 accounts, in a season that falls for everybody."""
    rng, count, end = np.random.default_rng(3), 600, 100
    lost = rng.random(count) < 0.3
    fades = rng.random(count) < np.where(lost, fading.FADES_BEFORE_LOSS, fading.FADES_BEFORE_RENEWAL)
    day = np.arange(end - 14 - 83, end - 13)
    left = np.where(fades[:, None], fading.left_of_use(end - day)[None, :], 1.0)
    noise = rng.gamma(25, 1 / 25, (count, 12)).repeat(7, axis=1)
    actions = rng.poisson(rng.uniform(1.5, 8, count)[:, None] * left * noise * np.linspace(1.0, 0.6, len(day)))
    account, place = np.nonzero(actions)
    first = np.datetime64("2026-01-01")
    use = pa.table({
        "account_id": account.astype(str).tolist(), "day": first + day[place], "actions": actions[account, place],
    })  # fmt: skip
    rows = np.arange(count).astype(str).tolist()
    seen_on = np.full(count, first + end - 14)
    observed = pa.table({"contract_id": rows, "account_id": rows, "lead_days": np.full(count, 14), "day": seen_on})
    with report_data(SmallCompany(tmp_path)) as data:
        falls = listed(falling(data, ibis.memtable(observed), ibis.memtable(use)), "contract_id")
    found = np.array([row["falls"] for row in sorted(falls, key=lambda row: int(row["contract_id"]))], bool)
    hits, false = found[fades].mean(), found[~fades].mean()
    assert hits > 0.6 and false < 0.06
    counts = {
        "signal": "use_falling", "lead_days": 14, "with_signal": int(found.sum()), "lost_with": int(lost[found].sum()),
        "without_signal": int((~found).sum()), "lost_without": int(lost[~found].sum()),
    }  # fmt: skip
    (shown,) = warnings.beyond_chance([counts], 0.05)
    share = np.array([hits * fades.mean(), false * (1 - fades.mean())])  # of accounts found, those that fade and not
    other = np.array([fades.mean(), 1 - fades.mean()]) - share
    risk = np.array([lost[fades].mean(), lost[~fades].mean()])
    true = (share @ risk / share.sum()) / (other @ risk / other.sum())
    assert shown["ratio_low"] < true < shown["ratio_high"]
    assert shown["ratio_low"] > 2


def test_use_that_ceased_long_ago_does_not_fall_and_of_too_little_nobody_knows(tmp_path: Path):
    first = np.datetime64("2026-01-01")
    days = {"ceased": range(28), "little": range(0, 84, 14), "steady": range(84), "known": range(84)}
    use = pa.table({
        "account_id": [name for name, when in days.items() for _ in when],
        "day": np.array([first + day for when in days.values() for day in when]),
        "actions": [1 for when in days.values() for _ in when],
    })  # fmt: skip
    observed = pa.table({
        "contract_id": list(days), "account_id": list(days), "lead_days": [14] * len(days),
        "day": np.array([first + 83, first + 83, first + 83, first + 50]),
    })  # fmt: skip
    with report_data(SmallCompany(tmp_path)) as data:
        falls = {
            r["contract_id"]: r["falls"] for r in listed(falling(data, ibis.memtable(observed), ibis.memtable(use)))
        }
    assert falls == {"ceased": None, "little": None, "steady": False}  # the files do not reach back far enough for one
