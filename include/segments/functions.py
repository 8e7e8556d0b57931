"""The functions of the segment language, each read by one function of this module."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from sqlglot import exp

from include.contracts.measures import Measure
from include.contracts.nearest import nearest
from include.contracts.tables import Type
from include.contracts.traits import Trait
from include.segments import clauses, event_functions, history_functions, tree
from include.segments.calendar import period
from include.segments.event_spans import LENGTH
from include.segments.names import a

SPANS: Mapping[str, tuple[Callable[..., tree.Node], bool]] = {
    "within_last": (clauses.Within, False),
    "within_next": (clauses.Within, True),
    "before_last": (clauses.Beyond, False),
    "after_next": (clauses.Beyond, True),
}
TEXT_TESTS = {"text_contains": "contains", "text_starts": "starts with", "text_ends": "ends with"}
TOP = "{0}(usage_core_actions_28, 10%) or {0}(usage_core_actions_28, 100)"
NUMERIC = (Type.INTEGER, Type.NUMBER)


class Reader(event_functions.Reader, Protocol):
    """What reads the conditions in which functions stand."""

    @property
    def text(self) -> str:
        """The condition as it was written."""

    @property
    def known(self) -> Mapping[str, Measure]:
        """What can be asked about, by name."""

    @property
    def level(self) -> str:
        """Whose condition it is, a person's or an account's."""

    def measure(self, node: exp.Expr) -> tree.Operand:
        """Return the measure that stands there, or what is counted of events; refuses anything else."""

    def names_measure(self, node: exp.Expr) -> bool:
        """Tell whether a piece is, or reckons with, what has a value of its own."""

    @property
    def within(self) -> tuple[str, ...]:
        """The traits whose text is being read."""

    def of_trait(self, trait: Trait, text: str) -> Reader:
        """The same, for the text of a trait."""

    def refuse_unread(self, root: exp.Expr) -> None:
        """Refuse a tree of which a part has not been read."""

    def of_people(self) -> Reader:
        """The same, for a condition on people."""

    def of_account(self) -> Reader:
        """The same, for a condition on an account."""


def _spanned(reader: Reader, node: exp.Anonymous, name: str) -> tree.Node:
    arguments = reader.parts.take(node, "expressions")
    if len(arguments) != 2 or not isinstance(arguments[1], exp.Interval):
        raise reader.refuse(node, f"{name} needs a date and a span, as in {name}(renewal_date, 90 days)")
    measure = _date_of(reader, node, name, arguments[0])
    try:
        amount, unit = reader.literals.span(arguments[1])
    except ValueError as error:
        raise reader.refuse(node, str(error)) from None
    kind, ahead = SPANS[name]
    return kind(measure, amount, unit, ahead)


def _date_of(reader: Reader, node: exp.Anonymous, name: str, argument: exp.Expr) -> tree.Operand:
    measure = reader.measure(argument)
    if measure.type is not Type.DATE:
        raise reader.refuse(node, f"{name} needs a date, and {measure} is {a(measure.type)}")
    return measure


def _during(reader: Reader, node: exp.Anonymous, name: str) -> tree.Node:
    arguments = reader.parts.take(node, "expressions")
    named = period(reader.literals.text(arguments[1]) or "") if len(arguments) == 2 else None
    if named is None:
        raise reader.refuse(node, f"{name} needs a date and a period, as in {name}(renewal_date, 'next quarter')")
    begins = reader.vocabulary.fiscal_year_begins
    return clauses.During(_date_of(reader, node, name, arguments[0]), *named, begins)


def _anniversary(reader: Reader, node: exp.Anonymous, name: str) -> tree.Node:
    arguments = reader.parts.take(node, "expressions")
    call = str(arguments[1].this).lower() if len(arguments) == 2 and isinstance(arguments[1], exp.Anonymous) else ""
    if call not in ("told_within_next", "told_within_last"):
        raise reader.refuse(node, f"{name} needs a date and a span, as in {name}(first_seen_on, within_next 14 days)")
    reader.parts.take(arguments[1], "this")
    (span,) = reader.parts.take(arguments[1], "expressions")
    try:
        amount, unit = reader.literals.span(span) if isinstance(span, exp.Interval) else (0, "years")
    except ValueError as error:
        raise reader.refuse(node, str(error)) from None
    if unit == "years" or amount * LENGTH[unit] >= LENGTH["years"]:
        raise reader.refuse(node, f"{name} takes a span of less than a year, as in within_next 14 days")
    return clauses.Anniversary(_date_of(reader, node, name, arguments[0]), amount, unit, call == "told_within_next")


def _text_test(reader: Reader, node: exp.Anonymous, name: str) -> tree.Node:
    test = TEXT_TESTS[name]
    measured, *listed = reader.parts.take(node, "expressions") or [node]
    measure, texts = reader.measure(measured), [reader.literals.text(value) for value in listed]
    if measure.type is not Type.TEXT:
        raise reader.refuse(node, f"{measure} is {a(measure.type)}; '{test}' looks into text")
    known = tuple(text for text in texts if text)
    if not known or len(known) < len(texts):
        raise reader.refuse(node, f"'{test}' needs text in single quotes, as in title {test} 'Director'")
    return clauses.TextTest(measure, test, known)


def _key(reader: Reader, node: exp.Expr) -> str | None:
    """The name of a segment or list, which may lack its quotes where it is one word."""
    is_word = isinstance(node, exp.Column) and not node.args.get("table")
    return reader.literals.identifier(reader.parts.take(node, "this")) if is_word else reader.literals.text(node)


def _in_segment(reader: Reader, node: exp.Anonymous, name: str) -> tree.Node:
    arguments = reader.parts.take(node, "expressions")
    key = _key(reader, arguments[0]) if len(arguments) == 1 else None
    if key is None:
        raise reader.refuse(node, f"{name} needs the key of a segment, in quotes")
    return tree.InSegment(key)


def _in_list(reader: Reader, node: exp.Anonymous, name: str) -> tree.Node:
    arguments = reader.parts.take(node, "expressions")
    key = _key(reader, arguments[0]) if len(arguments) == 1 else None
    if key is None:
        raise reader.refuse(node, f"{name} needs the name of a list, in quotes")
    if reader.level != "person":
        raise reader.refuse(node, f"{name} is of people; ask of an account any_of_people({name}('{key}'))")
    known = reader.vocabulary.lists
    if key not in known:
        raise reader.refuse(node, f"there is no list {key!r}{nearest(key, known)}; lists lie in the folder lists")
    if known[key].fault:
        raise reader.refuse(node, f"the list {key!r} cannot be read: {known[key].fault}")
    return tree.InList(known[key])


def _top(reader: Reader, node: exp.Anonymous, name: str) -> tree.Node:
    arguments = reader.parts.take(node, "expressions")
    measure = reader.measure(arguments[0]) if arguments else None
    if measure is None or measure.type not in (*NUMERIC, Type.DATE) or len(arguments) not in (2, 3):
        raise reader.refuse(node, f"{name} needs a measure with an order and how many, as in {TOP.format(name)}")
    try:
        amount, is_share = reader.literals.places(arguments[1])
    except ValueError as error:
        raise reader.refuse(node, f"{error}, as in {TOP.format(name)}") from None
    among = reader.node(arguments[2]) if len(arguments) == 3 else None
    return clauses.Top(measure, amount, is_share, name == "in_top", among)


def _people(reader: Reader, node: exp.Anonymous, name: str) -> tree.Node:
    _require_accounts(reader, node, name)
    arguments = reader.parts.take(node, "expressions")
    if len(arguments) != 1:
        raise reader.refuse(node, f"{name} needs one condition")
    return tree.People(name.removesuffix("_of_people"), _of_people(reader, node, name, arguments[0]))


def _at_least(reader: Reader, node: exp.Anonymous, name: str) -> tree.Node:
    _require_accounts(reader, node, name)
    arguments = reader.parts.take(node, "expressions")
    least = _least(reader, node, name, arguments)
    return tree.People("any", _of_people(reader, node, name, arguments[1]), least)


def _least(reader: Reader, node: exp.Anonymous, name: str, arguments: Sequence[exp.Expr]) -> int:
    """The number before a condition."""
    number = arguments[0] if len(arguments) == 2 else None
    least = reader.literals.plain(number) if isinstance(number, exp.Literal) and not number.is_string else ""
    if not least.isdecimal() or int(least) < 1:
        example = "has_email" if name.endswith("people") else "is_at_risk"
        raise reader.refuse(node, f"write a number and a condition, as in {name}(3, {example})")
    return int(least)


def _of_people(reader: Reader, node: exp.Anonymous, name: str, argument: exp.Expr) -> tree.Node:
    """Read a condition on an account's people, which does not turn back to the account."""
    condition = reader.of_people().node(argument)
    if any(isinstance(part, tree.OfAccount) for part in tree.walk(condition)):
        raise reader.refuse(node, f"{name} cannot ask about the account again; ask it beside")
    return condition


def _account(reader: Reader, node: exp.Anonymous, name: str) -> tree.Node:
    if reader.level != "person":
        raise reader.refuse(node, f"{name} is for segments of people; this one is of accounts, so leave it out")
    arguments = reader.parts.take(node, "expressions")
    if len(arguments) != 1:
        raise reader.refuse(node, f"{name} needs one condition")
    condition = reader.of_account().node(arguments[0])
    if any(isinstance(part, tree.People | tree.OfAccount) for part in tree.walk(condition)):
        problem = f"{name} cannot ask about people again; make a segment of accounts, and refer to it by in_segment"
        raise reader.refuse(node, problem)
    return tree.OfAccount(condition)


def _relatives(reader: Reader, node: exp.Anonymous, name: str) -> tree.Node:
    """Read ``parent(...)``, ``any_of_children(...)``, ``at_least_of_parents(3, ...)`` and so on."""
    if reader.level != "account":
        raise reader.refuse(node, f"{name} is of accounts; ask of a person account({name}(…))")
    arguments = reader.parts.take(node, "expressions")
    quantifier, _, whose = name.rpartition("_of_")
    least = _least(reader, node, name, arguments) if quantifier == "at_least" else 1
    if not arguments or len(arguments) > 1 + (quantifier == "at_least"):
        raise reader.refuse(node, f"{name} needs one condition")
    condition = reader.node(arguments[-1])
    return tree.Relatives(whose, "any" if quantifier in ("", "at_least") else quantifier, condition, least)


def _require_accounts(reader: Reader, node: exp.Anonymous, name: str) -> None:
    if reader.level != "account":
        raise reader.refuse(node, f"{name} is for segments of accounts; this one is of people")


FUNCTIONS: Mapping[str, Callable[[Reader, exp.Anonymous, str], tree.Node]] = {
    **dict.fromkeys(SPANS, _spanned),
    "during": _during,
    "anniversary_of": _anniversary,
    "in_top": _top,
    "in_bottom": _top,
    "in_segment": _in_segment,
    "in_list": _in_list,
    **{f"{quantifier}_of_people": _people for quantifier in tree.QUANTIFIERS},
    "at_least_of_people": _at_least,
    "account": _account,
    tree.PARENT: _relatives,
    **{f"{many}_of_{whose}": _relatives for whose in tree.RELATED for many in (*tree.QUANTIFIERS, "at_least")},
    "changed": history_functions.changed,
    "was": history_functions.was,
    "in_order": event_functions.in_order,
    "did": event_functions.did,
    "did_not": event_functions.did,
    "first_did": event_functions.on_day,
    "last_did": event_functions.on_day,
    **dict.fromkeys(TEXT_TESTS, _text_test),
}
OF_ONE_EVENT = (*TEXT_TESTS, *SPANS, "during", "anniversary_of")  # what can be asked of an event's properties
KNOWN = tuple(name for name in FUNCTIONS if name not in (*TEXT_TESTS, "in_order"))  # those that people write
