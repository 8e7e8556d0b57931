"""Which Spark does the work: the setting's, else the connection's, else this machine; what cannot be is told."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from include.cli import doctor
from include.contracts.connections import from_environment
from include.contracts.errors import ConfigurationError, RetryableError
from include.contracts.settings import Settings
from include.contracts.spark import Spark, spark_of
from include.matching.spark import session as sessions
from include.matching.spark.masters import unreachable
from include.matching.spark.planning import parts_of
from include.storage.project import Project


def of_connection(given: str) -> Spark:
    return spark_of(Settings(), lambda name: from_environment(name, {"AIRFLOW_CONN_SPARK_DEFAULT": given}))


@pytest.mark.parametrize(
    ("given", "master"),
    [
        ("spark://head:7077", "spark://head:7077"),
        ("spark://spark%3A%2F%2Fhead:7077", "spark://head:7077"),
        ("spark://k8s://https%3A%2F%2Fapi.example:6443/?namespace=people", "k8s://https://api.example:6443"),
        ("spark://localhost:7077", "spark://localhost:7077"),
        ("spark://yarn", "yarn"),
        ("spark://local", "local"),
        ("spark://local%5B4%5D", "local[4]"),
        (json.dumps({"conn_type": "spark", "host": "k8s://https://api.example", "port": 6443}),
         "k8s://https://api.example:6443"),
        ("spark-connect://head:15002", "sc://head:15002"),
        (json.dumps({"conn_type": "spark_connect", "host": "head", "port": 15002}), "sc://head:15002"),
        (json.dumps({"conn_type": "spark"}), None),
    ],
)  # fmt: skip
def test_a_connection_names_the_master_in_each_way_that_airflow_writes_one(given: str, master: str | None) -> None:
    assert of_connection(given).master == master


def test_a_connections_extras_become_options_of_spark() -> None:
    extra = {"queue": "nightly", "spark.executor.memory": "8g", "spark.dynamicAllocation.enabled": True, "other": "x"}
    assert of_connection(json.dumps({"conn_type": "spark", "host": "yarn", "extra": extra})).options == {
        "spark.yarn.queue": "nightly", "spark.executor.memory": "8g", "spark.dynamicAllocation.enabled": "true",
    }  # fmt: skip


def test_a_driver_elsewhere_is_refused_for_the_task_is_the_driver() -> None:
    with pytest.raises(ConfigurationError, match="the task itself is the driver"):
        of_connection("spark://yarn?deploy-mode=cluster")


def test_the_setting_goes_before_the_connection_which_airflow_may_have_come_with() -> None:
    settings = Settings(spark_master="spark://head:7077")
    assert spark_of(settings, lambda name: pytest.fail(f"{name} was asked for")) == Spark("spark://head:7077")
    assert spark_of(Settings(), lambda _: None) == Spark(None)


@pytest.mark.parametrize(
    ("records", "parts"),
    [(0, 1), (3_000, 1), (10_000, 5), (1_000_000, 16), (10_000_000, 100), (100_000_000, 317), (1_000_000_000, 1_000)],
)
def test_a_task_holds_as_much_of_a_larger_table_until_its_parts_have_too_little_to_tell_each_other(
    records: int, parts: int
) -> None:
    assert parts_of(records, cores=16) == parts


def test_what_a_task_holds_at_most_is_a_setting() -> None:
    asked = {"KINDRED_SPARK_PARTITION": "20000"}
    assert parts_of(1_000_000, 16, Settings.from_environment(asked).spark_partition) == 50
    with pytest.raises(ConfigurationError) as told:
        Settings.from_environment({"KINDRED_SPARK_PARTITION": "5"})
    assert str(told.value).startswith(
        "KINDRED_SPARK_PARTITION cannot be used: Input should be greater than or equal to 1000. It is: Records that"
    )


@pytest.mark.parametrize(
    ("master", "said"),
    [
        ("sc://head:15002", "Kindred does not work over Spark Connect (sc://head:15002), which has no broadcast"),
        ("mesos://head", "'mesos://head' is no master of Spark: name spark://host:7077, yarn"),
        ("spark://", "'spark://' is no master of Spark"),
        ("yarn", "YARN is found by HADOOP_CONF_DIR or YARN_CONF_DIR: set one of them."),
        ("k8s://https://127.0.0.1:1", "No Spark master answers at k8s://https://127.0.0.1:1: start it"),
        ("spark://127.0.0.1:1,127.0.0.1:2", "No Spark master answers at spark://127.0.0.1:1,127.0.0.1:2"),
        ("local[2]", None),
        ("local-cluster[2, 1, 1024]", None),
    ],
)
def test_a_master_that_can_take_no_work_is_told_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, master: str, said: str | None
) -> None:
    monkeypatch.setattr(sessions, "find_spec", lambda _: True)
    monkeypatch.setattr(sessions, "without_java", lambda: None)
    for name in ("HADOOP_CONF_DIR", "YARN_CONF_DIR"):
        monkeypatch.delenv(name, raising=False)
    found = sessions.missing(master)
    assert (found is None) if said is None else str(found).startswith(said)


@pytest.mark.parametrize(
    ("says", "told"),
    [
        ("echo 'openjdk version \"11.0.2\" 2019' >&2", "is Java 11: set JAVA_HOME"),
        ("echo 'java version \"1.8.0_372\"' >&2", "is Java 8: set JAVA_HOME"),
        ("exit 1", "is none: set JAVA_HOME"),
        ("echo 'openjdk version \"21\" 2023-09-19' >&2", None),
    ],
)
def test_a_java_that_spark_cannot_begin_with_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, says: str, told: str | None
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    java = tmp_path / "bin" / "java"
    assert f"{java} cannot be run (No such file or directory)" in str(sessions.without_java())
    java.parent.mkdir()
    java.write_text(f"#!/bin/sh\n{says}\n")
    java.chmod(0o700)
    found = sessions.without_java()
    assert (found is None) if told is None else (f"Spark needs Java 17, and {java} {told}" in str(found))


def test_a_java_that_ends_amid_the_work_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "connect", lambda *_: None)
    monkeypatch.setattr(sessions, "_has_ended", lambda: True)
    with pytest.raises(RetryableError, match="Spark's Java ended while it worked"), sessions.connected("local[2]"):
        raise ConnectionRefusedError


def yarn_site(folder: Path, **settings: str) -> None:
    said = "".join(
        f"<property><name>yarn.resourcemanager.{name.replace('_', '.').replace('rm.ids', 'rm-ids')}</name>"
        f"<value>{value}</value></property>"
        for name, value in settings.items()
    )
    (folder / "yarn-site.xml").write_text(f"<configuration>{said}</configuration>")


def test_a_yarn_that_does_not_answer_is_told_before_spark_asks_for_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("YARN_CONF_DIR", raising=False)
    monkeypatch.setenv("HADOOP_CONF_DIR", str(tmp_path))
    assert unreachable("yarn") == f"YARN is found by a yarn-site.xml, and there is none in {tmp_path}."
    site = tmp_path / "yarn-site.xml"
    site.write_text("<configuration>")
    assert str(unreachable("yarn")).startswith(f"{site}, which says where YARN is, cannot be read: no element found")
    yarn_site(tmp_path, address="127.0.0.1:1")
    assert unreachable("yarn") == f"No YARN answers at 127.0.0.1:1, which {site} names: start it, or name another."
    with socket.create_server(("127.0.0.1", 0)) as standby:
        there = f"127.0.0.1:{standby.getsockname()[1]}"
        yarn_site(tmp_path, ha_rm_ids="one, two", address_one="127.0.0.1:1", address_two=there)
        assert unreachable("yarn") is None
    yarn_site(tmp_path, hostname="${its.own}")  # which only Hadoop can tell
    assert unreachable("yarn") is None


def test_the_client_that_airflows_provider_brings_is_not_taken_for_spark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "find_spec", lambda name: None if name == "py4j" else True)
    assert "pip uninstall pyspark-client" in str(sessions.missing())


def test_doctor_asks_for_spark_only_where_it_does_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "find_spec", lambda _: None)
    assert list(doctor.spark(Settings())) == []
    (found,) = doctor._guarded(doctor.spark, Settings(engine="spark", spark_master="local[2]"))
    assert (found.check, found.state) == ("spark", "fail")
    assert found.found.startswith("Spark is not installed here: pip install --require-hashes -r requirements-spark.txt")


def test_what_the_driver_spills_lies_in_the_home_and_goes_with_the_work(tmp_path: Path) -> None:
    project = Project(Settings(home=tmp_path, spark_master="spark://head:7077"))
    with project.spark() as at:
        (place,) = at.options.values()
        assert Path(place).is_dir() and Path(place).is_relative_to(tmp_path)
    assert not Path(place).exists()
