"""Which files of an object a window covers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path, PurePosixPath

from include.contracts.errors import LateSourceError, SourceError
from include.contracts.exports import ExportFile
from include.contracts.runs import Window
from include.sources.files.places import Place

_DAY = "YYYY-MM-DD"


@dataclass(frozen=True, slots=True)
class Found:
    """One table: where it lies, its name under the folder of exports, and its day where its name gives one."""

    place: Place
    name: str
    day: date | None


def find_files(folder: Path, declared: ExportFile, window: Window, taken: Collection[str] = ()) -> tuple[Found, ...]:
    """Return the object's files in the window, by name; raises LateSourceError when one is missing.

    A file of a day is in the window when the whole day is; a file that holds a state always is, and may come in
    numbered parts. Either may be gzipped (``.gz``) or not. A window with a start wants a file for each of its days,
    and takes in besides what came too late for the windows before it: the files of days that lie behind the first one
    ``taken`` in, and are not.
    """
    lacking = frozenset(missing_days(declared, taken, window))
    found = [file for file in _matching(folder, declared) if _covers(window, file.day) or file.day in lacking]
    missing = declared.file if not declared.is_daily else None
    if declared.is_daily and window.start is not None:
        present = {file.day for file in found}
        missing = next((declared.file.replace(_DAY, f"{day}") for day in _days(window) if day not in present), None)
        found = found if missing is None else []
    elif found or (declared.is_daily and folder.is_dir()):
        missing = None
    if missing is not None or not folder.is_dir():
        raise LateSourceError(
            "the file is missing",
            file=", ".join(declared.places) or f"{folder.name}/{missing or declared.file}",
            remedy=f"Put the export there, or take {declared.object} out of the source's objects in sources.yaml.",
        )
    return tuple(found)


def missing_days(declared: ExportFile, taken: Collection[str], window: Window) -> tuple[date, ...]:
    """Return the whole days before the window's end, from the first of the files ``taken`` in, that none of them is.

    Days behind the last file count only where the window begins behind it: without a start it may end anywhere.
    """
    if not declared.is_daily:
        return ()
    pattern = pattern_of(declared)
    days = {_day(match, name) for name in taken if (match := pattern.fullmatch(PurePosixPath(name).name))}
    known = sorted(day for day in days if day is not None)
    if not known:
        return ()
    first, last = datetime.combine(known[0], time(), UTC), datetime.combine(known[-1], time(), UTC)
    end = window.end if window.start is not None else min(window.end, last)
    return tuple(day for day in _days(Window(first, end)) if day not in days)


def _matching(folder: Path, declared: ExportFile) -> Iterator[Found]:
    if declared.places:
        for place in declared.places:
            yield from _at(folder, place)
        return
    pattern = pattern_of(declared)
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        match = pattern.fullmatch(path.name)
        if match and path.is_file():
            yield Found(Place(path), f"{folder.name}/{path.name}", _day(match, f"{folder.name}/{path.name}"))


def _at(folder: Path, name: str) -> Iterator[Found]:
    """The tables at a place that a source names itself: one, or one a day."""
    if _DAY not in name:
        place = Place.find(folder, name)
        if place is not None:
            yield Found(place, name, None)
        return
    pattern = re.compile(re.escape(name).replace(re.escape(_DAY), r"(?P<day>\d{4}-\d\d-\d\d)"))
    parent = folder / PurePosixPath(name).parent
    for path in sorted(parent.iterdir()) if parent.is_dir() else ():
        found = path.relative_to(folder).as_posix()
        if path.is_file() and (match := pattern.fullmatch(found)):
            yield Found(Place(path), found, _day(match, found))


def matching_day(declared: ExportFile, name: str) -> tuple[bool, date | None]:
    """Return whether a name is one of the object's files, and its day where the name gives one."""
    match = pattern_of(declared).fullmatch(name)
    return match is not None, _day(match, name) if match else None


def is_over(day: date | None, window: Window) -> bool:
    """Whether a file's day has ended when the window has; a file without a day always is."""
    return day is None or datetime.combine(day, time(), UTC) + timedelta(days=1) <= window.end


def pattern_of(declared: ExportFile) -> re.Pattern[str]:
    """Return what the object's files are called: also gzipped, and a state also in numbered parts (Contact_2.csv)."""
    if declared.places and declared.is_daily:
        name = PurePosixPath(declared.places[0]).name
        return re.compile(re.escape(name).replace(re.escape(_DAY), r"(?P<day>\d{4}-\d\d-\d\d)"))
    stem, dot, ending = declared.file.removesuffix(".gz").partition(".")
    day = re.escape(stem).replace(re.escape(_DAY), r"(?P<day>\d{4}-\d\d-\d\d)")
    part = "" if declared.is_daily else r"(?:[ _-]\d+| ?\(\d+\))?"
    return re.compile(rf"{day}{part}{re.escape(dot + ending)}(\.gz)?", re.IGNORECASE)


def _day(match: re.Match[str], file: str) -> date | None:
    day = match.groupdict().get("day")
    try:
        return date.fromisoformat(day) if day else None
    except ValueError:
        raise SourceError("its name is no day of the calendar", file=file, remedy="Rename it.") from None


def _covers(window: Window, day: date | None) -> bool:
    if day is None:
        return True
    start = datetime.combine(day, time(), UTC)
    return start + timedelta(days=1) <= window.end and (window.start is None or start >= window.start)


def _days(window: Window) -> Iterator[date]:
    """Yield the whole days of a window with a start."""
    assert window.start is not None
    start = datetime.combine(window.start.astimezone(UTC).date(), time(), UTC)
    start = start if start >= window.start else start + timedelta(days=1)
    while start + timedelta(days=1) <= window.end:
        yield start.date()
        start += timedelta(days=1)
