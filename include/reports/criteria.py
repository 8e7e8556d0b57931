"""Conditions of the segment language, asked of a run's measures; the settings hold them, and refuse unreadable ones."""

from __future__ import annotations

from collections.abc import Callable

import ibis.expr.types as ir

from include.contracts.errors import ConfigurationError
from include.contracts.traits import TRAIT, TRAIT_VALUE
from include.reports.data import Data
from include.reports.settings import criterion
from include.segments import tree
from include.segments.expression import expression
from include.segments.population import MEMBER, Population
from include.segments.trait_tables import published


def judged(data: Data, condition: str, level: str) -> ir.Table:
    """Return ``member`` (profile_id or account_id) and ``holds`` (null where too little is known) of everybody."""
    node = criterion(condition, level, data.vocabulary)
    population = Population(data.as_of, data.customers, data.accounts, lambda key: _members(data, key))
    population = with_values(population, node, level, lambda trait: _published(data, trait))
    rows = population.of(level)
    return data.sql(
        "SELECT member, holds FROM {rows}",
        rows=rows.select(member=rows[MEMBER[level]], holds=expression(node, level, population)),
    )


def with_values(
    people: Population, node: tree.Node, level: str, value: Callable[[tree.Traited], ir.Table]
) -> Population:
    """Return a population with the traits that a criterion names; ``value`` returns member_id and value of one."""
    asked = {
        level: tree.traits(node),
        **({"person": tree.traits(node, of_people=True)} if level == "account" else {}),
        **({"account": tree.traits(node, of_account=True)} if level == "person" else {}),
    }
    for whose, traits in asked.items():
        for trait in traits:
            found = value(trait).select(_member_id="member_id", **{trait.name: "value"})
            rows = people.of(whose)
            rows = rows.left_join(found, rows[MEMBER[whose]] == found["_member_id"]).drop("_member_id")
            people = people.having(whose, rows)
    return people


def _published(data: Data, trait: tree.Traited) -> ir.Table:
    rows = data.tables[TRAIT.name].select("trait", "definition_version").to_pyarrow().to_pylist()
    versions = {row["trait"]: row["definition_version"] for row in rows}
    found = published(trait, versions, data.tables[TRAIT_VALUE.name])
    if found is None:
        raise ConfigurationError(f"The trait {trait.name!r} is not published as it is declared now; run the pipeline.")
    return found


def _members(data: Data, key: str) -> tuple[str, ir.Table]:
    segment, membership = data.tables["segment"], data.tables["segment_membership"]
    known = {row["segment_key"]: row["level"] for row in segment.to_pyarrow().to_pylist()}
    if key not in known:
        raise ConfigurationError(f"reports.yaml refers to the segment {key!r}, which is not there.")
    return known[key], membership.filter(membership.segment_key == key).select("member_id")
