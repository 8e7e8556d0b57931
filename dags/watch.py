"""Look at the operation every ten minutes: send its figures, and tell what is late, failed, held, drifted or full.

Each state is told once when it begins and once when it is over: in this task's log, and by the notifiers of
`include/config/alerts.yaml`. Figures go by OTLP to where `OTEL_EXPORTER_OTLP_ENDPOINT` says, and nowhere without it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kindred_airflow import START, Dag, Tag, page, project, shared, stage_task, window_schedule

from include.contracts.settings import Settings

with Dag(
    dag_id="watch",
    description="Send figures, and tell what somebody has to know",
    doc_md=page(__doc__),
    schedule=window_schedule(Settings.lenient(), "*/10 * * * *"),
    start_date=START,
    **shared(Tag.OPERATIONS, owner="data-platform", timeout=timedelta(hours=1), late_after=timedelta(hours=1)),
):

    @stage_task(doc_md="Send what is measured, where the environment says where to.")
    def send_figures(*, dag_run: Any = None) -> int:
        from include.operations import telemetry
        from include.operations.figures import figures

        return telemetry.send(figures(project(), dag_run.run_after)) if telemetry.has_endpoint() else 0

    @stage_task(doc_md="Tell what has begun and what is over since the last time.")
    def tell(*, dag_run: Any = None) -> list[str]:
        from kindred_alerts import teller

        from include.operations.alerts import tell as tell_changes

        opened = project()
        return [change.alert.key for change in tell_changes(opened, dag_run.run_after, teller(opened.settings))]

    send_figures()
    tell()
