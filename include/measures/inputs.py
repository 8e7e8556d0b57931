"""What the families of measures compute from: the tables of one run, its logical date, the thresholds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import ibis
import ibis.expr.types as ir

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

    @property
    def today(self) -> ir.DateValue:
        """The logical date as an expression."""
        return ibis.literal(self.as_of)

    def day(self, at: ir.TimestampValue) -> ir.DateValue:
        """Return the calendar day of an instant in the company's time zone."""
        return at.date() if self.zone == "UTC" else local_time(self.zone, at).date()

    def within(self, day: ir.DateValue, days: int) -> ir.BooleanValue:
        """Tell whether ``day`` is among the last ``days`` days, the logical date included."""
        return (day > ibis.literal(self.as_of - timedelta(days=days))) & (day <= self.today)

    def since(self, day: ir.DateValue) -> ir.IntegerValue:
        """Return the whole days from ``day`` to the logical date; negative for a later day."""
        return self.today.delta(day, unit="day")

    def of_person(self, rows: ir.Table) -> ir.Table:
        """Add the profile_id of each row's record; rows of unknown records fall away."""
        return rows.inner_join(self.crosswalk["record_id", "profile_id"], "record_id")

    def of_account(self, rows: ir.Table) -> ir.Table:
        """Replace each row's source account by the account that it stands for; unknown ones keep theirs."""
        link = self.account_link.select(account_id="source_account_id", living="account_id")
        joined = rows.left_join(link, "account_id").drop("account_id_right")
        return joined.mutate(account_id=ibis.coalesce(joined.living, joined.account_id)).drop("living")
