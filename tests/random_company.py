"""A company of rows drawn at random by the declarations, with what engines may differ in: edges of days, letters."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from include.contracts import identity, profiles, staged
from include.contracts.tables import Column, Table, Type
from tests.small_company import AS_OF, SmallCompany

ZONE = "Europe/Berlin"
RECORDS = tuple(f"{source}:{n}" for source in ("crm.contact", "nps.respondent", "usage.user") for n in range(30))
PROFILES, ACCOUNTS = tuple(f"p{n:02}" for n in range(50)), tuple(f"a{n:02}" for n in range(30))
SOURCE_ACCOUNTS = (*ACCOUNTS, "s1", "s2", "s3")
KEYS: Mapping[str, Sequence[Any]] = {
    "record_id": RECORDS, "account_id": SOURCE_ACCOUNTS, "parent_id": (*ACCOUNTS[:2], *[None] * 8),
    "campaign_id": ("k1", "k2", "k3"), "opportunity_id": tuple(f"o{n}" for n in range(40)),
    "currency": ("EUR", None), "mailing": ("m1", "m2", "m3", 'quoted "mail" \\ \u2028'),
}  # fmt: skip
NAMES = (
    "Ünïq GmbH & Co. KG",
    "Uniq",
    "Bürgel  AG",
    "ΟΔΟΣ",
    "duran duran",
    "Duran Duran Ltd",
    "x",
    " . ",
    "İstanbul A.Ş.",
)
OWN = {staged.CAMPAIGN: KEYS["campaign_id"], staged.OPPORTUNITY: KEYS["opportunity_id"]}
TEXTS: Mapping[str, Sequence[Any]] = {
    "company": NAMES, "name": NAMES, "title": ("Chief ΟΔΗΓΟΣ", "VP of Sales", "head\nof IT", "Intern", "DİREKTÖR", ""),
    "email": ("A@Example.COM", "b@c@ÄÖ.de", "nobody", "x@gmail.com"), "detail": ("a\tb", "\x01", "ß", ""),
    "event": ("Signed In", "Report Published", "Workflow Run", "Nobody Declared"), "feature": ("f1", "f2", "f3", None),
    "status": ("active", "Retired", "draft", "cancelled"),
    "properties": (
        '{"surface":"web","seats":"1_000"}', '{"surface":null}', '{"surface": {"a": [1, 2.50]}, "share": 1e400}',
        '{"seats":2.5,"share":"0.1","ok":"yes","on":"2026-02-30"}', '{"seats":"12d","on":"2026-02-28","ok":true}',
        "[]", '{"surface":"caf\\u00e9"}', "{}",
    ),
}  # fmt: skip
EDGES = (  # in Berlin: both ends of summer time, and both sides of midnight
    datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC), datetime(2026, 3, 29, 1, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    datetime(2026, 11, 19, 22, 59, 59, 999999, tzinfo=UTC), datetime(2026, 11, 19, 23, tzinfo=UTC),
)  # fmt: skip
SPANS = (0, 1, 6, 7, 27, 28, 30, 31, 60, 89, 90, 91, 120, 365)
ROWS: Mapping[Table, int] = {
    staged.NPS_RESPONSE: 120, staged.USAGE_EVENT: 900, staged.EMAIL_ACTIVITY: 700, staged.CONTRACT: 90,
    staged.ASSET: 40, staged.ACCOUNT: 40, staged.OPPORTUNITY: 40, staged.OPPORTUNITY_CONTACT_ROLE: 60,
    staged.CAMPAIGN: 3, staged.CAMPAIGN_MEMBER: 40, staged.CONVERSATION: 20, profiles.PROFILE_IDENTIFIER: 30,
}  # fmt: skip


class RandomCompany(SmallCompany):
    """A small company with so many rows of each table that measures read, the same for one seed."""

    def __init__(self, home: Path, seed: int, **settings: Any) -> None:
        super().__init__(home, timezone=ZONE, **settings)
        self._random = random.Random(seed)
        for profile in PROFILES:
            self.add(profiles.PROFILE, **self._row(profiles.PROFILE, {"profile_id": profile}))
        for account in ACCOUNTS:
            self.add(profiles.ACCOUNT, **self._row(profiles.ACCOUNT, {"account_id": account}))
        for source in SOURCE_ACCOUNTS:
            self.add(profiles.ACCOUNT_LINK, source_account_id=source, account_id=self._random.choice(ACCOUNTS))
        for record in RECORDS[:-4]:
            self.add(identity.CROSSWALK, record_id=record, profile_id=self._random.choice(PROFILES), confidence=0.9)
        for table, rows in ROWS.items():
            ids = OWN.get(table) or [f"{table.name}:{n}" for n in range(rows)]
            for one in ids:
                self.add(table, **self._row(table, {table.key[0]: one}))

        self._told_on_purpose()

    def _told_on_purpose(self) -> None:
        """What chance leaves out: a contract that is overdue, and use that declines."""
        self.account("overdue")
        self.contract("overdue", "term", AS_OF - timedelta(days=400), AS_OF - timedelta(days=9), annual_value=0.1)
        self.person("declines", account_id="overdue")
        for week in range(12):
            day = AS_OF - timedelta(days=7 * week + 1)
            self.use("declines", day, times=40 if week > 3 else 2 + week, account_id="overdue")

    def _row(self, table: Table, given: Mapping[str, Any]) -> dict[str, Any]:
        drawn = {c.name: self._value(c, required=table.requires(c)) for c in table.columns}
        return {**drawn, **given}

    def _value(self, column: Column, *, required: bool) -> Any:
        if not required and self._random.random() < 0.15:
            return None
        value = self._drawn(column)
        return "" if value is None and required else value

    def _drawn(self, column: Column) -> Any:
        chance, low = self._random, column.minimum or 0
        high = min(column.maximum if column.maximum is not None else 60, 60)
        if pool := column.allowed or KEYS.get(column.name) or TEXTS.get(column.name):
            return chance.choice(pool)
        drawn: Mapping[Type, Callable[[], Any]] = {
            Type.DATE: self._day,
            Type.TIMESTAMP: self._moment,
            Type.BOOLEAN: lambda: chance.random() < 0.6,
            Type.INTEGER: lambda: chance.randint(int(low), int(high)),
            Type.NUMBER: lambda: chance.choice((low, high, round(chance.uniform(low, high), 2))),
            Type.JSON: lambda: "[]",
            Type.TEXT: lambda: chance.choice(("", "a", "Ä", f"{column.name} {chance.randint(0, 3)}")),
        }
        return drawn[column.type]()

    def _day(self) -> date:
        return AS_OF + timedelta(days=self._random.choice((*SPANS, *(-days for days in SPANS), -400, 400)))

    def _moment(self) -> datetime:
        if self._random.random() < 0.2:
            return self._random.choice(EDGES)
        days = self._random.choice((*SPANS, *range(0, 90, 3), -2))
        day = datetime.combine(AS_OF - timedelta(days=days), datetime.min.time(), UTC)
        return day + self._random.choice((timedelta(0), timedelta(hours=23), timedelta(hours=12, microseconds=1)))
