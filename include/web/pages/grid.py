"""The grid of all people by NPS, usage and renewal: a heat map in the list of segments, and a page a cell."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Path, Response

from include.contracts.measures import CUSTOMER_360
from include.contracts.metrics import GRID, GRID_DIMENSIONS
from include.contracts.tables import MASK
from include.storage.postgres.warehouse import READERS
from include.web import reading
from include.web.callers import READ_BOTH, Call
from include.web.problems import ProblemError
from include.web.render import page

router = APIRouter(include_in_schema=False)

SAMPLE = 20
STEPS = 10  # of heat
AXES = {name: GRID.column(name).allowed for name in GRID_DIMENSIONS}
NPS_CLASSES, USAGE_TIERS, RENEWAL_BUCKETS = AXES.values()
Cell = tuple[str, str, str]
Part = Annotated[str, Path(max_length=20)]
_CELLS = f"SELECT {', '.join(AXES)}, profiles FROM {READERS}.grid"
_CELL = " AND ".join(f"c.{name} = :{name}" for name in AXES)
_PEOPLE = f"""
SELECT p.profile_id, p.full_name, p.title, p.company, c.nps_score, c.usage_last_on, c.renewal_date
FROM {READERS}.customer_360 c JOIN {READERS}.profile p USING (profile_id)
WHERE {{holds}} ORDER BY {", ".join(f"c.{name}" for name in AXES)}, c.profile_id LIMIT {SAMPLE}
"""
_SEGMENTS = f"""
SELECT c.segment_key, s.name, c.members AS people FROM {READERS}.segment_cell c
JOIN {READERS}.segment s USING (segment_key) WHERE {_CELL} ORDER BY 3 DESC, 1
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
        return [column for column in RENEWAL_BUCKETS if any(cell[2] == column for cell in self.cells)]

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
    return grid_of(reading.rows_of(connection, _CELLS))


def grid_of(rows: Iterable[reading.Row]) -> Grid:
    """Return a grid of rows with the three measures and ``profiles``."""
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
        sample = reading.rows_of(connection, _PEOPLE.format(holds=" AND ".join(_holds(place))), **place)
        segments = reading.rows_of(connection, _SEGMENTS, **place)
    if call.sees_people and sample:
        call.read("page /segments/grid", f"cell {'/'.join(place.values())}", profiles=len(sample))
    shown = sample if call.sees_people else [{**row, "full_name": MASK} for row in sample]
    return page(
        call, "cell.html", version=version, place=place, where=_where(place), sample=shown, segments=segments,
        size=size[0] if size else {"profiles": 0, "share": 0.0},
    )  # fmt: skip


def _holds(place: Mapping[str, str]) -> list[str]:
    """SQL of what is so of the people of a cell; a measure that no source tells of is null."""
    unknown = {name for name, value in place.items() if value not in CUSTOMER_360.column(name).allowed}
    return [f"c.{name} IS NULL" if name in unknown else f"c.{name} = :{name}" for name in place]


def _where(place: Mapping[str, str]) -> str:
    """The condition that finds the people of a cell, in the segment language."""
    told = (
        f"{name} = '{value}'" if value in CUSTOMER_360.column(name).allowed else f"{name} is null"
        for name, value in place.items()
    )
    return "\nand ".join(told)
