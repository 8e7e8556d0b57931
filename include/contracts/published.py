"""What readers of the warehouse get: each published table once, parents before children, and how they hang together.

After them what is counted from them, so that nobody who reads has to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from include.contracts import events, identity, measures, metrics, profiles, reports, segments, traits
from include.contracts.channels import CHANNELS
from include.contracts.tables import Table

PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Reference:
    """A column whose values are keys of another published table.

    ``optional``: it may be null, and becomes null when its parent is set aside; otherwise the row goes too.
    ``past``: it may name what no longer exists, as logs do. ``where`` limits it to some rows; ``{name}`` in it
    stands for a published table of the same version.
    """

    column: str
    parent: str
    optional: bool = False
    past: bool = False
    where: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """A table of the lake under the name that readers know it by.

    ``lookups``: columns that get an index each, or several that get one together.
    """

    name: str
    table: Table
    references: tuple[Reference, ...] = ()
    lookups: tuple[str | tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Counted:
    """A table of counts that a build gets once its rows are final: SQL, in which ``{name}`` is another of its tables.

    A build that lacks one of those goes without it.
    """

    table: Table
    query: str

    @property
    def name(self) -> str:
        """The name that readers know it by."""
        return self.table.name

    @property
    def needs(self) -> frozenset[str]:
        """The tables that it is counted from."""
        return frozenset(PLACE.findall(self.query))

    def sql(self, places: Mapping[str, str]) -> str:
        """Return the SQL, given where each of the tables is."""
        return PLACE.sub(lambda found: places[found.group(1)], self.query)


_PROFILE = Reference("profile_id", "profile")
_PROFILE_ONCE = Reference("profile_id", "profile", past=True)
_ACCOUNT = Reference("account_id", "account")
_ACCOUNT_ONCE = Reference("account_id", "account", past=True)
_ACCOUNT_IF_ANY = Reference("account_id", "account", optional=True)
_OF_LEVEL = "segment_key IN (SELECT segment_key FROM {{segment}} WHERE level = '{level}')"
_PERSON = _OF_LEVEL.format(level="person")
_TRAIT = "trait IN (SELECT trait FROM {{trait}} WHERE level = '{level}')"
_COMPANY = _OF_LEVEL.format(level="account")


def _report(table: Table) -> Published:
    """A table of a report: what it says of an account stays also where the account is gone."""
    return Published(table.name, table, (_ACCOUNT_ONCE,) if "account_id" in table.names else ())


PUBLISHED: tuple[Published, ...] = (
    Published("account", profiles.ACCOUNT),
    Published("profile", profiles.PROFILE, (_ACCOUNT_IF_ANY,), ("email", "account_id")),
    Published("profile_identifier", profiles.PROFILE_IDENTIFIER, (_PROFILE,), ("value",)),
    Published("crosswalk", identity.CROSSWALK, (_PROFILE,), ("profile_id",)),
    Published("profile_alias", identity.ALIAS, (_PROFILE_ONCE,)),
    Published("identity_event", identity.IDENTITY_EVENT, (_PROFILE_ONCE,), ("profile_id",)),
    Published("consent", profiles.CONSENT, (), ("point_digest",)),
    Published(
        "customer_360",
        measures.CUSTOMER_360,
        (_PROFILE, _ACCOUNT_IF_ANY),
        ("account_id", (*metrics.GRID_DIMENSIONS, "profile_id")),
    ),
    Published("account_360", measures.ACCOUNT_360, (_ACCOUNT,)),
    Published("customer_history", measures.CUSTOMER_HISTORY, (_PROFILE_ONCE,)),
    Published("account_above", metrics.ACCOUNT_ABOVE, (_ACCOUNT_ONCE,)),
    Published("account_history", measures.ACCOUNT_HISTORY, (_ACCOUNT_ONCE,)),
    Published("contract_renewal", metrics.CONTRACT_RENEWAL, (_ACCOUNT_IF_ANY,)),
    Published("grid", metrics.GRID),
    Published("grid_flow", metrics.GRID_FLOW),
    Published("nps_month", metrics.NPS_MONTH),
    Published("renewal_month", metrics.RENEWAL_MONTH),
    Published("coverage", metrics.COVERAGE),
    Published("basis", metrics.BASIS),
    Published("source_day", metrics.SOURCE_DAY),
    Published("email_curve", metrics.EMAIL_CURVE),
    Published("event_kind", events.EVENT_KIND),
    Published(
        "event",
        events.EVENT,
        (Reference("profile_id", "profile", where="profile_id IS NOT NULL"), _ACCOUNT_IF_ANY),
    ),
    Published("segment", segments.SEGMENT),
    Published(
        "segment_membership",
        segments.SEGMENT_MEMBERSHIP,
        (
            Reference("segment_key", "segment"),
            Reference("member_id", "profile", where=_PERSON),
            Reference("member_id", "account", where=_COMPANY),
        ),
        ("member_id",),
    ),
    Published(
        "segment_event",
        segments.SEGMENT_EVENT,
        (
            Reference("member_id", "profile", past=True, where=_PERSON),
            Reference("member_id", "account", past=True, where=_COMPANY),
        ),
        ("member_id",),
    ),
    Published("segment_history", segments.SEGMENT_HISTORY),
    Published("trait", traits.TRAIT),
    Published(
        "trait_value",
        traits.TRAIT_VALUE,
        (
            Reference("trait", "trait"),
            Reference("member_id", "profile", where=_TRAIT.format(level="person")),
            Reference("member_id", "account", where=_TRAIT.format(level="account")),
        ),
        ("member_id",),
    ),
    Published(
        "trait_history",
        traits.TRAIT_HISTORY,
        (
            Reference("member_id", "profile", past=True, where=_TRAIT.format(level="person")),
            Reference("member_id", "account", past=True, where=_TRAIT.format(level="account")),
        ),
        ("member_id",),
    ),
    *(_report(table) for table in reports.REPORTED),
)

_MEMBER = "{segment_membership} AS m"
_STATES = ", ".join(f"{channel.joined_state} AS {channel.name}" for channel in CHANNELS.values())
_POINTS = " ".join(channel.join("{profile_identifier}") for channel in CHANNELS.values())
_EACH = " UNION ALL ".join(
    f"SELECT segment_key, '{name}' AS channel, {name} AS state, is_holdout FROM states" for name in CHANNELS
)
_CELL = ", ".join(f"coalesce(c.{name}, '{metrics.NOT_KNOWN}') AS {name}" for name in metrics.GRID_DIMENSIONS)
COUNTED: tuple[Counted, ...] = (
    Counted(
        segments.SEGMENT_REACH,
        f"WITH states AS (SELECT m.segment_key, m.is_holdout, {_STATES} FROM {_MEMBER} "
        f"JOIN {{profile}} AS r ON r.profile_id = m.member_id {_POINTS}) "
        f"SELECT segment_key, channel, state, is_holdout, count(*) AS members FROM ({_EACH}) AS e GROUP BY 1, 2, 3, 4",
    ),
    Counted(
        segments.SEGMENT_OVERLAP,
        f"SELECT m.segment_key, o.segment_key AS other_key, count(*) AS members FROM {_MEMBER} "
        "JOIN {segment_membership} AS o USING (member_id) WHERE o.segment_key <> m.segment_key GROUP BY 1, 2",
    ),
    Counted(
        segments.SEGMENT_CELL,
        f"SELECT m.segment_key, {_CELL}, count(*) AS members FROM {_MEMBER} "
        "JOIN {customer_360} AS c ON c.profile_id = m.member_id GROUP BY 1, 2, 3, 4",
    ),
)
