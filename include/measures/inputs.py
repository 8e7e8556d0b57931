"""What the families of measures compute from: the tables of one run, its logical date, the thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import ibis
import ibis.expr.types as ir

from include.measures.completeness import CONTRACTS, EMAIL, SURVEY, USAGE, SourceDay, source_days, through
from include.measures.settings import Thresholds


def _local_time(zone: str, at: ir.TimestampValue) -> ir.TimestampValue:
    """The wall-clock time of an instant in a time zone (a function of DuckDB and PostgreSQL)."""


local_time = ibis.udf.scalar.builtin(
    _local_time, name="timezone", signature=(("string", "timestamp('UTC')"), "timestamp")
)


@dataclass(frozen=True)
class Inputs:
    """The tables that measures read, as Ibis expressions, and what decides their values."""

    as_of: date
    zone: str
    thresholds: Thresholds
    profile: ir.Table
    profile_identifier: ir.Table
    account: ir.Table
    account_link: ir.Table
    crosswalk: ir.Table
    nps_response: ir.Table
    usage_event: ir.Table
    email_activity: ir.Table
    contract: ir.Table
    asset: ir.Table
    staged_account: ir.Table
    opportunity: ir.Table
    opportunity_contact_role: ir.Table
    campaign: ir.Table
    campaign_member: ir.Table
    conversation: ir.Table
    source_state: ir.Table

    @property
    def today(self) -> ir.DateValue:
        """The logical date as an expression."""
        return ibis.literal(self.as_of)

    @cached_property
    def source_days(self) -> tuple[SourceDay, ...]:
        """The last complete day of each object of each source."""
        rows = self.source_state.to_pyarrow().to_pylist()
        return source_days(rows, as_of=self.as_of, zone=self.zone, limits=self.thresholds.sources)

    @property
    def fed(self) -> frozenset[str]:
        """The staged tables that some source feeds, by their names without folder."""
        return frozenset[str]().union(*(state.feeds for state in self.source_days))

    @property
    def usage_through(self) -> date:
        """The day on which windows over product use end."""
        return through(self.source_days, USAGE, self.as_of)

    @property
    def email_through(self) -> date:
        """The day on which windows over email end."""
        return through(self.source_days, EMAIL, self.as_of)

    @property
    def nps_through(self) -> date:
        """The day up to which answers are all in."""
        return through(self.source_days, SURVEY, self.as_of)

    @property
    def contracts_through(self) -> date:
        """The day up to which contracts are as the CRM has them."""
        return through(self.source_days, CONTRACTS, self.as_of)

    @property
    def engagement_through(self) -> date:
        """The last day that a sign of engagement of any kind could come from."""
        ends = {USAGE: self.usage_through, EMAIL: self.email_through}
        return max((day for table, day in ends.items() if table in self.fed), default=self.as_of)

    def day(self, at: ir.TimestampValue) -> ir.DateValue:
        """Return the calendar day of an instant in the company's time zone."""
        return at.date() if self.zone == "UTC" else local_time(self.zone, at).date()

    def within(self, day: ir.DateValue, days: int, end: date | None = None) -> ir.BooleanValue:
        """Tell whether ``day`` is among the last ``days`` days, which end with ``end``, else with the logical date."""
        last = end or self.as_of
        return (day > ibis.literal(last - timedelta(days=days))) & (day <= ibis.literal(last))

    def since(self, day: ir.DateValue, end: date | None = None) -> ir.IntegerValue:
        """Return the days from ``day`` to ``end``, else to the logical date; negative for a later day."""
        return ibis.literal(end or self.as_of).delta(day, unit="day")

    def elapsed(self, day: ir.DateValue, end: date | None = None) -> ir.IntegerValue:
        """Return the same, and 0 for a later day; null for no day, which the engine's `greatest` would make 0."""
        days = self.since(day, end)
        return ibis.ifelse(days < 0, 0, days)

    def of_person(self, rows: ir.Table) -> ir.Table:
        """Add the profile_id of each row's record; rows of unknown records fall away."""
        return rows.inner_join(self.crosswalk["record_id", "profile_id"], "record_id")

    def of_account(self, rows: ir.Table) -> ir.Table:
        """Replace each row's source account by the account that it stands for; unknown ones keep theirs."""
        link = self.account_link.select(account_id="source_account_id", living="account_id")
        joined = rows.left_join(link, "account_id").drop("account_id_right")
        return joined.mutate(account_id=ibis.coalesce(joined.living, joined.account_id)).drop("living")
