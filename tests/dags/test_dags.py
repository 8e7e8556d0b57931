"""What every DAG of the project declares, as Airflow itself reads it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

SOURCES = list(yaml.safe_load(Path("include/config/sources.yaml").read_text("utf-8"))["sources"])
EXTRACTS = [f"extract_{source}" for source in SOURCES]
HEAVY = {
    *("alembic", "duckdb", "great_expectations", "ibis", "numba", "numpy", "pandas"),
    *("psycopg", "pyarrow", "recordlinkage", "scipy", "sklearn"),
}


def parse(home: Path, **settings: str) -> dict[str, Any]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW_", "KINDRED_"))}
    environment |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(Path("plugins").resolve()),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "PYTHONPATH": str(Path.cwd()),
        **settings,
    }
    command = [sys.executable, "tests/dags/describe_dags.py"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout[done.stdout.index('{"errors"') :])


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return parse(tmp_path_factory.mktemp("airflow"))


@pytest.fixture(scope="module")
def dags(parsed: dict[str, Any]) -> dict[str, Any]:
    return parsed["dags"]


@pytest.fixture(scope="module")
def tasks(dags: dict[str, Any]) -> dict[str, Any]:
    return {f"{name}.{task}": facts for name, dag in dags.items() for task, facts in dag["tasks"].items()}


def test_every_file_is_read_without_error(parsed: dict[str, Any]) -> None:
    assert parsed["errors"] == {}
    assert set(parsed["dags"]) == {
        *EXTRACTS,
        "resolve_identities",
        "build_segments",
        "approve_changes",
        "retain",
        "watch",
    }


def test_nothing_heavy_is_imported_to_read_them(parsed: dict[str, Any]) -> None:
    assert HEAVY.isdisjoint(parsed["modules"])
    assert not [name for name in parsed["all_modules"] if name.startswith(("include.storage", "include.pipeline"))]


def test_a_dag_explains_itself(dags: dict[str, Any], tasks: dict[str, Any]) -> None:
    assert all(dag["description"] and len(dag["doc"]) > 80 for dag in dags.values())
    assert all(task["doc"] and task["owner"] != "airflow" for task in tasks.values())


def test_tags_are_of_the_allowed_set(dags: dict[str, Any]) -> None:
    allowed = {"kindred", "extract", "identity", "segments", "activation", "stewardship", "operations"}
    assert {tag for dag in dags.values() for tag in dag["tags"]} == allowed - {"activation"}  # there is no sync yet
    assert all("kindred" in dag["tags"] for dag in dags.values())


def test_a_dag_runs_from_the_start_and_loses_no_asset_event(dags: dict[str, Any]) -> None:
    for dag in dags.values():
        assert dag["is_paused_upon_creation"] is None  # whoever runs the Airflow says when it begins
        assert dag["max_active_runs"] > 1  # with 1, Airflow 3.3 drops events that come while a run is active
        assert dag["catchup"] is False
        assert dag["max_consecutive_failed_dag_runs"] == 5
        assert dag["deadlines"] == 1
        assert dag["serialized"]


def test_a_task_is_tried_again_by_the_kind_of_its_error(tasks: dict[str, Any]) -> None:
    for task in tasks.values():
        assert task["retries"] >= 2
        assert task["timeout"] >= 3600
        kinds = {path.rpartition(".")[2]: action for action, paths in task["policy"] for path in paths.split(",")}
        assert kinds["Stopped"] == "fail"
        assert kinds["TryAgain"] == "retry"
        assert kinds["OSError"] == "retry"
        assert kinds["Exception"] == "fail"


def test_writers_take_turns_and_a_run_that_has_begun_goes_first(tasks: dict[str, Any]) -> None:
    for name, task in tasks.items():
        if name.endswith(".extract"):
            assert task["max_active_tis_per_dag"] == 1
        elif not name.startswith(("approve_changes", "extract_", "watch")):
            assert (task["pool"], task["weight_rule"]) == ("warehouse_writer", "upstream")


def test_assets_chain_the_dags(dags: dict[str, Any], tasks: dict[str, Any]) -> None:
    raw = [f"raw_{source}" for source in SOURCES]
    assert [tasks[f"{dag}.extract"]["outlets"] for dag in EXTRACTS] == [[asset] for asset in raw]
    assert dags["resolve_identities"]["assets"] == sorted(raw)
    assert tasks["resolve_identities.resolve"]["outlets"] == ["identity"]
    assert dags["build_segments"]["assets"] == ["identity"]


def test_the_steps_follow_each_other(dags: dict[str, Any]) -> None:
    def order(dag: str, first: str) -> list[str]:
        steps = [first]
        while following := dags[dag]["tasks"][steps[-1]]["downstream"]:
            steps += following
        return steps

    assert order("resolve_identities", "stage") == ["stage", "resolve", "ask_a_person"]
    steps = ["unify", "measure", "segment", "report", "load", "audit", "publish", "ask_a_person"]
    assert order("build_segments", "unify") == steps


def test_what_is_held_is_asked_in_a_dag_of_its_own(dags: dict[str, Any], tasks: dict[str, Any]) -> None:
    asking = {name: task for name, task in tasks.items() if "held" in task["outlets"]}
    assert set(asking) == {f"{dag}.ask_a_person" for dag in (*EXTRACTS, "resolve_identities", "build_segments")}
    for task in asking.values():
        assert task["trigger_rule"] == "none_failed"  # a held task is skipped; a failed one must fail its run
        assert task["downstream"] == []  # nothing waits for the answer
    assert dags["approve_changes"]["assets"] == ["held"]
    questions = [name for name, task in tasks.items() if task["operator"] == "HITLOperator"]
    assert questions == ["approve_changes.approval.ask"]
    following = dags["approve_changes"]["tasks"]
    assert "approval.record" in following["approval.ask"]["downstream"]
    assert following["approval.record"]["downstream"] == ["approval.go_on"]
    assert following["approval.go_on"]["downstream"] == ["approval.start_again"]


def test_schedules_make_up_for_lost_events_and_extracts_cover_intervals(dags: dict[str, Any]) -> None:
    assert {dags[dag]["timetable"] for dag in EXTRACTS} == {"CronDataIntervalTimetable"}
    assert all(dags[dag]["timetable"] == "AssetOrTimeSchedule" for dag in ("resolve_identities", "build_segments"))
    assert {name for name, dag in dags.items() if not dag["cron"]} == {"approve_changes"}


def test_without_schedules_only_assets_start_dags_and_their_pages_say_why(tmp_path: Path) -> None:
    dags = parse(tmp_path, KINDRED_SCHEDULES="off")["dags"]
    assert all("It has no schedule here" in dags[dag]["doc"] for dag in (*EXTRACTS, "resolve_identities"))
    assert {dags[dag]["timetable"] for dag in EXTRACTS} == {"NullTimetable"}
    assert all(dags[dag]["timetable"] == "AssetTriggeredTimetable" for dag in ("resolve_identities", "build_segments"))


def test_a_name_that_is_no_setting_is_one_error_and_takes_no_dag_away(tmp_path: Path, dags: dict[str, Any]) -> None:
    parsed = parse(tmp_path, KINDRED_EXPORTS="/exports")
    (error,) = parsed["errors"].values()
    assert "KINDRED_EXPORTS is no setting" in error
    assert parsed["dags"].keys() == dags.keys()


def test_a_setting_that_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    errors = parse(tmp_path, KINDRED_TIMEZONE="Mars/Olympus")["errors"]
    assert {Path(file).name for file in errors} == {file.name for file in Path("dags").glob("*.py")} - {
        "check_settings.py"  # it looks at names only
    }
    assert all("KINDRED_TIMEZONE cannot be used" in error for error in errors.values())


@pytest.fixture(scope="module")
def with_syncs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    config = tmp_path_factory.mktemp("config")
    (config / "destinations").mkdir()
    rest = "segment: lapsed, owner: marketing, purpose: email_marketing, key: {Email: email}"
    (config / "destinations" / "shelf.yaml").write_text(
        "kind: files\nsettings: {url: file:///tmp/shelf}\n"
        f"syncs:\n  at_once: {{{rest}}}\n  weekly: {{{rest}, schedule: 0 6 * * 1}}\n"
    )
    return parse(tmp_path_factory.mktemp("airflow"), KINDRED_CONFIG=str(config))


def test_each_sync_is_a_dag_that_follows_publication_or_its_own_schedule(with_syncs: dict[str, Any]) -> None:
    assert with_syncs["errors"] == {}
    dags = {name: dag for name, dag in with_syncs["dags"].items() if name.startswith("activate_")}
    assert set(dags) == {"activate_at_once", "activate_weekly"}
    assert dags["activate_at_once"]["assets"] == ["customers"]
    assert dags["activate_weekly"]["cron"] == "0 6 * * 1"
    for dag in dags.values():
        assert dag["tags"] == ["activation", "kindred"]
        assert dag["tasks"]["deliver"]["pool"] == "destination_shelf"
        assert dag["tasks"]["deliver"]["downstream"] == ["ask_a_person"]
        assert "held" in dag["tasks"]["ask_a_person"]["outlets"]
    assert HEAVY.isdisjoint(with_syncs["modules"])


def test_a_faulty_sync_is_one_sentence_and_takes_no_other_dag_away(tmp_path: Path, dags: dict[str, Any]) -> None:
    (tmp_path / "destinations").mkdir()
    (tmp_path / "destinations" / "shelf.yaml").write_text("kind: files\nsyncs: {}\n")
    parsed = parse(tmp_path, KINDRED_CONFIG=str(tmp_path))
    (error,) = parsed["errors"].values()
    assert "destinations/shelf.yaml, line 2: 'syncs'" in error
    assert parsed["dags"].keys() == dags.keys()
