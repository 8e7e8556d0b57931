"""The tables of traits: the value of each for each member of whom it is known, and how each declaration came out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from include.contracts.events import Vocabulary
from include.contracts.runs import fingerprint
from include.contracts.tables import Type
from include.contracts.traits import TRAIT_VALUE, VALUE_COLUMNS
from include.segments import tree
from include.segments.asked import computed
from include.segments.population import MEMBER, Population
from include.segments.trait_values import PARTS
from include.storage.holding import Holding

TYPES = {"number": "float64", "text": "string", "day": "date"}


def with_traits(people: Population, traits: Sequence[tree.Traited], hold: Holding) -> Population:
    """Return a population with all these traits and the parts of scores, each trait after those that it reads."""
    waiting = list(traits)
    while waiting:
        known = {name for level in MEMBER for name in people.of(level).columns}
        wave = [trait for trait in waiting if _reads(trait) <= known]
        for level in MEMBER:
            chosen = [trait for trait in wave if trait.level == level]
            people = computed(people, level, chosen, hold, with_parts=True) if chosen else people
        waiting = [trait for trait in waiting if trait not in wave]
    return people


def _reads(trait: tree.Traited) -> set[str]:
    return {each.name for part in tree.parts_of(trait) for each in tree.named_traits(part)}


def trait_values(people: Population, traits: Sequence[tree.Traited]) -> ir.Table:
    """Return the rows of ``trait_value`` from the columns of a population."""
    return ibis.union(*(_values(people.of(trait.level), trait) for trait in traits), _nobody())


def _values(rows: ir.Table, trait: tree.Traited) -> ir.Table:
    held = VALUE_COLUMNS[trait.type]
    values = {name: rows[trait.name].cast(kind) if name == held else ibis.null(kind) for name, kind in TYPES.items()}
    parts = rows[trait.name + PARTS] if trait.name + PARTS in rows.columns else ibis.null("string")
    found = rows.select(
        trait=ibis.literal(trait.name), member_id=rows[MEMBER[trait.level]], **values, parts=parts.cast("string")
    )
    return found.filter(found[held].notnull())


def _nobody() -> ir.Table:
    return ibis.memtable(pa.schema(field.with_nullable(True) for field in TRAIT_VALUE.schema).empty_table())


def trait_rows(
    as_of: date, vocabulary: Vocabulary, traits: Sequence[tree.Traited], known: Mapping[str, int]
) -> Iterator[dict[str, Any]]:
    """Yield the rows of ``trait``: the sound ones with of how many they are ``known``, the refused with the reason."""
    versions = {trait.name: trait.version for trait in traits}
    for key, trait in sorted(vocabulary.traits.items()):
        settings = trait.settings
        yield {
            "trait": key,
            "level": trait.level or None,
            "type": trait.type.value if settings else None,
            "description": settings.description if settings else None,
            "unit": settings.unit or None if settings else None,
            "definition": trait.text or None,
            "definition_version": versions.get(key),
            "as_of": as_of,
            "state": "published" if key in versions else "refused",
            "reason": trait.fault or None,
            "known": known.get(key, 0),
        }


def digest_of(vocabulary: Vocabulary, traits: Sequence[tree.Traited]) -> str:
    """Return what determines the tables of traits."""
    return fingerprint([(trait.name, trait.version) for trait in traits], [t.fault for t in vocabulary.traits.values()])


def published(trait: tree.Traited, declared: Mapping[str, str | None], values: ir.Table) -> ir.Table | None:
    """Return member_id, value and parts of a trait as published, where that is what it now is declared as."""
    if declared.get(trait.name) != trait.version:
        return None
    rows = values.filter(values.trait == trait.name)
    value = rows[VALUE_COLUMNS[trait.type]]
    return rows.select("member_id", "parts", value=value.cast("int64") if trait.type is Type.INTEGER else value)
