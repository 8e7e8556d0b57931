"""Whether an export is whole: each object is held against what it brought before.

Nobody but a person can tell an export of which half is missing from a company that lost half its contacts, so what
falls short is held until somebody has looked. A source that brings an object for the first time is not doubted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from include.contracts.exports import ExportFile
from include.contracts.sources import Limits
from include.sources.loads import Load
from include.sources.span import key_order

WEEKS = 4

Loads = Mapping[str, Load]  # file -> its load


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why one file may not be whole, as a sentence, and the rows of its object before and now."""

    file: str
    sentence: str
    rows_before: int
    rows_now: int


def doubts(declared: ExportFile, before: Loads, now: Loads, limits: Limits) -> Iterator[Doubt]:
    """Yield what speaks against the files of ``now`` that are not those of ``before``; both hold all current files."""
    new = {file: load for file, load in now.items() if file not in before or before[file].load_id != load.load_id}
    if not before or not new:
        return
    if declared.is_daily:
        for file, load in new.items():
            yield from _of_a_day(file, load, before, limits)
    else:
        more = f" with its {len(now) - 1} other parts" if len(now) > 1 else ""
        yield from _of_a_state(declared, sorted(new)[0] + more, _Whole.of(before), _Whole.of(now), limits)


@dataclass(frozen=True, slots=True)
class _Whole:
    """All current files of an object together."""

    rows: int
    newest: datetime | None
    least: str | None
    greatest: str | None

    @classmethod
    def of(cls, loads: Loads) -> _Whole:
        every = loads.values()
        return cls(
            sum(load.rows for load in every),
            max((load.newest for load in every if load.newest), default=None),
            min((load.least_key for load in every if load.least_key), key=key_order, default=None),
            max((load.greatest_key for load in every if load.greatest_key), key=key_order, default=None),
        )


def _of_a_state(declared: ExportFile, file: str, before: _Whole, now: _Whole, limits: Limits) -> Iterator[Doubt]:
    gone = before.rows - now.rows
    told = f"{file} holds {now.rows:,} rows, {gone:,} fewer than the {before.rows:,} that it held before"
    sentence = None
    if gone >= limits.at_least and gone > limits.fewer_rows * before.rows:
        sentence = f"{told}."
    elif gone >= limits.at_least and gone > limits.cut_off * before.rows and _loses_an_end(before, now):
        sentence = f"{told}, and its lowest or highest {declared.key} is gone: it may have been cut short."
    elif before.newest and now.newest and before.newest - now.newest > timedelta(days=limits.older_days):
        sentence = (
            f"{file} is an older export than the one before: its newest change is of {now.newest:%Y-%m-%d}, "
            f"that of the one before of {before.newest:%Y-%m-%d}."
        )
    if sentence:
        yield Doubt(file, sentence, before.rows, now.rows)


def _loses_an_end(before: _Whole, now: _Whole) -> bool:
    if not (before.least and before.greatest and now.least and now.greatest):
        return False
    return key_order(now.least) > key_order(before.least) or key_order(now.greatest) < key_order(before.greatest)


def _of_a_day(file: str, load: Load, before: Loads, limits: Limits) -> Iterator[Doubt]:
    if file in before:
        least, what = (1 - limits.fewer_rows) * before[file].rows, "it held before"
        whole = before[file].rows
    else:
        day = _day(load)
        like = [other.rows for other in before.values() if _is_like(_day(other), day)]
        whole = min(like, default=0)
        least, what = limits.quiet_day * whole, f"the quietest {day:%A} of the {WEEKS} weeks before held"
    if whole - load.rows >= limits.at_least and load.rows < least:
        yield Doubt(file, f"{file} holds {load.rows:,} rows, fewer than the {whole:,} that {what}.", whole, load.rows)


def _day(load: Load) -> date:
    return load.extracted_at.astimezone(UTC).date()


def _is_like(other: date, day: date) -> bool:
    return other.weekday() == day.weekday() and timedelta() < day - other <= timedelta(weeks=WEEKS)


def evidence(source: str, found: Sequence[Doubt]) -> str:
    """Return the text by which a person judges a held extraction, in Markdown: counts and file names only."""
    return "\n".join(
        [
            found[0].sentence,
            "",
            f"The exports of {source} may not be whole, so none of them was taken in; readers keep what they have.",
            "",
            *(f"- {doubt.sentence}" for doubt in found[1:]),
            *([""] if len(found) > 1 else []),
            "| | rows before | now |",
            "|---|---:|---:|",
            *(f"| {doubt.file} | {doubt.rows_before:,} | {doubt.rows_now:,} |" for doubt in found),
            "",
            "Put the whole export there and run again, or approve it if the rows are really gone.",
        ]
    )
