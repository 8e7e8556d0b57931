"""A condition as an Ibis expression: the same on DuckDB in the batch and on PostgreSQL for previews."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import reduce
from typing import Any

import ibis
import ibis.expr.types as ir

from include.contracts.measures import measures_of
from include.segments import clauses, tree
from include.segments.calendar import WEEKDAYS, anniversaries, later
from include.segments.deeds import COUNTS, DAY

OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
ARITHMETIC: Mapping[str, Callable[[Any, Any], Any]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}
TEXT_TESTS: Mapping[str, Callable[[Any, Any], Any]] = {
    "contains": lambda value, text: value.contains(text),
    "starts with": lambda value, text: value.startswith(text),
    "ends with": lambda value, text: value.endswith(text),
}
MOST = "_most"
"""What stands behind the name of a count of events: as many there may have been, where some cannot be judged."""
MEMBER = {"person": "profile_id", "account": "account_id"}


def _md5(text: ir.StringValue) -> ir.StringValue:
    """The digest of a text in hexadecimal (a function of DuckDB and PostgreSQL; Ibis has it for the first only)."""


digest = ibis.udf.scalar.builtin(_md5, name="md5", signature=(("string",), "string"))


@dataclass(frozen=True)
class Events:
    """What happened: rows of ``event``; of each kind how many there are, and the staged table that tells of it.

    ``through``: of those of which a source tells, the last day that it covers.
    """

    rows: ir.Table
    sizes: Mapping[str, int] = field(default_factory=dict)
    tables: Mapping[str, str] = field(default_factory=dict)
    through: Mapping[str, date] = field(default_factory=dict)


@dataclass(frozen=True)
class Population:
    """Who conditions are asked about, on which date, and who is in which segment already.

    ``members`` returns the level of a segment and the ids of its members, as one column ``member_id``. Of the
    ``unjudged`` segments nobody else is known to be in or not; the ``lacking`` measures of people have no source.
    What conditions ask of events and
    of the kept ``histories`` (by level) stands in the tables, by ``asked.Asked``; ``alias`` says which profile carries
    on for a retired id that they know, ``contacts`` (profile_identifier and the crosswalk) whom a list's rows mean.
    ``above`` are the rows of ``account_above``.
    ``traits`` returns the published values of a trait (member_id, value, parts); none where it is not published so.
    """

    as_of: date
    customers: ir.Table
    accounts: ir.Table
    members: Callable[[str], tuple[str, ir.Table]]
    unjudged: frozenset[str] = frozenset()
    lacking: frozenset[str] = frozenset()
    events: Events | None = None
    histories: Mapping[str, ir.Table] = field(default_factory=dict)
    alias: ir.Table | None = None
    contacts: tuple[ir.Table, ir.Table] | None = None
    traits: Callable[[tree.Traited], ir.Table | None] | None = None
    above: ir.Table | None = None

    def of(self, level: str) -> ir.Table:
        """Return customer_360 or account_360."""
        return self.customers if level == "person" else self.accounts

    def having(self, level: str, rows: ir.Table) -> Population:
        """Return the same with other rows of a level."""
        return replace(self, customers=rows) if level == "person" else replace(self, accounts=rows)


def expression(node: tree.Node, level: str, population: Population) -> ir.BooleanValue:
    """Return the condition over ``population.of(level)``; null where it is unknown."""
    return _Compiler(population.of(level), level, population).node(node)


def value_of(operand: tree.Operand, level: str, population: Population) -> ir.Value:
    """Return a value over ``population.of(level)``; null where it is unknown."""
    return _Compiler(population.of(level), level, population).value(operand)


def of_event(node: tree.Node, rows: ir.Table, event: str, population: Population) -> ir.BooleanValue:
    """Return a condition on the day and the properties of events of a kind, which are columns of ``rows``."""
    return _Compiler(rows, "", population, event).node(node)


def counted(rows: ir.Table, happened: tree.Happened) -> ir.Value:
    """Return what is counted of events, as a column of its table; null where some of them cannot be judged."""
    value = rows[happened.name]
    return ibis.ifelse(value == rows[happened.name + MOST], value, None) if happened.what in COUNTS else value


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
    """``rows`` are those of the level, or of one kind of event."""

    rows: ir.Table
    level: str
    population: Population
    event: str = ""

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
            case clauses.Compare(op, left, right):
                return OPERATORS[op](self.value(left), self.value(right))
            case _:
                return self.test(clause)

    def test(self, clause: clauses.Tested) -> ir.BooleanValue:  # noqa: PLR0911 - one return a kind of clause
        value, as_of = self.value(clause.measure), self.population.as_of
        match clause:
            case clauses.In(_, values):
                return value.isin([literal.value for literal in values])
            case clauses.Between(_, low, high):
                return value.between(self.value(low), self.value(high))
            case clauses.Like(_, pattern, ignores_case):
                return _folded(value).like(_folded(ibis.literal(pattern))) if ignores_case else value.like(pattern)
            case clauses.TextTest(_, test, texts):
                folded = [_folded(ibis.literal(text)) for text in texts]
                return reduce(operator.or_, (TEXT_TESTS[test](_folded(value), text) for text in folded))
            case clauses.IsNull():
                return value.isnull()
            case clauses.Top():
                return self.top(clause)
            case clauses.Within():
                return self.within(clause, value)
            case clauses.Beyond():
                return value > ibis.literal(clause.edge(as_of)) if clause.ahead else value <= self.before(clause)
            case clauses.During() | clauses.Anniversary():
                return self.of_calendar(clause, value)

    def of_calendar(self, clause: clauses.During | clauses.Anniversary, value: ir.DateValue) -> ir.BooleanValue:
        first, last = clause.bounds(self.population.as_of)
        if isinstance(clause, clauses.During):
            return value.between(ibis.literal(first), ibis.literal(last))
        day = value.month() * 100 + value.day()
        years = anniversaries(first, last).items()
        return reduce(operator.or_, ((value.year() < year) & day.isin(days) for year, days in years))

    def within(self, clause: clauses.Within, value: ir.DateValue) -> ir.BooleanValue:
        first, last = clause.bounds(self.population.as_of)
        if clause.ahead:
            return value.between(ibis.literal(first), ibis.literal(last))
        return (value > self.before(clause)) & (value <= ibis.literal(last))

    def before(self, clause: clauses.Within | clauses.Beyond) -> ir.DateValue:
        """The last day before a span, counted back from the day up to which the measure's source is complete.

        Without such a day, from the logical date.
        """
        measure = clause.measure
        until = measures_of(self.level)[measure.name].until if isinstance(measure, tree.Measured) and self.level else ""
        if not until:
            return ibis.literal(later(self.end(measure), -clause.amount, clause.unit))
        end = self.rows[until]
        return (end - ibis.interval(**{clause.unit: clause.amount})).cast("date")

    def end(self, measure: tree.Operand) -> date:
        """The day on which spans of days of events end, else the logical date."""
        event = measure.event if isinstance(measure, tree.Happened) else self.event if measure.name == DAY else ""
        through = self.population.events.through if self.population.events else {}
        return through.get(event, self.population.as_of)

    def did(self, clause: tree.Did) -> ir.BooleanValue:
        """Tell by the events that are certain, and by those that may be, on which side of a number they are."""
        least, most = (self.rows[clause.counted.name + end] for end in ("", MOST))

        def reaches(times: int) -> ir.BooleanValue:
            return ibis.cases((least >= times, True), (most < times, False), else_=ibis.null("boolean"))

        if clause.how_often == "at_least":
            return reaches(clause.times)
        fewer = ~reaches(clause.times + 1)
        return fewer & reaches(clause.times) if clause.how_often == "exactly" else fewer

    def value(self, value: tree.Operand | tree.Literal | tree.Today) -> ir.Value:
        if isinstance(value, tree.Sum):
            return self.sum(value)
        if isinstance(value, tree.Weekday):
            number = self.value(value.of).day_of_week.index()
            return ibis.cases(*((number == n, name) for n, name in enumerate(WEEKDAYS)))
        if isinstance(value, tree.Happened):
            return counted(self.rows, value)
        if isinstance(value, tree.Measured | tree.Traited):
            return self.rows[value.name]
        return ibis.literal(value.on(self.population.as_of))

    def sum(self, sum: tree.Sum) -> ir.Value:
        """In floating point throughout, so that every engine has the same; two days have a number of days between."""
        left, right = self.value(sum.left), self.value(sum.right)
        if isinstance(left, ir.DateValue):
            return left.delta(right, unit="day").cast("float64")
        left, right = left.cast("float64"), right.cast("float64")
        return left / right.nullif(0.0) if sum.op == "/" else ARITHMETIC[sum.op](left, right)

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
