"""A table of a database as a mapped source: its rows are asked for by SQL, and staged as the mapping says."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import sqlalchemy as sa
import yaml

from include.contracts.connections import Connection
from include.contracts.errors import ConfigurationError
from include.contracts.runs import Run, StageReport, Window
from include.contracts.settings import Settings
from include.sources.live.opened import Means
from include.sources.step import extract
from include.staging.step import stage
from include.storage.project import Project

RUN = Run("test", date(2026, 10, 31))
WEEK = Window(datetime(2026, 10, 26, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC))
TABLE = """
CREATE TABLE agreements
    (contract_no TEXT, customer TEXT, starts DATE, ends DATE, value NUMERIC(12, 3), edited TIMESTAMP)
"""


def mapping() -> dict[str, Any]:
    return {
        "title": "Our billing database", "part": "finance",
        "files": {"contract": {
            "row": "a contract", "path": "billing/contracts.csv", "key": "contract_no",
            "needs": ["contract_no", "starts"],
            "contract": {"account": {"column": "customer", "lower": True}, "start": "starts", "end": "until",
                         "annual_value": "value"},
            "account": {"key": {"column": "customer", "lower": True}, "name": "customer"},
        }},
    }  # fmt: skip


class Billing:
    """A database with a table of contracts, and a project whose only source it is."""

    def __init__(self, folder: Path, url: sa.URL) -> None:
        self.engine, self._folder, self.mapping = sa.create_engine(url), folder, mapping()
        self.connection = Connection(
            "billing", "postgres", host=str(url.query.get("host") or url.host or ""), port=url.port,
            schema=url.database or "", login=url.username or "", password=str(url.password or ""),
        )  # fmt: skip
        self.project = Project(Settings(home=folder / "home", data=folder, config=folder / "config"))
        self.do(TABLE)

    def do(self, statement: str) -> None:
        with self.engine.begin() as connection:
            connection.execute(sa.text(statement))

    def add(self, number: str, value: float, *, edited: str = "2026-10-20 08:00") -> None:
        said = f"'{number}', 'Norvik {number}', '2026-01-01', '2026-12-31', {value}, '{edited}'"
        self.do(f"INSERT INTO agreements VALUES ({said})")

    def extract(self) -> StageReport:
        config = self._folder / "config"
        (config / "sources").mkdir(parents=True, exist_ok=True)
        (config / "sources" / "billing_database.yaml").write_text(yaml.safe_dump(self.mapping))
        live = {"connection": "billing", "protocol": "database", "options": {"contract": "agreements"},
                "columns": {"contract": {"until": "ends"}}}  # fmt: skip
        entry = {"kind": "billing_database", "live": live, "schedule": "0 1 * * *", "owner": "somebody",
                 "region": "DE", "timezone": "Europe/Berlin", "objects": ["contract"]}  # fmt: skip
        limits = {"at_least": 100}  # so that a lost contract asks nobody
        (config / "sources.yaml").write_text(yaml.safe_dump({"limits": limits, "sources": {"billing": entry}}))
        return extract(self.project, RUN, "billing", WEEK, means=Means({"billing": self.connection}.get))

    def contracts(self) -> dict[str, dict[str, Any]]:
        self.extract()
        stage(self.project, RUN)
        manifest = self.project.lake.current("staged/contract")
        assert manifest is not None
        rows = [row for file in self.project.lake.urls(manifest) for row in pq.read_table(file).to_pylist()]
        return {row["contract_id"].rpartition(":")[2]: row for row in rows}


@pytest.fixture
def billing(tmp_path: Path, warehouse_url: str) -> Billing:
    return Billing(tmp_path, sa.make_url(warehouse_url))


def test_rows_of_a_table_are_what_the_mapping_says(billing: Billing) -> None:
    billing.add("C1", 12000)  # 12000.000, of which the point is the database's
    billing.add("C2", 12.125)
    found = billing.contracts()
    assert {number: row["annual_value"] for number, row in found.items()} == {"C1": 12000, "C2": 12.125}
    assert (found["C1"]["account_id"], found["C1"]["end_date"]) == ("billing.contract:norvik c1", date(2026, 12, 31))


def test_a_table_that_tells_of_no_changes_comes_whole_and_what_is_gone_goes(billing: Billing) -> None:
    billing.add("C1", 1)
    billing.add("C2", 2)
    assert set(billing.contracts()) == {"C1", "C2"}
    before = billing.project.lake.current("raw/billing/contract")
    billing.extract()
    assert billing.project.lake.current("raw/billing/contract") == before  # the same rows change nothing
    billing.do("DELETE FROM agreements WHERE contract_no = 'C1'")
    billing.do("UPDATE agreements SET value = 3 WHERE contract_no = 'C2'")
    assert {number: row["annual_value"] for number, row in billing.contracts().items()} == {"C2": 3}


def test_a_table_that_tells_of_changes_is_asked_for_them_alone(billing: Billing) -> None:
    billing.mapping["files"]["contract"]["changed"] = "edited"
    billing.add("C1", 1, edited="2026-10-27 08:00")
    billing.add("C2", 2, edited="2026-10-27 09:00")
    assert billing.extract().counts["contract.rows"] == 2
    billing.do("UPDATE agreements SET value = 3, edited = '2026-10-28 08:00' WHERE contract_no = 'C2'")
    assert billing.extract().counts["contract.rows"] == 1
    assert {number: row["annual_value"] for number, row in billing.contracts().items()} == {"C1": 1, "C2": 3}


def test_a_mapping_without_a_key_cannot_be_asked_of_a_table(billing: Billing) -> None:
    del billing.mapping["files"]["contract"]["key"]
    with pytest.raises(ConfigurationError, match="the mapping says of no column that it is the key of contract"):
        billing.extract()
