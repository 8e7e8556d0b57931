"""Links between records: those that hold a profile together, and the way from one record to another."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Link:
    """A judged pair, or the decision that a steward took on it."""

    record_a: str
    record_b: str
    match_weight: float
    probability: float
    grade: str
    evidence: str
    decision: str | None = None

    @property
    def forbids(self) -> bool:
        """A steward decided that these are two people."""
        return self.match_weight == -math.inf

    def other(self, record: str) -> str:
        """The record at the other end."""
        return self.record_b if record == self.record_a else self.record_a


def holding_links(records: Collection[str], links: Iterable[Link]) -> list[Link]:
    """Return the links that hold the records together: the strongest spanning forest (Kruskal), strongest first."""
    root = {record: record for record in records}

    def find(record: str) -> str:
        while root[record] != record:
            root[record] = root[root[record]]
            record = root[record]
        return record

    held = []
    for link in sorted(links, key=_strongest_first):
        if link.record_a in root and link.record_b in root and not link.forbids:
            a, b = find(link.record_a), find(link.record_b)
            if a != b:
                root[a] = b
                held.append(link)
    return held


def shortest_path(a: str, b: str, links: Iterable[Link]) -> list[Link]:
    """Return the fewest links from a to b, the stronger where several ways are as short; none when there is no way."""
    around: dict[str, list[Link]] = {}
    for link in sorted((link for link in links if not link.forbids), key=_strongest_first):
        around.setdefault(link.record_a, []).append(link)
        around.setdefault(link.record_b, []).append(link)
    came: dict[str, Link] = {}
    queue = deque([a])
    while queue and b not in came:
        here = queue.popleft()
        for link in around.get(here, []):
            there = link.other(here)
            if there != a and there not in came:
                came[there] = link
                queue.append(there)
    return _walk(a, b, came)


def _walk(a: str, b: str, came: Mapping[str, Link]) -> list[Link]:
    path: list[Link] = []
    here = b
    while here != a:
        if here not in came:
            return []
        path.insert(0, came[here])
        here = came[here].other(here)
    return path


def weakest(links: Sequence[Link]) -> Link | None:
    """Return the link that would break first, none where a single record needs no link."""
    return max(links, key=_strongest_first) if links else None


def _strongest_first(link: Link) -> tuple[float, str, str]:
    return (-link.match_weight, link.record_a, link.record_b)
