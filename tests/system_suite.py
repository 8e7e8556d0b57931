"""What every source system has to keep: subclass ``SystemSuite`` in a test module and name the system's kind.

    from tests.system_suite import SystemSuite

    class TestHubSpot(SystemSuite):
        kind = "hubspot_export"

Its rows are the examples of the declared columns, so each object is taken in and staged without anything else to write;
``rows`` may give others where an example alone is no good row.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, ClassVar

import pyarrow.parquet as pq
import pytest
import yaml

from include.contracts.exports import ExportFile
from include.contracts.runs import Run, StageReport, Window
from include.contracts.settings import SHIPPED, Settings
from include.contracts.sources import known_systems, read_sources
from include.contracts.staged import CONSENT, STAGED
from include.contracts.systems import System
from include.contracts.tables import Table
from include.sources.step import extract
from include.staging.step import stage
from include.storage.project import Project

SOURCE = "tried"  # any name: nothing may depend on it
DAY = "2026-10-30"
RUN = Run("test", date(2026, 10, 31))
EVERYTHING = Window(None, datetime(2026, 11, 1, tzinfo=UTC))


class SystemSuite:
    """The promises of a declared system, on a sample of one row an object."""

    kind: ClassVar[str]
    rows: ClassVar[Mapping[str, Sequence[Mapping[str, Any]]]] = {}

    @property
    def system(self) -> System:
        """The declaration under test."""
        return known_systems(SHIPPED)[self.kind]

    @pytest.fixture(scope="class")
    @classmethod
    def staged(cls, tmp_path_factory: pytest.TempPathFactory) -> Staged:
        """The sample, taken in and staged."""
        return Staged(known_systems(SHIPPED)[cls.kind], tmp_path_factory.mktemp("system"), cls._samples())

    @classmethod
    def _samples(cls) -> dict[str, Sequence[Mapping[str, Any]]]:
        return {file.object: cls._sample(file) for file in known_systems(SHIPPED)[cls.kind].files}

    @classmethod
    def _sample(cls, file: ExportFile) -> Sequence[Mapping[str, Any]]:
        return cls.rows.get(file.object, [{column.name: column.example for column in file.columns}])

    def test_the_declaration_is_whole(self) -> None:
        assert list(self.system.faults()) == []
        assert {feed.object for feed in self.system.feeds} <= {file.object for file in self.system.files}

    def test_each_row_of_the_sample_comes_through_as_what_it_feeds(self, staged: Staged) -> None:
        for feed in self.system.feeds:
            assert staged.rows(feed.table), f"{feed.object} gives nothing to {feed.table}"
        assert [row["reason"] for row in staged.rows("quarantine")] == []

    def test_raw_rows_are_staged_superseded_or_quarantined(self, staged: Staged) -> None:
        for file in self.system.files:
            counts = {name: staged.report.counts[f"{SOURCE}.{file.object}.{name}"] for name in COUNTS}
            assert counts["raw"] == len(self._sample(file)) == sum(counts[name] for name in COUNTS[1:])

    def test_taking_it_in_and_staging_it_again_changes_nothing(self, staged: Staged) -> None:
        before = {table.name: staged.rows(table.name.removeprefix("staged/")) for table in STAGED}
        staged.take_in()
        assert {table.name: staged.rows(table.name.removeprefix("staged/")) for table in STAGED} == before

    def test_ids_name_the_source_and_the_object(self, staged: Staged) -> None:
        for feed in self.system.feeds:
            table = _table(feed.table)
            if table is CONSENT:  # whose id is a digest
                continue
            assert all(row[table.key[0]].startswith(f"{SOURCE}.") for row in staged.rows(feed.table))

    def test_what_is_personal_once_staged_is_marked_in_the_export(self, staged: Staged) -> None:
        for feed in self.system.feeds:
            file, said = self.system.file(feed.object), _texts(self._sample(self.system.file(feed.object)))
            unmarked = {value: name for name, value in said if name not in file.personal and len(value) > 1}
            marked = {value for name, value in said if name in file.personal}
            for row in staged.rows(feed.table):
                for column in _table(feed.table).columns:
                    value = row[column.name]
                    if column.personal and isinstance(value, str) and value not in marked:
                        assert value not in unmarked, f"{file.path}: mark {unmarked[value]} as personal"

    def test_every_refusal_is_a_statement_of_consent(self, tmp_path: Path) -> None:
        refusals = self.system.refusals or ()
        samples = self._samples()
        for number, refusal in enumerate(refusals):
            file, mapping = self.system.file(refusal.object), self.system.mapping
            key, (row, *_) = file.key, self._sample(file)
            if mapping is not None:
                (key, *_) = mapping.files[refusal.object].person["key"].column
            samples[refusal.object] = [*samples[refusal.object], {**row, key: f"r{number}", refusal.column: "true"}]
        staged = Staged(self.system, tmp_path, samples)
        said = {(row["record_id"], row["point_type"]) for row in staged.rows("consent") if row["status"] == "opted_out"}
        assert said >= {(f"{SOURCE}.{r.object}:r{n}", r.point_type) for n, r in enumerate(refusals)}


COUNTS = ("raw", "staged", "superseded", "quarantined")


class Staged:
    """A project whose only source is the system under test."""

    def __init__(self, system: System, folder: Path, sample: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        self._system, exports, config = system, folder / "exports", folder / "config"
        self.project = Project(Settings(home=folder / "home", data=exports, config=config))
        config.mkdir(parents=True, exist_ok=True)
        shipped = Settings().config
        for name in ("staging.yaml",):
            (config / name).write_bytes((shipped / name).read_bytes())
        entry = {
            "kind": system.kind, "path": "files", "schedule": "0 1 * * *", "owner": "somebody", "region": "US",
            "timezone": "UTC", "objects": list(sample),
        }  # fmt: skip
        (config / "sources.yaml").write_text(yaml.safe_dump({"sources": {SOURCE: entry}}))
        (exports / "files").mkdir(parents=True)
        for name, rows in sample.items():
            _write(exports / "files", system, system.file(name), rows)
        self.take_in()

    def take_in(self) -> None:
        """Extract and stage."""
        assert set(read_sources(self.project.settings.config)) == {SOURCE}
        extract(self.project, RUN, SOURCE, EVERYTHING)
        self.report: StageReport = stage(self.project, RUN)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a staged table."""
        lake, name = self.project.lake, f"staged/{table}"
        manifest = lake.current(name)
        assert manifest is not None
        return [row for file in lake.urls(manifest) for row in pq.read_table(file).to_pylist()]


def _table(name: str) -> Table:
    return {table.name: table for table in STAGED}[f"staged/{name}"]


def _texts(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    return [(name, value) for row in rows for name, value in row.items() if isinstance(value, str) and value]


def _write(folder: Path, system: System, file: ExportFile, rows: Sequence[Mapping[str, Any]]) -> None:
    name = file.file.replace("YYYY-MM-DD", DAY)
    if system.format == "csv" or not name.removesuffix(".gz").endswith(("json", "ndjson")):
        with (folder / name).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, file.names, restval="")
            writer.writeheader()
            writer.writerows(rows)
        return
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    (folder / name).write_bytes(gzip.compress(content, mtime=0) if name.endswith(".gz") else content)
