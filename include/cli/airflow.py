"""What `doctor` asks an Airflow of one's own, through its command line: is all there that the DAGs need?"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from include.cli.finding import Finding
from include.contracts.connections import VARIABLE, Connection, from_environment

SIGNS = ("AIRFLOW_HOME", "AIRFLOW_CONFIG", "AIRFLOW__CORE__DAGS_FOLDER", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN")
POOL, CONNECTION = "warehouse_writer", "warehouse"
QUESTIONS: Mapping[str, tuple[str, ...]] = {
    "pool": ("pools", "get", POOL),
    "pools": ("pools", "list"),
    "connection": ("connections", "get", CONNECTION),
    "errors": ("dags", "list-import-errors"),
    "dags": ("dags", "list"),
}

Answers = Mapping[str, list[dict[str, Any]] | None]


def is_there(environment: Mapping[str, str]) -> bool:
    """Whether this shell is an Airflow's: `make run` and the command line need none."""
    return any(environment.get(sign) for sign in SIGNS)


def ask() -> Answers:
    """Ask all at once, for each answer takes Airflow seconds; None is an answer that it did not give."""
    with ThreadPoolExecutor() as threads:
        return dict(zip(QUESTIONS, threads.map(_ask, QUESTIONS.values()), strict=True))


def warehouse_url(answers: Answers) -> str | None:
    """Return the URL of the connection, where Airflow has it."""
    found = answers["connection"]
    return str(found[0]["get_uri"]) if found else None


def connection(name: str) -> Connection | None:
    """Return a connection by which a source is asked: of a variable, else of the Airflow that this shell is of."""
    found = from_environment(name)
    if found is not None or not is_there(os.environ):
        return found
    given = _ask(("connections", "get", name))
    uri = str(given[0].get("get_uri")) if given else ""
    return from_environment(name, {VARIABLE + name.upper(): uri})


def judge(
    answers: Answers, dags: Collection[str], *, needs_connection: bool = True, pools: Collection[str] = ()
) -> Iterator[Finding]:
    """Yield what the answers say of the pools, the connection and our DAGs; ``pools`` are those of destinations.

    The connection is needed unless a setting says where the warehouse is.
    """
    yield _is_set("pool", answers["pool"], f'airflow pools set {POOL} 1 "One task at a time writes the warehouse"')
    there = {pool.get("pool") for pool in answers.get("pools") or ()}
    for pool in sorted({*pools} - there):
        remedy = f'airflow pools set {pool} 1 "One sync at a time writes the destination"'
        yield Finding("pools", "fail", f"Airflow has no pool {pool}", remedy)
    if needs_connection or answers["connection"]:
        remedy = f"airflow connections add {CONNECTION} --conn-uri postgresql://user:password@host:5432/database"
        yield _is_set("connection", answers["connection"], remedy)
    errors = [str(error.get("filepath")) for error in answers["errors"] or ()]
    if errors:
        yield Finding(
            "dags", "fail", f"cannot be read: {', '.join(errors)}", "airflow dags list-import-errors says why."
        )
    paused = {dag["dag_id"]: str(dag["is_paused"]) == "True" for dag in answers["dags"] or () if dag["dag_id"] in dags}
    if missing := sorted({*dags} - paused.keys()):
        remedy = "Put dags/ and plugins/ into Airflow's folders; its DAG processor then reads them."
        yield Finding("dags", "fail", f"Airflow has not read {', '.join(missing)}", remedy)
    elif any(paused.values()):
        remedy = "Unpause all of them together: what an asset tells a paused DAG is lost."
        yield Finding("dags", "warn", f"paused: {', '.join(sorted(dag for dag in paused if paused[dag]))}", remedy)
    else:
        yield Finding("dags", "ok", f"{len(paused)} are there and unpaused")


def _is_set(check: str, answer: list[dict[str, Any]] | None, remedy: str) -> Finding:
    name = QUESTIONS[check][-1]
    if answer:
        return Finding(check, "ok", f"Airflow has {name}")
    return Finding(check, "fail", f"Airflow has no {check} {name}", remedy)


def _ask(question: tuple[str, ...]) -> list[dict[str, Any]] | None:
    command = [sys.executable, "-m", "airflow", *question, "--output", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return None
    lines = [line for line in done.stdout.splitlines() if line.startswith(("[{", "[]"))]  # beside what else it tells
    return [dict(row) for row in json.loads(lines[-1])] if lines else []
