"""How sound what is published is: what the engine says of itself, and what changed since the version before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from include.contracts.identity import CROSSWALK
from include.identity.store import REPORT, load_report
from include.storage.postgres.build import PREFIX
from include.storage.project import Project

Row = dict[str, Any]
_SIZES = ("profile", "account", "segment_membership")


@dataclass(frozen=True, slots=True)
class Matching:
    """What the engine says of itself.

    ``model``: the threshold, the F1 to expect, and the drift of this table from the one that the model was estimated
    on. ``blocking``: of each rule its blocks, the pairs it proposed first, the largest block kept, the blocks dropped.
    """

    counts: Mapping[str, int] = field(default_factory=dict)
    model: Mapping[str, Any] = field(default_factory=dict)
    pairs: int | None = None
    blocking: Sequence[Row] = ()


def matching(project: Project) -> Matching:
    """Return the report of the crosswalk that readers see; an empty one where this lake has none."""
    current = project.lake.current(CROSSWALK.name)
    if current is None or project.lake.manifest(REPORT, current.version) is None:
        return Matching()
    report = load_report(project.lake, current.version)
    return Matching(report["counts"], report["model"], report.get("pairs_scored"), report.get("blocking", ()))


def changes(connection: sa.Connection, now: str, before: str) -> list[Row]:
    """Return sizes and coverage of two published versions beside each other; nothing where either is not kept."""
    places = [f'"{PREFIX}{version}"' for version in (now, before)]
    kept = (
        connection.execute(sa.text("SELECT to_regclass(:t)"), {"t": f"{place}.coverage"}).scalar() for place in places
    )
    if not all(kept):
        return []
    told = [_told(connection, place) for place in places]
    return [{"what": what, "before": told[1].get(what), "now": value} for what, value in told[0].items()]


def _told(connection: sa.Connection, place: str) -> dict[str, float]:
    counted = ", ".join(f"(SELECT count(*) FROM {place}.{table}) AS {table}" for table in _SIZES)
    sizes = connection.exec_driver_sql(f"SELECT {counted}").mappings().one()
    shares = connection.exec_driver_sql(f"SELECT family, share FROM {place}.coverage ORDER BY family").mappings()
    return {**sizes, **{f"share of people with {row['family']}": row["share"] for row in shares}}
