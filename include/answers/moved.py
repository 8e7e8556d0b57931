"""Records that go from one profile to another between two crosswalks: the join by which every answer tells it."""

from __future__ import annotations

from include.contracts.identity import CROSSWALK
from include.storage.engine import Engine
from include.storage.lake import Manifest

_MOVED = """
CREATE OR REPLACE TEMP TABLE moved AS
SELECT b.profile_id AS profile, a.profile_id AS goes_to, count(*) AS records
FROM crosswalk_before b JOIN crosswalk_after a USING (record_id) WHERE b.profile_id <> a.profile_id GROUP BY 1, 2
"""


def open_moved(engine: Engine, before: Manifest, after: Manifest) -> None:
    """Let the engine read ``crosswalk_before``, ``crosswalk_after`` and ``moved``: profile, goes_to, records."""
    engine.expose("crosswalk_before", CROSSWALK, before)
    engine.expose("crosswalk_after", CROSSWALK, after)
    engine.connection.execute(_MOVED).fetchall()
