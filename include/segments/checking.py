"""Checking definitions before a run does: faults, doubts, and how many are left out because too little is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from include.contracts.errors import ConfigurationError
from include.segments import tree
from include.segments.catalog import Catalog, Segment, load, load_beside
from include.segments.cost import cost_of
from include.segments.doubts import doubts, measure_sizes
from include.segments.population import Population
from include.segments.published import population
from include.storage.readers import Reader


@dataclass(frozen=True, slots=True)
class Checked:
    """What is wrong with a definition, or doubtful; size, unknown and cost are None where nothing is published yet."""

    key: str
    faults: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    size: int | None = None
    unknown: int | None = None
    cost: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able form."""
        return asdict(self)


def check_definitions(reader: Reader, config: Path, files: Sequence[Path]) -> list[Checked]:
    """Check the files beside the saved definitions, or all saved ones where none is given."""
    catalog = load(config)
    conditions = [(segment.level, segment.condition) for segment in catalog.segments]
    return list(_given(reader, config, files) if files else _saved(_published(reader, conditions), catalog))


def _saved(people: Population | None, catalog: Catalog) -> Iterator[Checked]:
    yield from (_checked(segment, people) for segment in sorted(catalog.segments, key=lambda segment: segment.key))
    yield from (Checked(refused.key, tuple(map(str, refused.faults))) for refused in catalog.refused)
    traits = catalog.vocabulary.traits.items()
    yield from (Checked(f"trait {key}", (trait.fault,)) for key, trait in traits if trait.fault)


def _given(reader: Reader, config: Path, files: Sequence[Path]) -> Iterator[Checked]:
    for file in files:
        try:
            segment, _ = load_beside(file, config)
        except ConfigurationError as error:
            yield Checked(file.name, tuple(str(error).splitlines()))
        else:
            yield _checked(segment, _published(reader, [(segment.level, segment.condition)]))


def _checked(segment: Segment, people: Population | None) -> Checked:
    if people is None:
        return Checked(segment.key)
    cost = cost_of(segment.condition, people.events.sizes if people.events else {})
    if cost.too_dear:
        return Checked(segment.key, (f"{segment.file}: {cost.too_dear}.",), cost=str(cost))
    try:
        sizes = measure_sizes(segment, people)
    except ConfigurationError as error:  # it refers to a segment that no run has seen
        return Checked(segment.key, doubts=(str(error),))
    return Checked(segment.key, (), doubts(segment, people, sizes), sizes.true, sizes.unknown, str(cost))


def _published(reader: Reader, conditions: Iterable[tuple[str, tree.Node]]) -> Population | None:
    try:
        return population(reader, conditions)
    except ConfigurationError:  # before the first run
        return None
