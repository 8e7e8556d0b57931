"""A condition as an Ibis expression: the same on DuckDB in the batch and on PostgreSQL for previews."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from functools import reduce

import ibis
import ibis.expr.types as ir

from include.segments import clauses, tree
from include.segments.compared import Compared
from include.segments.population import MEMBER, MOST, Population


def _md5(text: ir.StringValue) -> ir.StringValue:
    """The digest of a text in hexadecimal (a function of DuckDB and PostgreSQL; Ibis has it for the first only)."""


digest = ibis.udf.scalar.builtin(_md5, name="md5", signature=(("string",), "string"))


def expression(node: tree.Node, level: str, population: Population) -> ir.BooleanValue:
    """Return the condition over ``population.of(level)``; null where it is unknown."""
    return _Compiler(population.of(level), level, population).node(node)


def value_of(operand: tree.Operand, level: str, population: Population) -> ir.Value:
    """Return a value over ``population.of(level)``; null where it is unknown."""
    return _Compiler(population.of(level), level, population).value(operand)


def of_event(node: tree.Node, rows: ir.Table, event: str, population: Population) -> ir.BooleanValue:
    """Return a condition on the day and the properties of events of a kind, which are columns of ``rows``."""
    return _Compiler(rows, "", population, event).node(node)


def is_unknown(found: ir.BooleanValue) -> ir.BooleanValue:
    """Tell whether a condition is neither true nor false: not by IS NULL, which binds more than the NOT before it."""
    return found.fill_null(True) & ~found.fill_null(False)


def matching(node: tree.Node, level: str, population: Population) -> ir.Table:
    """Return the rows of those for whom the condition is true."""
    return population.of(level).filter(expression(node, level, population))


@dataclass(frozen=True)
class _Compiler(Compared):
    """``rows`` are those of the level, or of one kind of event."""

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

    def clause(self, clause: tree.Clause) -> ir.BooleanValue:  # noqa: PLR0911 - one return a kind of clause
        match clause:
            case tree.InSegment(key):
                return self.in_segment(key)
            case tree.People():
                return self.people(clause)
            case tree.Did():
                return self.did(clause)
            case tree.OfAccount(condition):
                return self.of_account(condition)
            case tree.Relatives():
                return self.relatives(clause)
            case tree.Changed() | tree.Was() | tree.InList():
                return self.rows[clause.name]
            case tree.Sequence(_):
                sure, maybe = self.rows[clause.name], self.rows[clause.name + MOST]
                return ibis.cases((sure, True), (~maybe, False), else_=ibis.null("boolean"))
            case tree.Measured():
                return self.value(clause)
            case clauses.Top():
                return self.top(clause)
            case _:
                return self.test(clause)

    def did(self, clause: tree.Did) -> ir.BooleanValue:
        """Tell by the events that are certain, and by those that may be, on which side of a number they are."""
        least, most = (self.rows[clause.counted.name + end] for end in ("", MOST))

        def reaches(times: int) -> ir.BooleanValue:
            return ibis.cases((least >= times, True), (most < times, False), else_=ibis.null("boolean"))

        if clause.how_often == "at_least":
            return reaches(clause.times)
        fewer = ~reaches(clause.times + 1)
        return fewer & reaches(clause.times) if clause.how_often == "exactly" else fewer

    def in_segment(self, key: str) -> ir.BooleanValue:
        level, members = self.population.members(key)
        ids = self.rows[MEMBER[level]]
        found = ids.notnull() & ids.isin(members.member_id)
        return ibis.ifelse(found, True, ibis.null("boolean")) if key in self.population.unjudged else found

    def people(self, clause: tree.People) -> ir.BooleanValue:
        customers = self.population.customers
        true = expression(clause.condition, "person", self.population).fill_null(False)
        judged = customers.filter(customers.account_id.notnull()).select("account_id", is_true=true)
        accounts = judged.group_by("account_id").aggregate(true=judged.is_true.sum(), all=judged.is_true.all())
        wanted = accounts.filter(accounts["all"] if clause.quantifier == "all" else accounts.true >= clause.least)
        found = self.population.accounts.account_id.isin(wanted.account_id)
        if self.lacks(clause.condition):
            decided = found if clause.quantifier != "all" else ibis.literal(False)
            found = ibis.ifelse(decided, True, ibis.null("boolean"))
        return ~found if clause.quantifier == "none" else found

    def of_account(self, condition: tree.Node) -> ir.BooleanValue:
        """Whether it is true of the person's account; unknown where there is none."""
        accounts, id = self.population.accounts, self.rows.account_id
        state = expression(condition, "account", self.population)
        true, false = (accounts.filter(wanted).account_id for wanted in (state, ~state))
        return ibis.cases((id.isin(true), True), (id.isin(false), False), else_=ibis.null("boolean"))

    def relatives(self, clause: tree.Relatives) -> ir.BooleanValue:
        """Whether it is so of the accounts above or below; unknown where those of whom it is unknown decide."""
        accounts, pairs, id = self.population.accounts, self.population.above, self.rows.account_id
        assert pairs is not None
        pairs = pairs.filter(pairs.steps == 1) if clause.whose == tree.PARENT else pairs
        mine, other = pairs.account_id, pairs.above_account_id
        mine, other = (other, mine) if clause.whose == tree.CHILDREN else (mine, other)
        state = expression(clause.condition, "account", self.population)
        judged = accounts.select(_other=accounts.account_id, sure=state.fill_null(False), maybe=state.fill_null(True))
        related = pairs.select(_member=mine, _other=other).inner_join(judged, "_other")
        counted = related.group_by("_member").aggregate(
            sure=related.sure.sum(), maybe=related.maybe.sum(), all=related.count()
        )
        least = counted["all"] if clause.quantifier == "all" else clause.least
        sure, maybe = (id.isin(counted.filter(counted[how] >= least)["_member"]) for how in ("sure", "maybe"))
        if clause.whose == tree.PARENT:
            maybe = maybe | ~id.isin(counted["_member"])
        if clause.quantifier == "none":
            sure, maybe = ~maybe, ~sure
        return ibis.cases((sure, True), (~maybe, False), else_=ibis.null("boolean"))

    def lacks(self, condition: tree.Node) -> bool:
        """Tell whether a condition on people asks what no source tells."""
        known = self.population.events.through if self.population.events else {}
        unheard = any(happened.event not in known for happened in tree.counted(condition))
        unheard = unheard or any(listed.too_old(self.population.as_of) for listed in tree.lists(condition))
        return unheard or not self.population.lacking.isdisjoint(tree.measures(condition))

    def top(self, clause: clauses.Top) -> ir.BooleanValue:
        """The value of the last place, asked of everybody whatever else the condition asks, and those up to it."""
        rows, value = self.rows, self.value(clause.measure)
        among = self.node(clause.among) if clause.among is not None else ibis.literal(True)
        known = rows.filter(value.notnull() & among).select(value=value)
        order = known.value.desc() if clause.from_top else known.value
        ranked = known.mutate(place=ibis.rank().over(order_by=order), known=known.count().over(ibis.window()))
        places = (ranked.known * clause.amount + 9_999) // 10_000 if clause.is_share else ibis.literal(clause.amount)
        inside = ranked.filter(ranked.place < places)
        last = (inside.value.min() if clause.from_top else inside.value.max()).as_scalar()
        return (value >= last if clause.from_top else value <= last) & among
