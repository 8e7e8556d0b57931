"""Whether it works: for probes, which ask often and want yes or no."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from include.contracts.errors import KindredError
from include.contracts.faults import explained
from include.operations.settings import read_settings
from include.storage.control.tables import PUBLICATION
from include.storage.project import Project

_PUBLISHED = f"""
SELECT max(as_of) AS as_of, extract(epoch FROM :now - max(published_at))::float8 / 3600 AS hours
FROM {PUBLICATION.fullname} WHERE is_current
"""


@dataclass(frozen=True, slots=True)
class Health:
    """``live``: the warehouse answers; ``ready``: readers have something that is not late. ``says`` in one sentence."""

    live: bool
    ready: bool
    says: str
    as_of: str | None = None
    hours: float | None = None


def health(project: Project, now: datetime) -> Health:
    """Look at the warehouse alone, by two questions."""
    try:
        limit = read_settings(project.settings.config).publication_hours
        with project.warehouse().begin() as connection:
            connection.execute(sa.text("SELECT 1"))
            has_table = connection.execute(sa.text(f"SELECT to_regclass('{PUBLICATION.fullname}')")).scalar()
            row = connection.execute(sa.text(_PUBLISHED), {"now": now}).one() if has_table else None
    except Exception as error:
        meaning = error if isinstance(error, KindredError) else explained(error)
        if meaning is None:
            raise
        return Health(live=False, ready=False, says=str(meaning))
    if row is None or row.as_of is None:
        return Health(live=True, ready=False, says="Nothing is published yet; run the pipeline.")
    told = f"Readers have {row.as_of}, published {row.hours:,.1f} hours ago"
    ready = row.hours <= limit
    says = f"{told}." if ready else f"{told}; more than {limit:g} is late (alerts.yaml)."
    return Health(True, ready, says, f"{row.as_of}", round(row.hours, 2))
