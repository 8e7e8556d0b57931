"""Criteria for MQLs tried on the last year, before they are used: whom they would have found, and what became of those.

Measures are computed anew as of the end of each month, from what had happened by then, for people as they are unified
now. Whoever fulfils both criteria for the first time at a month's end counts in that month, unless sales had accepted
the person before; beside them stand the MQLs that the CRM has of the month.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NoReturn

import ibis.expr.types as ir

from include.contracts.configuration import Section, read_configuration
from include.contracts.errors import ConfigurationError
from include.contracts.runs import Run
from include.contracts.tables import Table
from include.contracts.traits import TRAIT_HISTORY
from include.measures.step import READS, measured
from include.reports.criteria import with_values
from include.reports.data import Data
from include.reports.settings import PersonCondition, criterion, words
from include.reports.step import MEASURED, STAGED, open_data
from include.segments import tree
from include.segments.expression import matching
from include.segments.history import on_day
from include.segments.picked import MEMBER_ID
from include.segments.population import Population
from include.storage.engine import conform
from include.storage.project import Project

MONTHS = 12
_STEPS = """
SELECT w.profile_id, s.step, min(s.on_date) AS day FROM {steps} s JOIN {crosswalk} w USING (record_id)
WHERE s.step IN ('mql', 'sql') AND s.on_date <= {as_of} GROUP BY ALL
"""
_TRIED = """
WITH first AS (
    SELECT profile_id, min(day) AS day FROM {found} GROUP BY profile_id
), judged AS (
    SELECT f.day, s.day AS sql_on FROM first f LEFT JOIN {steps} s ON s.profile_id = f.profile_id AND s.step = 'sql'
    WHERE f.day > {begin} AND coalesce(s.day > f.day, true)
), theirs AS (
    SELECT last_day(m.day) AS day, m.day AS mql_on, s.day AS sql_on
    FROM {steps} m LEFT JOIN {steps} s ON s.profile_id = m.profile_id AND s.step = 'sql' AND s.day >= m.day
    WHERE m.step = 'mql'
), ours AS (
    SELECT day, count(*) AS people, count(*) FILTER (sql_on <= day + {within}) AS sqls FROM judged GROUP BY day
), crm AS (
    SELECT day, count(*) AS people, count(*) FILTER (sql_on <= mql_on + {within}) AS sqls FROM theirs GROUP BY day
)
SELECT CAST(date_trunc('month', d.day) AS DATE) AS month, coalesce(o.people, 0) AS people, coalesce(o.sqls, 0) AS sqls,
    o.sqls / o.people AS rate, coalesce(c.people, 0) AS crm_mqls, coalesce(c.sqls, 0) AS crm_sqls,
    c.sqls / c.people AS crm_rate, d.day + {within} <= {as_of} AS is_mature
FROM (SELECT unnest([{days}]) AS day) d LEFT JOIN ours o USING (day) LEFT JOIN crm c USING (day) ORDER BY month
"""


class Criteria(Section):
    """A file of criteria: both have to hold for a person to be an MQL."""

    fit: PersonCondition
    interest: PersonCondition


def try_criteria(project: Project, place: Path, months: int = MONTHS) -> list[dict[str, Any]]:
    """Return a row for each of the last whole months: whom the criteria in a file find, and whom the CRM has.

    Raises ConfigurationError for a file that is none, for a condition that cannot be read or that asks for a segment
    (who was in one then is not known), and before the first publication.
    """
    if not place.is_file():
        raise ConfigurationError(f"There is no file {place}.")
    known = words(project.settings.config)
    criteria = read_configuration(place, Criteria, known)
    node = tree.And((criterion(criteria.fit, "person", known), criterion(criteria.interest, "person", known)))
    tables = (*READS.values(), *STAGED, *MEASURED)
    current = {table.name: project.lake.current(table.name) for table in tables}
    refs = {name: manifest.ref for name, manifest in current.items() if manifest is not None}
    published = current["customer_360"]
    if published is None:
        raise ConfigurationError("Nothing is published yet; run `python -m include run` first.")
    with project.engine() as engine:
        data = open_data(project, engine, Run("trial", date.fromisoformat(published.inputs["as_of"])), refs)
        kept = _Kept(engine.read(TRAIT_HISTORY, engine.lake.current(TRAIT_HISTORY.name)))
        return _tried(data, node, kept.months(node, _month_ends(data.as_of, months)), kept)


@dataclass(frozen=True)
class _Kept:
    """What traits were on former days: the rows of ``trait_history``."""

    rows: ir.Table

    def months(self, node: tree.Node, days: list[date]) -> list[date]:
        """Leave out the month ends of which nothing is kept of a trait that is named.

        Raises ConfigurationError where fewer than two are left.
        """
        for trait in tree.named_traits(node):
            first = self.rows.filter(self.rows.trait == trait.name).since.min().to_pyarrow().as_py()
            days = [day for day in days if first is not None and day >= first]
            if len(days) < 2:
                since = f"only since {first}" if first else "not yet"
                raise ConfigurationError(
                    f"What the trait {trait.name!r} was is kept {since}; criteria are tried on whole months."
                )
        return days

    def value(self, trait: tree.Traited, people: Population) -> ir.Table:
        """Return member_id and value as of the day of a population."""
        found = on_day(trait, trait.level, people, people.as_of)
        return found.select(member_id=found[MEMBER_ID], value=found[trait.name])


def _tried(data: Data, node: tree.Node, days: list[date], kept: _Kept) -> list[dict[str, Any]]:
    parts = [_fulfilling(data, node, day, kept) for day in days]
    union = " UNION ALL ".join(f"SELECT profile_id, day FROM {{part_{n}}}" for n in range(len(parts)))
    found = data.sql(union, **{f"part_{n}": part for n, part in enumerate(parts)})
    steps = data.sql(_STEPS, steps=data.tables["staged/lead_step"], crosswalk=data.inputs.crosswalk)
    rows = data.sql(
        _TRIED, found=found, steps=steps, days=tuple(days[1:]), begin=days[0], within=data.settings.funnel.cohort_days
    )
    told: list[dict[str, Any]] = data.engine.ibis.to_pyarrow(rows).to_pylist()
    return told


def _fulfilling(data: Data, node: tree.Node, day: date, kept: _Kept) -> ir.Table:
    """The people who fulfil a condition as of a day, by what had happened by then."""
    customers, accounts = measured_on(data, day)
    everybody = Population(day, customers, accounts, _no_segment, histories={"trait": kept.rows})
    everybody = with_values(everybody, node, "person", lambda trait: kept.value(trait, everybody))
    people = matching(node, "person", everybody)
    return data.sql("SELECT profile_id, {day} AS day FROM {people}", people=people.select("profile_id"), day=day)


def measured_on(data: Data, day: date) -> tuple[ir.Table, ir.Table]:
    """Return customer_360 and account_360 as they would have been on an earlier day, of people as they are now.

    What the sources do not date (a title, a consent, a contract's state) is as it is now.
    """

    def keep(table: Table, rows: ir.Table) -> ir.Table:
        return data.engine.hold(conform(table, rows))

    found = measured(data.engine, replace(data.inputs, as_of=day), keep)
    return found.customers, found.accounts


def _no_segment(key: str) -> NoReturn:
    raise ConfigurationError(f"Who was in the segment {key!r} on an earlier day is not known; write its condition out.")


def _month_ends(as_of: date, months: int) -> list[date]:
    """The last days of the last whole months, and of the one before them, which only begins."""
    first = (as_of + timedelta(days=1)).replace(day=1)
    found = []
    for _ in range(months + 1):
        found.append(first - timedelta(days=1))
        first = found[-1].replace(day=1)
    return found[::-1]
