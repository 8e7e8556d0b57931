"""What readers of the warehouse get: each published table once, parents before children, and how they hang together."""

from __future__ import annotations

from dataclasses import dataclass

from include.contracts import events, identity, measures, metrics, profiles, reports, segments, traits
from include.contracts.tables import Table


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
    """A table of the lake under the name that readers know it by; ``lookups`` are columns that get an index."""

    name: str
    table: Table
    references: tuple[Reference, ...] = ()
    lookups: tuple[str, ...] = ()


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
    Published("customer_360", measures.CUSTOMER_360, (_PROFILE, _ACCOUNT_IF_ANY), ("account_id",)),
    Published("account_360", measures.ACCOUNT_360, (_ACCOUNT,)),
    Published("customer_history", measures.CUSTOMER_HISTORY, (_PROFILE_ONCE,)),
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
