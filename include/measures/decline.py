"""Whether use declines: the last four weeks against the eight before, tested against the member's own noise.

Core actions of a week are taken for overdispersed counts (quasi-Poisson: Wedderburn 1974; McCullagh and Nelder,
Generalized Linear Models, 1989, chapter 9). Given the sum of both periods, those of the later one are binomial under
no change (the conditional test of Przyborowski and Wilenski, Biometrika 31, 1940), with its variance widened by the
dispersion of the member's own eight weeks around their mean (Pearson's chi-square by its degrees of freedom, never
below 1); so the statistic follows Student's t with seven degrees of freedom. Size is in the counts, weekdays fall out
since weeks are whole, and the season (holidays, a day whose file is missing) since each week weighs as much as
everybody else did in it.
"""

from __future__ import annotations

from functools import reduce
from math import pi, sqrt
from operator import add

import ibis
import ibis.expr.types as ir

from include.measures.settings import Decline

LATELY, BEFORE = range(4), range(4, 12)
WEEKS = (*LATELY, *BEFORE)
FREEDOM = len(BEFORE) - 1
CROWD = 10  # everybody else tells the season where they do at least so many times as much


def with_decline(weekly: ir.Table, limits: Decline) -> ir.Table:
    """Add usage_change, usage_change_chance and usage_is_declining to a table with the columns week_0 to week_11.

    ``week_0`` is the latest; ``everybody_0`` to ``everybody_11`` are the whole company's. Null where it cannot be
    judged: no use before, or fewer than ``expected`` actions expected lately.
    """
    rows = _seasoned(weekly)
    rows = rows.mutate(
        _now=_sum(rows, "week", LATELY), _then=_sum(rows, "week", BEFORE),
        _season_now=_sum(rows, "_season", LATELY), _season_then=_sum(rows, "_season", BEFORE),
    )  # fmt: skip
    rows = rows.mutate(_expected=rows._then * rows._season_now / rows._season_then.nullif(0))
    rows = rows.mutate(usage_change=rows._now / rows._expected.nullif(0) - 1, _dispersion=_dispersion(rows))
    total, share = rows._now + rows._then, rows._season_now / (rows._season_now + rows._season_then)
    statistic = (rows._now - total * share) / (rows._dispersion * total * share * (1 - share)).sqrt()
    is_judged = (rows._expected >= limits.expected).fill_null(False)
    rows = rows.mutate(usage_change_chance=ibis.ifelse(is_judged, student(statistic), None))
    declines = (rows.usage_change_chance < limits.chance) & (rows.usage_change <= -limits.drop)
    kept = [name for name in weekly.columns if not name.startswith(("week_", "everybody_"))]
    return rows.select(*kept, "usage_change", "usage_change_chance", usage_is_declining=declines)


def student(t: ir.FloatingValue) -> ir.FloatingValue:
    """Return P(T <= t) of Student's t with seven degrees of freedom (Abramowitz and Stegun 26.7.3)."""
    angle = (t / sqrt(FREEDOM)).atan()
    cos = angle.cos()
    within = angle + angle.sin() * (cos + 2 / 3 * cos**3 + 8 / 15 * cos**5)
    return ibis.greatest(ibis.least(0.5 + within / pi, 1.0), 0.0)


def _seasoned(weekly: ir.Table) -> ir.Table:
    """Add the weight of each week: what everybody else did in it; all weigh alike where they are too few."""
    others = {f"_others_{n}": (weekly[f"everybody_{n}"] - weekly[f"week_{n}"]).cast("float64") for n in WEEKS}
    rows = weekly.mutate(**others)
    is_crowd = _sum(rows, "_others", WEEKS) >= CROWD * _sum(rows, "week", WEEKS)
    return rows.mutate(**{f"_season_{n}": ibis.ifelse(is_crowd, rows[f"_others_{n}"], 1.0) for n in WEEKS})


def _dispersion(rows: ir.Table) -> ir.FloatingValue:
    """Pearson's chi-square of the weeks before, around their own mean, by its degrees of freedom; at least 1."""
    terms = []
    for n in BEFORE:
        expected = (rows._then * rows[f"_season_{n}"] / rows._season_then.nullif(0)).nullif(0)
        terms.append(((rows[f"week_{n}"] - expected) ** 2 / expected).fill_null(0.0))
    return ibis.greatest(reduce(add, terms) / FREEDOM, 1.0)


def _sum(rows: ir.Table, name: str, weeks: range | tuple[int, ...]) -> ir.FloatingValue:
    return reduce(add, (rows[f"{name}_{n}"].cast("float64") for n in weeks))
