"""The segment language as a typed tree; as text a tree is canonical: two conditions that read the same are the same.

Logic is SQL's: a comparison with an unknown value (null) is unknown, and a member is somebody for whom the whole
condition is true. ``in_segment`` and ``any/all/none_of_people`` are never unknown.
"""

from __future__ import annotations

from collections.abc import Iterator

from include.contracts.lists import PeopleList
from include.segments.clauses import (
    IS_ANY,
    TEXT_TESTS,
    Anniversary,
    Between,
    Beyond,
    Compare,
    During,
    In,
    IsNull,
    Like,
    Operand,
    Tested,
    TextTest,
    Top,
    Within,
)
from include.segments.deeds import Changed, Did, Happened, Sequence, Step, Was
from include.segments.meaning import Traited
from include.segments.nodes import (
    CHILDREN,
    PARENT,
    QUANTIFIERS,
    RELATED,
    And,
    Clause,
    Course,
    Elsewhere,
    InList,
    InSegment,
    Node,
    Not,
    OfAccount,
    Or,
    People,
    Relatives,
)
from include.segments.sums import Sum, Weekday, terms
from include.segments.values import Literal, Measured, Today, Value


def children(node: Node) -> tuple[Node, ...]:
    """Return the nodes right below."""
    match node:
        case And(items) | Or(items):
            return items
        case Not(item):
            return (item,)
        case People(condition=condition) | OfAccount(condition) | Relatives(condition=condition) | Was(condition):
            return (condition,)
        case Top(among=among) if among is not None:
            return (among,)
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """Yield the node and all below it, in order."""
    yield node
    for child in children(node):
        yield from walk(child)


def clauses(node: Node) -> Iterator[Clause]:
    """Yield the clauses that and, or, not connect, in order; those on people stay whole."""
    if isinstance(node, And | Or | Not):
        for child in children(node):
            yield from clauses(child)
    else:
        yield node


def statements(node: Node) -> Iterator[Clause | Not]:
    """Yield the clauses as they stand in the condition, a ``not`` before one being part of it."""
    if isinstance(node, Not) and not isinstance(node.item, And | Or | Not):
        yield node
    elif isinstance(node, And | Or | Not):
        for child in children(node):
            yield from statements(child)
    else:
        yield node


def measures(node: Node, *, of_people: bool = False, of_account: bool = False) -> tuple[str, ...]:
    """Return the names of the measures that the condition reads, sorted: as ``asking`` has it."""
    asked = asking(node, of_people=of_people, of_account=of_account)
    found = [part for clause in asked for part in operands(clause)]
    return tuple(sorted({part.name for part in found if isinstance(part, Measured)}))


def all_measures(node: Node) -> tuple[str, ...]:
    """Return the names of the measures that the condition reads, of whomever, sorted."""
    whose = (measures(node), measures(node, of_people=True), measures(node, of_account=True))
    return tuple(sorted({name for names in whose for name in names}))


def fiscal_months(node: Node) -> tuple[str, ...]:
    """Return in which month the fiscal year begins of which the condition speaks, if it does; behind traits too."""
    spans = [each.span for each in counted(node)]
    asked = [*walk(node), *(part for span in spans if span is not None for part in walk(span))]
    fiscal = {part.begins for part in asked if isinstance(part, During) and part.period.startswith("fiscal ")}
    return tuple(f"fiscal year from month {month}" for month in sorted(fiscal))


def segments(node: Node) -> tuple[str, ...]:
    """Return the keys of the segments that the condition refers to, sorted."""
    return tuple(sorted({part.key for part in walk(node) if isinstance(part, InSegment)}))


def happenings(node: Node, *, of_people: bool = False, of_account: bool = False) -> tuple[Happened, ...]:
    """Return what the condition counts of events, each once: as ``asking`` has it."""
    asked = asking(node, of_people=of_people, of_account=of_account)
    found = [part for clause in asked for part in operands(clause)]
    return tuple(dict.fromkeys(part for part in found if isinstance(part, Happened)))


def courses(node: Node, *, of_people: bool = False, of_account: bool = False) -> tuple[Course, ...]:
    """Return the sequences of events, the changes and the lists that the condition asks for, as ``asking`` has it."""
    asked = asking(node, of_people=of_people, of_account=of_account)
    return tuple(dict.fromkeys(clause for clause in asked if isinstance(clause, Course)))


def lists(node: Node) -> tuple[PeopleList, ...]:
    """Return the lists that the condition asks about, of whomever, each once."""
    return tuple(dict.fromkeys(part.listed for part in walk(node) if isinstance(part, InList)))


def asks_relatives(node: Node) -> bool:
    """Tell whether the condition, or a trait of it, asks about an account's parents or children."""
    nodes = (node, *(inner for _, inner in behind(node)))
    return any(isinstance(part, Relatives) for inner in nodes for part in walk(inner))


def sequences(node: Node) -> tuple[Sequence, ...]:
    """Return the sequences of events that the condition asks for of the member itself, each once."""
    return tuple(course for course in courses(node) if isinstance(course, Sequence))


def counted(node: Node) -> tuple[Happened, ...]:
    """Return all that the condition asks of events, of whomever, in steps of sequences and behind traits too."""
    nodes = (node, *(inner for _, inner in behind(node)))
    both = [c for n in nodes for c in (*asking(n), *asking(n, of_people=True), *asking(n, of_account=True))]
    found = [part for clause in both for part in operands(clause) if isinstance(part, Happened)]
    steps = [step for clause in both if isinstance(clause, Sequence) for step in clause.steps]
    found += [part for step in steps for part in (step.counted, step.without) if part is not None]
    return tuple(dict.fromkeys(found))


def asking(node: Node, *, of_people: bool = False, of_account: bool = False) -> Iterator[Clause]:
    """Yield the clauses that ask about the member itself, or about its people, or about a person's account.

    Those on an account's parents and children count as such on a person's account.
    """
    for clause in clauses(node):
        if isinstance(clause, Elsewhere):
            is_asked = of_people if isinstance(clause, People) else of_account
            yield from asking(clause.condition) if is_asked else ()
            if not isinstance(clause, People) and (of_people or of_account):
                yield from asking(clause.condition, of_people=of_people, of_account=of_account)
        elif not (of_people or of_account):
            yield clause
        if isinstance(clause, Top) and clause.among is not None:
            yield from asking(clause.among, of_people=of_people, of_account=of_account)


def traits(node: Node, *, of_people: bool = False, of_account: bool = False) -> tuple[Traited, ...]:
    """Return the traits that the condition reads, each once: as ``asking`` has it."""
    asked = asking(node, of_people=of_people, of_account=of_account)
    found = [part for clause in asked for part in operands(clause)]
    return tuple(dict.fromkeys(part for part in found if isinstance(part, Traited)))


def named_traits(node: Node) -> tuple[Traited, ...]:
    """Return the traits that the condition names, of whomever, each once."""
    return tuple(dict.fromkeys((*traits(node), *traits(node, of_people=True), *traits(node, of_account=True))))


def behind(node: Node) -> Iterator[tuple[str, Node]]:
    """Yield what the traits of a condition ask in their turn, and theirs: conditions, each with its level.

    A value that a trait is made of stands there as the condition that it is unknown.
    """
    for trait in named_traits(node):
        for inner in parts_of(trait):
            yield trait.level, inner
            yield from behind(inner)


def parts_of(trait: Traited) -> tuple[Node, ...]:
    """Return what a trait asks itself, as conditions."""
    return (*map(IsNull, trait.read()), *trait.conditions())


def operands(clause: Clause) -> tuple[Measured | Traited | Happened, ...]:
    """Return what a clause compares, of sums their terms, those on people and segments aside."""
    found = [term for side in compared(clause) for term in terms(side)]
    return tuple(term for term in found if isinstance(term, Measured | Traited | Happened))


def kept(course: Changed | Was) -> tuple[Measured | Traited | Happened, ...]:
    """Return the values of whose history a clause asks, each once."""
    if isinstance(course, Changed):
        return (course.measure,)
    return tuple(dict.fromkeys(part for clause in clauses(course.condition) for part in operands(clause)))


def compared(clause: Clause) -> tuple[Operand, ...]:
    """Return what a clause compares as it stands there, those on people and segments aside."""
    match clause:
        case Measured():
            return (clause,)
        case Compare(_, left, Measured() | Traited() | Happened() | Sum() | Weekday() as right):
            return (left, right)
        case Compare(_, left, _):
            return (left,)
        case Did(counted):
            return (counted,)
        case InSegment() | InList() | People() | OfAccount() | Relatives() | Sequence() | Changed() | Was():
            return ()
        case _:
            return (clause.measure,)


__all__ = [
    "CHILDREN", "IS_ANY", "PARENT", "QUANTIFIERS", "RELATED", "TEXT_TESTS", "And", "Anniversary", "Between", "Beyond",
    "Changed", "Clause", "Compare", "Course", "Did", "During", "Elsewhere", "Happened", "In", "InList", "InSegment",
    "IsNull", "Like", "Literal", "Measured", "Node", "Not", "OfAccount", "Operand", "Or", "People", "Relatives",
    "Sequence", "Step", "Sum", "Tested", "TextTest", "Today", "Top", "Traited", "Value", "Was", "Weekday", "Within",
    "all_measures", "asking", "asks_relatives", "behind", "children", "clauses", "compared", "counted", "courses",
    "fiscal_months", "happenings", "kept", "lists", "measures", "named_traits", "operands", "parts_of", "segments",
    "sequences", "statements", "terms", "traits", "walk",
]  # fmt: skip
