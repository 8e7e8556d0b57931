"""docker-compose.yml keeps the Compose specification, asks for every secret, and gives all services the same image."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from include.contracts.connections import from_environment
from include.contracts.settings import Settings
from include.contracts.spark import spark_of
from tests.compose_file import COMPOSE, services, variables_used

EXAMPLE = Path(".env.example").read_text("utf-8")
DOCUMENTED = dict(re.findall(r"^#?([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))
AIRFLOW = ("init", "api-server", "scheduler", "dag-processor", "triggerer", "worker")
SECRET = re.compile(r"PASSWORD|SECRET|KEY")
FILLED = {name: f"a{index}" for index, name in enumerate(DOCUMENTED)}


def test_it_is_valid_by_the_specifications_own_schema() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_variable_is_documented_and_every_documented_one_is_used() -> None:
    used = {name for name, _ in variables_used(COMPOSE.read_text("utf-8"))}
    assert used == set(DOCUMENTED) - {"COMPOSE_PROFILES"}  # that one is Compose's own


def test_every_secret_is_required_and_the_example_holds_none() -> None:
    kinds = set(variables_used(COMPOSE.read_text("utf-8")))
    secrets = {name for name, _ in kinds if SECRET.search(name)}
    assert len(secrets) == 7
    assert {kind for name, kind in kinds if name in secrets} == {":?"}
    assert {DOCUMENTED[name] for name in secrets} == {""}


@pytest.mark.parametrize(
    "missing", sorted({name for name, kind in variables_used(COMPOSE.read_text("utf-8")) if "?" in kind})
)
def test_it_does_not_start_without_a_required_variable(missing: str) -> None:
    with pytest.raises(KeyError, match=missing):
        services({name: value for name, value in FILLED.items() if name != missing})


def test_airflows_services_share_one_image_and_what_they_must_agree_on() -> None:
    chosen = [services(FILLED)[name] for name in AIRFLOW]
    shared = ("JWT_SECRET", "SECRET_KEY", "FERNET_KEY", "SQL_ALCHEMY_CONN", "EXECUTION_API_SERVER_URL", "PYTHONPATH")
    assert len({service["image"] for service in chosen}) == 1
    for ending in shared:
        (name,) = [name for name in chosen[0]["environment"] if name.endswith(ending) and "CELERY" not in name]
        assert len({service["environment"][name] for service in chosen}) == 1


def test_every_service_that_stays_has_a_health_check() -> None:
    assert [name for name, service in services(FILLED).items() if "healthcheck" not in service] == ["init"]


def test_workers_and_their_queue_and_spark_come_with_their_profiles_only() -> None:
    by_profile = {name: service.get("profiles") for name, service in services(FILLED).items()}
    assert {name: profiles for name, profiles in by_profile.items() if profiles} == {
        "redis": ["celery"], "worker": ["celery"], "spark-master": ["spark"], "spark-worker": ["spark"],
    }  # fmt: skip


def test_sparks_services_are_of_airflows_image_share_its_lake_and_are_where_its_connection_says() -> None:
    given = services({name: value for name, value in FILLED.items() if name != "SPARK_URL"})
    airflow, spark = given["scheduler"], [given["spark-master"], given["spark-worker"]]
    for name in ("image", "build"):
        assert all(service[name] == airflow[name] for service in spark), "else results could differ"
    assert all(service["environment"]["PYTHONPATH"] == airflow["environment"]["PYTHONPATH"] for service in spark)
    assert all("home:/opt/kindred/home" in service["volumes"] for service in (airflow, *spark))
    url = airflow["environment"]["AIRFLOW_CONN_SPARK_DEFAULT"]
    assert given["spark-worker"]["command"][-1] == url == "spark://spark-master:7077"
    assert spark_of(Settings(), lambda name: from_environment(name, airflow["environment"])).master == url
    assert not [name for service in spark for name in service["environment"] if SECRET.search(name)]


def test_the_image_is_built_with_the_packages_that_are_asked_for() -> None:
    built = Path("Dockerfile").read_text("utf-8")
    stages = re.findall(r"^FROM \S+ AS (\S+)$", built, re.MULTILINE)
    assert stages == ["kindred", "spark"]
    assert re.findall(r"^FROM (\S+)$", built, re.MULTILINE) == ["${PACKAGES}"]
    for asked, packages in (("", "kindred"), ("spark", "spark")):
        args = services({**FILLED, "IMAGE_PACKAGES": asked})["scheduler"]["build"]["args"]
        assert args == {"PACKAGES": packages}
    copied = {
        place for line in re.findall(r"^COPY (?:--chown=\S+ )?(.+) \S+$", built, re.MULTILINE) for place in line.split()
    }
    assert copied == {
        line[1:] for line in Path(".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")
    }
