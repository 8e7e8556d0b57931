"""What the DAGs share: errors that end a task or let it be tried again, windows, logical dates, the warehouse."""

from __future__ import annotations

import json
import logging
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from types import ModuleType, SimpleNamespace

import psycopg
import pytest
import sqlalchemy as sa
import structlog

from include.contracts.errors import (
    ConfigurationError,
    HeldError,
    KindredError,
    LateSourceError,
    RetryableError,
    SourceError,
)
from include.contracts.runs import Window
from include.contracts.settings import Settings
from include.contracts.spark import Spark, spark_of
from include.operations.alerts import Alert, Change

BROKEN = SourceError("the gzip is truncated", file="usage/2026-10-01.ndjson.gz", remedy="Export it again.")


@pytest.fixture(autouse=True)
def _environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    monkeypatch.setenv("KINDRED_HOME", str(tmp_path))
    monkeypatch.syspath_prepend(str(Path("plugins").resolve()))


@pytest.fixture
def runs(_environment: None) -> ModuleType:
    return import_module("kindred_runs")


@pytest.fixture
def shared(_environment: None) -> ModuleType:
    return import_module("kindred_airflow")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def dag_run(
    start: str | None = None, end: str | None = None, after: str = "2026-10-31T23:30", conf: dict | None = None
) -> SimpleNamespace:
    return SimpleNamespace(
        dag_id="extract_crm",
        run_id="manual__1",
        run_after=at(after),
        conf=conf,
        data_interval_start=at(start) if start else None,
        data_interval_end=at(end) if end else None,
    )


@pytest.mark.parametrize(("error", "end"), [(BROKEN, "Stopped"), (RetryableError("The server is busy."), "TryAgain")])
def test_an_error_of_ours_ends_the_task_with_its_sentence_alone(
    shared: ModuleType, caplog: pytest.LogCaptureFixture, error: KindredError, end: str
) -> None:
    @shared.stage_task()
    def extract() -> None:
        raise error

    with caplog.at_level(logging.ERROR), pytest.raises(getattr(shared, end)) as ended:
        extract.function()
    assert ended.value.code == error.exit_code
    assert ended.value.__suppress_context__
    assert caplog.messages == [str(error)]
    assert caplog.records[0].exc_info is None


@pytest.mark.parametrize(("kind", "end"), [("scheduled", "Wait"), ("manual", "Stopped"), ("backfill", "Stopped")])
def test_a_scheduled_run_waits_for_a_missing_export_and_a_person_is_told_at_once(
    shared: ModuleType, monkeypatch: pytest.MonkeyPatch, kind: str, end: str
) -> None:
    at_work = {"dag_run": SimpleNamespace(run_type=kind)}
    monkeypatch.setattr(shared, "get_current_context", lambda: at_work)

    @shared.stage_task()
    def extract() -> None:
        raise LateSourceError("the file is missing", file="crm/Lead.csv", remedy="Put the export there.")

    with pytest.raises(getattr(shared, end)):
        extract.function()


def test_an_extraction_is_started_again_for_the_window_it_was_held_for(runs: ModuleType) -> None:
    for held in (dag_run("2026-10-30T00:45", "2026-10-31T00:45"), dag_run()):
        window = runs.window_of(held)
        assert runs.window_of(dag_run(conf=runs.again(runs.run_of(held), window))) == window


@pytest.mark.parametrize(
    "error",
    [
        psycopg.OperationalError("gone"),
        psycopg.errors.AdminShutdown("gone"),
        sa.exc.OperationalError("", None, OSError()),
    ],
    ids=["psycopg", "shut down", "sqlalchemy"],
)
def test_a_dropped_connection_is_tried_again(
    shared: ModuleType, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    @shared.stage_task()
    def publish() -> None:
        raise error

    with caplog.at_level(logging.ERROR), pytest.raises(shared.TryAgain):
        publish.function()
    assert "The connection to the database was lost" in caplog.text


def test_a_held_task_is_skipped_and_leaves_what_it_was_held_for(
    shared: ModuleType, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = {}
    task_instance = SimpleNamespace(xcom_push=lambda key, value: left.update({key: value}))
    monkeypatch.setattr(shared, "get_current_context", lambda: {"ti": task_instance})

    @shared.stage_task()
    def resolve() -> None:
        raise HeldError("identity/crosswalk@1", "It moves a lot.\n\n| merges | 7 |")

    with pytest.raises(shared.AirflowSkipException):
        resolve.function()
    assert left == {"held": {"subject": "identity/crosswalk@1", "evidence": "It moves a lot.\n\n| merges | 7 |"}}
    assert "approve or reject identity/crosswalk@1" in caplog.text


class History(list):
    """The events of an asset, as a task is given them."""

    def after(self, _moment: str) -> History:
        return self


def test_nothing_is_asked_twice(shared: ModuleType) -> None:
    def asked(subjects: list[str], *events: dict) -> dict | None:
        told = SimpleNamespace(extra=None)
        history = History(SimpleNamespace(extra=event) for event in events)
        shared.ask(subjects, {"as_of": "1"}, inlet_events={shared.HELD: history}, outlet_events={shared.HELD: told})
        return told.extra

    before = {"subjects": ["segment/a@1", "segment/b@1"], "again": {}}
    assert asked(["segment/a@1"]) == {"subjects": ["segment/a@1"], "again": {"as_of": "1"}}
    assert asked(["segment/a@1", "segment/a@2"], before) == {"subjects": ["segment/a@2"], "again": {"as_of": "1"}}
    for subjects in (["segment/a@1"], []):
        with pytest.raises(shared.AirflowSkipException):
            asked(subjects, before)


@pytest.mark.parametrize(
    ("error", "action"),
    [
        ("Stopped", "fail"),
        ("Wait", "retry"),
        ("TryAgain", "retry"),
        (ConnectionResetError(), "retry"),
        (KeyError("email"), "fail"),
        (KeyboardInterrupt(), "default"),
    ],
)
def test_a_task_is_tried_again_only_where_that_can_help(
    shared: ModuleType, error: BaseException | str, action: str
) -> None:
    raised = getattr(shared, error)(1) if isinstance(error, str) else error
    assert shared.RETRY_BY_KIND.evaluate(raised, 1, 3).action.value == action


@pytest.mark.parametrize(
    ("start", "end", "window"),
    [
        ("2026-10-01T00:45", "2026-10-02T00:45", ("2026-10-01", "2026-10-02")),
        ("2026-10-01T00:00", "2026-11-01T00:00", ("2026-10-01", "2026-11-01")),
        ("2026-10-01T10:15", "2026-10-01T11:15", ("2026-10-01T10:15", "2026-10-01T11:15")),
        (None, None, (None, "2026-11-01")),
        ("2026-10-31T12:00", "2026-10-31T12:00", (None, "2026-11-01")),
    ],
    ids=["a day", "a month", "an hour", "by hand", "empty"],
)
def test_a_window_is_the_runs_interval_in_whole_days(
    runs: ModuleType, start: str | None, end: str | None, window: tuple[str | None, str]
) -> None:
    expected = Window(at(window[0]) if window[0] else None, at(window[1]))
    assert runs.window_of(dag_run(start, end)) == expected


def test_the_logical_date_is_pinned_or_the_samples_or_the_day_the_run_was_due(
    runs: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert runs.run_of(dag_run()).as_of == date(2026, 10, 31)
    monkeypatch.setenv("KINDRED_TIMEZONE", "Europe/Berlin")
    assert runs.run_of(dag_run()).as_of == date(2026, 11, 1)
    (tmp_path / "sample" / "exports").mkdir(parents=True)
    (tmp_path / "sample" / "exports" / "sample.json").write_text('{"as_of": "2026-10-30"}')
    assert runs.run_of(dag_run()).as_of == date(2026, 10, 30)
    monkeypatch.setenv("KINDRED_AS_OF", "2026-10-01")
    assert runs.run_of(dag_run()).as_of == date(2026, 10, 1)
    assert runs.run_of(dag_run()).run_id == "extract_crm/manual__1"
    assert runs.run_of(dag_run(conf={"as_of": "2026-10-15"})).as_of == date(2026, 10, 15)
    assert runs.run_of(dag_run(conf={"as_of": "2026-10-15", "rewind": True})).rewinds
    with pytest.raises(ConfigurationError, match="as_of that is no date"):
        runs.run_of(dag_run(conf={"as_of": "yesterday"}))


def test_the_airflow_connection_says_where_the_warehouse_is(
    shared: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", '{"conn_type": "postgres", "host": "db.example", "schema": "kindred"}')
    assert shared.project().settings.warehouse_url == "postgres://db.example/kindred"


def test_what_an_asset_says_is_versions_and_counts(shared: ModuleType) -> None:
    report = {
        "stage": "resolve",
        "counts": {"profiles": 7},
        "writes": [{"dataset": "identity/crosswalk", "version": "abc", "rows": 9}],
    }
    assert shared.versions(report) == {"counts": {"profiles": 7}, "versions": {"identity/crosswalk": "abc"}}


def test_a_missed_deadline_names_the_run(shared: ModuleType, caplog: pytest.LogCaptureFixture) -> None:
    supervisor = import_module("airflow.sdk.execution_time.callback_supervisor")
    context = {"dag_run": {"dag_id": "build_segments", "dag_run_id": "scheduled__1"}, "deadline": {"id": "1"}}
    with caplog.at_level(logging.ERROR):
        done = supervisor.execute_callback(
            callback_path="kindred_airflow.deadline_missed",
            callback_kwargs={"context": context},
            dag_rel_path="",
            bundle_path="",
            log=structlog.get_logger(),
        )
    assert done == (True, None)
    assert caplog.messages == ["The run scheduled__1 of build_segments missed its deadline."]


def test_a_setting_at_fault_is_told_by_name(runs: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KINDRED_MEMORY_LIMIT", "a lot")
    with pytest.raises(ConfigurationError, match="KINDRED_MEMORY_LIMIT cannot be used"):
        runs.run_of(dag_run())


def test_a_live_source_is_asked_with_the_connection_that_airflow_has(
    shared: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"conn_type": "http", "host": "https://norvik.example", "login": "me", "password": "p", "extra": {"a": 1}}
    monkeypatch.setenv("AIRFLOW_CONN_ORG", json.dumps(given))
    found = shared.connection("org")
    assert found is not None
    assert (found.url, found.login, found.password, found.extra) == ("https://norvik.example", "me", "p", {"a": 1})
    assert shared.connection("nobody") is None


def test_the_spark_that_resolves_is_that_of_the_connection_that_airflow_has(
    shared: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"conn_type": "spark", "host": "spark://head", "port": 7077, "extra": {"spark.executor.memory": "8g"}}
    monkeypatch.setenv("AIRFLOW_CONN_SPARK_DEFAULT", json.dumps(given))
    monkeypatch.setenv("KINDRED_ENGINE", "spark")
    project = shared.project()
    assert project.settings.engine == "spark"
    found = spark_of(project.settings, project.connections)
    assert found == Spark("spark://head:7077", {"spark.executor.memory": "8g"})


def test_a_notifiers_arguments_get_the_alerts_words(_environment: None) -> None:
    change = Change(Alert("full/disk", "full", "Only 1.0 GB are free.", "Make room."), is_over=False)
    given = {"text": "{kind}: {sentence}", "blocks": [{"text": "{remedy}"}], "retries": 2}
    assert import_module("kindred_alerts").filled(given, change) == {
        "text": "full: Only 1.0 GB are free. Make room.", "blocks": [{"text": "Make room."}], "retries": 2,
    }  # fmt: skip


def test_a_notifier_that_there_is_not_is_named_with_its_file(_environment: None, tmp_path: Path) -> None:
    (tmp_path / "alerts.yaml").write_text("notifiers: [{notifier: no.such.Notifier}]\n")
    with pytest.raises(ConfigurationError, match=r"alerts.yaml: there is no notifier no.such.Notifier; install"):
        import_module("kindred_alerts").teller(Settings(config=tmp_path))
