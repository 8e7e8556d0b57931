"""`airflow dags test`, an Airflow engineer's first command, runs each DAG to its end, and takes no deadline away."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from include.samples import generate
from include.samples.servers.frame import Answer, Request, Server

EXTRACTS = ["extract_crm", "extract_email", "extract_usage", "extract_nps"]
DAGS = [*EXTRACTS, "resolve_identities", "build_segments", "approve_changes", "retain", "watch"]


class Receiver(Server):
    """Takes what OpenLineage and OpenTelemetry send, as a backend of each would."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[dict[str, Any]] = []
        self.metrics: set[str] = set()

    def answer(self, request: Request) -> Answer:
        if request.path == "/api/v1/lineage":
            self.events.append(request.json)
        elif request.path == "/v1/metrics":
            sent = ExportMetricsServiceRequest.FromString(
                gzip.decompress(request.body) if _is_zipped(request) else request.body
            )
            self.metrics |= {
                metric.name for resource in sent.resource_metrics for scope in resource.scope_metrics
                for metric in scope.metrics
            }  # fmt: skip
        return Answer(b"")

    def datasets(self, task: str, side: str) -> dict[str, dict[str, Any]]:
        """What a task has read (inputs) or written (outputs), by the last part of its name."""
        return {
            one["name"].rpartition("/")[2].rpartition(".")[2]: one
            for event in self.events if event["job"]["name"] == task for one in event[side]
        }  # fmt: skip


def _is_zipped(request: Request) -> bool:
    return "gzip" in {name.lower(): value for name, value in request.headers.items()}.get("content-encoding", "")


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_each_dag_can_be_tested_by_airflows_own_command(tmp_path: Path, warehouse_url: str) -> None:
    with Receiver() as receiver:
        _run_dags(tmp_path, warehouse_url, receiver.url)
    _check_lineage(receiver)
    assert {"kindred.publication.age", "kindred.stage.duration", "kindred.dataset.rows"} <= receiver.metrics


def _check_lineage(receiver: Receiver) -> None:
    """What was read and written is known with version, rows and columns; what readers get, column by column."""
    profile = receiver.datasets("build_segments.unify", "outputs")["profile"]
    assert profile["facets"]["version"]["datasetVersion"]
    assert profile["outputFacets"]["outputStatistics"]["rowCount"] > 0
    assert "person_record" in receiver.datasets("build_segments.unify", "inputs")
    published = receiver.datasets("build_segments.publish", "outputs")["customer_360"]
    assert published["namespace"].startswith("postgres://")
    (origin,) = published["facets"]["columnLineage"]["fields"]["nps_class"]["inputFields"]
    assert origin["name"].endswith("customer_360")
    assert "lead" in receiver.datasets("extract_crm.extract", "outputs")


def _run_dags(tmp_path: Path, warehouse_url: str, receiver: str) -> None:
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
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps({"type": "http", "url": receiver}),
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver,
    }
    command = [sys.executable, "tests/dags/run_dags.py", *DAGS]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    (told,) = (line for line in done.stdout.splitlines() if line.startswith('{"states"'))
    found, _ = json.JSONDecoder().raw_decode(told)  # OpenLineage's threads may log behind it
    assert found["states"] == dict.fromkeys(DAGS, "success")
    assert found["deadlines"] == len(DAGS)
