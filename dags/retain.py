"""Remove what has stayed its declared time: superseded versions, old runs, logs, and what killed runs have left.

`include/config/retention.yaml` says how long. What readers get, what it was made from and the exports that hold now
stay, however old. Open requests to be erased are finished (docs/erasure.md). Killed anywhere, the next run goes on.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kindred_airflow import START, WRITER, Dag, Tag, page, project, shared, stage_task, window_schedule

from include.contracts.settings import Settings

with Dag(
    dag_id="retain",
    description="Remove what has stayed its declared time",
    doc_md=page(__doc__),
    schedule=window_schedule(Settings.lenient(), "30 6 * * *"),
    start_date=START,
    **shared(
        Tag.OPERATIONS, owner="data-platform", timeout=timedelta(hours=1), late_after=timedelta(hours=12), **WRITER
    ),
):

    @stage_task(doc_md="Remove it while nothing is written; hands on how many files and bytes of each kind went.")
    def remove(*, dag_run: Any = None) -> list[dict[str, Any]]:
        from dataclasses import asdict

        from include.retention.step import retain

        return [asdict(kind) for kind in retain(project(), dag_run.run_after)]

    @stage_task(
        doc_md="Finish what is left of requests to be erased; hands on their ids and states, nothing of anybody."
    )
    def finish_erasures(*, dag_run: Any = None) -> list[dict[str, str]]:
        from include.erasure.step import finish

        return [{"erasure": one.erasure_id, "state": one.state} for one in finish(project(), dag_run.run_after)]

    remove() >> finish_erasures()
