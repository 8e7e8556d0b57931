"""`airflow dags test`, an Airflow engineer's first command, runs each DAG to its end, and takes no deadline away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from include.samples import generate

EXTRACTS = ["extract_crm", "extract_email", "extract_usage", "extract_nps"]
DAGS = [*EXTRACTS, "resolve_identities", "build_segments", "approve_changes", "retain"]


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_each_dag_can_be_tested_by_airflows_own_command(tmp_path: Path, warehouse_url: str) -> None:
    generate(tmp_path / "home" / "sample", people=1000)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW_", "KINDRED_"))}
    environment |= {
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__DAGS_FOLDER": str(Path("dags").resolve()),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(Path("plugins").resolve()),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path}/airflow.db",
        "KINDRED_HOME": str(tmp_path / "home"),
        "KINDRED_SCHEDULES": "off",  # else a test run is for yesterday, of which the sample has no file
        "KINDRED_WAREHOUSE_URL": warehouse_url,
        "PYTHONPATH": str(Path.cwd()),
    }
    command = [sys.executable, "tests/dags/run_dags.py", *DAGS]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["states"] == dict.fromkeys(DAGS, "success")
    assert found["deadlines"] == len(DAGS)
