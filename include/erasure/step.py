"""Erasing a person: gather the traces, keep them from coming back, erase, and look whether anything is left.

Every step may be repeated: whoever was killed begins anew with the traces that were kept, and ends the same.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextlib import suppress as passing_over
from datetime import datetime, timedelta
from typing import Any

from include.contracts.errors import ConfigurationError, ErasedError, FatalError, RetryableError
from include.erasure import home, lake, postgres, scan
from include.erasure.gather import Gathering, Person
from include.erasure.lake import Found
from include.erasure.ledger import Erasure, ErasureLedger
from include.erasure.places import airflow_of, rules_of, summed, warehouse_of
from include.erasure.planning import Plan
from include.erasure.search import Search
from include.erasure.settings import read_settings
from include.erasure.traces import Traces, forget, kept, today, together
from include.storage.postgres.warehouse import is_embedded
from include.storage.project import Project
from include.storage.suppression import Gone, plain, secret_of, suppress


def open_requests(project: Project, subjects: Collection[str]) -> dict[str, Erasure]:
    """Return the open requests that name some of these, each by the subject; also where half of it is carried out."""
    found: dict[str, Erasure] = {}
    for one in unfinished(project):
        traces = kept(project.lake, one.erasure_id)
        known = {str(one.subject), *((*traces.profiles, *map(str.lower, traces.emails)) if traces else ())}
        found |= {
            subject: one
            for subject in subjects
            if subject in known or ("@" in subject and plain("email", subject) in known)
        }
    return found


def require_why(reason: str, author: str) -> None:
    """Raise ConfigurationError where nobody asks, or nobody says why."""
    if not reason.strip() or not author.strip():
        raise ConfigurationError("An erasure needs who asks for it, with --by, and why, with --reason.")


def request(project: Project, now: datetime, planned: Plan, *, reason: str, author: str) -> list[Erasure]:
    """Receive a request for each person of a plan: of the same person an open one goes on.

    Raises ConfigurationError where nobody asks for it, or nobody says why.
    """
    require_why(reason, author)
    due_on = now.date() + timedelta(days=read_settings(project.settings.config).days)
    ledger = ErasureLedger(project.warehouse())
    return [
        ledger.receive(subject, reason=reason.strip(), author=author.strip(), due_on=due_on)
        for subject in planned.subjects
    ]


def carry_out(project: Project, erasures: Collection[Erasure], now: datetime) -> list[Erasure]:
    """Do what is left of requests, all at once: each ends verified, or done where a destination has to be told first.

    Raises RetryableError while a run is at work, ConfigurationError where a second person has to agree, FatalError
    where something is left that could not be erased.
    """
    asks = read_settings(project.settings.config).second_person
    for erasure in erasures:
        if asks and erasure.is_open and not erasure.second:
            raise ConfigurationError(
                f"The erasure {erasure.erasure_id} waits for somebody else than {erasure.author} to agree: "
                f"python -m include erase --agree {erasure.erasure_id}"
            )
    at_work = {erasure.erasure_id: erasure for erasure in erasures if erasure.is_open}
    if at_work:
        with _alone(project):
            at_work = _carried_out(project, at_work, now)
    return [at_work.get(erasure.erasure_id, erasure) for erasure in erasures]


def _carried_out(project: Project, erasures: Mapping[str, Erasure], now: datetime) -> dict[str, Erasure]:
    ledger = ErasureLedger(project.warehouse())
    traces = _traces(project, erasures, now)
    ended = {  # whose person was erased by another request meanwhile
        key: ledger.advance(key, "verified", subject=None) for key in erasures.keys() - traces.keys()
    }
    if not traces:
        return ended
    erasures = {key: erasure for key, erasure in erasures.items() if key in traces}
    for key in (key for key, erasure in erasures.items() if erasure.state == "received"):
        ledger.advance(key, "planned")
    gone = (Gone(key, today(one), one.suppressed()) for key, one in traces.items())
    suppress(project.lake, secret_of(project.settings, create=True), *gone)
    found = _erase(project, together(traces.values()))
    counts: dict[str, Any] = {what.place: {"rows": what.rows, "cells": what.cells} for what in found}
    for key in (key for key, erasure in erasures.items() if erasure.state != "done"):
        ledger.advance(key, "done", counts={**counts, "people": len(traces)}, subject=None)
    _compact(project)  # only now that the ledger does not name them either
    return ended | _verified(project, ledger, traces)


def unfinished(project: Project) -> list[Erasure]:
    """Return the requests that are not verified, the one that is due first coming first."""
    every = ErasureLedger(project.warehouse()).all()
    return sorted((one for one in every if one.is_open), key=lambda one: one.due_on)


def finish(project: Project, now: datetime) -> list[Erasure]:
    """Carry out what is left of all requests that wait for nobody; raises what ``carry_out`` does."""
    asks = read_settings(project.settings.config).second_person
    return carry_out(project, [one for one in unfinished(project) if one.second or not asks], now)


def waits_for(project: Project, erasure: Erasure) -> list[str]:
    """Return the syncs whose destinations have not been told yet; ``python -m include activate`` tells them."""
    traces = kept(project.lake, erasure.erasure_id)
    with project.warehouse().begin() as connection:
        return postgres.untold(connection, {erasure.erasure_id: traces})[erasure.erasure_id] if traces else []


def _traces(project: Project, erasures: Mapping[str, Erasure], now: datetime) -> dict[str, Traces]:
    """Return the traces of each: kept ones where they were gathered before, for half of the person may be gone.

    Two whose profiles became one go together, and leave nothing of which the other's request would have traces.
    """
    found = {key: traces for key in erasures if (traces := kept(project.lake, key)) is not None}
    missing = {key: erasure.subject for key, erasure in erasures.items() if key not in found}
    for key, subject in missing.items():
        if subject is None:
            raise FatalError(f"What is known of the erasure {key} is lost; ask for it anew.")
    if missing:
        with project.engine() as engine:
            gathering, people = Gathering(engine, project.suppressed()), dict[str, Person]()
            for key, who in missing.items():
                with passing_over(ErasedError):
                    people[key] = gathering.named(str(who))
            new = gathering.traces(now.date(), people) if people else {}
        for traces in new.values():
            traces.keep(project.lake)
        found |= new
    return found


def _erase(project: Project, traces: Traces) -> list[Found]:
    with project.engine() as engine:
        found = lake.erase(engine, rules_of(project, [traces]))
    search = Search(traces.texts)
    lake.blank_texts(project.lake, search)
    with project.warehouse().begin() as connection:
        found += postgres.erase(connection, traces)
    for database in airflow_of(project.settings):
        with database.engine.begin() as connection:
            found += postgres.blank(connection, search)
    files = home.blank(project.settings, search)
    return summed([*found, *([Found("files of the home", 0, files)] if files else [])])


def _compact(project: Project) -> None:
    """Leave no deleted row in a page: of a server of ours in none, of another one in none of our tables."""
    is_ours = is_embedded(project.settings, os.environ)
    for database in airflow_of(project.settings) if is_ours else ():
        postgres.compact(database.engine, None, whole_server=True)
    warehouse = warehouse_of(project)
    postgres.compact(warehouse.engine, warehouse.schemas, whole_server=is_ours)


def _verified(project: Project, ledger: ErasureLedger, traces: Mapping[str, Traces]) -> dict[str, Erasure]:
    """Look whether anything is left; raises FatalError that names the places."""
    with project.warehouse().begin() as connection:
        told = [key for key, syncs in postgres.untold(connection, traces).items() if not syncs]
    databases = [warehouse_of(project), *airflow_of(project.settings)]
    left = scan.remaining(
        project, together(traces.values()), databases, in_server=together([traces[key] for key in told])
    )
    if left:
        which = f"erasure {next(iter(traces))} is" if len(traces) == 1 else f"erasures {', '.join(sorted(traces))} are"
        raise FatalError(
            f"The {which} not complete: something is left in {', '.join(left)}. "
            "Go on with python -m include erasures --resume; if it stays, look there."
        )
    for key in told:
        ledger.advance(key, "verified")
        forget(project.lake, key)
    return {key: ledger.one(key) for key in traces}


@contextmanager
def _alone(project: Project) -> Iterator[None]:
    """Let no run be at work meanwhile, nor another erasure; raises RetryableError."""
    ledger = project.ledger()
    with ledger.nobody_at_work() as alone:
        if not alone:
            raise RetryableError("A run, or another erasure, is at work; try again when it has ended.")
        yield
