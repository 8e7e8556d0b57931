"""Drift is told from noise and season: simulated figures of many days, without a pipeline."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from include.contracts.errors import ConfigurationError
from include.contracts.settings import SHIPPED
from include.quality.drift.figure import (
    CLUSTERS,
    DAY,
    NULLS,
    NUMBER,
    RESPONSES,
    REVIEW,
    ROWS,
    VALUES,
    WEIGHTS,
    Figure,
    Kind,
)  # fmt: skip
from include.quality.drift.judging import Past, Verdict, judge
from include.quality.drift.settings import read_settings
from include.quality.drift.vanished import vanished
from include.quality.drift.wording import now, observed, sentence, usual

SETTINGS = read_settings(SHIPPED)
MONDAY = date(2026, 1, 5)
WEEK = (1.0, 1.05, 1.02, 0.98, 0.9, 0.35, 0.25)  # a weekend is quiet
NPS = (0.5, 0.3, 0.2)
SIZES = (0.6, 0.2, 0.1, 0.06, 0.04)
Days = dict[tuple[str, str, str], list[Past]]


def number(kind: Kind, of: str, value: float, rows: int) -> Figure:
    return Figure(kind, of, "", {NUMBER: value}, rows)


def shares(kind: Kind, of: str, counts: np.ndarray) -> Figure:
    whole = int(counts.sum())
    return Figure(kind, of, "", {f"v{n}": count / whole for n, count in enumerate(counts.tolist())}, whole)


def figures(rng: np.random.Generator, day: date, n: int) -> Iterator[Figure]:
    """A steady company: days have the rhythm of a week, stocks grow slowly, shares vary by chance."""
    for usual_rows in (60, 2_000, 1_000_000):
        rows = int(rng.poisson(usual_rows * WEEK[day.weekday()] * math.exp(rng.normal(0, 0.05))))
        yield number(DAY, f"usage{usual_rows}", rows, rows)
    for stock in (80, 50_000):
        rows = int(stock * 1.002**n + rng.poisson(3))
        yield number(ROWS, f"crm{stock}", rows, rows)
    for share, rows in ((0.02, 200), (0.5, 200), (0.3, 10_000), (0.0, 5_000), (1.0, 5_000)):
        yield number(NULLS, f"email{share}", rng.binomial(rows, share) / rows, rows)
    for rows in (60, 5_000):
        yield shares(VALUES, f"nps{rows}", rng.multinomial(rows, NPS))
    yield shares(CLUSTERS, "crosswalk", rng.multinomial(5_000, SIZES))
    yield shares(WEIGHTS, "edge", rng.multinomial(8_000, (0.1,) * 10))
    yield number(REVIEW, "review", rng.binomial(5_000, 0.01) / 5_000, 5_000)
    yield number(RESPONSES, "asked", rng.binomial(300, 0.25) / 300, 300)


def simulated(seed: int, days: int = 60) -> tuple[Days, list[tuple[date, Figure, Verdict]]]:
    """Daily runs: what each figure was, and the verdict on each."""
    rng, kept, verdicts = np.random.default_rng(seed), dict[tuple[str, str, str], list[Past]](), []
    for n in range(days):
        day = MONDAY + timedelta(days=n)
        for figure in figures(rng, day, n):
            past = kept.setdefault(figure.key, [])
            verdicts.append((day, figure, judge(figure, day, past, SETTINGS)))
            past.append(Past(day, figure.values, figure.rows))
    return kept, verdicts


@pytest.fixture(scope="module")
def history() -> Days:
    return simulated(seed=7)[0]


@pytest.mark.parametrize("seed", range(4))
def test_sixty_steady_days_with_a_weekly_season_raise_no_alarm(seed: int) -> None:
    _, verdicts = simulated(seed)
    assert [(day, figure.key) for day, figure, verdict in verdicts if verdict.is_drifted] == []
    assert sum(verdict.is_judged for _, _, verdict in verdicts) > 500


@pytest.mark.parametrize("offset", range(7))
@pytest.mark.parametrize("of", ["usage2000", "usage1000000"])
def test_half_a_days_rows_are_found_on_any_weekday(history: Days, of: str, offset: int) -> None:
    day = MONDAY + timedelta(days=60 + offset)
    rows = int(int(of.removeprefix("usage")) * WEEK[day.weekday()] / 2)
    assert judge(number(DAY, of, rows, rows), day, history["day", of, ""], SETTINGS).is_drifted


DAY_61 = MONDAY + timedelta(days=60)


@pytest.mark.parametrize(
    "figure",
    [
        number(ROWS, "crm80", 40, 40),
        number(ROWS, "crm50000", 28_000, 28_000),
        number(NULLS, "email0.02", 0.4, 200),
        number(NULLS, "email0.3", 0.5, 10_000),
        number(NULLS, "email1.0", 0.7, 5_000),
        shares(VALUES, "nps5000", np.array([1500, 1500, 2000])),
        shares(CLUSTERS, "crosswalk", np.array([2000, 1000, 900, 700, 400])),
        shares(WEIGHTS, "edge", np.array([2400, 0, 0, 800, 800, 800, 800, 800, 800, 800])),
        number(REVIEW, "review", 0.05, 5_000),
        number(RESPONSES, "asked", 0.05, 300),
    ],
    ids=lambda figure: f"{figure.kind.name} {figure.of}",
)
def test_what_has_changed_is_found(history: Days, figure: Figure) -> None:
    verdict = judge(figure, DAY_61, history[figure.key], SETTINGS)
    assert verdict.is_drifted and verdict.distance > verdict.allowed > 0


def test_a_value_that_never_was_is_a_change_of_the_distribution(history: Days) -> None:
    values = {"v0": 0.3, "v1": 0.2, "v2": 0.1, "new": 0.4}
    verdict = judge(Figure(VALUES, "nps5000", "", values, 5_000), DAY_61, history["values", "nps5000", ""], SETTINGS)
    assert verdict.is_drifted and verdict.moved == "new" and verdict.expected == 0


def test_too_little_history_or_too_few_rows_say_nothing(history: Days) -> None:
    rows = history["rows", "crm50000", ""]
    none = number(ROWS, "crm50000", 0, 0)
    assert not judge(none, DAY_61, rows[-SETTINGS.least_days + 1 :], SETTINGS).is_judged
    assert judge(none, DAY_61, rows[-SETTINGS.least_days :], SETTINGS).is_drifted
    few = [Past(past.day, {NUMBER: 20.0}, 20) for past in rows]
    assert not judge(number(ROWS, "few", 2, 2), DAY_61, few, SETTINGS).is_judged
    quiet = [Past(past.day, {NUMBER: 0.0}, 0) for past in rows]  # a mailing on a day that usually has none
    assert not judge(number(DAY, "mails", 9_000, 9_000), DAY_61, quiet, SETTINGS).is_judged
    assert not judge(number(NULLS, "few", 1.0, 9), DAY_61, history["nulls", "email0.3", ""], SETTINGS).is_judged


def test_one_bad_day_in_the_history_hides_nothing_and_one_like_it_is_found_again(history: Days) -> None:
    known = [*history["rows", "crm50000", ""]]
    known[-3] = Past(known[-3].day, {NUMBER: 10.0}, 10)
    assert judge(number(ROWS, "crm50000", 20_000, 20_000), DAY_61, known, SETTINGS).is_drifted
    assert not judge(number(ROWS, "crm50000", 56_500, 56_500), DAY_61, known, SETTINGS).is_drifted


@pytest.mark.parametrize(("months", "is_drifted"), [(2, True), (3, False)])
def test_a_rush_on_the_last_of_each_month_is_usual_once_there_are_enough_of_them(months: int, is_drifted: bool) -> None:
    first, last = date(2026, 1, 1), date(2026, 4 if months == 3 else 3, 31 if months == 2 else 30)
    days = [first + timedelta(days=n) for n in range((last - first).days)]
    known = [Past(day, {NUMBER: size}, int(size)) for day in days for size in [rush(day)]]
    assert judge(number(DAY, "contracts", rush(last), 9_000), last, known, SETTINGS).is_drifted is is_drifted


def rush(day: date) -> float:
    is_last = (day + timedelta(days=1)).day == 1
    return 9_000.0 if is_last else 1_000.0 * WEEK[day.weekday()]


@pytest.mark.parametrize(
    ("figure", "says", "range_"),
    [
        (number(ROWS, "crm80", 40, 40), "crm80: 40 rows; ", "–"),
        (number(NULLS, "email0.02", 0.4, 200), "email0.02: the share of rows without a value is 40.0%; 0.0% to", "%"),
        (shares(VALUES, "nps5000", np.array([1500, 1500, 2000])), "most of 'v", "moved by ≤ 15.0%"),
    ],
)
def test_a_sentence_says_what_is_and_what_would_be_usual(history: Days, figure: Figure, says: str, range_: str) -> None:
    kept: Mapping[str, float] = observed(figure, DAY_61, judge(figure, DAY_61, history[figure.key], SETTINGS))
    assert says in sentence(figure.kind, figure.name, kept) and "usual" in sentence(figure.kind, figure.name, kept)
    assert range_ in usual(figure.kind, kept)


def test_a_figure_that_is_gone_is_drift_of_its_own_and_an_object_that_is_gone_is_told_once() -> None:
    days = [MONDAY + timedelta(days=n) for n in range(30)]
    there = [Past(day, {NUMBER: 0.1}, 500) for day in days]
    known: Days = {
        ("rows", "crm.contact", ""): there, ("nulls", "crm.contact", "phone"): there,
        ("nulls", "crm.lead", "phone"): there, ("nulls", "crm.lead", "title"): there,
        ("day", "usage", "usage_event"): there,  # late, not gone
        ("responses", "survey_request", ""): there,  # nobody was asked of late
        ("rows", "nps.person", ""): there[:5], ("rows", "few", ""): [Past(day, {NUMBER: 9.0}, 9) for day in days],
    }  # fmt: skip
    left = Figure(NULLS, "crm.lead", "title", {NUMBER: 0.1}, 500)
    found = list(vanished([left], days[-1] + timedelta(days=1), known, SETTINGS))
    assert [figure.key for figure, _ in found] == [("rows", "crm.contact", ""), ("nulls", "crm.lead", "phone")]
    figure, verdict = found[0]
    kept = observed(figure, days[-1], verdict)
    assert verdict.is_drifted
    says = "crm.contact is gone: it has no rows any more, and had on 30 of the days before."
    assert sentence(figure.kind, figure.name, kept) == says
    assert (now(figure.kind, kept), usual(figure.kind, kept)) == ("gone", "there on 30 days")


def test_a_misspelt_kind_is_named_with_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "drift.yaml").write_text("kinds: {row: {level: off}}")
    with pytest.raises(ConfigurationError, match=r"^drift.yaml: .*'row'.*did you mean 'rows'"):
        read_settings(tmp_path)
