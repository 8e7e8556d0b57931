"""Clean the raw rows, and find out which records are the same person.

Runs when every source has brought something new, and once a night besides, for an asset event can get lost. It always
reads the current state of the lake, so a run too many changes nothing, and a run too few is made up for by the next.

A run that would move more than `include/config/stewardship.yaml` allows hands nothing on: `resolve` is skipped, readers
keep the profiles they have, and `approve_changes` asks a person.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kindred_airflow import (
    HELD_KEY,
    IDENTITY,
    WRITER,
    Dag,
    Tag,
    ask,
    ask_task,
    asset_schedule,
    page,
    project,
    shared,
    sources,
    stage_task,
    versions,
)
from kindred_runs import run_of

from include.contracts.settings import Settings

SETTINGS = Settings.lenient()

with Dag(
    dag_id="resolve_identities",
    description="From raw rows to one identity a person",
    doc_md=page(__doc__),
    schedule=asset_schedule(SETTINGS, [source.asset for source in sources(SETTINGS)], nightly="0 3 * * *"),
    **shared(Tag.IDENTITY, owner="data-platform", timeout=timedelta(hours=3), late_after=timedelta(hours=6), **WRITER),
):

    @stage_task(doc_md="Clean and type the current raw rows; rows with a fault go to quarantine with their reason.")
    def stage(*, dag_run: Any = None) -> dict[str, Any]:
        from include import pipeline

        return pipeline.perform(project(), run_of(dag_run), "stage", {})

    @stage_task(
        outlets=[IDENTITY], doc_md="Judge pairs of records, group them into profiles, and keep the profiles' ids."
    )
    def resolve(staged: dict[str, Any], *, dag_run: Any = None, outlet_events: Any = None) -> dict[str, Any]:
        from include import pipeline

        done = pipeline.perform(project(), run_of(dag_run), "resolve", staged["refs"], final=True)
        outlet_events[IDENTITY].extra = versions(done["report"])
        return done

    @ask_task(doc_md="Have a person asked when the run was held, for it would move too much; nothing waits here.")
    def ask_a_person(*, ti: Any, inlet_events: Any, outlet_events: Any) -> None:
        held = ti.xcom_pull(task_ids="resolve", key=HELD_KEY)
        # What is approved is a change, on whatever day; by then readers may have a later one than this run's.
        ask([held["subject"]] if held else [], {}, inlet_events=inlet_events, outlet_events=outlet_events)

    resolve(stage()) >> ask_a_person()
