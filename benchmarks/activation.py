"""A plan over many members, and deliveries against local servers at the vendors' permitted rates.

python -m benchmarks.activation plan --members 1000000
python -m benchmarks.activation deliver --members 20000
"""

from __future__ import annotations

import argparse
import resource
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from include.activation.registry import open_destination
from include.activation.step import _plan, activate, dry_run
from include.activation.syncs import find_sync
from include.contracts.connections import Connection
from include.contracts.tables import Column, Type
from include.remote.clock import MachineClock
from include.storage.postgres import embedded
from tests.audience import PLAIN, PUBLISHED, SEGMENT_KEY, Audience
from tests.vendor_servers import TOKEN, HubSpotServer, LinkedInServer, MetaServer

CASTS = {Type.JSON: "::jsonb", Type.TIMESTAMP: "::timestamptz", Type.DATE: "::date", Type.BOOLEAN: "::boolean",
         Type.NUMBER: "::float8", Type.INTEGER: "::bigint", Type.TEXT: ""}  # fmt: skip
ID = "md5(n::text)::uuid::text"
EMAIL = "'p' || n || '@acme' || (n % 5000) || '.test'"
ROWS = {
    "profile": {
        "profile_id": ID, "email": EMAIL, "first_name": "'First' || (n % 997)", "last_name": "'Last' || (n % 9973)",
        "company": "'Company' || (n % 5000)", "confidence": "0.9",
        "email_consent": "CASE WHEN n % 20 = 0 THEN 'opted_out' WHEN n % 3 = 0 THEN 'opted_in' END",
    },
    "customer_360": {"profile_id": ID, "renewal_date": "date '2027-01-01' + (n % 300)"},
    "profile_identifier": {
        "profile_id": ID, "type": "'email'", "value": EMAIL, "is_deliverable": "n % 50 <> 0", "is_primary": "true",
    },
    "segment_membership": {"segment_key": f"'{SEGMENT_KEY}'", "member_id": ID},
}  # fmt: skip
KEYS = {"profile": "profile_id", "customer_360": "profile_id", "profile_identifier": "profile_id, type, value",
        "segment_membership": "segment_key, member_id"}  # fmt: skip
VENDORS: dict[str, Any] = {  # its server, the sync's settings, fields and key, permitted calls a second
    "hubspot": (HubSpotServer, {"list_id": "7"}, {"firstname": "first_name"}, "email", 10),
    "meta_audience": (MetaServer, {"audience_id": "77"}, {"FN": "first_name"}, "EMAIL", None),
    "linkedin_audience": (LinkedInServer, {"segment_id": "88"}, {"firstName": "first_name"}, "email", 10),
}


@contextmanager
def audience(members: int) -> Iterator[Audience]:
    """A published segment of so many people, on a PostgreSQL of its own."""
    home = Path(tempfile.mkdtemp(prefix="kindred-bench-"))
    try:
        made = Audience(embedded.start(home), home / "work")
        for name, given in ROWS.items():
            fill(made, name, given, members)
        with made.project.warehouse().engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM ANALYZE")
        yield made
        made.project.close()
    finally:
        embedded.stop(home)
        shutil.rmtree(home)


def fill(made: Audience, name: str, given: dict[str, str], members: int) -> None:
    """Fill a published table, its keys and look-ups as the publication makes them."""
    table = PUBLISHED[name]
    values = {c.name: given.get(c.name) or plain(c) for c in table.columns if c.name in given or table.requires(c)}
    columns = ", ".join(f'"{column}"' for column in values)
    given_rows = f"SELECT {', '.join(values.values())} FROM generate_series(1, {members}) n"
    statement = f"INSERT INTO kindred.{name} ({columns}) {given_rows}"
    with made.project.warehouse().begin() as connection:
        connection.exec_driver_sql(statement.replace("%", "%%"))
        connection.execute(sa.text(f"ALTER TABLE kindred.{name} ADD PRIMARY KEY ({KEYS[name]})"))
        if name == "profile_identifier":
            connection.execute(sa.text("CREATE INDEX ON kindred.profile_identifier (value)"))


def plain(column: Column) -> str:
    """SQL of a value that the column may have."""
    value = column.allowed[0] if column.allowed else PLAIN[column.type]
    return f"'{value}'{CASTS[column.type]}"


def plan(members: int) -> None:
    """Time a first plan, which adds everybody, and one of few changes."""
    with audience(members) as made:
        fields = {"first_name": "first_name", "last_name": "last_name", "company": "company", "renewal": "renewal_date"}
        url = (made.home / "out").as_uri()
        sync = {"fields": fields, "limits": {"size": 10_000_000, "removed": 1.0}}
        name = made.declare(kind="files", settings={"url": url, "format": "csv"}, sync=sync)
        timed("dry run", lambda: dict(dry_run(made.project, name).difference.actions))
        with closing(open_destination(find_sync(made.config, name), lambda _: None, MachineClock())) as destination:
            timed("plan, kept in the ledger", lambda: _plan(made.project, destination, MachineClock())[1].wanted)
        print(f"peak of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")
        timed("delivery as CSV", lambda: dict(activate(made.project, name).counts))
        timed("plan of nothing", lambda: dict(activate(made.project, name).counts))


def deliver(members: int) -> None:
    """Time deliveries to vendors' servers on this machine, with the clock of this machine."""
    with audience(members) as made:
        for kind, (server, settings, fields, key, permitted) in VENDORS.items():
            with server() as opened:
                connection = Connection("tool", host=opened.url, password=TOKEN)
                name = made.declare(
                    kind, name=f"to_{kind}", kind=kind, connection="tool",
                    sync={"key": {key: "email"}, "fields": fields, "settings": settings},
                )  # fmt: skip
                begun = time.monotonic()
                sent = activate(made.project, name, lambda _, known=connection: known).counts["sent"]
                took = time.monotonic() - begun
                asked = len(opened.asked)
                share = f", {asked / took / permitted:.0%} of {permitted} calls a second" if permitted else ""
                print(f"{kind}: {sent:,} rows, {asked} calls, {took:.1f} s: {sent / took:,.0f} rows a second{share}")


def timed(what: str, act: Any) -> None:
    begun = time.monotonic()
    told = act()
    print(f"{what}: {time.monotonic() - begun:.1f} s ({told})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("plan", "deliver"))
    parser.add_argument("--members", type=int, default=1_000_000)
    given = parser.parse_args()
    {"plan": plan, "deliver": deliver}[given.what](given.members)
