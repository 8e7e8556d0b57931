"""Take one source's exports into the lake, verbatim.

One DAG a source, made from `include/config/sources.yaml`. A scheduled or backfilled run covers its data interval; a run
that a person starts covers everything until now. The same window extracted twice changes nothing, so backfill freely:

    airflow backfill create --dag-id extract_crm --from-date 2025-01-01 --to-date 2025-02-01

(`make airflow CMD="backfill create …"` where `make up` has started Airflow.)
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kindred_airflow import (
    START,
    Dag,
    Source,
    Tag,
    page,
    project,
    run_of,
    shared,
    sources,
    stage_task,
    versions,
    window_of,
    window_schedule,
)

from include.contracts.settings import Settings


def extract_dag(source: Source, settings: Settings) -> Dag:
    with Dag(
        dag_id=f"extract_{source.name}",
        description=f"Take the exports of {source.name} into the lake",
        doc_md=page(__doc__),
        schedule=window_schedule(settings, source.schedule),
        start_date=START,
        **shared(Tag.EXTRACT, owner=source.owner, timeout=timedelta(hours=2), late_after=timedelta(hours=3)),
    ) as dag:

        @stage_task(
            outlets=[source.asset],
            max_active_tis_per_dag=1,  # the lake's raw log is appended to by one task a source at a time
            doc_md=f"Read what the exports of {source.name} hold for the run's window, and append it to the raw log.",
        )
        def extract(*, dag_run: Any = None, outlet_events: Any = None) -> dict[str, Any]:
            from include import pipeline

            report = pipeline.extract(project(), run_of(dag_run), source.name, window_of(dag_run))
            outlet_events[source.asset].extra = versions(report)
            return report

        extract()
    return dag


SETTINGS = Settings.lenient()
for declared in sources(SETTINGS):
    extract_dag(declared, SETTINGS)
