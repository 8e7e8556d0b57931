"""Keep a segment at a destination: whoever enters is added, whoever leaves, opts out or is erased is removed.

One DAG a sync, made from `include/config/destinations`; docs/activation.md says how to declare one. It runs whenever
profiles and segments are published, or by the sync's own schedule. What an earlier run has left open is carried out
first; a run too many changes nothing.

A plan that would change more than the sync's limits allow hands nothing on: `deliver` is skipped, the destination
keeps what it has, and `approve_changes` asks a person. All syncs of a destination share the pool
`destination_<name>`, so that they keep within the vendor's rate together. Credentials are Airflow connections.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import CronTriggerTimetable
from kindred_airflow import CUSTOMERS, HELD_KEY, START, Dag, Tag, ask, ask_task, page, project, shared, stage_task

from include.activation.syncs import ON_PUBLICATION, Declared, read_syncs
from include.contracts.settings import Settings


def schedule_of(sync: Declared, settings: Settings) -> Any:
    if sync.sync.schedule == ON_PUBLICATION:
        return [CUSTOMERS]
    return None if settings.schedules == "off" else CronTriggerTimetable(sync.sync.schedule, timezone="UTC")


def activate_dag(sync: Declared, settings: Settings) -> Dag:
    with Dag(
        dag_id=f"activate_{sync.name}",
        description=f"Keep the segment {sync.sync.segment} at {sync.destination}",
        doc_md=page(__doc__),
        schedule=schedule_of(sync, settings),
        start_date=START,
        **shared(
            Tag.ACTIVATION, owner=sync.sync.owner, timeout=timedelta(hours=6), late_after=timedelta(hours=8),
            pool=sync.pool,
        ),
    ) as dag:  # fmt: skip

        @stage_task(doc_md=f"Plan what {sync.destination} lacks, check it, deliver it, and read back what is there.")
        def deliver() -> dict[str, int]:
            from include.activation.step import activate

            return dict(activate(project(), sync.name).counts)

        @ask_task(doc_md="Have a person asked when the plan would change too much; nothing waits here.")
        def ask_a_person(*, ti: Any, inlet_events: Any, outlet_events: Any) -> None:
            held = ti.xcom_pull(task_ids="deliver", key=HELD_KEY)
            ask([held["subject"]] if held else [], {}, inlet_events=inlet_events, outlet_events=outlet_events)

        deliver() >> ask_a_person()
    return dag


SETTINGS = Settings.lenient()
for declared in read_syncs(SETTINGS.config).values():
    activate_dag(declared, SETTINGS)
