"""Why records are one person, or are not: match weights step by step, the links that hold a profile, the way round.

Weights are log2 of odds. The step of a column is by how much the odds rise when its level is learned after the
columns before it (the relations of matching/weights make the order matter); what is left to the pair's own weight comes
from how rare its agreeing values are, which the model, holding no values, cannot say by itself.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from include.matching.relations import ONE_PERSON, RELATIONS

RARITY = "how rare the shared values are"
PRIOR = "any two records"


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


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of the waterfall: what was learned, and the weights before and after it."""

    label: str
    level: str
    before: float
    after: float

    @property
    def weight(self) -> float:
        """By how much it moved the odds, in bits."""
        return self.after - self.before


def waterfall(parameters: Mapping[str, Any], link: Link) -> list[Step]:
    """Return the steps from the prior to the pair's match weight; ``parameters`` are the model's."""
    levels: Mapping[str, Mapping[str, Mapping[str, float]]] = parameters.get("levels", {})
    weights = {relation: math.log(share) for relation, share in parameters.get("share", {}).items()}
    seen = dict(part.split("=", 1) for part in link.evidence.split(";") if "=" in part)
    start = _odds(weights) if weights else 0.0
    steps = [Step(PRIOR, "", 0.0, start)]
    for column, level in seen.items():
        chances = {relation: of.get(level) for relation, of in levels.get(column, {}).items()}
        if any(chance is None for chance in chances.values()) or not chances:
            continue
        weights = {r: weight + math.log(max(chances[r] or 0.0, 1e-12)) for r, weight in weights.items()}
        steps.append(Step(column, level, steps[-1].after, _odds(weights)))
    steps.append(Step(RARITY, "", steps[-1].after, link.match_weight))
    return steps


def _odds(weights: Mapping[str, float]) -> float:
    """The log2 odds of being the same person against every other relation."""
    same = [weight for relation, weight in weights.items() if relation in RELATIONS[:ONE_PERSON]]
    others = [weight for relation, weight in weights.items() if relation not in RELATIONS[:ONE_PERSON]]
    return (_log_sum(same) - _log_sum(others)) / math.log(2)


def _log_sum(logs: Sequence[float]) -> float:
    highest = max(logs)
    return highest + math.log(sum(math.exp(each - highest) for each in logs))


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
