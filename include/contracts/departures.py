"""What deletes and merges at a source did to profiles, from the counts that `resolve` left in the ledger."""

from __future__ import annotations

from collections.abc import Mapping

_PREFIX = "departed."
# Of a source: records that it has deleted, and merged into others; profiles that lost one, went on in another, ended.
COUNTS = ("deleted", "merged", "lost", "joined", "ended")


def departure_count(source: str, what: str) -> str:
    """Name a count of a source, one of COUNTS."""
    return f"{_PREFIX}{source}.{what}"


def is_departure_count(name: str) -> bool:
    """Tell whether a count of `resolve` is of departures."""
    return name.startswith(_PREFIX)


def departures(counts: Mapping[str, int]) -> tuple[str, ...]:
    """Return a sentence for each source of which records were deleted or merged since the run before."""
    found: dict[str, dict[str, int]] = {}
    for name, count in counts.items():
        if is_departure_count(name) and count:
            source, _, what = name.removeprefix(_PREFIX).rpartition(".")
            found.setdefault(source, {})[what] = count
    return tuple(_sentence(source, told) for source, told in sorted(found.items()))


def _sentence(source: str, told: Mapping[str, int]) -> str:
    ways = (("deleted", "deleted"), ("merged", "merged into another"))
    became = (("lost", "lost a record"), ("joined", "went on in another"), ("ended", "ended"))
    records, profiles = _listed(told, ways, "record"), _listed(told, became, "profile")
    return f"{' and '.join(records)} at {source}: {', '.join(profiles)}."


def _listed(told: Mapping[str, int], words: tuple[tuple[str, str], ...], noun: str) -> list[str]:
    """Say each count that is not 0, the first of them with what it counts."""
    said = [(told[name], word) for name, word in words if told.get(name)]
    return [
        f"{count:,} {word}" if place else f"{count:,} {noun if count == 1 else noun + 's'} {word}"
        for place, (count, word) in enumerate(said)
    ]
