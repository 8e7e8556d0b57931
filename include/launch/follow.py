"""Follows a run through its DAGs to its end, and tells why it failed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from include.contracts.errors import FatalError, HeldError
from include.launch.api import Airflow, DagRun, TaskInstance
from include.launch.layout import Layout
from include.launch.processes import Processes
from include.launch.progress import Counts, Progress

POLL_SECONDS = 0.4
HOLDABLE = ("extract", "resolve", "audit")  # the tasks that are skipped when they are held
ASKING = "ask_a_person"  # the task that only sees to it that somebody is asked; it is not shown
APPROVALS = "approve_changes"
ASK_SECONDS = 60


class PipelineRun:
    """One run of the whole pipeline: an extraction of each source, and what Airflow makes follow it."""

    def __init__(self, airflow: Airflow, processes: Processes, layout: Layout) -> None:
        self._airflow = airflow
        self._processes = processes
        self._layout = layout
        self._counts: dict[tuple[str, str, str], Counts] = {}

    def begin(self, roots: Iterable[str], dags: frozenset[str]) -> datetime:
        """Clear away what an earlier run has left, start the roots, and return the time from which runs are ours."""
        self._airflow.abandon_unfinished_runs(dags)
        self._airflow.unpause(APPROVALS)
        for dag in dags:
            self._airflow.unpause(dag)
            self._airflow.forget_queued_events(dag)
        since = datetime.now(UTC)
        for dag in roots:
            self._airflow.trigger(dag)
        return since

    def follow(self, dags: frozenset[str], since: datetime, progress: Progress) -> list[str]:
        """Show the run until every DAG has succeeded, and return the names of its parts in the ledger.

        Raises FatalError naming the first task that failed, and why; HeldError when a person has to be asked. The
        question, be it about all profiles or about a segment, is put before this ends; the answer is not waited for.
        """
        over = None
        while True:
            all_runs, all_tasks = self._airflow.runs(since), self._airflow.task_instances(since)
            runs = [run for run in all_runs if run.dag in dags]
            tasks = [task for task in all_tasks if task.dag in dags]
            progress.show([(task, self._counts_of(task)) for task in _shown(tasks)], datetime.now(UTC))
            if any(run.state == "failed" for run in runs):
                raise FatalError(self._why(tasks))
            held = self._held(runs, tasks)
            if held or _all_done(runs, dags):
                over = over or time.monotonic()
                if _is_asked(all_runs, all_tasks) or time.monotonic() > over + ASK_SECONDS:
                    if held:
                        raise HeldError(**held)
                    return [f"{run.dag}/{run.run}" for run in runs]
            self._processes.check()
            time.sleep(POLL_SECONDS)

    def _held(self, runs: Iterable[DagRun], tasks: Iterable[TaskInstance]) -> dict[str, str] | None:
        """Return what an ended run was held for, subject and evidence, or None."""
        ended = {(run.dag, run.run) for run in runs if run.state == "success"}
        for task in tasks:
            is_skipped = task.state == "skipped" and task.task in HOLDABLE
            if is_skipped and (task.dag, task.run) in ended:
                found: dict[str, str] | None = self._airflow.result(task, "held")
                return found
        return None

    def _counts_of(self, task: TaskInstance) -> Counts:
        if task.state != "success":
            return {}
        if task.key not in self._counts:
            result = self._airflow.result(task) or {}
            self._counts[task.key] = result.get("report", result).get("counts", {})
        return self._counts[task.key]

    def _why(self, tasks: Iterable[TaskInstance]) -> str:
        for task in tasks:
            if task.state == "failed":
                log = self._layout.task_log(task.dag, task.run, task.task, task.attempt)
                return f"The task {task.dag}.{task.task} failed: {error_in(log)}\nIts log: {log}"
        return "A DAG run failed, though none of its tasks did; the scheduler's log says why."


def error_in(log: Path) -> str:
    """Return the sentence with which a task ended: the last error in its log that says something."""
    lines = log.read_text("utf-8", errors="replace").splitlines() if log.exists() else []
    errors = [entry for line in lines if (entry := _entry(line)).get("level") in {"error", "critical"}]
    for entry in reversed(errors):
        event = str(entry.get("event", ""))
        if event == "Task failed with exception":
            return _exception(entry)
        if event not in {"Task exited", ""}:
            return event
    return "it left no error in its log, so it was probably killed (by a person, or for want of memory)."


def _exception(entry: dict[str, object]) -> str:
    details = entry.get("error_detail")
    if not isinstance(details, list) or not details:
        return "an unexpected error, see its log."
    return f"{details[0].get('exc_type')}: {str(details[0].get('exc_value')).strip().splitlines()[0]}"


def _entry(line: str) -> dict[str, object]:
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}


def _shown(tasks: list[TaskInstance]) -> list[TaskInstance]:
    """Return the tasks to show by DAG run, in the order in which their first task began."""
    far = datetime.max.replace(tzinfo=UTC)
    first: dict[tuple[str, str], datetime] = {}
    for task in tasks:
        key = (task.dag, task.run)
        first[key] = min(first.get(key, far), task.started or far)
    steps = [task for task in tasks if task.task != ASKING]
    return sorted(steps, key=lambda task: (first[task.dag, task.run], task.dag, task.run, task.started or far))


def _is_asked(runs: Iterable[DagRun], tasks: list[TaskInstance]) -> bool:
    """Whether there is nothing to ask, or the question is put; a task killed while putting it is lost for minutes."""
    if not any(task.task == ASKING and task.state == "success" for task in tasks):
        return True
    waits = any(task.dag == APPROVALS and task.state == "awaiting_input" for task in tasks)
    return waits or any(run.dag == APPROVALS and run.state in {"success", "failed"} for run in runs)


def _all_done(runs: list[DagRun], dags: frozenset[str]) -> bool:
    return dags <= {run.dag for run in runs if run.state == "success"} and all(run.state == "success" for run in runs)
