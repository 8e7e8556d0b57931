"""Airflow's REST API, as far as the launcher needs it."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from include.launch.diagnosis import AirflowError

PAGE = 200
ATTEMPTS, PAUSE_SECONDS = 4, 1.0


@dataclass(frozen=True, slots=True)
class DagRun:
    """One run of a DAG."""

    dag: str
    run: str
    state: str


@dataclass(frozen=True, slots=True)
class TaskInstance:
    """One task of a run, and how it stands."""

    dag: str
    run: str
    task: str
    state: str
    attempt: int
    started: datetime | None
    seconds: float | None

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from other tasks."""
        return self.dag, self.run, self.task


class Airflow:
    """A client of one API server."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx.Client(base_url=url, timeout=60, trust_env=False)

    def answers(self) -> bool:
        """Whether the server takes requests."""
        try:
            return self._client.get("/api/v2/version", timeout=5).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def is_healthy(self) -> bool:
        """Whether the scheduler and the DAG processor are at work."""
        health = self._get("/api/v2/monitor/health")
        return all(health[part]["status"] == "healthy" for part in ("metadatabase", "scheduler", "dag_processor"))

    def warm(self) -> None:
        """Let the server build the API that tasks use, which it does at the first call and takes seconds for."""
        self._client.get("/execution/health")

    def log_in(self, user: str, password: str) -> None:
        """Use this user's rights from now on."""
        answer = self._client.post("/auth/token", json={"username": user, "password": password})
        self._client.headers["Authorization"] = f"Bearer {_checked(answer)['access_token']}"

    def import_errors(self, since: datetime) -> list[str]:
        """Return why DAG files could not be read since then, each by its last line."""
        errors = self._get("/api/v2/importErrors")["import_errors"]
        recent = [error for error in errors if datetime.fromisoformat(error["timestamp"]) >= since]
        return [f"{error['filename']}: {error['stack_trace'].strip().splitlines()[-1]}" for error in recent]

    def dags(self, since: datetime) -> set[str]:
        """Return the ids of the DAGs that have been read since then."""
        read = {dag["dag_id"]: dag["last_parsed_time"] for dag in self._pages("/api/v2/dags", "dags")}
        return {dag for dag, at in read.items() if at is not None and datetime.fromisoformat(at) >= since}

    def unpause(self, dag: str) -> None:
        """Let the DAG run."""
        _checked(self._client.patch(f"/api/v2/dags/{dag}", json={"is_paused": False}))

    def ensure_pool(self, name: str, slots: int, description: str) -> None:
        """Create the pool unless it is there; a task of a pool that is not there would wait for ever."""
        if self._client.get(f"/api/v2/pools/{name}").status_code == httpx.codes.NOT_FOUND:
            body = {"name": name, "slots": slots, "description": description, "include_deferred": False}
            _checked(self._client.post("/api/v2/pools", json=body))

    def forget_queued_events(self, dag: str) -> None:
        """Drop asset events that an earlier, unfinished run has left for the DAG."""
        answer = self._client.delete(f"/api/v2/dags/{dag}/assets/queuedEvents")
        if answer.status_code != httpx.codes.NOT_FOUND:
            _checked(answer)

    def trigger(self, dag: str) -> str:
        """Start a run of the DAG and return its id."""
        run: str = _checked(self._client.post(f"/api/v2/dags/{dag}/dagRuns", json={"logical_date": None}))["dag_run_id"]
        return run

    def abandon_unfinished_runs(self, dags: Collection[str]) -> None:
        """Mark those runs of the DAGs failed that an earlier launcher left behind when it was killed."""
        unfinished = [*self._pages("/api/v2/dags/~/dagRuns", "dag_runs", state=["queued", "running"])]
        for run in unfinished:
            if run["dag_id"] not in dags:
                continue
            place = f"/api/v2/dags/{run['dag_id']}/dagRuns/{run['dag_run_id']}"
            _checked(self._client.patch(place, json={"state": "failed"}))

    def runs(self, since: datetime) -> list[DagRun]:
        """Return the runs that were due since then."""
        found = self._pages("/api/v2/dags/~/dagRuns", "dag_runs", run_after_gte=since.isoformat())
        return [DagRun(run["dag_id"], run["dag_run_id"], run["state"]) for run in found]

    def task_instances(self, since: datetime) -> list[TaskInstance]:
        """Return the task instances of the runs that were due since then, in the order of their start."""
        found = self._pages("/api/v2/dags/~/dagRuns/~/taskInstances", "task_instances", run_after_gte=since.isoformat())
        return [_task_instance(instance) for instance in found]

    def result(self, instance: TaskInstance, key: str = "return_value") -> Any:
        """Return what the task handed on under the key; None when it handed on nothing."""
        place = f"/api/v2/dags/{instance.dag}/dagRuns/{instance.run}/taskInstances/{instance.task}"
        answer = self._client.get(f"{place}/xcomEntries/{key}", params={"deserialize": False})
        return None if answer.status_code == httpx.codes.NOT_FOUND else _checked(answer)["value"]

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def _get(self, path: str, **parameters: Any) -> dict[str, Any]:
        """Ask, and ask again when the server stumbles: a moment later it may have found its feet."""
        for _ in range(ATTEMPTS - 1):
            with suppress(httpx.TransportError):
                answer = self._client.get(path, params=parameters)
                if not answer.is_server_error:
                    return _checked(answer)
            time.sleep(PAUSE_SECONDS)
        return _checked(self._client.get(path, params=parameters))

    def _pages(self, path: str, name: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        offset = 0
        while True:
            page = self._get(path, limit=PAGE, offset=offset, **parameters)
            yield from page[name]
            offset += PAGE
            if offset >= page["total_entries"]:
                return


def _task_instance(found: Mapping[str, Any]) -> TaskInstance:
    started = found["start_date"]
    return TaskInstance(
        dag=found["dag_id"],
        run=found["dag_run_id"],
        task=found["task_id"],
        state=found["state"] or "waiting",
        attempt=found["try_number"],
        started=datetime.fromisoformat(started) if started else None,
        seconds=found["duration"],
    )


def _checked(answer: httpx.Response) -> dict[str, Any]:
    if answer.is_error:
        request = answer.request
        where = f"{request.method} {request.url.path}"
        raise AirflowError(f"Airflow answered {answer.status_code} to {where}: {answer.text[:500]}")
    content: dict[str, Any] = answer.json() if answer.content else {}
    return content
