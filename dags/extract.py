"""Take one source's exports into the lake, verbatim.

One DAG a source, made from `include/config/sources.yaml`. A scheduled or backfilled run covers its data interval; a run
that a person starts covers everything until now. The same window extracted twice changes nothing, so backfill freely:

    airflow backfill create --dag-id extract_crm --from-date 2025-01-01 --to-date 2025-02-01

(`make airflow CMD="backfill create …"` where `make up` has started Airflow.)

A live source is asked for what has changed since it was asked last, whatever the window; a window of the past, as a
backfill has it, is filled again, and the conf `{"whole": true}` asks for everything anew. Its credential is an Airflow
connection (docs/connectors.md).

A scheduled run waits up to six hours for a file that is missing or not yet whole, and a later one takes in what came
too late even for that. Exports that may not be whole, for they bring less than before, are held: nothing of them is
taken in until somebody has answered `approve_changes`, or a whole export is there.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kindred_airflow import (
    HELD_KEY,
    LOOK_EVERY,
    START,
    WAIT_FOR,
    Dag,
    Source,
    Tag,
    ask,
    ask_task,
    page,
    project,
    shared,
    sources,
    stage_task,
    versions,
    window_schedule,
)
from kindred_runs import again, run_of, window_of

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
            retries=WAIT_FOR // LOOK_EVERY,
            max_active_tis_per_dag=1,  # the lake's raw log is appended to by one task a source at a time
            doc_md=f"Read what the exports of {source.name} hold for the run's window, and append it to the raw log.",
        )
        def extract(*, dag_run: Any = None, outlet_events: Any = None) -> dict[str, Any]:
            from include import pipeline

            whole = (dag_run.conf or {}).get("whole") is True
            report = pipeline.extract(project(), run_of(dag_run), source.name, window_of(dag_run), whole=whole)
            outlet_events[source.asset].extra = versions(report)
            return report

        @ask_task(doc_md="Have a person asked when the exports may not be whole; nothing waits here.")
        def ask_a_person(*, dag_run: Any, ti: Any, inlet_events: Any, outlet_events: Any) -> None:
            held = ti.xcom_pull(task_ids="extract", key=HELD_KEY)
            conf = again(run_of(dag_run), window_of(dag_run))
            ask([held["subject"]] if held else [], conf, inlet_events=inlet_events, outlet_events=outlet_events)

        extract() >> ask_a_person()
    return dag


SETTINGS = Settings.lenient()
for declared in sources(SETTINGS):
    extract_dag(declared, SETTINGS)
