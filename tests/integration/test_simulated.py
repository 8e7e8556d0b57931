"""The sample company asked at its systems, which have trouble, is published as it is from its exports."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from include.contracts.connections import from_environment
from include.contracts.runs import Run
from include.contracts.settings import Settings
from include.pipeline import run_all
from include.remote.clock import MachineClock
from include.samples import generate
from include.samples.servers.company import company
from include.storage.project import Project

RUN = Run("cli__simulated", date(2026, 10, 31))
SEEN = ("profile", "profile_identifier", "customer_360", "account_360", "segment", "segment_membership", "coverage")


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sample") / "out"
    generate(out, people=1_000)
    return out / "exports"


def published(url: str) -> dict[str, list[dict[str, Any]]]:
    """The rows that readers see, in no order."""
    with psycopg.connect(url.replace("+psycopg", ""), row_factory=dict_row) as connection:
        found = {name: connection.execute(f"SELECT * FROM kindred.{name}").fetchall() for name in SEEN}  # type: ignore[call-overload]
    return {name: sorted(rows, key=lambda row: json.dumps(row, default=str)) for name, rows in found.items()}


@pytest.fixture(scope="module")
def both(
    exports: Path, tmp_path_factory: pytest.TempPathFactory, new_database: Callable[[], AbstractContextManager[str]]
) -> Iterator[tuple[str, str]]:
    """The databases of a run on the exports, and of one on the systems."""
    folder = tmp_path_factory.mktemp("both")
    with new_database() as files, new_database() as systems, pytest.MonkeyPatch.context() as patch:
        patch.setattr(MachineClock, "sleep", lambda self, seconds: None)
        run_all(Project(Settings(home=folder / "files", data=exports, warehouse_url=files)), RUN, lambda *_: None)
        with company(exports, folder / "config", share=0.1) as variables:
            settings = Settings(home=folder / "systems", config=folder / "config", warehouse_url=systems)
            project = Project(settings, lambda name: from_environment(name, variables))
            run_all(project, RUN, lambda *_: None)
        yield files, systems


@pytest.mark.slow
def test_the_systems_publish_what_the_exports_do(both: tuple[str, str]) -> None:
    from_files, from_systems = map(published, both)
    assert len(from_files["profile"]) > 500
    for name in SEEN:
        assert from_systems[name] == from_files[name], name


@pytest.mark.slow
def test_trouble_was_had_and_requests_were_counted(both: tuple[str, str]) -> None:
    with psycopg.connect(both[1].replace("+psycopg", "")) as connection:
        rows = connection.execute("SELECT stage, counts FROM control.stage_run WHERE stage LIKE 'ask.%'").fetchall()
    asked = dict(rows)
    assert asked.keys() == {"ask.crm", "ask.email", "ask.nps"}
    assert all(counts["requests"] > 0 for counts in asked.values())
    assert asked["ask.crm"]["retried"] > 0 and asked["ask.email"]["retried"] > 0
