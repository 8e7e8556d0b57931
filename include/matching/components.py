"""Components of linked records: bounded, the strongest links first; and cut where there is no holding them at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from include.matching.kernels.pairs import join_bounded
from include.matching.records.columns import Codes

Logits = npt.NDArray[np.float32]
HELD = 500_000  # linked records that are clustered at a time
RISE = 2.0  # log odds by which the weakest links of more than those are left out, again and again


@dataclass(frozen=True)
class Cut:
    """Linked records that were more than are clustered at a time, and the log odds that their links then needed."""

    records: int
    odds: float

    def told(self) -> dict[str, float]:
        """For the report: how many records, and the probability that their links needed."""
        return {"records": self.records, "links_above": float(1 / (1 + np.exp(-self.odds)))}


def held_together(
    left: Codes, right: Codes, logits: Logits, parent: Codes, threshold: float
) -> tuple[npt.NDArray[np.int64], list[Cut]]:
    """The links, pairs above the threshold, by which no more than ``HELD`` records hang together, and what was cut.

    Where more do, their links need ``RISE`` log odds more, and more, until they fall apart; then the links within each
    part count again. ``parent`` has what decisions join, which is never cut.
    """
    links = kept = np.flatnonzero(logits > threshold)
    cuts: list[Cut] = []
    odds = threshold
    while True:
        part, size = parent.copy(), np.ones(len(parent), np.int32)
        join_bounded(left, right, kept, len(parent) + 1, part, size)
        many = np.bincount(part, minlength=len(part))
        giant = many[part] > HELD
        contested = giant[left[kept]]
        if not contested.any():
            return links[part[left[links]] == part[right[links]]] if cuts else links, cuts
        odds += RISE
        cuts += [Cut(int(n), odds) for n in np.sort(many[many > HELD])[::-1]]
        kept = kept[~contested | (logits[kept] > np.float32(odds))]


def join_strongest(  # noqa: PLR0917  arrays one by one, as the kernel that it calls wants them
    left: Codes, right: Codes, logits: Logits, links: npt.NDArray[np.int64], limit: int, parent: Codes, size: Codes
) -> None:
    """Join records along ``links``, the strongest first and equally strong ones by their records, to components of at
    most ``limit`` records; ``parent`` and ``size`` hold what is joined already, and the outcome.

    Where no component grows beyond the limit the order of links does not matter, so only those that do are sorted.
    """
    whole, sizes = parent.copy(), size.copy()
    join_bounded(left, right, links, len(parent) + 1, whole, sizes)
    sizes = np.bincount(whole, minlength=len(whole)).astype(np.int32)
    beyond = sizes[whole] > limit
    contested = links[beyond[left[links]]]
    contested = contested[np.lexsort((right[contested], left[contested], -logits[contested]))]
    whole[beyond], sizes[beyond] = parent[beyond], size[beyond]
    join_bounded(left, right, contested, limit, whole, sizes)
    parent[:], size[:] = whole, sizes
