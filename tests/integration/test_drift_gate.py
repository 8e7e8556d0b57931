"""A figure out of range holds the audit until a person approves it, and is then the new level."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from include.answers import waiting
from include.answers.drifting import watched
from include.contracts.control import DRIFTED
from include.contracts.errors import FatalError, HeldError
from include.contracts.metrics import SOURCE_DAY
from include.contracts.runs import DatasetRef, Run
from include.contracts.staged import PERSON_RECORD
from include.operations.alerts import standing
from include.quality.drift.judging import Past
from include.quality.drift.memory import history
from include.quality.step import audit, load, publish
from include.retention.ledger import remove
from include.storage.control.tables import AUDIT_RESULT, PUBLICATION
from include.storage.project import Project

CONTACTS = ("rows", "crm.contact", "")
DAYS, USUAL, NOW = 20, 1_000, 400


@pytest.fixture
def refs(
    warehouse_project: Project, company: Callable[..., dict[str, DatasetRef]], put: Callable[..., DatasetRef], run: Run
) -> dict[str, DatasetRef]:
    """What a run on 400 contacts has made, where those of twenty days before had 1,000."""
    with warehouse_project.warehouse().begin() as connection:
        for n in range(1, DAYS + 1):
            day, version = run.as_of - timedelta(days=n), f"before{n}"
            at = datetime.combine(day, datetime.min.time(), UTC)
            facts = {"version": version, "run_id": "x", "as_of": day, "published_at": at, "is_current": False}
            connection.execute(sa.insert(PUBLICATION).values(**facts))
            kept = {"table_name": "crm.contact", "expectation": "drift_rows", "column_name": "", "level": "table"}
            observed = {"is.value": USUAL + n % 3, "rows": USUAL}
            found = {"version": version, "success": True, "unexpected": 0, "observed": observed}
            connection.execute(sa.insert(AUDIT_RESULT).values(**kept, **found))
    people = put(warehouse_project, PERSON_RECORD, [{"record_id": "crm.contact:1"}])
    warehouse_project.lake.commit("staged/counts", people.version, [], 0, {"crm.contact.raw": str(NOW)}, point=False)
    days = put(warehouse_project, SOURCE_DAY, [])
    return company(warehouse_project) | {PERSON_RECORD.name: people, SOURCE_DAY.name: days}


def test_a_halved_source_holds_the_audit_until_a_person_says_that_it_is_so_now(
    warehouse_project: Project, refs: dict[str, DatasetRef], run: Run
) -> None:
    load(warehouse_project, run, refs)
    with pytest.raises(HeldError, match="out of the range of the weeks before") as held:
        audit(warehouse_project, run, refs)
    with pytest.raises(FatalError, match="passed no audit"):
        publish(warehouse_project, run, refs)
    assert "- crm.contact: 400 rows; 701 to 1,301 would be usual." in waiting.evidence(
        warehouse_project, held.value.subject
    )
    ledger = warehouse_project.ledger()
    with ledger.working(run):
        ledger.end_run(run, "held", str(held.value))
    assert [*waiting.held_runs(warehouse_project)] == [held.value.subject]
    waiting.answer(warehouse_project, held.value.subject, approved=True, author="Nina", reason="We sold a brand")
    for _ in ("approved, and perhaps a later run comes before it is published", "published"):
        assert level_on(warehouse_project, run.as_of + timedelta(days=1)) == [Past(run.as_of, {"value": NOW}, NOW)]
        audit(warehouse_project, run, refs)
        publish(warehouse_project, run, refs)
    alerts = {alert.key: alert.sentence for alert in standing(warehouse_project, datetime.now(UTC))}
    assert alerts["drifted/rows/crm.contact"] == "crm.contact: 400 rows; 701 to 1,301 would be usual."


def test_an_object_that_is_gone_holds_the_audit_until_a_person_says_that_it_is_so_now(
    warehouse_project: Project, refs: dict[str, DatasetRef], put: Callable[..., DatasetRef], run: Run
) -> None:
    people = put(warehouse_project, PERSON_RECORD, [{"record_id": "crm.lead:1"}], version="v2")
    warehouse_project.lake.commit("staged/counts", people.version, [], 0, {"crm.lead.raw": "1"}, point=False)
    refs |= {PERSON_RECORD.name: people}
    load(warehouse_project, run, refs)
    with pytest.raises(HeldError) as held:
        audit(warehouse_project, run, refs)
    says = "crm.contact is gone: it has no rows any more, and had on 20 of the days before."
    assert f"- {says}" in waiting.evidence(warehouse_project, held.value.subject)
    waiting.answer(warehouse_project, held.value.subject, approved=True, author="Nina", reason="We left that CRM")
    audit(warehouse_project, run, refs)
    publish(warehouse_project, run, refs)
    with warehouse_project.warehouse().begin() as connection:
        assert CONTACTS not in history(connection, run.as_of + timedelta(days=1)), "so it is missed no more"
        version = connection.execute(sa.select(PUBLICATION.c.version).where(PUBLICATION.c.is_current)).scalar_one()
        gone = watched(connection, version, run.as_of)[0]
    assert (gone.name, gone.now, gone.usual, gone.verdict) == ("crm.contact", "gone", "there on 20 days", "holds")
    assert [value for _, value in gone.before] == [USUAL + n % 3 for n in range(DAYS, 0, -1)]


def test_a_level_that_was_approved_stays_though_its_run_was_never_published(warehouse_project: Project) -> None:
    found = {"table_name": "crm.contact", "expectation": "drift_rows", "column_name": "", "level": "table"}
    kept = {**found, "success": False, "unexpected": 1}
    for version, approved in (("yes", True), ("no", False)):
        waiting.answer(warehouse_project, f"{DRIFTED}@{version}", approved=approved, author="Nina", reason="Seen")
        with warehouse_project.warehouse().begin() as connection:
            connection.execute(sa.insert(AUDIT_RESULT).values(version=version, observed={"rows": 1}, **kept))
    with warehouse_project.warehouse().begin() as connection:
        remove(connection, datetime.now(UTC) - timedelta(days=1))
        assert [*connection.execute(sa.select(AUDIT_RESULT.c.version)).scalars()] == ["yes"]


def level_on(project: Project, day: date) -> list[Past]:
    with project.warehouse().begin() as connection:
        return history(connection, day)[CONTACTS]
