"""Checking definitions before a run does: faults, doubts, and how many are left out because too little is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from include.contracts.errors import ConfigurationError
from include.segments.catalog import Segment, load, load_beside
from include.segments.doubts import doubts, measure_sizes
from include.segments.expression import Population
from include.segments.population import population
from include.storage.readers import Reader


@dataclass(frozen=True, slots=True)
class Checked:
    """What is wrong with a definition, or doubtful; size and unknown are None where nothing is published yet."""

    key: str
    faults: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    size: int | None = None
    unknown: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able form."""
        return asdict(self)


def check_definitions(reader: Reader, config: Path, files: Sequence[Path]) -> list[Checked]:
    """Check the files beside the saved definitions, or all saved ones where none is given."""
    people = _published(reader)
    return list(_given(people, config, files) if files else _saved(people, config))


def _saved(people: Population | None, config: Path) -> Iterator[Checked]:
    catalog = load(config)
    yield from (_checked(segment, people) for segment in sorted(catalog.segments, key=lambda segment: segment.key))
    yield from (Checked(refused.key, tuple(map(str, refused.faults))) for refused in catalog.refused)


def _given(people: Population | None, config: Path, files: Sequence[Path]) -> Iterator[Checked]:
    for file in files:
        try:
            segment, _ = load_beside(file, config)
        except ConfigurationError as error:
            yield Checked(file.name, tuple(str(error).splitlines()))
        else:
            yield _checked(segment, people)


def _checked(segment: Segment, people: Population | None) -> Checked:
    if people is None:
        return Checked(segment.key)
    try:
        sizes = measure_sizes(segment, people)
    except ConfigurationError as error:  # it refers to a segment that no run has seen
        return Checked(segment.key, doubts=(str(error),))
    return Checked(segment.key, (), doubts(segment, people, sizes), sizes.true, sizes.unknown)


def _published(reader: Reader) -> Population | None:
    try:
        return population(reader)
    except ConfigurationError:  # before the first run
        return None
