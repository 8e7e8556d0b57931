"""The destination of files keeps the promises of destinations, in each format."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import fsspec
import pyarrow.parquet as pq
import pytest

from include.activation.step import activate
from include.contracts.connections import Connection
from include.contracts.errors import ConfigurationError
from tests.audience import Audience
from tests.destination_suite import DestinationSuite
from tests.sftp_server import PASSWORD, USER, serving


class Folder:
    """A folder, read as its reader would: manifest by manifest, in the order in which they were written."""

    connection = None
    sync: ClassVar[dict[str, Any]] = {}

    def __init__(self, folder: Path, format: str) -> None:
        self.folder, self.format = folder, format
        self.file = {"kind": "files", "settings": {"url": folder.as_uri(), "format": format}}

    def held(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for place, manifest in self.manifests():
            for file in manifest["files"]:
                content = (place / file["name"]).read_bytes()
                assert hashlib.sha256(content).hexdigest() == file["sha256"]
                for row in self._rows(content):
                    if file["verb"] == "remove":
                        found.pop(row["email"], None)
                    else:
                        found[row["email"]] = row["first_name"]
        return found

    def manifests(self) -> list[tuple[Path, dict[str, Any]]]:
        found = [(place.parent, json.loads(place.read_text())) for place in self.folder.rglob("manifest.json")]
        return sorted(found, key=lambda pair: (pair[1]["written_at"], (pair[0] / "manifest.json").stat().st_mtime_ns))

    def lose_field(self) -> None:
        self.folder.rmdir()
        self.folder.write_text("a file where the folder was")

    def _rows(self, content: bytes) -> list[dict[str, Any]]:
        if self.format == "csv":
            return list(csv.DictReader(io.StringIO(content.decode())))
        if self.format == "ndjson":
            return [json.loads(line) for line in content.splitlines()]
        return pq.read_table(io.BytesIO(content)).to_pylist()


def test_a_list_of_a_report_is_kept_as_a_segment_is(tmp_path: Path, new_database: Any) -> None:
    """Contracts that end soon, and for which nobody has made an opportunity: they leave the list when somebody does."""
    lists = tmp_path / "lists"
    with new_database() as url:
        audience = Audience(url, tmp_path / "audience")
        sync = {
            "segment": "churn_missing", "level": "report", "purpose": "none", "key": {"Contract": "contract_id"},
            "fields": {"Account": "account_name", "Ends": "ends_on", "Value": "annual_value"},
        }  # fmt: skip
        name = audience.declare(kind="files", settings={"url": lists.as_uri(), "format": "csv"}, sync=sync)
        audience._add("account", account_id="a1", name="Acme")
        audience.missing_renewal("c1", account_id="a1", ends_on="2027-01-31", annual_value=1200)
        activate(audience.project, name)
        (written,) = lists.rglob("*-write.csv")
        (row,) = csv.DictReader(io.StringIO(written.read_text()))
        assert row == {"Contract": "c1", "Account": "Acme", "Ends": "2027-01-31", "Value": "1200"}
        audience._do("DELETE FROM kindred.report_churn_missing")
        assert activate(audience.project, name).difference.actions == {"remove": 1}
        audience.project.close()


class Served(Folder):
    """The same folder, written over SFTP."""

    def __init__(self, folder: Path, port: int) -> None:
        super().__init__(folder, "csv")
        self.file = {"kind": "files", "connection": "drop", "settings": {"url": "sftp://127.0.0.1/lists"}}
        self.connection = Connection("drop", host="127.0.0.1", port=port, login=USER, password=PASSWORD)

    def lose_field(self) -> None:
        (self.folder / "lists").write_text("a file where the folder was")


class TestFilesOverSftp(DestinationSuite):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Iterator[Served]:
        (tmp_path / "served").mkdir()
        with serving(tmp_path / "served") as port:
            yield Served(tmp_path / "served", port)

    def test_a_wrong_password_is_told_without_it(self, audience: Audience) -> None:
        self.place_.connection = replace(self.place_.connection, password="stale-secret")
        with pytest.raises(ConfigurationError, match=r"tool cannot be opened .*; look at its connection") as caught:
            self.once()
        assert "stale-secret" not in str(caught.value)


class TestFiles(DestinationSuite):
    @pytest.fixture
    def place(self, tmp_path: Path) -> Folder:
        (tmp_path / "out").mkdir()
        return Folder(tmp_path / "out", "csv")


@pytest.fixture
def audience(warehouse_url: str, tmp_path: Path) -> Iterator[Audience]:
    audience = Audience(warehouse_url, tmp_path)
    audience.person("ann")
    yield audience
    audience.project.close()


@pytest.mark.parametrize("format", ["ndjson", "parquet"])
def test_other_formats_are_read_back_as_they_were_written(audience: Audience, tmp_path: Path, format: str) -> None:
    folder = Folder(tmp_path / "out", format)
    name = audience.declare(**folder.file)
    activate(audience.project, name)
    assert folder.held() == {"ann@acme.test": "Ann"}


def test_files_go_to_a_bucket(audience: Audience, object_store: str) -> None:
    connection = Connection("bucket", login="key", password="secret", extra={"endpoint_url": object_store})
    bucket = fsspec.filesystem("s3", key="key", secret="secret", endpoint_url=object_store, skip_instance_cache=True)
    bucket.mkdir("lists")
    settings = {"url": "s3://lists/out", "format": "csv"}
    name = audience.declare(kind="files", connection="bucket", settings=settings)
    activate(audience.project, name, lambda _: connection)
    (place,) = bucket.glob("lists/out/to_tool/*/manifest.json")
    (file,) = json.loads(bucket.cat(place))["files"]
    content = bucket.cat(place.replace("manifest.json", file["name"])).decode()
    assert content.splitlines() == ['"email","first_name"', '"ann@acme.test","Ann"']
