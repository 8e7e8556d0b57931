"""Whoever operates it sees figures, is told of each state once when it begins and once when it is over, and probes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from include.contracts.errors import ConfigurationError, RetryableError
from include.contracts.runs import DatasetRef, Run, StageReport
from include.contracts.settings import Settings
from include.erasure.ledger import ErasureLedger
from include.operations import alerts, telemetry
from include.operations.alerts import standing, tell
from include.operations.figures import Value, figures
from include.operations.health import health
from include.operations.settings import read_settings
from include.storage.control.tables import PUBLICATION
from include.storage.project import Project

COUNTS = {"crm.contact.raw": 100, "crm.contact.staged": 90, "crm.contact.superseded": 0, "crm.contact.quarantined": 10}


@pytest.fixture
def operated(warehouse_project: Project, run: Run) -> Project:
    """A run that has staged, and that has failed."""
    ledger = warehouse_project.ledger()
    with ledger.working(run):
        written = DatasetRef("staged/person_record", "v1", 90)
        ledger.record_stage(run, StageReport("stage", {}, (written,), COUNTS), seconds=2.5, peak_mb=100)
        ledger.end_run(run, "failed", "The disk was full.")
    return warehouse_project


def publish(project: Project, run: Run, at: datetime) -> None:
    row = {"version": "v1", "run_id": run.run_id, "as_of": run.as_of, "published_at": at, "is_current": True}
    with project.warehouse().begin() as connection:
        connection.execute(sa.insert(PUBLICATION).values(**row))
        for statement in (
            "CREATE SCHEMA IF NOT EXISTS kindred",
            "CREATE TABLE kindred.source_day (source text, age_days int, is_stale bool)",
            "CREATE TABLE kindred.segment (segment_key text, size int)",
            "INSERT INTO kindred.source_day VALUES ('crm', 1, false), ('crm', 3, true), ('nps', 1, null)",
            "INSERT INTO kindred.segment VALUES ('champions', 7)",
        ):
            connection.exec_driver_sql(statement)


def by_name(values: list[Value]) -> dict[tuple[str, ...], float]:
    return {(value.metric.name, *value.labels.values()): value.value for value in values}


def test_figures_tell_seconds_rows_shares_and_sizes(operated: Project, run: Run) -> None:
    found = by_name(figures(operated, datetime.now(UTC)))
    assert found["kindred.stage.duration", "stage"] == 2.5
    assert found["kindred.dataset.rows", "staged/person_record"] == 90
    assert found["kindred.quarantine.share", "crm.contact"] == 0.1
    assert found["kindred.store.size", "warehouse"] > 0
    assert ("kindred.publication.age",) not in found  # nothing is published yet
    publish(operated, run, datetime.now(UTC))
    found = by_name(figures(operated, datetime.now(UTC) + timedelta(hours=1)))
    assert found["kindred.publication.age",] == pytest.approx(3600, abs=60)
    assert found["kindred.source.age", "crm"] == 3
    assert found["kindred.segment.members", "champions"] == 7


def test_a_state_is_told_once_when_it_begins_and_once_when_it_is_over(operated: Project, run: Run) -> None:
    said: list[str] = []

    def teller(change: alerts.Change) -> None:
        said.append(change.sentence)

    now = datetime.now(UTC)
    for _ in range(2):
        tell(operated, now, teller)
    assert said == [
        "10.0% of the rows of crm.contact were set aside. python -m include quarantine says why.",
        "The last run of the command line failed. python -m include runs says why; run it again once that is mended.",
    ]
    with operated.ledger().working(run):
        operated.ledger().end_run(run, "success")
    for _ in range(2):
        tell(operated, now, teller)
    assert said[2:] == ["Over: The last run of the command line failed."]


def test_what_could_not_be_told_is_told_the_next_time(operated: Project) -> None:
    def refuses(change: alerts.Change) -> None:
        raise RetryableError("Slack does not answer.")

    with pytest.raises(RetryableError):
        tell(operated, datetime.now(UTC), refuses)
    assert len(tell(operated, datetime.now(UTC), lambda _: None)) == len(standing(operated, datetime.now(UTC))) == 2


def test_a_run_that_does_not_end_and_what_readers_get_can_be_late(operated: Project, run: Run) -> None:
    publish(operated, run, datetime.now(UTC))
    later = datetime.now(UTC) + timedelta(days=2)
    with operated.ledger().working(Run("build_segments/scheduled__1", run.as_of)):
        keys = {alert.key for alert in standing(operated, later)}
    assert {"late/publication", "late/build_segments/scheduled__1", "late/source/crm"} <= keys
    assert "late/source/nps" not in keys


def test_an_erasure_past_its_day_is_late(warehouse_project: Project) -> None:
    day = datetime.now(UTC)
    ErasureLedger(warehouse_project.warehouse()).receive("p1", reason="asked", author="jo", due_on=day.date())
    assert standing(warehouse_project, day) == []
    (late,) = standing(warehouse_project, day + timedelta(days=1))
    assert late.kind == "late"
    assert f"was due on {day.date()}." in late.sentence


def test_a_probe_hears_whether_the_warehouse_answers_and_readers_have_something(
    warehouse_project: Project, run: Run
) -> None:
    now = datetime.now(UTC)
    found = health(warehouse_project, now)
    assert (found.live, found.ready, found.says) == (True, False, "Nothing is published yet; run the pipeline.")
    publish(warehouse_project, run, now)
    assert health(warehouse_project, now).ready
    late = health(warehouse_project, now + timedelta(days=3))
    assert not late.ready
    assert "more than 36 is late" in late.says


def test_a_warehouse_that_is_away_is_told_in_one_sentence(tmp_path: Path) -> None:
    away = Settings(home=tmp_path, warehouse_url="postgresql+psycopg://me:hush@127.0.0.1:1/kindred")
    found = health(Project(away), datetime.now(UTC))
    assert (found.live, found.ready) == (False, False)
    assert "hush" not in found.says


def test_prometheus_reads_the_figures(operated: Project) -> None:
    lines = list(telemetry.exposition(figures(operated, datetime.now(UTC))))
    assert 'kindred_stage_duration_seconds{stage="stage"} 2.5' in lines
    assert "# TYPE kindred_disk_free_bytes gauge" in lines


def test_metrics_that_nobody_takes_end_in_a_sentence(operated: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in telemetry.ENDPOINTS:
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ConfigurationError, match="set OTEL_EXPORTER_OTLP_ENDPOINT, for example"):
        telemetry.send([])


def test_a_faulty_alerts_file_is_named_with_its_key(tmp_path: Path) -> None:
    (tmp_path / "alerts.yaml").write_text("publication_hour: 3\n")
    with pytest.raises(
        ConfigurationError, match=r"alerts.yaml: .*'publication_hour' \(did you mean 'publication_hours'"
    ):
        read_settings(tmp_path)
