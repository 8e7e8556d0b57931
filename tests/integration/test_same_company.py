"""One company, had in three ways, is the same: from its exports, from its systems, and under other names of sources.

Its systems have trouble. A source's name in sources.yaml is free: only ids begin with it.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from psycopg.rows import dict_row

from include import pipeline
from include.contracts.connections import from_environment
from include.contracts.identity import CROSSWALK
from include.contracts.measures import CUSTOMER_360
from include.contracts.runs import DatasetRef, Run
from include.contracts.segments import SEGMENT
from include.contracts.settings import Settings
from include.contracts.tables import Table
from include.remote.clock import MachineClock
from include.samples import generate
from include.samples.servers.company import company
from include.storage.project import Project

pytestmark = pytest.mark.slow
Refs = Mapping[str, DatasetRef]
NewDatabase = Callable[[], AbstractContextManager[str]]
RUN = Run("cli__same", date(2026, 10, 31))
SEEN = ("profile", "profile_identifier", "customer_360", "account_360", "segment", "segment_membership", "coverage")
SAY_NAMES = {"profile_id", "source_names"}
OTHERS = {"crm": "salesforce", "email": "pardot", "usage": "app", "nps": "asked"}


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sample") / "out"
    generate(out, people=1_000)
    return out / "exports"


@pytest.fixture(scope="module")
def from_files(exports: Path, tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase) -> Iterator[Project]:
    """A run on the exports."""
    with new_database() as url:
        project = Project(Settings(home=tmp_path_factory.mktemp("files"), data=exports, warehouse_url=url))
        pipeline.run_all(project, RUN, lambda *_: None)
        yield project
        project.close()


@pytest.fixture(scope="module")
def from_systems(
    exports: Path, tmp_path_factory: pytest.TempPathFactory, new_database: NewDatabase
) -> Iterator[Project]:
    """A run on the systems."""
    folder = tmp_path_factory.mktemp("systems")
    with new_database() as url, pytest.MonkeyPatch.context() as patch:
        patch.setattr(MachineClock, "sleep", lambda self, seconds: None)
        with company(exports, folder / "config", share=0.1) as variables:
            settings = Settings(home=folder / "home", config=folder / "config", warehouse_url=url)
            project = Project(settings, lambda name: from_environment(name, variables))
            pipeline.run_all(project, RUN, lambda *_: None)
        yield project
        project.close()


@pytest.fixture
def renamed(exports: Path, tmp_path: Path, warehouse_url: str) -> Iterator[tuple[Project, Refs]]:
    """A run on the exports, as far as segments, with sources by other names, and what it wrote."""
    config = tmp_path / "config"
    shutil.copytree(Settings().config, config, ignore=shutil.ignore_patterns("__pycache__", "*.py"))
    declared = yaml.safe_load((config / "sources.yaml").read_text("utf-8"))
    declared["sources"] = {OTHERS[name]: entry for name, entry in declared["sources"].items()}
    (config / "sources.yaml").write_text(yaml.safe_dump(declared, sort_keys=False))
    project = Project(Settings(home=tmp_path / "home", data=exports, config=config, warehouse_url=warehouse_url))
    refs: dict[str, Any] = {}
    for source in pipeline.sources(project.settings):
        pipeline.extract(project, RUN, source, pipeline.everything_until(RUN), final=False)
    for stage in ("stage", "resolve", "unify", "measure", "segment"):
        refs = pipeline.perform(project, RUN, stage, refs)["refs"]
    yield project, {name: DatasetRef(**ref) for name, ref in refs.items()}
    project.close()


def published(project: Project) -> dict[str, list[dict[str, Any]]]:
    """The rows that readers see, in no order."""
    url = str(project.settings.warehouse_url).replace("+psycopg", "")
    with psycopg.connect(url, row_factory=dict_row) as connection:
        found = {name: connection.execute(f"SELECT * FROM kindred.{name}").fetchall() for name in SEEN}  # type: ignore[call-overload]
    return {name: sorted(rows, key=lambda row: json.dumps(row, default=str)) for name, rows in found.items()}


def by_records(project: Project, refs: Refs, names: Mapping[str, str]) -> dict[str, Any]:
    """The segments' states and sizes, and each person's measures by the person's records, under these names."""

    def rows(table: Table) -> list[dict[str, Any]]:
        with project.engine() as engine:
            found: list[dict[str, Any]] = engine.read(table, refs[table.name]).to_pyarrow().to_pylist()
            return found

    back = {new: old for old, new in names.items()}
    people: dict[str, set[str]] = {}
    for row in rows(CROSSWALK):
        people.setdefault(row["profile_id"], set()).add(_usual(row["record_id"], back))
    measured = {
        frozenset(people[row["profile_id"]]): {name: _usual(row[name], back) for name in row.keys() - SAY_NAMES}
        for row in rows(CUSTOMER_360)
    }
    segments = {row["segment_key"]: (row["state"], row["size"]) for row in rows(SEGMENT)}
    return {"segments": segments, "people": measured}


def _usual(value: Any, back: Mapping[str, str]) -> Any:
    """An id as it is where sources have their usual names; anything else as it is."""
    source, point, rest = str(value).partition(".")
    return f"{back[source]}.{rest}" if point and ":" in rest and source in back else value


def test_the_systems_publish_what_the_exports_do(from_files: Project, from_systems: Project) -> None:
    expected, found = published(from_files), published(from_systems)
    assert len(expected["profile"]) > 500
    for name in SEEN:
        assert found[name] == expected[name], name


def test_trouble_was_had_and_requests_were_counted(from_systems: Project) -> None:
    with psycopg.connect(str(from_systems.settings.warehouse_url).replace("+psycopg", "")) as connection:
        rows = connection.execute("SELECT stage, counts FROM control.stage_run WHERE stage LIKE 'ask.%'").fetchall()
    asked = dict(rows)
    assert asked.keys() == {"ask.crm", "ask.email", "ask.nps"}
    assert all(counts["requests"] > 0 for counts in asked.values())
    assert asked["ask.crm"]["retried"] > 0 and asked["ask.email"]["retried"] > 0


def test_sources_by_other_names_give_the_same_people_measures_and_segments(
    from_files: Project, renamed: tuple[Project, Refs]
) -> None:
    read = (CROSSWALK, CUSTOMER_360, SEGMENT)
    manifests = {table.name: from_files.lake.current(table.name) for table in read}
    usual = by_records(from_files, {name: manifest.ref for name, manifest in manifests.items() if manifest}, {})
    other = by_records(*renamed, OTHERS)
    assert other["people"].keys() == usual["people"].keys()
    differing = {
        name
        for who, measures in usual["people"].items()
        for name in measures
        if measures[name] != other["people"][who][name]
    }
    assert differing == set()
    assert other["segments"] == usual["segments"]
    assert sum(size or 0 for _, size in usual["segments"].values()) > 0
