"""The segment language: what sqlglot has read, checked against the declared measures, becomes a typed tree.

What is not listed in this module does not exist in the language.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from sqlglot import exp

from include.contracts.errors import DefinitionError
from include.contracts.measures import measures_of
from include.contracts.nearest import nearest
from include.contracts.tables import Column, Type
from include.segments import syntax, tree
from include.segments.parts import Parts

COMPARISONS: Mapping[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "!=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
MIRRORED = {"=": "=", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
FUNCTIONS = ("within_next", "within_last", "in_segment", *(f"{q}_of_people" for q in tree.QUANTIFIERS))
NUMERIC = (Type.INTEGER, Type.NUMBER)
LIMIT = 2**53  # whole numbers up to here are exact in every engine, whatever the column's type


def parse(text: str, level: str) -> tree.Node:
    """Return the tree of a condition on the measures of ``level`` (person or account); raises DefinitionError."""
    reader, root = _Reader(text, level, Parts()), syntax.read(text)
    node = reader.node(root)
    reader.refuse_unread(root)
    return node


@dataclass(frozen=True)
class _Reader:
    """Turns sqlglot's tree into ours, naming what it does not know."""

    text: str
    level: str
    parts: Parts

    def refuse_unread(self, root: exp.Expr) -> None:
        """Refuse a tree of which a part has not been read: it would mean something else than it says."""
        unread = self.parts.left(root)
        if unread is not None:
            node, name = unread
            raise self._refuse(node, f"{_name(node)} is not part of the segment language: {name!r} is not understood")

    def node(self, node: exp.Expr) -> tree.Node:
        for kinds, read in self._readers().items():
            if isinstance(node, kinds):
                return read(node)
        raise self._refuse(node, f"{_name(node)} is not part of the segment language")

    def _readers(self) -> Mapping[tuple[type, ...], Callable[..., tree.Node]]:
        return {
            (exp.Paren,): lambda node: self.node(self.parts.inside(node)),
            (exp.And,): lambda node: tree.And(self._chain(node)),
            (exp.Or,): lambda node: tree.Or(self._chain(node)),
            (exp.Not,): lambda node: tree.Not(self.node(self.parts.take(node, "this"))),
            tuple(COMPARISONS): self._comparison,
            (exp.In,): self._in,
            (exp.Between,): self._between,
            (exp.Like,): self._like,
            (exp.Is,): self._is,
            (exp.Column,): self._flag,
            (exp.Anonymous,): self._function,
        }

    def _chain(self, node: exp.Expr) -> tuple[tree.Node, ...]:
        """The items of a chain of and (or), flat."""
        sides: list[tree.Node] = []
        pending: list[exp.Expr] = [node]
        while pending:
            part = self.parts.inside(pending.pop())
            if type(part) is type(node):
                pending += [self.parts.take(part, "expression"), self.parts.take(part, "this")]
            else:
                sides.append(self.node(part))
        return tuple(sides)

    def _comparison(self, node: exp.Expr) -> tree.Node:
        op = COMPARISONS[type(node)]
        left, right = (self.parts.inside(self.parts.take(node, side)) for side in ("this", "expression"))
        if not isinstance(left, exp.Column) and isinstance(right, exp.Column):
            left, right, op = right, left, MIRRORED[op]
        measure = self._measure(left)
        if measure.type is Type.TEXT and op not in ("=", "!="):
            raise self._refuse(node, f"{measure.name} is text, which has no order; use =, !=, in or like")
        if measure.type is Type.BOOLEAN and op not in ("=", "!="):
            raise self._refuse(node, f"{measure.name} is true or false, which has no order")
        return tree.Compare(op, measure, self._other(measure, right))

    def _other(self, measure: tree.Measured, node: exp.Expr) -> tree.Measured | tree.Literal:
        if not isinstance(node, exp.Column):
            return self._literal(measure, node)
        other = self._measure(node)
        if other.type is not measure.type and not (other.type in NUMERIC and measure.type in NUMERIC):
            raise self._refuse(
                node, f"{measure.name} is {_a(measure.type)} and cannot be compared with {other.name}, {_a(other.type)}"
            )
        return other

    def _in(self, node: exp.In) -> tree.Node:
        listed = self.parts.take(node, "expressions")
        if not listed:
            raise self._refuse(node, "a subquery is not part of the segment language; list the values")
        measure = self._measure(self.parts.take(node, "this"))
        return tree.In(measure, tuple(self._literal(measure, value) for value in listed))

    def _between(self, node: exp.Between) -> tree.Node:
        measure = self._measure(self.parts.take(node, "this"))
        if measure.type in (Type.TEXT, Type.BOOLEAN):
            raise self._refuse(node, f"{measure.name} is {_a(measure.type)}, which has no order")
        low, high = (self._literal(measure, self.parts.take(node, end)) for end in ("low", "high"))
        return tree.Between(measure, low, high)

    def _like(self, node: exp.Like) -> tree.Node:
        measure = self._measure(self.parts.take(node, "this"))
        pattern = self._text(self.parts.take(node, "expression"))
        if measure.type is not Type.TEXT:
            raise self._refuse(node, f"{measure.name} is {_a(measure.type)}; 'like' compares text")
        if pattern is None:
            raise self._refuse(node, "'like' needs a quoted pattern")
        if "\\" in pattern:
            raise self._refuse(node.expression, "a pattern cannot hold a backslash")
        like = tree.Like(measure, pattern)
        return tree.Not(like) if self.parts.take(node, "negate") else like

    def _is(self, node: exp.Is) -> tree.Node:
        if not isinstance(self.parts.take(node, "expression"), exp.Null):
            raise self._refuse(node, "'is' goes with null only; compare with = true or = false")
        tested = tree.IsNull(self._measure(self.parts.take(node, "this")))
        return tree.Not(tested) if self.parts.take(node, "negate") else tested

    def _flag(self, node: exp.Column) -> tree.Node:
        measure = self._measure(node)
        if measure.type is not Type.BOOLEAN:
            raise self._refuse(node, f"{measure.name} is {_a(measure.type)}, so compare it with something")
        return measure

    def _function(self, node: exp.Anonymous) -> tree.Node:
        name = str(self.parts.take(node, "this")).lower()
        if name not in FUNCTIONS:
            raise self._refuse(node, f"there is no function {name!r}{nearest(name, FUNCTIONS)}")
        if name.startswith("within"):
            return self._within(node, name)
        if name == "in_segment":
            return self._in_segment(node)
        return self._people(node, name.removesuffix("_of_people"))

    def _within(self, node: exp.Anonymous, name: str) -> tree.Node:
        arguments = self.parts.take(node, "expressions")
        if len(arguments) != 2 or not isinstance(arguments[1], exp.Interval):
            raise self._refuse(node, f"{name} needs a date and a span, as in {name}(renewal_date, 90 days)")
        measure, (amount, unit) = self._measure(arguments[0]), self._span(node, arguments[1])
        if measure.type is not Type.DATE:
            raise self._refuse(node, f"{name} needs a date, and {measure.name} is {_a(measure.type)}")
        return tree.Within(measure, amount, unit, name == "within_next")

    def _span(self, node: exp.Anonymous, span: exp.Interval) -> tuple[int, str]:
        written, unit = self.parts.take(span, "this"), self.parts.take(span, "unit")
        amount = self._plain(written) if isinstance(written, exp.Literal) else ""
        unit = f"{str(self.parts.take(unit, 'this')).lower().rstrip('s')}s" if isinstance(unit, exp.Var) else ""
        if not str(amount).isdecimal() or unit not in tree.UNITS:
            raise self._refuse(node, f"a span is a whole number of {', '.join(tree.UNITS)}")
        if int(amount) > tree.UNITS[unit]:
            raise self._refuse(node, f"a span is at most {tree.UNITS[unit]} {unit}")
        return int(amount), unit

    def _in_segment(self, node: exp.Anonymous) -> tree.Node:
        arguments = self.parts.take(node, "expressions")
        key = self._text(arguments[0]) if len(arguments) == 1 else None
        if key is None:
            raise self._refuse(node, "in_segment needs the key of a segment, in quotes")
        return tree.InSegment(key)

    def _people(self, node: exp.Anonymous, quantifier: str) -> tree.Node:
        if self.level != "account":
            raise self._refuse(node, f"{quantifier}_of_people is for segments of accounts; this one is of people")
        arguments = self.parts.take(node, "expressions")
        if len(arguments) != 1:
            raise self._refuse(node, f"{quantifier}_of_people needs one condition")
        return tree.People(quantifier, _Reader(self.text, "person", self.parts).node(arguments[0]))

    def _measure(self, node: exp.Expr) -> tree.Measured:
        node = self.parts.inside(node)
        if not isinstance(node, exp.Column):
            raise self._refuse(node, f"a measure should stand here, not {_name(node)}")
        if node.args.get("table"):
            raise self._refuse(node, "a measure is named without a dot")
        known, name = measures_of(self.level), self._identifier(self.parts.take(node, "this"))
        if name not in known:
            elsewhere = measures_of("account" if self.level == "person" else "person")
            where = f", but one of {'accounts' if self.level == 'person' else 'people'}" if name in elsewhere else ""
            raise self._refuse(node, f"{name!r} is no measure of a {self.level}{where}{nearest(name, known)}")
        return tree.Measured(name, known[name].column.type)

    def _literal(self, measure: tree.Measured, node: exp.Expr) -> tree.Literal:
        """The value as one of the measure's type."""
        column = measures_of(self.level)[measure.name].column
        try:
            value = self._value(self.parts.inside(node))
            return tree.Literal(_fit(column, value), column.type)
        except ValueError as error:
            raise self._refuse(node, str(error)) from None

    def _value(self, node: exp.Expr) -> str | int | float | bool:
        """The plain value of a literal; raises ValueError."""
        if isinstance(node, exp.Cast) and self._is_date(node):
            node = self.parts.take(node, "this")
        if isinstance(node, exp.Boolean):
            return bool(self.parts.take(node, "this"))
        if isinstance(node, exp.Neg):
            number = self._value(self.parts.take(node, "this"))
            if isinstance(number, int | float) and not isinstance(number, bool):
                return -number
        if isinstance(node, exp.Literal):
            return self._plain(node) if node.is_string else _number(self._plain(node))
        if isinstance(node, exp.Null):
            raise ValueError("nothing equals null; use 'is null'")
        raise ValueError(f"a value should stand here, not {_name(node)}")

    def _is_date(self, node: exp.Cast) -> bool:
        to = self.parts.take(node, "to")
        return self.parts.take(to, "this") is exp.DataType.Type.DATE

    def _plain(self, node: exp.Literal) -> str:
        self.parts.take(node, "is_string")
        return str(self.parts.take(node, "this"))

    def _text(self, node: exp.Expr) -> str | None:
        """A text in quotes, as written."""
        return self._plain(node) if isinstance(node, exp.Literal) and node.is_string else None

    def _identifier(self, node: exp.Expr) -> str:
        self.parts.take(node, "quoted")  # names are exact here, in double quotes or not
        return str(self.parts.take(node, "this"))

    def _refuse(self, node: exp.Expr, problem: str) -> DefinitionError:
        starts = [part.meta["start"] for part in (node, *node.walk()) if "start" in part.meta]
        return syntax.refusal(problem, self.text, min(starts, default=0))


def _number(text: str) -> int | float:
    number = int(text) if text.isdecimal() else float(text)
    if not abs(number) <= LIMIT:
        raise ValueError("the number is too large")
    return number


def _fit(column: Column, value: str | int | float | bool) -> str | int | float | bool | date:
    """Return the value as the column's type has it; raises ValueError."""
    match column.type, value:
        case Type.DATE, str():
            return _date(column, value)
        case Type.TEXT, str():
            if column.allowed and value not in column.allowed:
                raise ValueError(f"{value!r} is no value of {column.name}{nearest(value, column.allowed)}")
            return value
        case Type.BOOLEAN, bool():
            return value
        case ((Type.INTEGER | Type.NUMBER), (int() | float())) if not isinstance(value, bool):
            return value
    raise ValueError(f"{column.name} is {_a(column.type)} and cannot be compared with {value!r}")


def _date(column: Column, value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{column.name} is a date; {value!r} is none, write it as 2026-12-31") from None


def _a(kind: Type) -> str:
    return {Type.TEXT: "text", Type.INTEGER: "a whole number", Type.BOOLEAN: "true or false"}.get(
        kind, f"a {kind.value}"
    )


def _name(node: exp.Expr) -> str:
    """What a person would call a piece of SQL."""
    if node.find(exp.Select) is not None:
        return "a subquery"
    if isinstance(node, exp.Func) and not isinstance(node, exp.Cast | exp.Case):
        name = str(node.this) if isinstance(node, exp.Anonymous) else node.sql_name()
        return f"the function {name.lower()!r}"
    return f"'{type(node).__name__.lower()}'" if len(node.sql()) > 40 else repr(node.sql())
