"""Parses the DAG files as Airflow does and prints what they declare, as JSON; run in a process of its own."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization

before = set(sys.modules)
bag = DagBag(dag_folder=str(Path("dags").resolve()))


def describe_task(task):
    return {
        "doc": task.doc_md,
        "operator": task.operator_class.__name__ if task.is_mapped else type(task).__name__,
        "trigger_rule": task.trigger_rule.value,
        "owner": task.owner,
        "retries": task.retries,
        "policy": [[rule.action.value, rule.exception_path] for rule in task.retry_policy.rules],
        "timeout": task.execution_timeout.total_seconds(),
        "pool": task.pool,
        "weight_rule": str(task.weight_rule),
        "max_active_tis_per_dag": task.max_active_tis_per_dag,
        "outlets": [outlet.name for outlet in task.outlets],
        "downstream": sorted(task.downstream_task_ids),
    }


def describe(dag):
    schedule = dag.timetable
    awaited = getattr(schedule, "asset_condition", None)
    return {
        "description": dag.description,
        "doc": dag.doc_md,
        "tags": sorted(dag.tags),
        "is_paused_upon_creation": dag.is_paused_upon_creation,
        "max_active_runs": dag.max_active_runs,
        "max_consecutive_failed_dag_runs": dag.max_consecutive_failed_dag_runs,
        "catchup": dag.catchup,
        "deadlines": len(dag.deadline or []),
        "timetable": type(schedule).__name__,
        "assets": sorted(asset.name for asset in awaited.objects) if awaited else [],
        "cron": getattr(getattr(schedule, "timetable", schedule), "expression", None),
        "serialized": bool(DagSerialization.to_dict(dag)),
        "tasks": {task.task_id: describe_task(task) for task in dag.tasks},
    }


json.dump(
    {
        "errors": bag.import_errors,
        "modules": sorted({name.partition(".")[0] for name in set(sys.modules) - before}),
        "all_modules": sorted(sys.modules),
        "dags": {name: describe(dag) for name, dag in bag.dags.items()},
    },
    sys.stdout,
)
