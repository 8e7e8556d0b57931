"""The roster of one run: who there is, numbered, and who was in which segment before, under today's ids."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import ibis
import ibis.expr.types as ir

from include.segments.population import Events
from include.storage.engine import Engine


@dataclass(frozen=True)
class Published:
    """What readers see, and the ids that were retired since: segment_membership, identity/alias."""

    membership: ir.Table
    alias: ir.Table


@dataclass(frozen=True)
class Roster:
    """Working tables in the engine; members and segments are numbers in them, which join fast.

    levels: that of each segment. customers, accounts: the measures that definitions read, with member_no.
    member: member_no, member_id, level. before: segment_no, member_no (null: gone), member_id as it was then, since,
    is_renamed. events: what happened, where conditions ask of it. above: account_above.
    """

    engine: Engine
    as_of: date
    levels: Mapping[str, str]
    customers: ir.Table
    accounts: ir.Table
    member: ir.Table
    before: ir.Table
    events: Events | None = None
    above: ir.Table | None = None

    def number(self, key: str) -> int:
        """The number of a segment."""
        return self.keys.index(key)

    @property
    def keys(self) -> tuple[str, ...]:
        """The segments, in the order of their numbers."""
        return tuple(sorted(self.levels))

    @property
    def names(self) -> ir.Table:
        """segment_no, segment_key, level."""
        keys = self.keys
        levels = [self.levels[key] for key in keys]
        columns = ibis.schema({"segment_no": "int16", "segment_key": "string", "level": "string"})
        return ibis.memtable({"segment_no": range(len(keys)), "segment_key": keys, "level": levels}, schema=columns)

    def hold(self, rows: ir.Table) -> ir.Table:
        """Compute rows once that are read more than once."""
        return self.engine.hold(rows)


def assemble(
    engine: Engine,
    as_of: date,
    levels: Mapping[str, str],
    measured: Mapping[str, ir.Table],
    published: Published,
) -> Roster:
    """Number members and segments; ``measured`` has id and read measures of each level, person and account."""
    people = engine.hold(_numbered(measured["person"], 0))
    companies = _numbered(measured["account"], people.count().to_pyarrow().as_py())
    companies = engine.hold(companies)
    member = people.select("member_no", member_id="profile_id", level=ibis.literal("person")).union(
        companies.select("member_no", member_id="account_id", level=ibis.literal("account"))
    )
    roster = Roster(engine, as_of, levels, people, companies, member, published.membership)
    return replace(roster, before=roster.hold(_before(roster, published)))


def _numbered(rows: ir.Table, first: int) -> ir.Table:
    return rows.mutate(member_no=(ibis.row_number() + first).cast("int32"))


def _before(roster: Roster, published: Published) -> ir.Table:
    """The membership that readers see, under today's ids: a merged profile's goes on under the surviving one's.

    Where a segment of people has become one of accounts, its former members are gone.
    """
    rows = published.membership.select("segment_key", "member_id", "since").inner_join(roster.names, "segment_key")
    rows = rows.left_join(published.alias.select(member_id="alias_id", living="profile_id"), "member_id")
    rows = rows.mutate(current_id=ibis.coalesce(rows.living, rows.member_id), is_renamed=rows.living.notnull())
    members = roster.member.select("member_no", "level", current_id="member_id")
    joined = rows.left_join(members, ["current_id", "level"])
    return joined.select("segment_no", "member_no", "member_id", "since", "is_renamed")
