"""docker-compose.yml keeps the Compose specification, asks for every secret, and gives all services the same image."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

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


def test_workers_and_their_queue_come_with_the_celery_profile_only() -> None:
    by_profile = {name: service.get("profiles", []) for name, service in services(FILLED).items()}
    assert {name for name, profiles in by_profile.items() if profiles} == {"redis", "worker"}
    assert by_profile["worker"] == by_profile["redis"] == ["celery"]
