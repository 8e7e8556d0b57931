"""A condition as an Ibis expression: the same on DuckDB in the batch and on PostgreSQL for previews."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import reduce
from typing import Any

import ibis
import ibis.expr.types as ir

from include.contracts.measures import measures_of
from include.segments import tree
from include.segments.calendar import later

OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
TEXT_TESTS: Mapping[str, Callable[[Any, Any], Any]] = {
    "contains": lambda value, text: value.contains(text),
    "starts with": lambda value, text: value.startswith(text),
    "ends with": lambda value, text: value.endswith(text),
}
MEMBER = {"person": "profile_id", "account": "account_id"}


def _md5(text: ir.StringValue) -> ir.StringValue:
    """The digest of a text in hexadecimal (a function of DuckDB and PostgreSQL; Ibis has it for the first only)."""


digest = ibis.udf.scalar.builtin(_md5, name="md5", signature=(("string",), "string"))


@dataclass(frozen=True)
class Population:
    """Who conditions are asked about, on which date, and who is in which segment already.

    ``members`` returns the level of a segment and the ids of its members, as one column ``member_id``. Of the
    ``unjudged`` segments nobody else is known to be in or not; the ``lacking`` measures of people have no source.
    """

    as_of: date
    customers: ir.Table
    accounts: ir.Table
    members: Callable[[str], tuple[str, ir.Table]]
    unjudged: frozenset[str] = frozenset()
    lacking: frozenset[str] = frozenset()

    def of(self, level: str) -> ir.Table:
        """Return customer_360 or account_360."""
        return self.customers if level == "person" else self.accounts


def expression(node: tree.Node, level: str, population: Population) -> ir.BooleanValue:
    """Return the condition over ``population.of(level)``; null where it is unknown."""
    return _Compiler(level, population).node(node)


def is_unknown(found: ir.BooleanValue) -> ir.BooleanValue:
    """Tell whether a condition is neither true nor false: not by IS NULL, which binds more than the NOT before it."""
    return found.fill_null(True) & ~found.fill_null(False)


def matching(node: tree.Node, level: str, population: Population) -> ir.Table:
    """Return the rows of those for whom the condition is true."""
    return population.of(level).filter(expression(node, level, population))


def _folded(text: ir.Value) -> Any:
    """The text without regard to case, as each engine has it: one character at a time."""
    return text.lower()


@dataclass(frozen=True)
class _Compiler:
    level: str
    population: Population

    def node(self, node: tree.Node) -> ir.BooleanValue:
        match node:
            case tree.And(items):
                return reduce(operator.and_, map(self.node, items))
            case tree.Or(items):
                return reduce(operator.or_, map(self.node, items))
            case tree.Not(item):
                return ~self.node(item)
            case _:
                return self.clause(node)

    def clause(self, clause: tree.Clause) -> ir.BooleanValue:
        match clause:
            case tree.InSegment(key):
                return self.in_segment(key)
            case tree.People():
                return self.people(clause)
            case tree.Measured():
                return self.value(clause)
            case tree.Compare(op, left, right):
                return OPERATORS[op](self.value(left), self.value(right))
            case _:
                return self.test(clause)

    def test(self, clause: tree.Tested) -> ir.BooleanValue:  # noqa: PLR0911 - one return a kind of clause
        value, as_of = self.value(clause.measure), self.population.as_of
        match clause:
            case tree.In(_, values):
                return value.isin([literal.value for literal in values])
            case tree.Between(_, low, high):
                return value.between(self.value(low), self.value(high))
            case tree.Like(_, pattern, ignores_case):
                return _folded(value).like(_folded(ibis.literal(pattern))) if ignores_case else value.like(pattern)
            case tree.TextTest(_, test, texts):
                folded = [_folded(ibis.literal(text)) for text in texts]
                return reduce(operator.or_, (TEXT_TESTS[test](_folded(value), text) for text in folded))
            case tree.IsNull():
                return value.isnull()
            case tree.Top():
                return self.top(clause)
            case tree.Within():
                return self.within(clause, value)
            case tree.Beyond():
                return value > ibis.literal(clause.edge(as_of)) if clause.ahead else value <= self.before(clause)
            case tree.During():
                first, last = clause.bounds(as_of)
                return value.between(ibis.literal(first), ibis.literal(last))

    def within(self, clause: tree.Within, value: ir.DateValue) -> ir.BooleanValue:
        first, last = clause.bounds(self.population.as_of)
        if clause.ahead:
            return value.between(ibis.literal(first), ibis.literal(last))
        return (value > self.before(clause)) & (value <= ibis.literal(last))

    def before(self, clause: tree.Within | tree.Beyond) -> ir.DateValue:
        """The last day before a span, counted back from the day up to which the measure's source is complete.

        Without such a day, from the logical date.
        """
        until = measures_of(self.level)[clause.measure.name].until
        if not until:
            return ibis.literal(later(self.population.as_of, -clause.amount, clause.unit))
        end = self.population.of(self.level)[until]
        return (end - ibis.interval(**{clause.unit: clause.amount})).cast("date")

    def value(self, value: tree.Measured | tree.Literal | tree.Today) -> ir.Value:
        if isinstance(value, tree.Measured):
            return self.population.of(self.level)[value.name]
        return ibis.literal(value.on(self.population.as_of))

    def in_segment(self, key: str) -> ir.BooleanValue:
        level, members = self.population.members(key)
        ids = self.population.of(self.level)[MEMBER[level]]
        found = ids.notnull() & ids.isin(members.member_id)
        return ibis.ifelse(found, True, ibis.null("boolean")) if key in self.population.unjudged else found

    def people(self, clause: tree.People) -> ir.BooleanValue:
        customers = self.population.customers
        true = expression(clause.condition, "person", self.population).fill_null(False)
        judged = customers.filter(customers.account_id.notnull()).select("account_id", is_true=true)
        accounts = judged.group_by("account_id").aggregate(true=judged.is_true.sum(), all=judged.is_true.all())
        wanted = accounts.filter(accounts["all"] if clause.quantifier == "all" else accounts.true >= clause.least)
        found = self.population.accounts.account_id.isin(wanted.account_id)
        if not self.population.lacking.isdisjoint(tree.measures(clause.condition)):
            decided = found if clause.quantifier != "all" else ibis.literal(False)
            found = ibis.ifelse(decided, True, ibis.null("boolean"))
        return ~found if clause.quantifier == "none" else found

    def top(self, clause: tree.Top) -> ir.BooleanValue:
        """The value of the last place, asked of everybody whatever else the condition asks, and those up to it."""
        rows, name = self.population.of(self.level), clause.measure.name
        among = self.node(clause.among) if clause.among is not None else ibis.literal(True)
        known = rows.filter(rows[name].notnull() & among).select(value=name)
        order = known.value.desc() if clause.from_top else known.value
        ranked = known.mutate(place=ibis.rank().over(order_by=order), known=known.count().over(ibis.window()))
        places = (ranked.known * clause.amount + 9_999) // 10_000 if clause.is_share else ibis.literal(clause.amount)
        inside = ranked.filter(ranked.place < places)
        last = (inside.value.min() if clause.from_top else inside.value.max()).as_scalar()
        return (rows[name] >= last if clause.from_top else rows[name] <= last) & among
