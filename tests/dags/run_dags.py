"""Runs `airflow dags test` for each DAG named, in one process, on a new metadata database; prints their states."""

from __future__ import annotations

import json
import sys

from airflow.cli.cli_parser import get_parser
from airflow.models.dagrun import DagRun
from airflow.models.deadline_alert import DeadlineAlert
from airflow.utils import db
from airflow.utils.session import create_session
from sqlalchemy import func, select

db.initdb()
for dag in sys.argv[1:]:
    wanted = get_parser().parse_args(["dags", "test", dag])
    wanted.func(wanted)
with create_session() as session:
    states = dict(session.execute(select(DagRun.dag_id, DagRun.state)).all())
    deadlines = session.scalar(select(func.count()).select_from(DeadlineAlert))
sys.stdout.write("\n" + json.dumps({"states": states, "deadlines": deadlines}))
