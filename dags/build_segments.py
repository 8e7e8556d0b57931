"""Build one profile a person, its measures and its segments; audit them, and publish them in one transaction.

Runs after identities were resolved, and once a night besides: renewals draw nearer and use grows old by the calendar
alone. Readers see the new tables only once every table-level expectation has passed; until then the old ones serve.

A segment that moves implausibly is held back alone, with the members it had; a run whose figures are out of the range
of the weeks before is held as a whole (`drift.yaml`). Of both `approve_changes` asks a person.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kindred_airflow import (
    CUSTOMERS,
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
    stage_task,
    versions,
)
from kindred_runs import run_of

from include.contracts.settings import Settings

with Dag(
    dag_id="build_segments",
    description="From identities to published profiles and segments",
    doc_md=page(__doc__),
    schedule=asset_schedule(Settings.lenient(), [IDENTITY], nightly="0 5 * * *"),
    **shared(Tag.SEGMENTS, owner="data-platform", timeout=timedelta(hours=3), late_after=timedelta(hours=6), **WRITER),
):

    @stage_task(doc_md="Merge each profile's records into one golden record; the strictest consent wins.")
    def unify(*, dag_run: Any = None) -> dict[str, Any]:
        from include import pipeline

        opened = project()
        return pipeline.perform(opened, run_of(dag_run), "unify", pipeline.standing_refs(opened))

    @stage_task()
    def perform(stage: str, before: dict[str, Any], *, dag_run: Any = None) -> dict[str, Any]:
        from include import pipeline

        return pipeline.perform(project(), run_of(dag_run), stage, before["refs"])

    @stage_task(outlets=[CUSTOMERS], doc_md="Let readers see the new tables, in one transaction.")
    def publish(audited: dict[str, Any], *, dag_run: Any = None, outlet_events: Any = None) -> dict[str, Any]:
        from include import pipeline

        done = pipeline.perform(project(), run_of(dag_run), "publish", audited["refs"], final=True)
        outlet_events[CUSTOMERS].extra = versions(done["report"])
        return done

    @ask_task(doc_md="Have a person asked about what the audit or a segment's guard holds back; nothing waits here.")
    def ask_a_person(*, ti: Any, inlet_events: Any, outlet_events: Any) -> None:
        from include.answers import waiting

        held = ti.xcom_pull(task_ids="audit", key=HELD_KEY)
        subjects = [*([held["subject"]] if held else []), *waiting.held_segments(project())]
        ask(subjects, {}, inlet_events=inlet_events, outlet_events=outlet_events)

    latest = unify()
    for name, doc in {
        "measure": "Compute each profile's and account's measures as of the run's date.",
        "segment": "Find who is in which segment, who entered and who left.",
        "report": "Compute the reports as of the run's date, with what each could judge.",
        "load": "Copy the new tables into a schema of their own in the warehouse.",
        "audit": "Check the loaded tables; a failure at table level stops the run before anybody sees them.",
    }.items():
        latest = perform.override(task_id=name, doc_md=doc)(name, latest)
    publish(latest) >> ask_a_person()
