"""The grid of all people by NPS, usage and renewal: a heat map in the list of segments, and a page a cell."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Path, Response

from include.contracts.measures import NPS_CLASSES, RENEWAL_BUCKETS, USAGE_TIERS
from include.contracts.metrics import GRID_DIMENSIONS
from include.segments.members import MASK
from include.storage.postgres.warehouse import READERS
from include.web import reading
from include.web.callers import READ_BOTH, Call
from include.web.problems import ProblemError
from include.web.render import page

router = APIRouter(include_in_schema=False)

SAMPLE = 20
STEPS = 10  # of heat
AXES = dict(zip(GRID_DIMENSIONS, (NPS_CLASSES, USAGE_TIERS, RENEWAL_BUCKETS), strict=True))
Cell = tuple[str, str, str]
Part = Annotated[str, Path(max_length=20)]
_CELLS = f"SELECT {', '.join(AXES)}, profiles FROM {READERS}.grid"
_CELL = " AND ".join(f"c.{name} = :{name}" for name in AXES)
_PEOPLE = f"""
SELECT p.profile_id, p.full_name, p.title, p.company, c.nps_score, c.usage_last_on, c.renewal_date
FROM {READERS}.customer_360 c JOIN {READERS}.profile p USING (profile_id)
WHERE {_CELL} ORDER BY md5(p.profile_id) LIMIT {SAMPLE}
"""
_SEGMENTS = f"""
SELECT m.segment_key, count(*) AS people FROM {READERS}.customer_360 c
JOIN {READERS}.segment_membership m ON m.member_id = c.profile_id WHERE {_CELL} GROUP BY 1 ORDER BY 2 DESC, 1
"""
_SIZE = f"SELECT profiles, share FROM {READERS}.grid c WHERE {_CELL}"


@dataclass(frozen=True, slots=True)
class Grid:
    """People by cell."""

    cells: Mapping[Cell, int]

    @property
    def rows(self) -> Sequence[tuple[str, str]]:
        """NPS class and usage tier of each row that anybody is in."""
        return [(nps, tier) for nps in NPS_CLASSES for tier in USAGE_TIERS if self.total(nps, tier)]

    @property
    def columns(self) -> Sequence[str]:
        """The renewal buckets."""
        return RENEWAL_BUCKETS

    def total(self, nps: str, tier: str) -> int:
        """The people of a row."""
        return sum(self.cells.get((nps, tier, bucket), 0) for bucket in RENEWAL_BUCKETS)

    def heat(self, cell: Cell) -> int:
        """The heat of a cell, by its share of the fullest, in steps up to STEPS.

        What is unknown of all three is mostly the fullest, and would leave the others cold.
        """
        known = [count for (nps, tier, bucket), count in self.cells.items() if (nps, tier, bucket) != _NOTHING]
        share = min(1.0, self.cells.get(cell, 0) / (max(known, default=0) or 1))
        return math.ceil(STEPS * math.sqrt(share))  # the eye tells small ones apart, too


_NOTHING = ("unknown", "none", "none")


def read_grid(connection: sa.Connection) -> Grid:
    """Return the published grid."""
    rows = reading.rows_of(connection, _CELLS)
    return Grid({tuple(row[name] for name in AXES): row["profiles"] for row in rows})


@router.get("/segments/grid/{nps_class}/{usage_tier}/{renewal_bucket}")
def cell(nps_class: Part, usage_tier: Part, renewal_bucket: Part, call: Call = READ_BOTH) -> Response:
    """Show the people of one cell, and the condition that finds them."""
    place = dict(zip(AXES, (nps_class, usage_tier, renewal_bucket), strict=True))
    for name, value in place.items():
        if value not in AXES[name]:
            raise ProblemError(404, f"{name.replace('_', ' ')} is one of {', '.join(AXES[name])}.")
    with reading.snapshot(call.project) as connection:
        version = reading.current_version(connection)
        size = reading.rows_of(connection, _SIZE, **place)
        sample = reading.rows_of(connection, _PEOPLE, **place)
        segments = reading.rows_of(connection, _SEGMENTS, **place)
    if call.sees_people and sample:
        call.read("page /segments/grid", f"cell {'/'.join(place.values())}", profiles=len(sample))
    shown = sample if call.sees_people else [{**row, "full_name": MASK} for row in sample]
    where = "\nand ".join(f"{name} = '{value}'" for name, value in place.items())
    return page(
        call, "cell.html", version=version, place=place, where=where, sample=shown, segments=segments,
        size=size[0] if size else {"profiles": 0, "share": 0.0},
    )  # fmt: skip
