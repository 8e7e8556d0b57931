"""Who conditions are asked about: the people, the accounts, what happened to them, who is in which segment already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import ibis
import ibis.expr.types as ir

from include.segments import tree
from include.segments.deeds import COUNTS

MOST = "_most"
"""What stands behind the name of a count of events: as many there may have been, where some cannot be judged."""
MEMBER = {"person": "profile_id", "account": "account_id"}


@dataclass(frozen=True)
class Events:
    """What happened: rows of ``event``; of each kind how many there are, and the staged table that tells of it.

    ``through``: of those of which a source tells, the last day that it covers.
    """

    rows: ir.Table
    sizes: Mapping[str, int] = field(default_factory=dict)
    tables: Mapping[str, str] = field(default_factory=dict)
    through: Mapping[str, date] = field(default_factory=dict)


@dataclass(frozen=True)
class Population:
    """Who conditions are asked about, on which date, and who is in which segment already.

    ``members`` returns the level of a segment and the ids of its members, as one column ``member_id``. Of the
    ``unjudged`` segments nobody else is known to be in or not; the ``lacking`` measures of people have no source.
    What conditions ask of events and
    of the kept ``histories`` (by level) stands in the tables, by ``asked.Asked``; ``alias`` says which profile carries
    on for a retired id that they know, ``contacts`` (profile_identifier and the crosswalk) whom a list's rows mean.
    ``above`` are the rows of ``account_above``.
    ``traits`` returns the published values of a trait (member_id, value, parts); none where it is not published so.
    """

    as_of: date
    customers: ir.Table
    accounts: ir.Table
    members: Callable[[str], tuple[str, ir.Table]]
    unjudged: frozenset[str] = frozenset()
    lacking: frozenset[str] = frozenset()
    events: Events | None = None
    histories: Mapping[str, ir.Table] = field(default_factory=dict)
    alias: ir.Table | None = None
    contacts: tuple[ir.Table, ir.Table] | None = None
    traits: Callable[[tree.Traited], ir.Table | None] | None = None
    above: ir.Table | None = None

    def of(self, level: str) -> ir.Table:
        """Return customer_360 or account_360."""
        return self.customers if level == "person" else self.accounts

    def having(self, level: str, rows: ir.Table) -> Population:
        """Return the same with other rows of a level."""
        return replace(self, customers=rows) if level == "person" else replace(self, accounts=rows)


def counted(rows: ir.Table, happened: tree.Happened) -> ir.Value:
    """Return what is counted of events, as a column of its table; null where some of them cannot be judged."""
    value = rows[happened.name]
    return ibis.ifelse(value == rows[happened.name + MOST], value, None) if happened.what in COUNTS else value
