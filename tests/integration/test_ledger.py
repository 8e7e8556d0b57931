"""The run ledger: what a run did, whatever is called twice."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import date

import pytest

from include.contracts.errors import ContractError, RetryableError
from include.contracts.runs import DatasetRef, Run, StageReport
from include.contracts.settings import ROOT
from include.storage.control.ledger import check_counts
from include.storage.control.requests import Requests
from include.storage.project import Project

COUNTS = {"raw": 10, "staged": 7, "superseded": 2, "quarantined": 1}
STAGE = StageReport("stage", {"raw/crm": "r1"}, (DatasetRef("staged/account", "v1", 7),), COUNTS)


def test_a_run_and_its_stages_are_kept(warehouse_project: Project, run: Run) -> None:
    ledger = warehouse_project.ledger()
    with ledger.working(run):
        ledger.record_stage(run, STAGE, seconds=1.5, peak_mb=120)
        ledger.end_run(run, "success")
    (row,) = ledger.runs()
    assert (row["run_id"], row["as_of"], row["state"], row["stages"]) == (run.run_id, run.as_of, "success", 1)
    assert row["seconds"] >= 0
    (stage,) = ledger.stages(run.run_id)
    assert (stage["counts"], stage["writes"]) == (COUNTS, {"staged/account": {"version": "v1", "rows": 7}})


def test_a_stage_that_is_retried_is_kept_once_as_it_ended(warehouse_project: Project, run: Run) -> None:
    ledger = warehouse_project.ledger()
    for seconds in (9.0, 2.0):
        with ledger.working(run):
            ledger.record_stage(run, STAGE, seconds=seconds)
    (stage,) = ledger.stages(run.run_id)
    assert stage["seconds"] == 2.0


def test_a_failed_run_that_is_tried_again_keeps_its_start_and_loses_its_failure(
    warehouse_project: Project, run: Run
) -> None:
    ledger = warehouse_project.ledger()
    with ledger.working(run):
        ledger.end_run(run, "failed", "the disk is full")
    (failed,) = ledger.runs()
    with ledger.working(run):
        (row,) = ledger.runs()
    assert (failed["state"], failed["message"]) == ("failed", "the disk is full")
    assert (row["state"], row["message"], row["started_at"]) == ("running", None, failed["started_at"])


def test_a_run_whose_server_went_away_meanwhile_ends_as_it_would(warehouse_project: Project, run: Run) -> None:
    ledger, lose = warehouse_project.ledger(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> "
    here = "pg_backend_pid() AND datname = current_database()"
    with ledger.working(run):
        with warehouse_project.warehouse().begin() as connection:
            connection.exec_driver_sql(f"{lose}{here}")
        ledger.end_run(run, "success")
    assert [row["state"] for row in ledger.runs()] == ["success"]
    with pytest.raises(RetryableError, match="asked too much"), ledger.working(run):
        with warehouse_project.warehouse().begin() as connection:
            connection.exec_driver_sql(f"{lose}{here}")
        raise RetryableError("asked too much")


def test_the_newest_run_comes_first(warehouse_project: Project) -> None:
    ledger = warehouse_project.ledger()
    for number in range(3):
        with ledger.working(Run(f"run-{number}", date(2026, 1, 1 + number))):
            pass
    assert [row["run_id"] for row in ledger.runs(limit=2)] == ["run-2", "run-1"]


def test_a_run_between_two_stages_waits(warehouse_project: Project, run: Run) -> None:
    ledger = warehouse_project.ledger()
    with ledger.working(run):
        assert [row["state"] for row in ledger.runs()] == ["running"]
    assert [row["state"] for row in ledger.runs()] == ["waiting"]


def test_a_run_that_was_stopped_between_two_stages_waits_until_a_later_one_of_its_dag_has_ended(
    warehouse_project: Project,
) -> None:
    ledger, day = warehouse_project.ledger(), date(2026, 1, 5)
    for name in ("build/stopped", "build/later", "extract/other"):
        with ledger.working(Run(name, day)):
            pass
    ledger.end_run(Run("extract/other", day), "success")
    assert {row["run_id"]: row["state"] for row in ledger.runs()}["build/stopped"] == "waiting"
    ledger.end_run(Run("build/later", day), "failed")
    found = {row["run_id"]: row for row in ledger.runs()}
    assert found["build/stopped"]["state"] == "interrupted"
    assert "stopped between two stages" in found["build/stopped"]["message"]
    with ledger.working(Run("build/stopped", day)):  # should it go on all the same
        assert {row["run_id"]: row["state"] for row in ledger.runs()}["build/stopped"] == "running"


WORKER = """
import time
from datetime import date
from include.contracts.runs import Run
from include.contracts.settings import Settings
from include.storage.project import Project
with Project(Settings.from_environment()).ledger().working(Run("nightly", date(2026, 1, 5))):
    print("at work", flush=True)
    time.sleep(600)
"""


def test_a_run_whose_process_was_killed_is_called_interrupted_until_it_is_tried_again(
    warehouse_project: Project, warehouse_url: str
) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "KINDRED_WAREHOUSE_URL": warehouse_url}
    with subprocess.Popen([sys.executable, "-c", WORKER], env=environment, stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "at work\n"
        ledger = warehouse_project.ledger()
        assert [row["state"] for row in ledger.runs()] == ["running"]
        worker.kill()
    deadline = time.monotonic() + 240  # until the server has noticed
    while (row := ledger.runs()[0])["state"] == "running":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert (row["state"], row["seconds"]) == ("interrupted", None)
    assert "run it again" in row["message"]
    with ledger.working(Run("nightly", date(2026, 1, 5))):
        assert [row["state"] for row in ledger.runs()] == ["running"]


def test_a_run_of_the_command_line_that_was_killed_between_two_stages_is_interrupted(
    warehouse_project: Project, run: Run
) -> None:
    ledger, at_home = warehouse_project.ledger(), Run("cli__1", run.as_of)
    with ledger.at_work(at_home):
        with ledger.working(at_home):
            pass
        assert ledger.runs()[0]["state"] == "waiting"
    assert ledger.runs()[0]["state"] == "interrupted"


def test_a_run_for_which_nobody_will_start_a_next_stage_is_interrupted(warehouse_project: Project, run: Run) -> None:
    ledger = warehouse_project.ledger()
    with ledger.working(run):
        ledger.abandon()
        assert ledger.runs()[0]["state"] == "running"
    assert ledger.runs()[0]["state"] == "waiting"
    ledger.abandon()
    assert ledger.runs()[0]["state"] == "interrupted"


def test_counts_that_do_not_add_up_fail_the_stage_and_are_not_kept(warehouse_project: Project, run: Run) -> None:
    ledger = warehouse_project.ledger()
    with pytest.raises(ContractError, match="raw 11, but staged 7"):
        ledger.record_stage(run, StageReport("stage", counts={**COUNTS, "raw": 11}), seconds=1)
    assert ledger.stages(run.run_id) == []


def test_counts_of_one_object_must_add_up_by_themselves() -> None:
    good = {f"crm.contact.{name}": count for name, count in COUNTS.items()}
    check_counts(StageReport("stage", counts=good))
    with pytest.raises(ContractError, match=r"for crm\.contact"):
        check_counts(StageReport("stage", counts={**good, "crm.contact.staged": 6}))


def test_other_counts_are_free() -> None:
    check_counts(StageReport("resolve", counts={"profiles": 3, "merged": 1}))


def test_requests_to_a_source_add_up_over_tries_and_over_the_runs_of_a_day(
    warehouse_project: Project, run: Run
) -> None:
    ledger, other = warehouse_project.ledger(), Run("another", run.as_of)
    with ledger.working(run), ledger.working(other):
        for one in (run, run, other):
            Requests(ledger, one).add("crm", {"requests": 5, "retried": 1, "throttled": 0})
    assert Requests(ledger, other).today("crm") == 15
    assert Requests(ledger, other).today("email") == 0
    (row,) = ledger.stages(run.run_id)
    assert (row["stage"], row["counts"]) == ("ask.crm", {"requests": 10, "retried": 2, "throttled": 0})
