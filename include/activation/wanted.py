"""Who should be at a destination, and who of a segment is withheld from it and why: one relation in the warehouse.

The plan reads it for the whole segment, and a delivery once more for those it is about to send, so both decide alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from include.activation.syncs import CONTACT_POINTS, OF_MEMBERSHIP, Sync
from include.contracts.measures import ACCOUNT_360, CUSTOMER_360
from include.contracts.profiles import ACCOUNT, PROFILE
from include.matching.records.placeholders import ROLES
from include.segments.channels import CHANNELS, REACHABLE, Channel
from include.storage.postgres.warehouse import READERS

HELD_OUT, UNSURE, NO_KEY = "held out", "identity not sure enough", "no key"
NOT_OPTED_IN, ROLE, SHARED, NOT_UNIQUE = "consent unknown", "role mailbox", "shared contact point", "key not unique"
BY_CONSENT = ("opted out", "undeliverable", "no contact point", NOT_OPTED_IN)
IDENTIFIERS = ("crm_id", "user_id")


@dataclass(frozen=True)
class Wanted:
    """The relation of one sync. ``few``: only the members bound as ``members``, each looked up by itself."""

    sync: Sync
    name: str
    few: bool = False

    @property
    def statement(self) -> str:
        """SQL with the rows member_id, key, fields (jsonb), consent, reason; wants ``segment``, ``name`` bound.

        ``reason`` says why somebody is withheld and is null for the others.
        """
        record, measured, member = (
            (PROFILE, CUSTOMER_360, "profile_id") if self._is_person else (ACCOUNT, ACCOUNT_360, "account_id")
        )
        fields = ", ".join(f"{_text(name)}, {self._column(column)}" for name, column in self.sync.mapping.items())
        only = "AND m.member_id = ANY(:members) " if self.few else ""
        return (
            f"SELECT m.member_id, {self._key} AS key, jsonb_build_object({fields}) AS fields, "
            f"{self._consent} AS consent, CASE {' '.join(self._reasons())} END AS reason "
            f"FROM {READERS}.segment_membership AS m "
            f"JOIN {READERS}.{record.name} AS r ON r.{member} = m.member_id "
            f"JOIN {READERS}.{measured.name} AS v ON v.{member} = m.member_id "
            f"WHERE m.segment_key = :segment {only}"
        )

    @property
    def _is_person(self) -> bool:
        return self.sync.level == "person"

    @property
    def _channel(self) -> Channel | None:
        return next((channel for channel in CHANNELS.values() if channel.purpose == self.sync.purpose), None)

    @property
    def _key(self) -> str:
        column = self.sync.key_column
        raw = self._raw(column)
        return f"lower(btrim({raw}))" if column in ("email", "domain") else raw

    @property
    def _consent(self) -> str:
        return f"r.{self._channel.consent}" if self._channel else "NULL::text"

    def _column(self, name: str) -> str:
        """SQL of a column; a contact point that may not be used is null."""
        if name == self.sync.key_column:
            return self._key
        if name in CONTACT_POINTS and self._is_person:
            return f"CASE WHEN {CHANNELS[name].state()} IN {REACHABLE} THEN {self._raw(name)} END"
        return self._raw(name)

    def _raw(self, name: str) -> str:
        if name in OF_MEMBERSHIP:
            return f'm."{name}"'
        if name in IDENTIFIERS and self._is_person:
            return (
                f"(SELECT i.value FROM {READERS}.profile_identifier AS i WHERE i.profile_id = r.profile_id "
                f"AND i.type = '{name}' ORDER BY i.is_primary DESC, i.value LIMIT 1)"
            )
        record = PROFILE if self._is_person else ACCOUNT
        return f'{"r" if name in record.names else "v"}."{name}"'

    def _reasons(self) -> Iterator[str]:
        """Yield what withholds somebody, the first that holds being the one that is told."""
        yield f"WHEN m.is_holdout OR {self._share} < {self.sync.holdout} THEN '{HELD_OUT}'"
        if self._is_person and self.sync.min_confidence:
            yield f"WHEN r.confidence < {self.sync.min_confidence} THEN '{UNSURE}'"
        if self._channel:
            yield from self._reasons_of(self._channel)
        yield f"WHEN coalesce({self._key}, '') = '' THEN '{NO_KEY}'"

    def _reasons_of(self, channel: Channel) -> Iterator[str]:
        state, point = channel.state(), f"r.{channel.name}"
        yield f"WHEN {state} NOT IN {REACHABLE} THEN {state}"
        if self.sync.opted_in:
            yield f"WHEN r.{channel.consent} IS DISTINCT FROM 'opted_in' THEN '{NOT_OPTED_IN}'"
        if channel.name == "email":
            roles = ", ".join(map(_text, sorted(ROLES)))
            local = f"regexp_replace(split_part(lower({point}), '@', 1), '[._0-9]+$', '')"
            yield f"WHEN {local} IN ({roles}) THEN '{ROLE}'"
        points = f"FROM {READERS}.profile_identifier AS o WHERE o.type = '{channel.name}'"
        if self.few:
            others = f"EXISTS (SELECT {points} AND o.value = {point} AND o.profile_id <> r.profile_id)"
        else:
            others = f"{point} IN (SELECT o.value {points} GROUP BY o.value HAVING count(*) > 1)"
        yield f"WHEN {others} THEN '{SHARED}'"

    @property
    def _share(self) -> str:
        """A number from 0 to 1 that each member always has in this sync."""
        return "(('x' || substr(md5(:name || m.member_id), 1, 7))::bit(28)::int / 268435456.0)"


def _text(value: str) -> str:
    """An SQL literal; a colon in it would be taken for a parameter."""
    return "'" + value.replace("'", "''").replace(":", "\\:") + "'"
