"""Counts over all members are made once for each published version, and only the latest versions' are kept."""

from __future__ import annotations

from include.web.counts import Counts
from include.web.reading import Version

FIRST, SECOND, THIRD = (Version(name, "2026-01-05", f"build_{name}") for name in ("a", "b", "c"))


def test_a_version_is_counted_once_and_another_one_anew() -> None:
    counts, counted = Counts(), list[str]()

    def seen(version: Version, what: str = "size") -> int:
        return counts.of(version, what, lambda: counted.append(f"{what} {version.name}") or len(counted))

    assert [seen(FIRST), seen(FIRST), seen(FIRST, "overlap")] == [1, 1, 2]
    assert [seen(SECOND), seen(FIRST), seen(SECOND)] == [3, 1, 3]  # a reader who began before goes on in his version
    seen(THIRD)
    seen(FIRST)  # was let go
    assert counted == ["size a", "overlap a", "size b", "size c", "size a"]
