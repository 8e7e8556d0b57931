"""The test for a decline: how often it is wrong, what it finds, and what it does not take for one."""

from __future__ import annotations

from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from include.measures.decline import BEFORE, LATELY, WEEKS, student, with_decline
from include.measures.settings import Decline

LIMITS = Decline()
ACCOUNTS = 4000


def weeks(mean: float, dispersion: float, season: np.ndarray, drop: float = 0.0, seed: int = 3) -> np.ndarray:
    """Simulated core actions of each account (row) in each of twelve weeks, the latest first."""
    expected = np.tile(mean * season, (ACCOUNTS, 1))
    expected[:, list(LATELY)] *= 1 - drop
    random = np.random.default_rng(seed)
    if dispersion == 1:
        return random.poisson(expected)
    return random.negative_binomial(expected / (dispersion - 1), 1 / dispersion)


def judged(counts: np.ndarray, season: np.ndarray) -> pa.Table:
    everybody = (season * 10_000_000).astype(int)
    columns: dict[str, Any] = {f"week_{n}": counts[:, n] for n in WEEKS}
    columns |= {f"everybody_{n}": np.full(len(counts), everybody[n]) for n in WEEKS}
    rows = with_decline(ibis.memtable(pa.table(columns)), LIMITS)
    return rows.to_pyarrow()


def declining(counts: np.ndarray, season: np.ndarray) -> float:
    found = judged(counts, season)["usage_is_declining"].to_pylist()
    return sum(state is True for state in found) / len(found)


EVEN = np.ones(len(WEEKS))
HOLIDAYS = np.array([0.3, 0.3, 0.6, 0.9, *np.ones(len(BEFORE))])


@pytest.mark.parametrize("season", [EVEN, HOLIDAYS], ids=["even", "holidays"])
@pytest.mark.parametrize("dispersion", [1, 2, 5])
@pytest.mark.parametrize("mean", [5, 20, 100])
def test_it_is_wrong_no_oftener_than_it_says(mean: float, dispersion: float, season: np.ndarray) -> None:
    found = judged(weeks(mean, dispersion, season), season)
    chances = [chance for chance in found["usage_change_chance"].to_pylist() if chance is not None]
    for level in (0.01, 0.05):
        assert np.mean([chance < level for chance in chances]) <= level
    assert declining(weeks(mean, dispersion, season), season) <= LIMITS.chance


@pytest.mark.parametrize(
    ("mean", "dispersion", "drop", "share"),
    [(20, 1, 0.5, 0.7), (20, 5, 0.5, 0.12), (50, 1, 0.5, 0.99), (50, 5, 0.5, 0.45), (200, 2, 0.3, 0.9)],
)
def test_what_share_of_real_declines_it_finds(mean: float, dispersion: float, drop: float, share: float) -> None:
    assert declining(weeks(mean, dispersion, EVEN, drop), EVEN) >= share


def test_a_decline_that_everybody_shares_is_the_season() -> None:
    everybody = np.array([*np.full(len(LATELY), 0.4), *np.ones(len(BEFORE))])
    assert declining(weeks(50, 2, everybody), everybody) <= LIMITS.chance
    assert declining(weeks(50, 2, everybody), EVEN) > 0.9


@pytest.mark.parametrize(
    ("counts", "change", "verdict"),
    [
        ([0] * 4 + [20] * 8, -1.0, True),  # stopped altogether
        ([0] * 4 + [2] * 8, -1.0, None),  # too little to judge
        ([0] * 12, None, None),
        ([20] * 4 + [0] * 8, None, None),  # new: nothing before to compare with
        ([95] * 4 + [100] * 8, -0.05, False),  # small, however sure
    ],
)
def test_what_it_says_of_one_account(counts: list[int], change: float | None, verdict: bool | None) -> None:
    (row,) = judged(np.array([counts]), EVEN).to_pylist()
    assert row["usage_change"] == (None if change is None else pytest.approx(change, abs=1e-5))
    assert row["usage_is_declining"] is verdict


def test_students_distribution_is_scipys() -> None:
    values = [-12.0, -3.0, -1.0, 0.0, 0.4, 2.5, 30.0]
    found = ibis.memtable({"t": values}).mutate(p=lambda rows: student(rows.t)).to_pyarrow()["p"].to_pylist()
    assert found == pytest.approx([stats.t.cdf(t, df=len(BEFORE) - 1) for t in values])
