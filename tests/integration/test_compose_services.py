"""The services of docker-compose.yml, as processes with the environment that the file gives them.

No Docker engine is needed: hosts become 127.0.0.1 and free ports, folders of the image become this checkout's. A DAG
then has to run to success, started by the administrator that `init` made, with the LocalExecutor and with Celery: for
that what runs tasks is started anew, with a worker.
"""

from __future__ import annotations

import base64
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from include.contracts.errors import FatalError
from include.contracts.settings import ROOT
from include.launch.environment import free_port
from include.launch.processes import Child, Processes, end_sessions
from include.samples import generate
from include.storage.postgres import embedded
from tests.compose_file import configs, services

pytestmark = pytest.mark.slow
STAYING = ("api-server", "scheduler", "dag-processor", "triggerer")


@dataclass
class Deployment:
    """The file's services on this machine."""

    place: Path
    processes: Processes
    variables: Mapping[str, str]
    ports: Mapping[str, int]
    started: dict[str, Child] = field(default_factory=dict)
    restarted: set[str] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports['api-server']}"

    def environment(self, service: str) -> dict[str, str]:
        """The service's environment, and of this machine's only what every container has."""
        given = {
            name: self.here(str(value)) for name, value in services(self.variables)[service]["environment"].items()
        }
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        own = (
            {}
            if "AIRFLOW_HOME" not in given
            else {
                "AIRFLOW__API__PORT": str(self.ports["api-server"]),
                "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": str(self.ports["health"]),
                "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(self.ports[f"logs of {service}"]),
                "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(self.ports["logs of triggerer"]),
                "AIRFLOW__CORE__PARALLELISM": "2",
                "AIRFLOW__API__HOST": "127.0.0.1",
                "AIRFLOW__CELERY__WORKER_CONCURRENCY": "2",
            }
        )
        return {"PATH": path, "HOME": str(self.place), "LANG": "C.UTF-8", "NO_PROXY": "127.0.0.1", **given, **own}

    def start(self, service: str) -> None:
        self.started[service] = self.processes.start(service, self._command(service), self.environment(service))

    def stop(self, service: str) -> None:
        child = self.started.pop(service)
        end_sessions([child.process.pid], [child.process])
        self.processes.forget(child)

    def check(self) -> None:
        """Start what has died again, once, where the file's policy says so, and warn of it; else raise."""
        try:
            self.processes.check()
        except FatalError:
            for child in self.processes.ended():
                said = child.log.read_text("utf-8", errors="replace")[-4000:]
                warnings.warn(f"{child.name} has died:\n{said}", stacklevel=1)
                policy = services(self.variables)[child.name].get("restart")
                if policy != "unless-stopped" or child.name in self.restarted:
                    raise
                self.restarted.add(child.name)
                self.processes.forget(child)
                self.start(child.name)

    def finish(self, service: str) -> None:
        self.processes.finish(self.processes.start(service, self._command(service), self.environment(service)))

    def change(self, **variables: str) -> None:
        """Give the services that are started from now on other variables, as an edited .env does."""
        self.variables = {**self.variables, **variables}

    def _command(self, service: str) -> list[str]:
        return [self.here(part) for part in services(self.variables)[service]["command"]]

    def here(self, text: str) -> str:
        """Return a text of the file as it is on this machine."""
        server = embedded.url(self.place).rpartition("@")[2].removesuffix("/kindred")
        for there, here in {
            "@postgres:5432": f"@{server}",
            "@redis:6379": f"@127.0.0.1:{self.ports['redis']}",
            "//api-server:8080": f"//127.0.0.1:{self.ports['api-server']}",
            "localhost:8090": f"127.0.0.1:{self.ports['web']}",
            "/opt/kindred/home": str(self.place / "home"),
            "/opt/kindred": str(ROOT),
            "/opt/airflow": str(self.place / "airflow"),
            "redis-server": f"redis-server --port {self.ports['redis']} --bind 127.0.0.1 --dir {self.place}",
        }.items():
            text = text.replace(there, here)
        text = str(self.ports["web"]) if text == "8090" else text
        return str(self.place / "exports") if text == "/exports" else text


def variables() -> dict[str, str]:
    """What .env.example asks for, made as it says."""
    passwords = (
        "POSTGRES_PASSWORD",
        "WAREHOUSE_PASSWORD",
        "REDIS_PASSWORD",
        "AIRFLOW_SECRET_KEY",
        "AIRFLOW_JWT_SECRET",
    )
    return {name: secrets.token_hex(32) for name in passwords} | {
        "AIRFLOW_FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "AIRFLOW_ADMIN_USER": "ada",
        "AIRFLOW_ADMIN_PASSWORD": secrets.token_hex(12),
        "AIRFLOW_ADMIN_EMAIL": "ada@kindred.example",
        "KINDRED_DATA": "/exports",
    }


@pytest.fixture(scope="module")
def deployment() -> Iterator[Deployment]:
    """The services, none of them started."""
    chosen, place = variables(), Path(tempfile.mkdtemp(prefix="kindred-test-"))
    generate(place / "sample", people=1000)
    (place / "sample" / "exports").rename(place / "exports")
    embedded.start(place)
    try:
        become_the_image_of_postgres(place, chosen)
        with Processes(place / "logs") as processes:
            yield Deployment(place, processes, chosen, ports())
    finally:
        embedded.stop(place)
        shutil.rmtree(place)


@pytest.fixture(scope="module")
def airflow(deployment: Deployment) -> Iterator[httpx.Client]:
    """Airflow's services, up and healthy; yields a client with the rights of the administrator that `init` made."""
    deployment.finish("init")
    for service in STAYING:
        deployment.start(service)
    wait_for(deployment, "Airflow to become healthy", lambda: is_healthy(deployment))
    client = log_in(deployment)
    wait_for(deployment, "the DAGs", lambda: client.get("/api/v2/dags/extract_nps").is_success)
    yield client
    client.close()


def ports() -> dict[str, int]:
    names = (
        "api-server",
        "health",
        "redis",
        "web",
        *(f"logs of {name}" for name in (*STAYING, "init", "worker", "redis")),
    )
    return {name: free_port() for name in names}


def become_the_image_of_postgres(place: Path, chosen: Mapping[str, str]) -> None:
    """Do on the embedded server what PostgreSQL's image does with the service's environment and configuration."""
    given = services(chosen)["postgres"]["environment"]
    server = embedded.url(place, "postgres").replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("DROP DATABASE airflow")
        connection.execute(
            f"CREATE ROLE {given['POSTGRES_USER']} SUPERUSER LOGIN PASSWORD '{given['POSTGRES_PASSWORD']}'"
        )
        connection.execute(f"CREATE DATABASE {given['POSTGRES_DB']} OWNER {given['POSTGRES_USER']}")
    at = server.rpartition("@")[2].removesuffix("/postgres")
    airflow = f"postgresql://{given['POSTGRES_USER']}:{given['POSTGRES_PASSWORD']}@{at}/{given['POSTGRES_DB']}"
    with psycopg.connect(airflow, autocommit=True) as connection:
        connection.execute("DROP DATABASE kindred")
        connection.execute("ALTER ROLE kindred RENAME TO owner_of_the_embedded_server")
        for statement in configs(chosen)["warehouse.sql"]["content"].strip().splitlines():
            connection.execute(statement)


def log_in(deployment: Deployment) -> httpx.Client:
    """Return a client with the rights of the administrator that `init` has made."""
    client = httpx.Client(base_url=deployment.url, timeout=60, trust_env=False)
    user = {"username": "ada", "password": deployment.variables["AIRFLOW_ADMIN_PASSWORD"]}
    answer = client.post("/auth/token", json=user)
    assert answer.is_success, answer.text
    client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return client


def wait_for(deployment: Deployment, what: str, condition: Any, seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        deployment.check()
        assert time.monotonic() < deadline, f"waited in vain for {what}; logs in {deployment.place / 'logs'}"
        time.sleep(0.5)


def is_healthy(deployment: Deployment) -> bool:
    try:
        health = httpx.get(f"{deployment.url}/api/v2/monitor/health", timeout=10, trust_env=False).json()
    except (httpx.TransportError, ValueError):
        return False
    return all(
        health[part]["status"] == "healthy" for part in ("metadatabase", "scheduler", "dag_processor", "triggerer")
    )


def run_a_dag(deployment: Deployment, airflow: httpx.Client) -> None:
    run = airflow.post("/api/v2/dags/extract_nps/dagRuns", json={"logical_date": None}).json()["dag_run_id"]
    place = f"/api/v2/dags/extract_nps/dagRuns/{run}"
    wait_for(deployment, "the run", lambda: airflow.get(place).json()["state"] in {"success", "failed"})
    assert airflow.get(place).json()["state"] == "success"
    task = airflow.get(f"{place}/taskInstances/extract").json()
    assert task["executor"] is None  # the default one, which the file names


def test_a_dag_runs_to_success_on_the_services(deployment: Deployment, airflow: httpx.Client) -> None:
    assert airflow.get("/api/v2/pools/warehouse_writer").json()["slots"] == 1
    run_a_dag(deployment, airflow)
    assert (deployment.place / "home" / "lake" / "raw" / "nps").is_dir()
    assert httpx.get(f"{deployment.url}/api/v2/dags", trust_env=False).status_code == httpx.codes.UNAUTHORIZED


@pytest.mark.skipif(
    shutil.which("redis-server") is None,
    reason="redis-server is not installed; with it (apt-get install redis-server) Celery is tried as well",
)
def test_a_dag_runs_to_success_with_celery(deployment: Deployment, airflow: httpx.Client) -> None:
    at_work = {"state": ["queued", "running"]}
    tasks = "/api/v2/dags/~/dagRuns/~/taskInstances"
    wait_for(deployment, "tasks to end", lambda: not airflow.get(tasks, params=at_work).json()["total_entries"])
    deployment.stop("scheduler")
    deployment.change(AIRFLOW_EXECUTOR="CeleryExecutor")
    for service in ("redis", "scheduler", "worker"):
        deployment.start(service)
    run_a_dag(deployment, airflow)
    assert "extract_nps" in (deployment.place / "logs" / "worker.log").read_text("utf-8")


def test_the_pages_are_served_by_a_service_of_their_own(deployment: Deployment) -> None:
    """Until its own health check passes; before anything is published, and to whoever has a key alone."""
    deployment.start("web")
    given, address = deployment.environment("web"), f"http://127.0.0.1:{deployment.ports['web']}"
    check = [deployment.here(part) for part in services(deployment.variables)["web"]["healthcheck"]["test"][1:]]
    wait_for(
        deployment,
        "the pages",
        lambda: not subprocess.run(check, env=given, capture_output=True, check=False).returncode,
    )
    assert not [name for name in given if name.startswith("AIRFLOW")]
    make_key = [sys.executable, "-m", "include", "keys", "create", "Marketing", "--author", "ada"]
    key = subprocess.run(make_key, env=given, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    assert httpx.get(f"{address}/api/v1/segments", trust_env=False).status_code == httpx.codes.UNAUTHORIZED
    known = {"Authorization": f"Bearer {key}"}
    waiting = httpx.get(f"{address}/api/v1/segments", headers=known, trust_env=False)
    assert "Nothing is published yet" in waiting.json()["detail"]
