"""A product's own database: rows by a cursor with the key to break ties; none is lost, none doubled."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
import yaml

from include.contracts.connections import Connection
from include.contracts.errors import (
    CredentialError,
    DriftError,
    LiveError,
    PermissionDeniedError,
    RefusedError,
    UnreachableError,
)
from include.contracts.runs import Run, StageReport, Window
from include.contracts.settings import Settings
from include.remote.http import Patience
from include.sources.live.opened import Means
from include.sources.live.systems import database
from include.sources.step import extract
from include.staging.step import stage
from include.storage.project import Project
from tests.live_suite import JumpingClock

RUN = Run("test", date(2026, 10, 31))
NOVEMBER = Window(None, datetime(2026, 11, 1, tzinfo=UTC))
NOON = datetime(2026, 10, 30, 12)
COLUMNS = {"event": {"messageId": "id", "type": "kind", "userId": "person", "event": "action", "timestamp": "made_at"}}


class Product:
    """A database with a table of events, and a project whose only source it is."""

    def __init__(self, folder: Path, engine: sa.Engine, connection: Connection) -> None:
        self.engine, self.connection, self._folder = engine, connection, folder
        metadata = sa.MetaData()
        self.events = sa.Table(
            "events", metadata, sa.Column("id", sa.Text, primary_key=True), sa.Column("kind", sa.Text),
            sa.Column("person", sa.Integer), sa.Column("action", sa.Text), sa.Column("made_at", sa.DateTime),
            sa.Column("properties", sa.JSON), sa.Column("secret_note", sa.Text),
        )  # fmt: skip
        metadata.create_all(engine)
        self.options: dict[str, str] = {"event": "events", "page_rows": "3"}

    def add(self, *numbers: int, at: datetime = NOON) -> None:
        with self.engine.begin() as connection:
            rows = [{"id": f"m{n}", "kind": "track", "person": n, "action": "Run", "made_at": at,
                     "properties": {"feature": "reports"}} for n in numbers]  # fmt: skip
            connection.execute(self.events.insert(), rows)

    def do(self, statement: str) -> None:
        with self.engine.begin() as connection:
            connection.execute(sa.text(statement))

    @property
    def project(self) -> Project:
        return Project(Settings(home=self._folder / "home", data=self._folder, config=self._folder / "config"))

    def extract(self, *, whole: bool = False) -> StageReport:
        config = self._folder / "config"
        config.mkdir(exist_ok=True)
        live = {"connection": "product", "protocol": "database", "options": self.options, "columns": COLUMNS}
        entry = {"kind": "segment_export", "live": live, "schedule": "0 1 * * *", "owner": "somebody", "region": "US",
                 "timezone": "UTC", "objects": ["event"]}  # fmt: skip
        (config / "sources.yaml").write_text(yaml.safe_dump({"sources": {"usage": entry}}))
        means = Means({"product": self.connection}.get, None, JumpingClock(), Patience(attempts=2))
        return extract(self.project, RUN, "usage", NOVEMBER, means=means, whole=whole)

    def raw(self) -> list[dict[str, Any]]:
        lake = self.project.lake
        manifest = lake.current("raw/usage/event")
        loads = sorted(set(manifest.inputs.values())) if manifest else []
        files = [lake.url("raw/usage/event", f"{load}.parquet") for load in loads]
        return [row for file in files for row in pq.read_table(file).to_pylist()]

    def held(self) -> list[str]:
        return sorted(row["messageId"] for row in self.raw())


@pytest.fixture(params=["sqlite", "postgres"])
def product(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Product]:
    if request.param == "sqlite":
        place = tmp_path / "product.db"
        engine = sa.create_engine(f"sqlite:///{place}")
        connection = Connection("product", "sqlite", host=str(place))
    else:
        url = sa.make_url(request.getfixturevalue("warehouse_url"))
        engine = sa.create_engine(url)
        connection = of_url(url)
    yield Product(tmp_path, engine, connection)
    engine.dispose()


def of_url(url: sa.URL, **changes: Any) -> Connection:
    given = {"host": str(url.query.get("host") or url.host or ""), "port": url.port, "schema": url.database or "",
             "login": url.username or "", "password": str(url.password or "")}  # fmt: skip
    return Connection("product", "postgres", **{**given, **changes})


def test_rows_of_one_moment_are_neither_lost_nor_doubled_at_the_end_of_a_page(product: Product) -> None:
    product.add(*range(1, 9))
    product.add(9, at=NOON + timedelta(hours=1))
    product.extract()
    assert product.held() == [f"m{n}" for n in range(1, 10)]
    (first, *_) = [row for row in product.raw() if row["messageId"] == "m1"]
    assert (first["userId"], first["timestamp"][:19].replace("T", " ")) == ("1", "2026-10-30 12:00:00")
    assert json.loads(first["properties"]) == {"feature": "reports"}


def test_only_what_is_new_is_taken_in_and_late_rows_are_found(product: Product) -> None:
    product.add(1, 2)
    product.extract()
    product.add(3, at=NOON - timedelta(minutes=5))
    product.add(4, at=NOON + timedelta(hours=1))
    assert product.extract().counts["event.rows"] == 2
    assert "event.rows" in product.extract().counts and product.held() == ["m1", "m2", "m3", "m4"]


def test_a_row_that_changes_while_pages_are_read_comes_in_its_last_state_too(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    product.add(*range(1, 6))
    pages = iter(
        [lambda: product.do("UPDATE events SET action = 'Ran', made_at = '2026-10-30 13:00:00' WHERE id = 'm1'")]
    )
    said = database.Database._text

    def text(self: Any, columns: Any, rows: Any) -> bytes:
        next(pages, lambda: None)()
        return said(self, columns, rows)

    monkeypatch.setattr(database.Database, "_text", text)
    product.extract()
    assert [row["event"] for row in product.raw() if row["messageId"] == "m1"] == ["Run", "Ran"]


def test_rows_are_staged_and_a_whole_extraction_forgets_what_is_gone(product: Product) -> None:
    product.add(1, 2)
    product.extract()
    assert stage(product.project, RUN).counts["usage.event.staged"] == 2
    product.do("DELETE FROM events WHERE id = 'm1'")
    product.extract(whole=True)
    assert product.held() == ["m2"]


def test_a_query_may_stand_for_a_table(product: Product) -> None:
    product.add(1, 2)
    product.options["event"] = "(SELECT * FROM events WHERE person > 1)"
    product.extract()
    assert product.held() == ["m2"]


def test_a_lost_column_is_named_and_a_new_one_is_not_read(product: Product) -> None:
    product.add(1)
    product.extract()
    assert "secret_note" not in product.raw()[0]
    product.do("ALTER TABLE events DROP COLUMN action")
    with pytest.raises(DriftError, match="the field event of event is gone"):
        product.extract()


def test_a_table_that_is_not_there_is_told(product: Product) -> None:
    product.options["event"] = "no_such_table"
    with pytest.raises(RefusedError, match="no such table or column"):
        product.extract()


def test_what_is_to_be_mended_is_told_apart(tmp_path: Path, warehouse_url: str) -> None:
    url = sa.make_url(warehouse_url)
    product = Product(tmp_path, sa.create_engine(url), of_url(url))
    product.add(1)
    product.do("DROP ROLE IF EXISTS nobody_here; CREATE ROLE nobody_here LOGIN PASSWORD 'here'")

    def fails(**changes: Any) -> LiveError:
        product.connection = of_url(url, **changes)
        with pytest.raises(LiveError) as told:
            product.extract()
        assert "Run" not in str(told.value)
        return told.value

    assert isinstance(fails(host="127.0.0.1", port=9), UnreachableError)
    assert isinstance(fails(login="nobody_here", password="here"), PermissionDeniedError)
    assert isinstance(fails(login="never_was"), CredentialError)
    product.do("DROP ROLE nobody_here")
    product.engine.dispose()
