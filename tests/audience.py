"""A published segment and a clock that tests move: what tests of activation start from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import yaml

from include.contracts.activation import ACTIVATION
from include.contracts.identity import ALIAS
from include.contracts.measures import ACCOUNT_360, CUSTOMER_360
from include.contracts.profiles import ACCOUNT, PROFILE, PROFILE_IDENTIFIER
from include.contracts.reports.churn import MISSING
from include.contracts.reports.sales_alerts import ALERTS_PART
from include.contracts.segments import SEGMENT, SEGMENT_HISTORY, SEGMENT_MEMBERSHIP
from include.contracts.settings import Settings
from include.contracts.tables import Table, Type
from include.storage.postgres import ddl
from include.storage.project import Project

AS_OF = date(2026, 11, 20)
SEGMENT_KEY = "renewing"
PUBLISHED: Mapping[str, Table] = {
    "profile": PROFILE, "profile_identifier": PROFILE_IDENTIFIER, "profile_alias": ALIAS, "customer_360": CUSTOMER_360,
    "account": ACCOUNT, "account_360": ACCOUNT_360, "segment": SEGMENT, "segment_membership": SEGMENT_MEMBERSHIP,
    "segment_history": SEGMENT_HISTORY, ALERTS_PART.name: ALERTS_PART.table,
    MISSING.name: MISSING.table,
}  # fmt: skip
PLAIN: Mapping[Type, Any] = {
    Type.TEXT: "", Type.INTEGER: 1, Type.NUMBER: 1.0, Type.BOOLEAN: False, Type.DATE: AS_OF,
    Type.TIMESTAMP: datetime(2026, 11, 20, tzinfo=UTC), Type.JSON: "{}",
}  # fmt: skip


@dataclass
class MovedClock:
    """A clock that stands until somebody sleeps; it never waits."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    slept: float = 0.0

    def now(self) -> datetime:
        return self.at

    def seconds(self) -> float:
        return self.at.timestamp()

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.at += timedelta(seconds=seconds)


class Audience:
    """One published segment, whose people come, go, merge and opt out as a test says."""

    def __init__(self, url: str, home: Path) -> None:
        self.home = home
        self.config = home / "config"
        (self.config / "destinations").mkdir(parents=True)
        self.project = Project(Settings(home=home, config=self.config, warehouse_url=url))
        with self.project.warehouse().begin() as connection:
            connection.exec_driver_sql("CREATE SCHEMA IF NOT EXISTS kindred")
            for name, table in PUBLISHED.items():
                ddl.create(connection, table, "kindred", name)
        self.clear()

    def clear(self) -> None:
        """Forget everybody, and all that was sent."""
        tables = [*(f"kindred.{name}" for name in PUBLISHED), *(f"control.{table.name}" for table in ACTIVATION)]
        self._do(f"TRUNCATE {', '.join(tables)}")
        self.segment(SEGMENT_KEY)

    def segment(self, key: str) -> None:
        """Publish a segment, empty at first."""
        self._add("segment", segment_key=key, name=key.title(), level="person", state="published", as_of=AS_OF)

    def declare(self, destination: str = "tool", *, name: str = "to_tool", **given: Any) -> str:
        """Write a destination's file with one sync; ``sync`` are the settings of it that differ; returns its name."""
        sync = {
            "segment": SEGMENT_KEY, "owner": "marketing", "purpose": "email_marketing", "key": {"email": "email"},
            "fields": {"first_name": "first_name"}, **given.pop("sync", {}),
        }  # fmt: skip
        content = {**given, "syncs": {name: sync}}
        (self.config / "destinations" / f"{destination}.yaml").write_text(yaml.safe_dump(content, sort_keys=False))
        return name

    def person(self, profile_id: str, email: str | None = None, *, enters: bool = True, **more: Any) -> None:
        """Add a person who is in the segment."""
        email = email or f"{profile_id}@acme.test"
        row = {"confidence": 0.9, "first_name": "Ann", "last_name": "Lee", "country": "DE", "postcode": "10115", **more}
        self._add("profile", profile_id=profile_id, email=email, **row)
        self._add("customer_360", profile_id=profile_id)
        self._add(
            "profile_identifier", profile_id=profile_id, type="email", value=email, is_deliverable=True, is_primary=True
        )
        if enters:
            self.enter(profile_id)

    def missing_renewal(self, contract_id: str, **more: Any) -> None:
        """Publish a contract that ends soon without an opportunity to renew it."""
        self._add(MISSING.name, contract_id=contract_id, **more)

    def alert(self, alert_id: str, **more: Any) -> None:
        """Publish a sales alert."""
        self._add(ALERTS_PART.name, alert_id=alert_id, **more)

    def enter(self, member_id: str, **more: Any) -> None:
        row = {"segment_key": SEGMENT_KEY, "confidence": 0.9, **more}
        self._add("segment_membership", member_id=member_id, **row)

    def leave(self, member_id: str) -> None:
        self._do("DELETE FROM kindred.segment_membership WHERE member_id = :id", id=member_id)

    def set(self, profile_id: str, **values: Any) -> None:
        """Give a profile other values; a new address is another contact point as well."""
        for name, value in values.items():
            self._do(f"UPDATE kindred.profile SET {name} = :value WHERE profile_id = :id", id=profile_id, value=value)
        if "email" in values:
            self._do(
                "UPDATE kindred.profile_identifier SET value = :value WHERE profile_id = :id AND type = 'email'",
                id=profile_id, value=values["email"],
            )  # fmt: skip

    def opt_out(self, profile_id: str) -> None:
        self.set(profile_id, email_consent="opted_out")

    def bounce(self, profile_id: str) -> None:
        self._do("UPDATE kindred.profile_identifier SET is_deliverable = false WHERE profile_id = :id", id=profile_id)

    def erase(self, profile_id: str) -> None:
        self.leave(profile_id)
        for table in ("profile", "customer_360", "profile_identifier"):
            self._do(f"DELETE FROM kindred.{table} WHERE profile_id = :id", id=profile_id)

    def merge(self, retired: str, into: str) -> None:
        """Let one profile carry on for another; it is a member if either was."""
        self._do(
            "INSERT INTO kindred.segment_membership SELECT segment_key, :to, since, definition_version, confidence, "
            "evidence, is_holdout FROM kindred.segment_membership WHERE member_id = :id AND NOT EXISTS "
            "(SELECT FROM kindred.segment_membership WHERE member_id = :to)",
            id=retired, to=into,
        )  # fmt: skip
        self.erase(retired)
        self._do("UPDATE kindred.profile_alias SET profile_id = :to WHERE profile_id = :id", id=retired, to=into)
        self._add("profile_alias", alias_id=retired, profile_id=into)

    def rows(self, query: str, **given: Any) -> list[dict[str, Any]]:
        with self.project.warehouse().begin() as connection:
            return [dict(row) for row in connection.execute(sa.text(query), given).mappings()]

    def standing(self) -> dict[str, str]:
        """Who stands in the ledger, by key."""
        return {row["key"]: row["member_id"] for row in self.rows("SELECT * FROM control.activation_row")}

    def _do(self, statement: str, /, **given: Any) -> None:
        with self.project.warehouse().begin() as connection:
            connection.execute(sa.text(statement), given)

    def _add(self, name: str, /, **row: Any) -> None:
        table = PUBLISHED[name]
        values = {
            c.name: row.get(c.name, (c.allowed[0] if c.allowed else PLAIN[c.type]) if table.requires(c) else None)
            for c in table.columns
        }
        assert row.keys() <= values.keys(), row.keys() - values.keys()
        values = {n: json.dumps(v) if isinstance(v, dict | list) else v for n, v in values.items()}
        columns = ", ".join(f'"{n}"' for n in values)
        marks = ", ".join(f"CAST(:{n} AS jsonb)" if table.column(n).type is Type.JSON else f":{n}" for n in values)
        self._do(f"INSERT INTO kindred.{name} ({columns}) VALUES ({marks})", **values)
