"""Ask a person about what was held, keep the answer, and start the held DAG again when it is yes.

Runs when something is held: profiles that would move too much, or segments that moved implausibly. The question, with
its evidence, stands under *Required Actions* in Airflow's pages; an answer needs a note that says why, and is kept with
who gave it in the warehouse's table `control.approval`. Nothing else waits meanwhile: readers keep what they have.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import Param, task_group
from airflow.sdk.exceptions import AirflowSkipException
from kindred_airflow import HELD, Dag, Tag, answer_within, project, shared, stage_task

APPROVE, REJECT, LATER = "Approve", "Reject", "Ask again later"

with Dag(
    dag_id="approve_changes",
    description="Ask a person about what was held",
    doc_md=__doc__,
    schedule=[HELD],
    **shared(Tag.STEWARDSHIP, owner="data-stewards", timeout=timedelta(hours=1), late_after=timedelta(days=1)),
):

    @stage_task(doc_md="Gather what still waits for an answer, with the evidence to judge it by: counts, no names.")
    def gather(*, triggering_asset_events: Any = None) -> list[dict[str, Any]]:
        from include.activation.touched import with_lists
        from include.answers import waiting

        held = {
            subject: {"dag": event.source_dag_id, "conf": event.extra["again"]}
            for event in triggering_asset_events.get(HELD, ())  # there is none when a person starts it
            for subject in event.extra["subjects"]
        }
        opened = project()
        unanswered = waiting.still_held(opened, held)
        return [
            {"subject": subject, "evidence": with_lists(opened, subject, why), **held[subject]}
            for subject, why in unanswered.items()
        ]

    @stage_task(doc_md="Keep the answer in the warehouse, with who gave it and why; later is no answer.")
    def record(subject: str, answer: dict[str, Any]) -> None:
        from include.answers import waiting

        (chosen,) = answer["chosen_options"]
        if chosen == LATER:
            raise AirflowSkipException("Nobody has decided; a later run that is held asks again.")
        author, reason = answer["responded_by_user"]["name"], answer["params_input"].get("note", "")
        waiting.answer(project(), subject, approved=chosen == APPROVE, author=author, reason=reason)
        logging.getLogger(__name__).info("%s: %s, by %s", subject, chosen, author)

    @stage_task(doc_md="End here unless the answer was yes.")
    def go_on(answer: dict[str, Any]) -> None:
        if answer["chosen_options"] != [APPROVE]:
            raise AirflowSkipException("It was rejected; readers keep what they have.")

    @task_group
    def approval(subject: str, evidence: str, dag: str, conf: dict[str, Any]) -> None:  # noqa: ARG001
        ask = HITLOperator(
            task_id="ask",
            subject=subject,
            body=evidence,
            options=[APPROVE, REJECT, LATER],
            defaults=LATER,
            params={"note": Param("", type="string", title="Why", description="Needed; kept with your answer.")},
            response_timeout=answer_within(),
            doc_md="Ask. While it waits it holds no worker; unanswered for `KINDRED_ANSWER_HOURS`, it ends.",
        )
        start_again = TriggerDagRunOperator(
            task_id="start_again",
            trigger_dag_id="{{ ti.xcom_pull('gather')[ti.map_index]['dag'] }}",  # cannot be an argument of the group
            conf=conf,
            doc_md="Start the DAG that was held once more; what was approved passes now.",
        )
        record(subject, ask.output) >> go_on(ask.output) >> start_again

    approval.expand_kwargs(gather())
