"""One run of one sync: check, reconcile, plan, deliver. What an earlier run has left open is carried out first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from math import ceil

import sqlalchemy as sa

from include.activation.alone import working_alone
from include.activation.book import Book
from include.activation.check import evidence, read_segment, require_consent, require_fit, require_same_target
from include.activation.delivery import Delivery, Watch, unwatched
from include.activation.destination import Destination
from include.activation.keeping import keep_up, new_plan
from include.activation.plan import Difference, difference, digest_of_plan, published_on, sample
from include.activation.receipts import follow_up
from include.activation.reconcile import Drift, reconcile
from include.activation.registry import check_declared, open_destination
from include.activation.syncs import Declared, find_sync
from include.contracts.connections import Connections
from include.contracts.errors import HeldError
from include.contracts.runs import StageReport
from include.remote.clock import Clock, MachineClock
from include.storage.control.activation import SUBJECT, open_plan, totals
from include.storage.control.approvals import approved
from include.storage.control.ledger import check_counts
from include.storage.control.tables import ACTIVATION_PLAN
from include.storage.project import Project

NO_DRIFT = Drift(0, 0)


@dataclass(frozen=True)
class Report:
    """What a run of a sync did; ``counts``: planned = sent + suppressed + rejected + pending, over its plans."""

    sync: str
    destination: str
    counts: Mapping[str, int]
    difference: Difference
    drift: Drift = NO_DRIFT
    calls: int = 0
    later: Sequence[str] = ()  # what became of rows that earlier runs had sent


def dry_run(project: Project, name: str, connections: Connections | None = None) -> Report:
    """Return what a run would do, with a sample and the number of calls; nothing is kept or sent.

    Raises ConfigurationError.
    """
    declared = find_sync(project.settings.config, name)
    kind = check_declared(declared)
    with closing(open_destination(declared, connections or project.connections, MachineClock())) as destination:
        require_fit(destination)
    with project.warehouse().begin() as connection:
        read_segment(connection, project, declared)
        found = difference(connection, declared, rekeys=kind.rekeys)
        require_same_target(connection, found, declared)
        require_consent(found, declared)
        shown = replace(found, sample=sample(connection))
    number = found.actions
    writes = sum(number.get(action, 0) for action in ("add", "change", "rekey"))
    removals = number.get("remove", 0) + number.get("leave", 0)
    calls = ceil(writes / kind.batch_rows) + ceil(removals / kind.batch_rows)
    planned = sum(number.values())
    withheld = number.get("withhold", 0)
    counts = {"planned": planned, "sent": 0, "suppressed": withheld, "rejected": 0, "pending": planned - withheld}
    return Report(name, declared.destination, counts, shown, calls=calls)


def activate(
    project: Project, name: str, connections: Connections | None = None, clock: Clock | None = None,
    watch: Watch = unwatched,
) -> Report:  # fmt: skip
    """Bring a sync's destination to what its segment is now; ``watch`` hears of each step.

    Raises ConfigurationError before anything is sent, HeldError where a person has to be asked, RetryableError where
    something is left for a later run.
    """
    clock = clock or MachineClock()
    declared = find_sync(project.settings.config, name)
    warehouse = project.warehouse()
    check_declared(declared)
    with (
        working_alone(warehouse, name),
        closing(open_destination(declared, connections or project.connections, clock)) as destination,
    ):
        require_fit(destination)
        with warehouse.begin() as connection:
            left = open_plan(connection, name)
        if left:
            Delivery(Book(warehouse, declared, left), destination, clock, watch).run()
        later = follow_up(warehouse, destination, clock.now())
        drift = _reconciled(project, destination, clock)
        watch("reconciled")
        plan_id, found = _plan(project, destination, clock)
        watch("planned")
        if plan_id:
            Delivery(Book(warehouse, declared, plan_id), destination, clock, watch).run()
        counts = _counts(project, declared, [plan for plan in (left, plan_id) if plan])
        return Report(name, declared.destination, counts, found, drift, later=later)


def _reconciled(project: Project, destination: Destination, clock: Clock) -> Drift:
    present = destination.present()
    if present is None:
        return NO_DRIFT
    with project.warehouse().begin() as connection:
        return reconcile(connection, destination.declared, present, clock.now())


def _plan(project: Project, destination: Destination, clock: Clock) -> tuple[str | None, Difference]:
    """Make and keep a plan; no id where there is nothing to do. Raises HeldError and keeps why."""
    declared = destination.declared
    with project.warehouse().begin() as connection:
        version = read_segment(connection, project, declared)
        found = difference(connection, declared, rekeys=destination.rekeys)
        require_same_target(connection, found, declared)
        require_consent(found, declared)
        if not found.actions:
            keep_up(connection, declared)
            return None, found
        facts = {"definition_version": version, "as_of": published_on(connection)}
        why = evidence(found, declared)
        subject = f"{SUBJECT}{declared.name}@{digest_of_plan(connection)}" if why else ""
        if not why or approved(project, [subject]):
            keep_up(connection, declared)
            return new_plan(connection, declared, found, {**facts, "state": "open"}, clock.now()), found
        if subject != _last_held(connection, declared.name):
            held = {**facts, "state": "held", "subject": subject, "evidence": why}
            new_plan(connection, declared, found, held, clock.now())
    raise HeldError(subject, why)


def _last_held(connection: sa.Connection, sync: str) -> str | None:
    c = ACTIVATION_PLAN.c
    query = sa.select(c.subject, c.state).where(c.sync == sync).order_by(c.planned_at.desc()).limit(1)
    last = connection.execute(query).one_or_none()
    return str(last.subject) if last is not None and last.state == "held" else None


def _counts(project: Project, declared: Declared, plans: list[str]) -> Mapping[str, int]:
    with project.warehouse().begin() as connection:
        each = [totals(connection, plan) for plan in plans]
    counts = {name: sum(total[name] for total in each) for name in TOTALS}
    check_counts(StageReport(f"activate {declared.name}", counts=counts))
    return counts


TOTALS = ("planned", "sent", "suppressed", "rejected", "pending")
