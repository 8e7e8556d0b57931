"""Traits, as conditions name them and as their own text says what they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from include.contracts.errors import DefinitionError
from include.contracts.events import Vocabulary
from include.contracts.measures import measures_of
from include.contracts.runs import fingerprint
from include.contracts.tables import Type
from include.contracts.traits import PartSettings, Trait
from include.segments import syntax, tree
from include.segments.meaning import PERCENTILE, RANK, Part, Ranked, Score, Traited
from include.segments.names import a

if TYPE_CHECKING:
    from include.segments.functions import Reader

FITS: Mapping[Type, tuple[Type, ...]] = {Type.NUMBER: (Type.NUMBER, Type.INTEGER)}


def traited(reader: Reader, node: exp.Expr, trait: Trait) -> Traited:
    """Return the value of a trait that a condition names."""
    if trait.fault:
        raise reader.refuse(node, f"the trait {trait.key!r} is refused itself: {trait.fault}")
    if trait.key in reader.within:
        raise reader.refuse(node, f"the trait depends on itself: {' -> '.join((*reader.within, trait.key))}")
    assert trait.settings is not None
    try:
        if trait.settings.value is not None:
            meaning: tree.Operand | Ranked | Score = _value(reader, trait, trait.settings.value)
        else:
            meaning = Score(tuple(_part(reader, trait, part) for part in trait.settings.score))
    except DefinitionError as error:
        raise reader.refuse(node, f"the trait {trait.key!r} is refused itself: {error.problem}") from None
    found = Traited(trait.key, trait.type, trait.level, trait.version, meaning)
    below = sorted({(each.name, each.version) for part in tree.parts_of(found) for each in tree.named_traits(part)})
    return replace(found, version=fingerprint(trait.version, below)) if below else found


def faults_of(trait: Trait, read: Reader) -> str:
    """Return what is wrong with a trait; nothing where it can be asked about."""
    if trait.fault:
        return trait.fault
    try:
        traited(read, exp.Null(), trait)
    except DefinitionError as error:
        return f"{trait.key}.yaml: {error.problem.removeprefix(f'the trait {trait.key!r} is refused itself: ')}"
    return ""


def _value(reader: Reader, trait: Trait, text: str) -> tree.Operand | Ranked:
    own, root = reader.of_trait(trait, text), syntax.read(text)
    name = RANK if isinstance(root, exp.Rank) else str(root.this).lower() if isinstance(root, exp.Anonymous) else ""
    if name in (RANK, PERCENTILE):
        own.parts.take(root, "this")
        arguments = own.parts.take(root, "expressions")
        if len(arguments) != 1:
            raise own.refuse(root, f"{name} needs one value, as in {name}(usage_core_actions_28)")
        of = own.measure(arguments[0])
        if of.type not in (Type.INTEGER, Type.NUMBER, Type.DATE):
            raise own.refuse(root, f"{name} needs a value with an order, and {of} is {a(of.type)}")
        found: tree.Operand | Ranked = Ranked(name, of)
        kind = Type.INTEGER if name == RANK else Type.NUMBER
    else:
        found = own.measure(root)
        kind = found.type
        known = measures_of(trait.level)
        if any(isinstance(term, tree.Measured) and known[term.name].column.personal for term in tree.terms(found)):
            raise own.refuse(root, f"{found} is personal; a trait may ask about it in a condition, and not be it")
    own.refuse_unread(root)
    if kind not in FITS.get(trait.type, (trait.type,)):
        raise own.refuse(root, f"its type is {trait.type.value}, and its value is {a(kind)}")
    return found


def _part(reader: Reader, trait: Trait, part: PartSettings) -> Part:
    own = {name: _operand(reader, trait, text) for name, text in (("each", part.each), ("since", part.since)) if text}
    each, since = own.get("each"), own.get("since")
    if each is not None and each.type not in (Type.INTEGER, Type.NUMBER):
        raise reader.refuse(exp.Null(), f"{part.name}: 'each' is a number, and {each} is {a(each.type)}")
    if since is not None and since.type is not Type.DATE:
        raise reader.refuse(exp.Null(), f"{part.name}: 'since' is a date, and {since} is {a(since.type)}")
    when = _condition(reader, trait, part.when) if part.when else None
    return Part(part.name, part.points, when, each, part.most, since, part.halves_every_days or 0)


def _operand(reader: Reader, trait: Trait, text: str) -> tree.Operand:
    own, root = reader.of_trait(trait, text), syntax.read(text)
    found = own.measure(root)
    own.refuse_unread(root)
    return found


def _condition(reader: Reader, trait: Trait, text: str) -> tree.Node:
    own, root = reader.of_trait(trait, text), syntax.read(text)
    found = own.node(root)
    if any(isinstance(part, tree.InSegment) for part in tree.walk(found)):
        raise own.refuse(root, "a trait is there before segments are, and cannot ask who is in one")
    own.refuse_unread(root)
    return found


def sound(vocabulary: Vocabulary, read: Reader) -> Vocabulary:
    """Return a vocabulary whose traits have their faults, as far as reading them tells."""
    return replace(
        vocabulary,
        traits={key: replace(trait, fault=faults_of(trait, read)) for key, trait in vocabulary.traits.items()},
    )
