"""The plan: the difference between what should be at a destination and what the ledger says is there.

It is made in the warehouse, in one transaction, by joins over whole tables; a row is compared by its key, as the
destination knows it. A key that goes and one that comes for the same person are one change of key: so a merge, a split
or a new address is neither an exit nor an entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa

from include.activation.syncs import Declared
from include.activation.wanted import BY_CONSENT, NOT_UNIQUE, Wanted
from include.storage.control.tables import ACTIVATION_ROW, ACTIVATION_WITHHELD
from include.storage.postgres.warehouse import READERS

ROW, WITHHELD = ACTIVATION_ROW.fullname, ACTIVATION_WITHHELD.fullname
REKEYED, BY_HAND = "key changed", "added by hand"
STRANGER = ""  # the member of a row that somebody else has put there
ORDER = ("remove", "add", "change", "rekey", "leave", "withhold")  # whoever must go goes first


@dataclass(frozen=True)
class Difference:
    """What a plan would do: rows there now and wanted, changes by action, those withheld and removed by reason."""

    standing: int
    wanted: int
    actions: Mapping[str, int]
    withheld: Mapping[str, int]
    removed: Mapping[str, int]
    members: int = 0
    sample: tuple[Mapping[str, str], ...] = field(default=(), repr=False)

    @property
    def removes(self) -> int:
        """Rows that would be taken out, those aside whose key changes."""
        return sum(number for reason, number in self.removed.items() if reason != REKEYED)

    @property
    def is_refused_by_all(self) -> bool:
        """Nobody may be contacted for this purpose, and nobody is there."""
        by_consent = sum(self.withheld.get(reason, 0) for reason in BY_CONSENT)
        return not self.standing and not self.wanted and by_consent > 0

    @property
    def counts(self) -> dict[str, Any]:
        """A JSON-able form, for the ledger."""
        return {
            "standing": self.standing, "wanted": self.wanted, "members": self.members, "actions": dict(self.actions),
            "withheld": dict(self.withheld), "removed": dict(self.removed),
        }  # fmt: skip


def difference(connection: sa.Connection, declared: Declared, *, rekeys: bool) -> Difference:
    """Find what there is to do, into the temporary table ``planned`` of the caller's transaction.

    ``rekeys``: the destination can give a row another key; else it gets the new one and loses the old one.
    """
    sync = declared.sync
    given = {"segment": sync.segment, "name": declared.name, "sync": declared.name}
    for statement in (
        "SET LOCAL work_mem = '256MB'",  # the joins of a million members stay in memory
        _STANDS.format(of=_OF_PERSON if sync.level == "person" else _OF_ACCOUNT),
        _WANTED.format(rows=Wanted(sync, declared.name).statement),
        _DUPLICATES,
        "ANALYZE pg_temp.wanted; ANALYZE pg_temp.stands",
        _GONE.format(profile=sync.members.tables[0].name, id=sync.members.id),
        _moved(sync.mode),
        _planned(sync.mode, rekeys=rekeys),
    ):  # fmt: skip
        connection.execute(sa.text(statement), given)
    return _counted(connection)


def gather(connection: sa.Connection, rows: str, given: Mapping[str, Any]) -> None:
    """Put the rows of a statement of ``Wanted`` into the temporary table ``wanted``; two of one key withhold both."""
    connection.execute(sa.text(_WANTED.format(rows=rows)), given)
    connection.execute(sa.text(_DUPLICATES))


def withheld_by_reason(connection: sa.Connection) -> dict[str, int]:
    """Count who of ``wanted`` is withheld, by reason."""
    return _by(
        connection,
        "SELECT reason, count(*) FROM wanted WHERE reason IS NOT NULL AND is_member GROUP BY reason ORDER BY reason",
    )


def published_on(connection: sa.Connection) -> date:
    """Return the logical date of what readers see."""
    day: date = connection.execute(sa.text(f"SELECT max(as_of) FROM {READERS}.segment")).scalar_one()
    return day


# The person or account that stands in the ledger may have another id since, as profiles merge.
_OF_PERSON = f"""
    coalesce(a.profile_id, s.member_id) AS member_id
    FROM {ROW} AS s LEFT JOIN {READERS}.profile_alias AS a ON a.alias_id = s.member_id
"""
_OF_ACCOUNT = f"s.member_id FROM {ROW} AS s"
_STANDS = """
CREATE TEMP TABLE stands ON COMMIT DROP AS
SELECT s.key, s.member_id AS told_as, s.digest, {of} WHERE s.sync = :sync
"""
_WANTED = """
CREATE TEMP TABLE wanted ON COMMIT DROP AS
{rows}
"""
_DUPLICATES = f"""
UPDATE wanted SET reason = '{NOT_UNIQUE}' WHERE reason IS NULL AND key IN (
    SELECT key FROM wanted WHERE reason IS NULL GROUP BY key HAVING count(*) > 1)
"""
_GONE = f"""
CREATE TEMP TABLE gone ON COMMIT DROP AS
SELECT s.key, s.member_id, CASE
    WHEN s.member_id = '{STRANGER}' THEN '{BY_HAND}'
    WHEN w.reason IS NOT NULL THEN w.reason WHEN w.is_member THEN '{REKEYED}'
    WHEN p.{{id}} IS NULL THEN 'no longer there' ELSE 'left the segment' END AS reason
FROM stands AS s
LEFT JOIN wanted AS w ON w.member_id = s.member_id
LEFT JOIN {READERS}.{{profile}} AS p ON p.{{id}} = s.member_id
WHERE NOT EXISTS (SELECT FROM wanted AS g WHERE g.key = s.key AND g.reason IS NULL)
"""


def _moved(mode: str) -> str:
    """SQL of the new keys of people whose former one goes; an event has no former one."""
    return f"""
CREATE TEMP TABLE moved ON COMMIT DROP AS
SELECT DISTINCT ON (w.member_id) w.member_id, g.key AS former_key
FROM wanted AS w JOIN gone AS g ON g.member_id = w.member_id
WHERE w.reason IS NULL AND w.is_member AND {mode != "append"}
    AND NOT EXISTS (SELECT FROM stands AS s WHERE s.key = w.key)
ORDER BY w.member_id, g.key
"""


def _planned(mode: str, *, rekeys: bool) -> str:
    """SQL of the changes. Whoever leaves an upsert's segment stays, unless withheld or erased; an event stays sent."""
    changed = "false" if mode == "append" else "s.digest <> w.digest"
    leaves = {
        "mirror": "true",
        "upsert": "g.reason <> 'left the segment'",
        "append": "false",
    }[mode]
    taken_over = "NOT EXISTS (SELECT FROM moved AS m WHERE m.former_key = g.key)" if rekeys else "true"
    return f"""
CREATE TEMP TABLE planned ON COMMIT DROP AS
SELECT CASE WHEN m.member_id IS NOT NULL THEN 'rekey' WHEN s.key IS NULL THEN 'add' ELSE 'change' END AS action,
       w.member_id, w.key, m.former_key, w.digest, w.consent, CASE WHEN m.member_id IS NOT NULL THEN '{REKEYED}' END
       AS reason
FROM wanted AS w LEFT JOIN stands AS s ON s.key = w.key LEFT JOIN moved AS m ON m.member_id = w.member_id
WHERE w.reason IS NULL AND w.is_member AND (s.key IS NULL OR {changed})
UNION ALL
SELECT CASE WHEN m.member_id IS NULL THEN 'remove' ELSE 'leave' END, g.member_id, g.key, NULL, NULL, NULL,
       CASE WHEN m.member_id IS NULL THEN g.reason ELSE '{REKEYED}' END
FROM gone AS g LEFT JOIN moved AS m ON m.member_id = g.member_id AND m.former_key = g.key
WHERE {leaves} AND {taken_over}
UNION ALL
SELECT 'withhold', w.member_id, NULL, NULL, NULL, w.consent, w.reason
FROM wanted AS w LEFT JOIN {WITHHELD} AS h ON h.sync = :sync AND h.member_id = w.member_id
WHERE w.reason IS NOT NULL AND w.is_member AND h.reason IS DISTINCT FROM w.reason
"""


def _by(connection: sa.Connection, query: str) -> dict[str, int]:
    return {name: int(number) for name, number in connection.execute(sa.text(query))}


def _counted(connection: sa.Connection) -> Difference:
    sizes = _by(
        connection,
        "SELECT 'standing', count(*) FROM stands UNION ALL SELECT 'members', count(*) FROM wanted WHERE is_member "
        "UNION ALL SELECT 'wanted', count(*) FROM wanted WHERE reason IS NULL AND is_member",
    )
    return Difference(
        standing=sizes["standing"],
        wanted=sizes["wanted"],
        members=sizes["members"],
        actions=_by(connection, "SELECT action, count(*) FROM planned GROUP BY action ORDER BY action"),
        withheld=withheld_by_reason(connection),
        removed=_by(
            connection,
            "SELECT reason, count(*) FROM planned WHERE action IN ('remove', 'leave') GROUP BY reason ORDER BY reason",
        ),
    )


def sample(connection: sa.Connection, limit: int = 5) -> tuple[Mapping[str, str], ...]:
    """Return a few of the planned changes of each action, without anybody's contact point."""
    actions = ", ".join(f"('{action}')" for action in ORDER)
    query = (
        f"SELECT a.action, p.member_id, p.reason FROM (VALUES {actions}) AS a (action) CROSS JOIN LATERAL "
        "(SELECT member_id, reason FROM planned WHERE planned.action = a.action "
        "ORDER BY member_id LIMIT :limit) AS p"
    )
    rows = connection.execute(sa.text(query), {"limit": limit}).mappings()
    return tuple({name: value or "" for name, value in row.items()} for row in rows)


def digest_of_plan(connection: sa.Connection) -> str:
    """Return a digest of all that is planned, which stays the same for as long as the same would be done."""
    query = (
        "SELECT md5(string_agg(part, ',' ORDER BY part)) FROM (SELECT md5(concat_ws('|', action, member_id, key, "
        "former_key, digest)) AS part FROM planned WHERE action <> 'withhold') AS p"
    )
    found: str | None = connection.execute(sa.text(query)).scalar()
    return (found or "")[:16]
