"""From what was recognised to a declaration of sources: the company's own entries, with the objects that are there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from include.contracts.configuration import read_document
from include.contracts.errors import ConfigurationError
from include.contracts.exports import ExportFile
from include.contracts.measures import SOURCES
from include.contracts.settings import Settings
from include.contracts.sources import FILE, SourceSettings, known_systems, read_sources, sources_of
from include.contracts.systems import ONLY_ONE, Part, System
from include.sources.files.discovery import pattern_of
from include.sources.recognition.judging import Recognised, Unknown, judge
from include.sources.recognition.looking import Sight, look

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
HEAD = """# What was recognised in the folder of exports, source by source. Edit it as you like: what stands here is
# kept, and a file that is found later is added. Delete it to have everything recognised anew.
"""


@dataclass(frozen=True, slots=True)
class Found:
    """What a folder of exports holds: the tables by source and object, those that are nothing known, and what lacks."""

    tables: Mapping[str, Mapping[str, Sequence[Sight]]]
    unknown: Sequence[Unknown]
    lacking: Sequence[str]  # staged tables of SOURCES that nothing feeds
    kinds: Mapping[str, str] = field(default_factory=dict)


def needs_recognition(settings: Settings) -> bool:
    """Whether the sources are to be found in the folder of exports, as nobody has declared them."""
    return settings.data is not None and not settings.declares_sources


def recognise(settings: Settings) -> Found:
    """Look at the folder of exports, and write down what is there as the declaration of its sources.

    What was recognised before stays declared, so that a file that has gone since is missed. Raises ConfigurationError
    where nothing at all is recognised.
    """
    systems = known_systems(settings.config)
    judged = list(judge(settings.exports, look(settings.exports), systems))
    recognised = [one for one in judged if isinstance(one, Recognised)]
    unknown = [one for one in judged if isinstance(one, Unknown)]
    entries = _before(settings)
    if not recognised and not entries:
        raise ConfigurationError(_nothing(settings.exports, unknown))
    _add(entries, recognised, read_sources(settings.config), systems)
    _give_parts(entries, systems)
    _write(settings.recognised, entries)
    sources = sources_of(settings)
    return Found(_by_source(sources, recognised), unknown, _lacking(sources), {n: s.kind for n, s in sources.items()})


def _nothing(folder: Path, unknown: Sequence[Unknown]) -> str:
    told = "".join(f"\n  {one.sight.name}: {one.why}" for one in unknown[:10])
    remedy = "docs/own-data.md says which are, and how to map others."
    return f"Nothing in {folder} is an export that is known; {remedy}{told}"


def _before(settings: Settings) -> dict[str, dict[str, Any]]:
    """What was recognised before, as its file has it by now; read, so that a slip in it is told."""
    place = settings.recognised / FILE
    if not place.exists():
        return {}
    read_sources(settings.recognised, settings.config)
    entries: dict[str, dict[str, Any]] = deepcopy(read_document(place).values["sources"])
    return entries


def _add(
    entries: dict[str, dict[str, Any]],
    recognised: Iterable[Recognised],
    declared: Mapping[str, SourceSettings],
    systems: Mapping[str, System],
) -> None:
    """Put what is there now into the entries: under the names of declared sources of the same kind, or new ones."""
    found: dict[str, dict[str, list[str]]] = {}
    for one in recognised:
        name = _source(one.kind, declared, entries)
        entries.setdefault(name, _entry(one.kind, declared.get(name), declared))
        found.setdefault(name, {}).setdefault(one.object, []).append(one.sight.name)
    _move(entries, found)
    for name, objects in found.items():
        entry = entries[name]
        files = {**entry.get("files", {}), **{o: _as_patterns(names) for o, names in objects.items()}}
        for file in systems[entry["kind"]].files:
            if file.object in objects and _are_usual(Path(entry["path"]), file, objects[file.object]):
                del files[file.object]
        order = [file.object for file in systems[entry["kind"]].files]
        entry["objects"] = sorted({*entry["objects"], *objects}, key=order.index)
        entry["files"] = {o: files[o] for o in order if o in files}


def _move(entries: dict[str, dict[str, Any]], found: Mapping[str, Mapping[str, Sequence[str]]]) -> None:
    """Take files that are something else by now, as their mapping says, from the entry that had them before."""
    taken = {file for objects in found.values() for files in objects.values() for file in files}
    for name, entry in list(entries.items()):
        for of_object, files in list(entry.get("files", {}).items()):
            lost = taken.intersection(files).difference(found.get(name, {}).get(of_object, ()))
            kept = [file for file in files if file not in lost]
            if lost and kept:
                entry["files"][of_object] = kept
            elif lost:
                del entry["files"][of_object]
                entry["objects"].remove(of_object)
        if not entry["objects"] and name not in found:
            del entries[name]


def _are_usual(folder: Path, file: ExportFile, names: Sequence[str]) -> bool:
    """Whether the declaration finds these files anyway, by their names in the source's own folder."""
    pattern = pattern_of(file)
    within = (Path(name) for name in names)
    return folder != Path() and all(place.parent == folder and pattern.fullmatch(place.name) for place in within)


def _source(kind: str, declared: Mapping[str, SourceSettings], entries: Mapping[str, Mapping[str, Any]]) -> str:
    """The name of the source of a kind: the one that it has, else its kind's, else one that is free."""
    kinds = {**{name: source.kind for name, source in declared.items()}, **{n: e["kind"] for n, e in entries.items()}}
    named = [name for name, its in kinds.items() if its == kind]
    short = kind.removesuffix("_export").removesuffix("_sheet")
    return named[0] if named else kind if short in kinds else short


def _entry(kind: str, known: SourceSettings | None, declared: Mapping[str, SourceSettings]) -> dict[str, Any]:
    like = known or next(iter(declared.values()))
    return {
        "kind": kind, "path": str(known.path or ".") if known else ".", "schedule": like.schedule,
        "owner": known.owner if known else "nobody-yet", "region": like.region, "timezone": like.timezone,
        "objects": [], "files": {},
    }  # fmt: skip


def _as_patterns(names: Sequence[str]) -> list[str]:
    """Names of files, those of many days as one pattern."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(_DAY.sub("YYYY-MM-DD", name, count=1), []).append(name)
    return [pattern if _DAY.search(same[0]) else same[0] for pattern, same in found.items()]


def _give_parts(entries: Mapping[str, dict[str, Any]], systems: Mapping[str, System]) -> None:
    """Let the first of several CRMs be it, and the others what writes to people: one alone may be it."""
    for part in ONLY_ONE:
        playing = [e for e in entries.values() if e.get("part", systems[e["kind"]].part.value) == part.value]
        playing.sort(key=lambda e: systems[e["kind"]].mapping is not None)
        for entry in playing[1:]:
            entry["part"] = Part.MAIL.value


def _write(folder: Path, declared: Mapping[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    text = HEAD + yaml.safe_dump({"sources": dict(declared)}, sort_keys=False, allow_unicode=True, width=120)
    draft = folder / f"{FILE}.draft"
    draft.write_text(text, "utf-8")
    draft.replace(folder / FILE)


def _by_source(
    sources: Mapping[str, SourceSettings], recognised: Iterable[Recognised]
) -> dict[str, dict[str, list[Sight]]]:
    by_kind = {source.kind: name for name, source in sources.items()}
    found: dict[str, dict[str, list[Sight]]] = {}
    for one in recognised:
        found.setdefault(by_kind[one.kind], {}).setdefault(one.object, []).append(one.sight)
    return found


def _lacking(sources: Mapping[str, SourceSettings]) -> list[str]:
    fed = {feed.table for s in sources.values() for feed in s.system.feeds if feed.object in s.objects}
    return [table for table in SOURCES if table not in fed]
