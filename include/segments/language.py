"""The segment language: what sqlglot has read, checked against the declared measures, becomes a typed tree.

What is listed neither here, nor among COMPARISONS or FUNCTIONS, does not exist in the language.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeGuard

from sqlglot import exp

from include.contracts.errors import DefinitionError
from include.contracts.events import EventKind, Vocabulary
from include.contracts.measures import Measure
from include.contracts.nearest import nearest
from include.contracts.tables import Type
from include.contracts.traits import Trait
from include.segments import event_functions, sum_functions, syntax, trait_functions, tree
from include.segments.comparisons import COMPARISONS, is_allowed, plain_literal
from include.segments.forms import unread
from include.segments.functions import FUNCTIONS, KNOWN, OF_ONE_EVENT
from include.segments.literals import Literals
from include.segments.names import a, called, instead, unknown_measure, unknown_property
from include.segments.parts import Parts
from include.segments.refusal import collected, refusal

BARE = "{} stands alone; before it a measure is missing, as in country = 'France'"


def parse(text: str, level: str, vocabulary: Vocabulary = Vocabulary()) -> tree.Node:  # noqa: B008 - it is frozen
    """Return the tree of a condition on the measures of ``level`` (person or account), and on events.

    Raises DefinitionError.
    """
    reader, root = _Reader(text, level, Parts(), vocabulary), syntax.read(text)
    node = reader.guarded(root)
    if node is not None and not reader.faults:
        reader.refuse_unread(root)
        return node
    raise collected(reader.faults)


def with_sound_traits(vocabulary: Vocabulary) -> Vocabulary:
    """Return a vocabulary whose traits have their faults, as far as reading them tells."""
    return trait_functions.sound(vocabulary, _Reader("", "person", Parts(), vocabulary))


def traits_of(vocabulary: Vocabulary) -> tuple[tree.Traited, ...]:
    """Return the traits of a vocabulary that have no fault."""
    reader = _Reader("", "person", Parts(), vocabulary)
    declared = [trait for _, trait in sorted(vocabulary.traits.items()) if not trait.fault]
    return tuple(trait_functions.traited(reader, exp.Null(), trait) for trait in declared)


@dataclass(frozen=True)
class _Reader:
    """Turns sqlglot's tree into ours, naming what it does not know."""

    text: str
    level: str
    parts: Parts
    vocabulary: Vocabulary
    kind: EventKind | None = None  # the event whose properties are asked about
    within: tuple[str, ...] = ()  # the traits whose text is being read
    faults: list[DefinitionError] = field(default_factory=list)

    @property
    def literals(self) -> Literals:
        """Reads values."""
        return Literals(self.parts)

    @property
    def known(self) -> Mapping[str, Measure]:
        """What can be asked about, by name."""
        if self.kind is None:
            return self.vocabulary.measures(self.level)
        return {column.name: Measure(column, "event", self.kind.name) for column in self.kind.properties}

    def guarded(self, node: exp.Expr) -> tree.Node | None:
        """Read a node; a fault is kept, and the reading goes on beside it."""
        try:
            return self.node(node)
        except DefinitionError as fault:
            self.faults.append(fault)
            return None

    def refuse_unread(self, root: exp.Expr) -> None:
        """Refuse a tree of which a part has not been read: it would mean something else than it says."""
        unread = self.parts.left(root)
        if unread is not None:
            node, name = unread
            raise self.refuse(node, f"{called(node)} is not part of the segment language: {name!r} is not understood")

    def node(self, node: exp.Expr) -> tree.Node:
        """Read a node."""
        for kinds, read in self._readers().items():
            if isinstance(node, kinds):
                return read(node)
        if isinstance(node, exp.Alias):
            raise unread(node, self.text)
        bare = BARE if isinstance(node, exp.Literal) else "{} is not part of the segment language"
        raise self.refuse(node, bare.format(called(node)) + instead(node))

    def _readers(self) -> Mapping[tuple[type, ...], Callable[..., tree.Node]]:
        return {
            (exp.Paren,): lambda node: self.node(self.parts.inside(node)),
            (exp.And,): lambda node: self._chain(node, tree.And),
            (exp.Or,): lambda node: self._chain(node, tree.Or),
            (exp.Not,): lambda node: tree.Not(self.node(self.parts.take(node, "this"))),
            **{kinds: partial(read, self) for kinds, read in COMPARISONS.items()},
            (exp.Column,): self._flag,
            (exp.Anonymous,): self._function,
        }

    def _chain(self, node: exp.Expr, kind: type[tree.And | tree.Or]) -> tree.Node:
        """A chain of and (or), flat."""
        sides: list[tree.Node] = []
        pending: list[exp.Expr] = [node]
        while pending:
            part = self.parts.inside(pending.pop())
            if type(part) is type(node):
                pending += [self.parts.take(part, "expression"), self.parts.take(part, "this")]
            elif isinstance(node, exp.Or) and sides and self._is_value(part, sides[-1]):
                sides[-1] = self._also(sides[-1], part)
            else:
                read = self.guarded(part)
                flat = read.items if isinstance(read, kind) else (read,) if read is not None else ()
                sides += flat
        return sides[0] if len(sides) == 1 else kind(tuple(sides))

    def _is_value(self, node: exp.Expr, before: tree.Node) -> TypeGuard[exp.Literal | exp.Column]:
        """A text or a number stands there, or a word that is one of the values of what the clause before asks about."""
        if isinstance(node, exp.Column) and isinstance(before, tree.Compare | tree.In):
            measure = before.left if isinstance(before, tree.Compare) else before.measure
            return node.name not in self.known and is_allowed(self, measure, node)
        return isinstance(node, exp.Literal)

    def _also(self, before: tree.Node, node: exp.Literal | exp.Column) -> tree.Node:
        """`country = 'Germany' or 'France'`: another value of the clause before."""
        match before:
            case tree.Compare("=", measure, tree.Literal() as first):
                return tree.In(measure, (first, plain_literal(self, measure, node)))
            case tree.In(measure, values):
                return tree.In(measure, (*values, plain_literal(self, measure, node)))
            case tree.TextTest(_, _, texts) if isinstance(node, exp.Literal) and node.is_string:
                return replace(before, texts=(*texts, self.literals.plain(node)))
        if isinstance(before, tree.Compare) and before.op == "!=":
            raise self.refuse(node, f"this can be read in two ways; write {before.left} not in (…) for none of them")
        raise self.refuse(node, BARE.format(called(node)))

    def names_measure(self, node: exp.Expr) -> bool:
        """Tell whether a piece is, or reckons with, what has a value of its own."""
        if isinstance(node, tuple(sum_functions.SIGNS)):
            sides = (node.this, node.expression)
            return any(self.names_measure(side.unnest()) for side in sides)
        is_named = isinstance(node, exp.Column) and self._spelled(str(node.name)) in self.known
        return is_named or _counts_events(node) or sum_functions.is_weekday(node)

    def _flag(self, node: exp.Column) -> tree.Node:
        measure = self._named(node)
        if measure.type is not Type.BOOLEAN or not isinstance(measure, tree.Measured):
            raise self.refuse(node, f"{measure} is {a(measure.type)}, so compare it with something")
        return measure

    def _function(self, node: exp.Anonymous) -> tree.Node:
        name = str(self.parts.take(node, "this")).lower()
        if name not in FUNCTIONS:
            raise self.refuse(node, f"there is no function {name!r}{nearest(name, KNOWN)}")
        if self.kind is not None and name not in OF_ONE_EVENT:
            raise self.refuse(node, f"{name} asks about people, not about one event; write it outside of the event")
        return FUNCTIONS[name](self, node, name)

    def of_people(self) -> _Reader:
        """The same, for a condition on people."""
        return replace(self, level="person")

    def of_account(self) -> _Reader:
        """The same, for a condition on an account."""
        return replace(self, level="account")

    def of_trait(self, trait: Trait, text: str) -> _Reader:
        """The same, for the text of a trait."""
        return replace(self, text=text, level=trait.level, parts=Parts(), within=(*self.within, trait.key), faults=[])

    def of_event(self, kind: EventKind) -> _Reader:
        """The same, for a condition on the properties of an event."""
        return replace(self, kind=kind)

    def measure(self, node: exp.Expr) -> tree.Operand:
        """Return the measure that stands there, or what is counted of events; refuses anything else."""
        node = self.parts.inside(node)
        if _counts_events(node):
            return event_functions.value(self, node, str(self.parts.take(node, "this")).lower())
        if sum_functions.is_weekday(node):
            return sum_functions.weekday(self, node)
        if sum_functions.is_sum(node):
            return sum_functions.total(self, node)
        return self._named(node)

    def _spelled(self, name: str) -> str:
        """The name of a measure or trait, whichever letters are large; that of a property is as the source has it."""
        return name.lower() if self.kind is None and name not in self.known and name.lower() in self.known else name

    def _named(self, node: exp.Expr) -> tree.Measured | tree.Traited:
        if not isinstance(node, exp.Column):
            raise self.refuse(node, f"a measure should stand here, not {called(node)}{instead(node)}")
        if node.args.get("table"):
            of = f"; write {node.table}({node.name} …)" if str(node.table).lower() == "account" else ""
            raise self.refuse(node, f"a measure is named without a dot{of}")
        name = self._spelled(self.literals.identifier(self.parts.take(node, "this")))
        if name not in self.known:
            unknown = (
                unknown_property(name, self.kind) if self.kind else unknown_measure(name, self.level, self.vocabulary)
            )
            raise self.refuse(node, unknown)
        if self.kind is None and name in self.vocabulary.traits:
            return trait_functions.traited(self, node, self.vocabulary.traits[name])
        return tree.Measured(name, self.known[name].column.type)

    def refuse(self, node: exp.Expr, problem: str) -> DefinitionError:
        """Return the error for a piece of the condition."""
        starts = [part.meta["start"] for part in (node, *node.walk()) if "start" in part.meta]
        return refusal(problem, self.text, min(starts, default=0))


def _counts_events(node: exp.Expr) -> TypeGuard[exp.Anonymous]:
    return isinstance(node, exp.Anonymous) and str(node.this).lower() in event_functions.WHAT
