"""Who should be at a destination, and who of a segment is withheld from it and why: one relation in the warehouse.

The plan reads it for the whole segment, and a delivery once more for those it is about to send, so both decide alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import sqlglot

from include.activation.members import ACCOUNT_NAME, LEVEL_OF_REPORT, LISTS, OF_MEMBERSHIP
from include.activation.syncs import CONSENTS, CONTACT_POINTS, Sync
from include.contracts.channels import CHANNELS, REACHABLE, Channel
from include.contracts.measures import ACCOUNT_360, CUSTOMER_360
from include.contracts.profiles import ACCOUNT, PROFILE, PROFILE_IDENTIFIER
from include.contracts.quoting import literal
from include.matching.records.placeholders import ROLES
from include.storage.postgres.warehouse import READERS

HELD_OUT, UNSURE, NO_KEY = "held out", "identity not sure enough", "no key"
NOT_OPTED_IN, ROLE, SHARED, NOT_UNIQUE = "consent unknown", "role mailbox", "shared contact point", "key not unique"
BY_CONSENT = ("opted out", "undeliverable", "no contact point", NOT_OPTED_IN)
IDENTIFIERS = ("crm_id", "user_id")
POINTS = f"{READERS}.{PROFILE_IDENTIFIER.name}"


@dataclass(frozen=True)
class Wanted:
    """The relation of one sync. ``few``: only the members bound as ``members``, each looked up by itself.

    ``values``: with what is sent, as jsonb ``fields``; so always of few. ``with_holdout``: whoever is held out as well.
    ``in_duckdb``: for DuckDB, with views of the lake under the names of what is published.
    """

    sync: Sync
    name: str
    few: bool = False
    values: bool = False
    with_holdout: bool = False
    in_duckdb: bool = False

    @property
    def statement(self) -> str:
        """SQL with the rows member_id, key, digest, consent, reason, is_member; wants ``segment``, ``name`` bound.

        ``digest`` is that of all values that are sent.
        ``reason`` says why somebody is withheld and is null for the others. Of an upsert, whoever is there and has left
        the segment is among them, for an opt-out is heard from them, too.
        """
        columns = {name: self._column(column) for name, column in self.sync.mapping.items()}
        pairs = ", ".join(f"{_text(name)}, {column}" for name, column in columns.items())
        fields = f", jsonb_build_object({pairs}) AS fields" if self.few or self.values else ""
        statement = (
            f"SELECT m.member_id, m.key, md5(ROW({', '.join(columns.values())})::text) AS digest, "
            f"{self._consent} AS consent, CASE {' '.join(self._reasons())} END AS reason, m.is_member{fields} "
            f"FROM ({self._joined}) AS m"
        )
        return _for_duckdb(statement) if self.in_duckdb else statement

    @property
    def _joined(self) -> str:
        """SQL of the members with all their values, and the state of each channel that matters, looked up once."""
        if self.sync.level == LEVEL_OF_REPORT:
            return self._of_report
        record, measured, member = (
            (PROFILE, CUSTOMER_360, "profile_id") if self._is_person else (ACCOUNT, ACCOUNT_360, "account_id")
        )
        points = {channel.name for channel in self._channels}
        wanted = ({*self.sync.mapping.values()} | points) - {*OF_MEMBERSHIP}
        states = [f"{channel.state(POINTS)} AS {channel.name}_state" for channel in self._channels]
        columns = [f"{self._key} AS key", *(f"{self._raw(name)} AS {_named(name)}" for name in sorted(wanted)), *states]
        columns += [f"r.{channel.consent} AS {channel.name}_consent_now" for channel in self._channels]
        if self._is_person:
            columns.append("r.confidence AS identity_confidence")
        if self._channel:
            columns.append(f"{self._is_shared(self._channel)} AS is_shared")
        only = "WHERE m.member_id = ANY(:members) " if self.few else ""
        return (
            f"SELECT m.*, {', '.join(columns)} FROM ({self._members}) AS m "
            f"JOIN {READERS}.{record.name} AS r ON r.{member} = m.member_id "
            f"JOIN {READERS}.{measured.name} AS v ON v.{member} = m.member_id {only}OFFSET 0"
        )

    @property
    def _of_report(self) -> str:
        """SQL of the rows of a report's list, of alerts those that nobody has answered yet."""
        part, id_ = LISTS[self.sync.segment], self.sync.members.id
        columns = [
            f"{'a.name' if name == ACCOUNT_NAME else self._raw(name)} AS {_named(name)}"
            for name in sorted({*self.sync.mapping.values()})
        ]
        knows_account = "account_id" in part.table.names
        account = f"LEFT JOIN {READERS}.{ACCOUNT.name} AS a ON a.account_id = r.account_id " if knows_account else ""
        only = [f"r.{id_} = ANY(:members)"] if self.few else []
        unanswered = ["r.answer IS NULL"] if "answer" in part.table.names else []
        return (
            f"SELECT r.{id_} AS member_id, false AS is_holdout, true AS is_member, r.{id_} AS key, "
            f"{', '.join(columns)} FROM {READERS}.{part.name} AS r "
            f"{account}WHERE {' AND '.join([f':segment = {_text(self.sync.segment)}', *unanswered, *only])}"
        )

    @property
    def _members(self) -> str:
        columns = ("member_id", "is_holdout", *OF_MEMBERSHIP)
        members = (
            f"SELECT {', '.join(columns)}, true AS is_member FROM {READERS}.segment_membership "
            "WHERE segment_key = :segment"
        )
        if self.few or self.sync.mode != "upsert":
            return members
        return (
            f"{members} UNION ALL SELECT DISTINCT s.member_id, false, NULL::date, NULL::float8, false FROM stands AS s "
            f"WHERE NOT EXISTS (SELECT 1 FROM {READERS}.segment_membership AS o WHERE o.segment_key = :segment "
            "AND o.member_id = s.member_id)"
        )

    @property
    def _is_person(self) -> bool:
        return self.sync.level == "person"

    @property
    def _channel(self) -> Channel | None:
        return next((channel for channel in CHANNELS.values() if channel.purpose == self.sync.purpose), None)

    @property
    def _channels(self) -> list[Channel]:
        """The channel of the purpose, and those of all contact points that are sent."""
        if not self._is_person:
            return []
        sent = self.sync.mapping.values()
        return [channel for channel in CHANNELS.values() if channel == self._channel or channel.name in sent]

    @property
    def _key(self) -> str:
        raw = self._raw(self.sync.key_column)
        return f"lower(btrim({raw}))" if self.sync.key_column in ("email", "domain") else raw

    @property
    def _consent(self) -> str:
        return f"m.{self._channel.name}_consent_now" if self._channel else "NULL::text"

    def _column(self, name: str) -> str:
        """SQL of a column of the joined members; a contact point that may not be used is null, and so is an opt-in."""
        if name == self.sync.key_column:
            return "m.key"
        if name in CONTACT_POINTS and self._is_person:
            return f"CASE WHEN m.{name}_state IN {REACHABLE} THEN m.{_named(name)} END"
        if name in CONSENTS and self._is_person:
            return f"CASE WHEN m.{_named(name)} = 'opted_out' THEN 'opted_out' END"
        return f"m.{name}" if name in OF_MEMBERSHIP and self.sync.level != LEVEL_OF_REPORT else f"m.{_named(name)}"

    def _raw(self, name: str) -> str:
        """SQL of a column of the published tables."""
        if name in IDENTIFIERS and self._is_person:
            return (
                f"(SELECT i.value FROM {READERS}.profile_identifier AS i WHERE i.profile_id = r.profile_id "
                f"AND i.type = '{name}' ORDER BY i.is_primary DESC, i.value LIMIT 1)"
            )
        record = self.sync.members.tables[0]
        return f'{"r" if name in record.names else "v"}."{name}"'

    def _reasons(self) -> Iterator[str]:
        """Yield what withholds somebody, the first that holds being the one that is told."""
        kept_out = f" OR {self._share} < {self.sync.holdout}" if self.sync.holdout else ""
        if not self.with_holdout:
            yield f"WHEN m.is_holdout{kept_out} THEN '{HELD_OUT}'"
        if self._is_person and self.sync.min_confidence:
            yield f"WHEN m.identity_confidence < {self.sync.min_confidence} THEN '{UNSURE}'"
        if self._channel:
            yield from self._reasons_of(self._channel)
        yield f"WHEN coalesce(m.key, '') = '' THEN '{NO_KEY}'"

    def _reasons_of(self, channel: Channel) -> Iterator[str]:
        yield f"WHEN m.{channel.name}_state NOT IN {REACHABLE} THEN m.{channel.name}_state"
        if self.sync.opted_in:
            yield f"WHEN {self._consent} IS DISTINCT FROM 'opted_in' THEN '{NOT_OPTED_IN}'"
        if channel.name == "email":
            roles = ", ".join(map(_text, sorted(ROLES)))
            address = "m.key" if self.sync.key_column == "email" else f"lower(m.{_named('email')})"
            local = f"rtrim(split_part({address}, '@', 1), '._0123456789')"
            yield f"WHEN {local} IN ({roles}) THEN '{ROLE}'"
        yield f"WHEN m.is_shared THEN '{SHARED}'"

    def _is_shared(self, channel: Channel) -> str:
        """SQL that says of profile ``r`` that somebody else has the same contact point."""
        point = f"r.{channel.name}"
        points = f"FROM {READERS}.profile_identifier AS o WHERE o.type = '{channel.name}'"
        if self.few:
            return f"EXISTS (SELECT 1 {points} AND o.value = {point} AND o.profile_id <> r.profile_id)"
        return f"{point} IN (SELECT o.value {points} GROUP BY o.value HAVING count(*) > 1)"

    @property
    def _share(self) -> str:
        """A number from 0 to 1 that each member always has in this sync."""
        hexadecimal = "substr(md5(:name || m.member_id), 1, 7)"
        number = f"('0x' || {hexadecimal})::int" if self.in_duckdb else f"('x' || {hexadecimal})::bit(28)::int"
        return f"({number} / 268435456.0)"


def _for_duckdb(statement: str) -> str:
    """Return a statement of PostgreSQL as DuckDB reads it, with its parameters by a dollar sign."""
    (said,) = sqlglot.transpile(statement.replace("\\:", ":"), read="postgres", write="duckdb")
    return said


def _named(column: str) -> str:
    """A column of the joined members, apart from those of the membership."""
    return f'"of_{column}"'


def _text(value: str) -> str:
    """An SQL literal; a colon in it would be taken for a parameter."""
    return literal(value).replace(":", "\\:")
