"""What becomes of a person's answer: kept with who and why; only a yes starts the held DAG again."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from include.storage.control.tables import APPROVAL
from include.storage.project import Project

SUBJECT = "identity/crosswalk@1"


@pytest.fixture
def dag(tmp_path: Path, warehouse_url: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The DAG file as a module, on a warehouse of the test's own."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("KINDRED_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("KINDRED_WAREHOUSE_URL", warehouse_url)
    monkeypatch.syspath_prepend(str(Path("plugins").resolve()))
    spec = spec_from_file_location("approve_changes", "dags/approve_changes.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def answer(chosen: str, note: str = "Two companies were merged", by: str | None = "nina") -> dict[str, Any]:
    return {
        "chosen_options": [chosen],
        "params_input": {"note": note},
        "responded_at": datetime(2026, 10, 31, tzinfo=UTC),
        "responded_by_user": {"id": "7", "name": by} if by else None,
    }


def kept(project: Project) -> list[tuple[str, ...]]:
    query = sa.select(APPROVAL.c.subject, APPROVAL.c.verdict, APPROVAL.c.author, APPROVAL.c.reason)
    with project.warehouse().begin() as connection:
        return [tuple(row) for row in connection.execute(query)]


@pytest.mark.parametrize(("chosen", "verdict"), [("Approve", "approved"), ("Reject", "rejected")])
def test_an_answer_is_kept_with_who_and_why(
    dag: ModuleType, warehouse_project: Project, chosen: str, verdict: str
) -> None:
    dag.record.function(SUBJECT, answer(chosen))
    assert kept(warehouse_project) == [(SUBJECT, verdict, "nina", "Two companies were merged")]


def test_only_a_yes_starts_the_held_dag_again(dag: ModuleType) -> None:
    dag.go_on.function(answer("Approve"))
    with pytest.raises(dag.AirflowSkipException):
        dag.go_on.function(answer("Reject"))


def test_no_answer_is_none(dag: ModuleType, warehouse_project: Project) -> None:
    with pytest.raises(dag.AirflowSkipException):
        dag.record.function(SUBJECT, answer("Ask again later", note="", by=None))
    assert kept(warehouse_project) == []


def test_an_answer_without_a_note_is_refused(
    dag: ModuleType, warehouse_project: Project, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR), pytest.raises(SystemExit):
        dag.record.function(SUBJECT, answer("Approve", note=" "))
    assert "who gave it and why" in caplog.text
    assert kept(warehouse_project) == []


def test_a_question_that_nothing_waits_for_any_more_is_not_put(dag: ModuleType) -> None:
    event = SimpleNamespace(source_dag_id="resolve_identities", extra={"subjects": [SUBJECT], "again": {}})
    assert dag.gather.function(triggering_asset_events={dag.HELD: [event]}) == []
    assert dag.gather.function(triggering_asset_events={}) == []
