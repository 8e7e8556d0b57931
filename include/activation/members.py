"""What the members of a list are: people or accounts of a segment, or the rows of a report that name one thing each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from include.contracts.measures import ACCOUNT_360, CUSTOMER_360
from include.contracts.profiles import ACCOUNT, PROFILE
from include.contracts.reports import PARTS, Part
from include.contracts.tables import Column, Table, text

PERSON, LEVEL_OF_ACCOUNT, LEVEL_OF_REPORT = "person", "account", "report"
LEVELS = (PERSON, LEVEL_OF_ACCOUNT, LEVEL_OF_REPORT)
OF_MEMBERSHIP = ("since", "confidence")
ACCOUNT_NAME = "account_name"  # beside the columns of a report's list that knows accounts by their ids

LISTS: Mapping[str, Part] = MappingProxyType(
    {part.name.removeprefix("report_"): part for part in PARTS if len(part.key) == 1 and part.key[0].endswith("_id")}
)


@dataclass(frozen=True)
class Members:
    """``tables``: those whose columns can be sent, the first being where the members are, by ``id``.

    ``keys``: what may say at a destination who a member is.
    """

    tables: tuple[Table, ...]
    id: str
    keys: tuple[str, ...]
    more: tuple[str, ...] = OF_MEMBERSHIP

    @property
    def columns(self) -> frozenset[str]:
        """The names of all that can be sent."""
        return frozenset({*self.keys, *self.more, *(name for table in self.tables for name in table.names)})

    def column(self, name: str) -> Column:
        """Return the declaration of a column; an id in a source has none."""
        found = (table.column(name) for table in self.tables if name in table.names)
        return next(found, text(name, "Id in a source"))


_MEMBERS: Mapping[str, Members] = MappingProxyType(
    {
        PERSON: Members(
            (PROFILE, CUSTOMER_360), "profile_id", ("profile_id", "email", "phone", "crm_id", "user_id")
        ),
        LEVEL_OF_ACCOUNT: Members((ACCOUNT, ACCOUNT_360), "account_id", ("account_id", "domain")),
    }
)  # fmt: skip


def members(level: str, name: str) -> Members:
    """Return what the members of a list are; ``name``: of a report's list, one of ``LISTS``."""
    if level != LEVEL_OF_REPORT:
        return _MEMBERS[level]
    part = LISTS[name]
    more = (ACCOUNT_NAME,) if "account_id" in part.table.names else ()
    return Members((part.table,), part.key[0], part.key, more)
