"""Which declared file a table is: the one of whose columns it has most, all that it cannot be without among them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from include.contracts.exports import ExportFile
from include.contracts.systems import System
from include.sources.files.places import Place
from include.sources.recognition.looking import Sight

SHARE = 0.3  # of its columns that a table has to share with a mapping to be called nearly it


@dataclass(frozen=True, slots=True)
class Recognised:
    """A table, and the object of the system that it is."""

    sight: Sight
    kind: str
    object: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """A table that is nothing known, and why, as a sentence."""

    sight: Sight
    why: str


def judge(folder: Path, sights: Iterable[Sight], systems: Mapping[str, System]) -> Iterator[Recognised | Unknown]:
    """Yield what each table of a folder is."""
    for sight in sights:
        yield Unknown(sight, sight.fault) if sight.fault else _judge(folder, sight, systems)


def _judge(folder: Path, sight: Sight, systems: Mapping[str, System]) -> Recognised | Unknown:
    found = [
        (len(matched), _is_named(sight.name, file), kind, file)
        for kind, system in systems.items()
        for file in system.files
        if _has_format(sight, system) and (matched := matches(sight.columns, file)) >= set(file.required)
    ]
    if not found:
        return Unknown(sight, f"{_nearly(sight, systems)}{_proposing(folder, sight)}")
    found = [one for one in found if not any(_is_narrower(other[2:], one[2:]) for other in found)]
    best = max(found, key=lambda one: one[:2])
    alike = [f"{kind} {file.object}" for count, named, kind, file in found if (count, named) == best[:2]]
    if len(alike) > 1:
        return Unknown(sight, f"It may be {' or '.join(alike)}; say which in sources.yaml.")
    return Recognised(sight, best[2], best[3].object)


def _is_narrower(one: tuple[str, ExportFile], other: tuple[str, ExportFile]) -> bool:
    """Whether a file needs all that another of its system needs and more, as that of who has unsubscribed does."""
    return one[0] == other[0] and set(one[1].required) > set(other[1].required)


def _has_format(sight: Sight, system: System) -> bool:
    return (sight.written == "JSON lines") == (system.format == "ndjson") or system.format == "table"


def matches(columns: Collection[str], file: ExportFile) -> set[str]:
    """Return the declared columns that a table has, by name but for case and spaces, or by pattern."""
    folded = {_folded(name) for name in columns}
    return {
        column.name
        for column in file.columns
        if _folded(column.name) in folded or any(column.is_called(name, columns) for name in columns if name)
    }


def _folded(name: str) -> str:
    return re.sub(r"\s", "", name).casefold()


def _is_named(name: str, file: ExportFile) -> bool:
    stem = file.file.partition(".")[0].replace("YYYY-MM-DD", "").strip("-_ ").casefold()
    return bool(stem) and stem in name.casefold()


def _nearly(sight: Sight, systems: Mapping[str, System]) -> str:
    if not any(sight.columns):
        return "It has no header."
    near = [
        (len(matched), kind, file, matched)
        for kind, system in systems.items()
        for file in system.files
        if _has_format(sight, system) and (matched := matches(sight.columns, file))
    ]
    best = max(near, key=lambda one: one[0], default=None)
    if best is not None and best[0] >= SHARE * len(sight.columns) and best[0] > 1:
        lacking = [name for name in best[2].required if name not in best[3]]
        return f"It is nearly {best[1]} {best[2].object}, but has no column {', '.join(lacking)}; if it is none, "
    return "Its columns are those of no export that is known; "


def _proposing(folder: Path, sight: Sight) -> str:
    """How a table becomes known, as a command that can be copied; one without a header cannot."""
    place = Place.find(folder, sight.name)
    if place is None or not any(sight.columns):
        return ""
    return f"`python -m include map {shlex.quote(str(place.path))}` proposes what its columns are."
