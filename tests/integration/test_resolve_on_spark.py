"""The stage `resolve` on Spark writes the files that one machine writes, and says before it begins what it lacks."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

import boto3
import ibis
import pytest

from include.cli import doctor
from include.contracts.errors import ConfigurationError
from include.contracts.identity import APPLIED, CROSSWALK
from include.contracts.runs import DatasetRef, Run
from include.contracts.settings import ROOT, Settings
from include.contracts.staged import PERSON_RECORD
from include.identity.decisions.decision import COLUMNS
from include.identity.exchange import DATASET, exchange
from include.identity.step import resolve
from include.launch.environment import free_port
from include.launch.processes import Processes
from include.matching.spark import session as sessions
from include.storage.engine import Engine
from include.storage.lake import Lake
from include.storage.project import Project
from tests.compose_file import COMPOSE, services, variables_used
from tests.export_files import Company
from tests.integration.conftest import BRIEF_JAVA
from tests.small_company import rows_of, save

MISSING = sessions.missing()
pytestmark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
REQUIRED = {name for name, kind in variables_used(COMPOSE.read_text("utf-8")) if kind == ":?"}
VARIABLES = dict.fromkeys(REQUIRED, "a") | {"SPARK_WORKER_MEMORY": "1g"}
STRANGER = {"first_name": "Tancredi", "last_name": "Obermayr", "full_name": "Tancredi Obermayr",
            "email": "tancredi@obermayr.example", "phone": None, "company": "Obermayr"}  # fmt: skip
Rows = list[dict[str, Any]]


class Home:
    """A home whose stage `resolve` runs on one of the engines."""

    def __init__(self, home: Path, config: Path, url: str, **engine: Any) -> None:
        settings = Settings(home=home, config=config, warehouse_url=url, threads=2, **engine)
        self.project = Project(settings)
        self.written: dict[str, DatasetRef] = {}

    def day(self, records: Rows, on: date) -> None:
        """Resolve these person records."""
        with self.project.engine() as engine:
            refs = {PERSON_RECORD.name: save(engine, PERSON_RECORD, rows_of(PERSON_RECORD, records))}
        report = resolve(self.project, Run(f"run-{on}", on), refs)
        self.written, self.counts = {ref.dataset: ref for ref in report.writes}, report.counts

    def rows(self, table: Any) -> Rows:
        with self.project.engine() as engine:
            return list(engine.read(table, self.written[table.name]).order_by(list(table.key)).to_pyarrow().to_pylist())

    def files(self) -> dict[str, bytes]:
        """What the stage has left in the lake."""
        folder = self.project.settings.home / "lake"
        return {str(f.relative_to(folder)): f.read_bytes() for f in sorted(folder.glob("identity/**/*")) if f.is_file()}


def later(records: Rows, profile_of: dict[str, str]) -> tuple[Rows, list[str]]:
    """The records of another day, one being a stranger's now and two merged by their source; and what is decided."""
    of: dict[str, list[str]] = {}
    for record, profile in sorted(profile_of.items()):
        of.setdefault(profile, []).append(record)
    pairs = [records for _, records in sorted(of.items()) if len(records) == 2]
    changed, into, apart, one, other = pairs[0][1], pairs[1][0], pairs[2], pairs[3][0], pairs[4][0]
    moved = {changed: STRANGER, pairs[5][0]: {"merged_into": into, "is_deleted": True}}
    company = next(row["company"] for row in records if row["record_id"] == pairs[6][0])
    decided = [f"never,{apart[0]},{apart[1]},,", f"always,{one},{other},,", f"bypass,,,company,{company}"]
    return [row | moved.get(row["record_id"], {}) for row in records], decided


def test_the_sample_is_resolved_to_the_same_files_day_after_day(
    spark: Any, sample_exports: Path, tmp_path: Path, warehouse_url: str
) -> None:
    """On the second day with decisions of all kinds, a merge by a source, and a profile whose parts are judged anew."""
    sample = Company(sample_exports)
    sample.stage()
    records, config = sample.staged("person_record"), tmp_path / "config"
    shutil.copytree(ROOT / "include" / "config", config)
    (config / "stewardship.yaml").write_text("split_confidence: 0\n")  # whatever links the parts of a profile keeps it
    here = Home(tmp_path / "here", config, warehouse_url)
    there = Home(tmp_path / "there", config, warehouse_url, engine="spark", spark_master="local[2]")
    for home in (here, there):
        home.day(records, date(2026, 10, 31))
    assert there.files() == here.files()
    changed, decided = later(records, {row["record_id"]: row["profile_id"] for row in here.rows(CROSSWALK)})
    lines = [f"{line},Nina,asked them,2026-11-01" for line in decided]
    (config / "decisions.csv").write_text("\n".join([",".join(COLUMNS), *lines]) + "\n")
    for home in (here, there):
        home.day(changed, date(2026, 11, 1))
    assert there.files() == here.files()
    assert {row["kind"] for row in there.rows(APPLIED)} == {"always", "never", "bypass"}
    assert there.counts["kept_parts"], "no pair was judged that no rule had listed"
    profile_of = {row["record_id"]: row["profile_id"] for row in there.rows(CROSSWALK)}
    merged = [(row["record_id"], row["merged_into"]) for row in changed if row["merged_into"]]
    assert all(profile_of[loser] == profile_of[winner] for loser, winner in merged)
    assert merged
    for home in (here, there):
        home.project.close()


def test_rows_go_to_tasks_and_back_through_an_object_store(spark: Any, object_store: str) -> None:
    known = {"key": "test", "secret": "test", "endpoint_url": object_store}
    boto3.client("s3", endpoint_url=object_store, region_name="us-east-1", aws_access_key_id="test",
                 aws_secret_access_key="test").create_bucket(Bucket="company")  # fmt: skip
    lake = Lake("s3://company/lake", **known)
    with Engine(lake) as engine, exchange(lake, spark) as between:
        given = ibis.range(130_000).unnest().name("n").as_table().mutate(said=ibis.literal("x"))
        rows = between.hand_over(engine, given)
        assert rows.rdd.getNumPartitions() > 1
        taken = between.take(engine, "taken", rows.filter("n >= 100000"))
        nothing = between.take(engine, "nothing", rows.filter("n < 0"))
        told = [
            engine.connection.execute(f"SELECT count(*), sum(n) FROM {name}").fetchall() for name in (taken, nothing)
        ]
    assert told == [[(30_000, sum(range(100_000, 130_000)))], [(0, None)]]
    assert not list(lake.stored(DATASET))


def test_a_lake_that_workers_do_not_reach_is_told_before_anything_starts(spark: Any) -> None:
    lake = Lake("memory://kindred")  # of this process alone
    with (
        pytest.raises(
            ConfigurationError, match=r"workers cannot read and write the lake at memory://kindred \(FileNotFou"
        ),
        exchange(lake, spark),
    ):
        pytest.fail("it began")


def test_doctor_asks_the_workers(spark: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(home=tmp_path, engine="spark", spark_master="local[2]")
    told = f"{spark.sparkContext.master} answers: 2 cores, packages as here"
    (found,) = doctor._guarded(doctor.spark, settings)
    assert (found.state, found.found, list(tmp_path.iterdir())) == ("ok", told, [])
    (tmp_path / "lake").mkdir()
    (found,) = doctor._guarded(doctor.spark, settings)
    assert (found.state, found.found) == ("ok", f"{told}, and they read and write the lake")
    assert not [place for place in (tmp_path / "lake").rglob("*") if place.is_file()]
    monkeypatch.setattr(sessions, "own_versions", lambda: "python 2.7")
    (found,) = doctor._guarded(doctor.spark, settings)
    assert found.state == "fail"
    assert found.found.startswith("A Spark worker has other packages (python 3.11")


def test_the_compose_files_master_and_worker_are_found_by_its_connection(tmp_path: Path) -> None:
    """The services of its profile as processes of this machine, with the environment that the file gives them."""
    given, (master, *pages) = services(VARIABLES), (free_port() for _ in range(3))
    bare = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path)}
    bare |= [BRIEF_JAVA]
    here = {"spark-master": "127.0.0.1", "7077": str(master), "/opt/kindred": str(ROOT), "/tmp/spark": str(tmp_path)}
    with Processes(tmp_path / "logs") as processes:
        for name, port in zip(("spark-master", "spark-worker"), pages, strict=True):
            command = [put(word, here | {"8081": str(port)}) for word in given[name]["command"]]
            own = {key: put(value, here) for key, value in given[name]["environment"].items()}
            processes.start(name, command, bare | own)
        url = put(given["scheduler"]["environment"]["AIRFLOW_CONN_SPARK_DEFAULT"], here)
        asked = {"AIRFLOW_CONN_SPARK_DEFAULT": f"{url}?spark.executor.memory=512m", "KINDRED_ENGINE": "spark",
                 "KINDRED_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}  # fmt: skip
        while sessions.missing(url):
            processes.check()
            time.sleep(0.2)
        command = [sys.executable, "-m", "include", "doctor", "--json"]
        done = subprocess.run(command, env=bare | asked, cwd=ROOT, capture_output=True, text=True, check=False)
    (found,) = [finding for finding in json.loads(done.stdout) if finding["check"] == "spark"]
    assert found["state"] == "ok", found
    assert re.fullmatch(rf"{url} answers: \d+ cores, packages as here", found["found"])


def put(text: str, here: dict[str, str]) -> str:
    """A text of the file as it is on this machine."""
    for there, mine in here.items():
        text = text.replace(there, mine)
    return text
