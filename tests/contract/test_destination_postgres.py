"""A PostgreSQL table keeps the promises of destinations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, ClassVar

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from include.contracts.connections import Connection
from include.contracts.errors import ConfigurationError
from tests.audience import Audience
from tests.destination_suite import DestinationSuite


class TablePlace:
    """A table with a column of its own, which nobody may lose."""

    file: ClassVar[dict[str, Any]] = {"kind": "postgres", "connection": "crm"}
    sync: ClassVar[dict[str, Any]] = {"settings": {"table": "audience"}}

    def __init__(self, url: str) -> None:
        given = make_url(url)
        self.connection = Connection(
            "crm", "postgres", given.host or "", given.port, given.database or "", given.username or "",
            str(given.password),
        )  # fmt: skip
        self.engine = sa.create_engine(url)
        self.do("DROP TABLE IF EXISTS audience")
        self.do(
            "CREATE TABLE audience (email text PRIMARY KEY, first_name text CHECK (first_name <> 'Poison'), "
            "email_consent text, note text DEFAULT 'theirs')"
        )

    def do(self, statement: str) -> None:
        with self.engine.begin() as connection:
            connection.exec_driver_sql(statement)

    def held(self) -> dict[str, Any]:
        with self.engine.begin() as connection:
            return dict(tuple(row) for row in connection.exec_driver_sql("SELECT email, first_name FROM audience"))

    def lose_field(self) -> None:
        self.do("ALTER TABLE audience RENAME first_name TO given_name")


class TestPostgresTable(DestinationSuite):
    @pytest.fixture(scope="class")
    @classmethod
    def _database(cls, new_database: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
        with new_database() as url:
            yield url

    @pytest.fixture
    def place(self, _database: str) -> Iterator[TablePlace]:
        place = TablePlace(_database)
        yield place
        place.engine.dispose()

    def test_a_row_that_breaks_a_rule_is_rejected_alone(self, audience: Audience) -> None:
        audience.set("bob", first_name="Poison")
        report = self.run()
        assert (report.counts["sent"], report.counts["rejected"]) == (2, 1)
        (row,) = audience.rows("SELECT reason FROM control.activation_change WHERE state = 'rejected'")
        assert row["reason"] == "IntegrityError, SQLSTATE 23514"

    def test_a_changed_key_keeps_what_else_the_row_has(self, audience: Audience) -> None:
        self.run()
        self.place_.do("UPDATE audience SET note = 'called'")
        audience.set("bob", email="dora@acme.test")
        self.run()
        with self.place_.engine.begin() as connection:
            (note,) = connection.exec_driver_sql("SELECT note FROM audience WHERE email = 'dora@acme.test'").one()
        assert note == "called"

    def test_an_opt_in_is_never_written_over_an_opt_out(self, audience: Audience) -> None:
        audience.declare(**self.place_.file, sync={**self.place_.sync, "fields": {"email_consent": "email_consent"}})
        self.place_.do("INSERT INTO audience VALUES ('ann@acme.test', 'Ann', 'opted_out')")
        audience.set("ann", email_consent="opted_in")
        self.run()
        with self.place_.engine.begin() as connection:
            rows = connection.exec_driver_sql("SELECT email_consent FROM audience WHERE email_consent IS NOT NULL")
            assert [tuple(row) for row in rows] == [("opted_out",)]

    @pytest.mark.parametrize("drift", ["report", "ours wins"])
    def test_what_others_change_is_reported_or_mended(self, audience: Audience, drift: str) -> None:
        audience.declare(**self.place_.file, sync={**self.place_.sync, "drift": drift})
        self.run()
        self.place_.do("DELETE FROM audience WHERE email = 'bob@acme.test'")
        self.place_.do("INSERT INTO audience VALUES ('stranger@acme.test', 'Stranger')")
        report = self.run()
        assert (report.drift.removed, report.drift.added) == (1, 1)
        if drift == "ours wins":
            self.expect("ann", "bob", "cleo")
            assert report.difference.removed == {"added by hand": 1}
        else:
            assert set(self.place_.held()) == {"ann@acme.test", "cleo@acme.test", "stranger@acme.test"}

    def test_a_key_that_is_not_unique_is_refused(self, audience: Audience) -> None:
        self.place_.do("ALTER TABLE audience DROP CONSTRAINT audience_pkey")
        with pytest.raises(ConfigurationError, match=r"line \d+: email of audience is not unique"):
            self.once()
