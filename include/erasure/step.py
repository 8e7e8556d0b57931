"""Erasing a person: gather the traces, keep them from coming back, erase, and look whether anything is left.

Every step may be repeated: whoever was killed begins anew with the traces that were kept, and ends the same.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from include.contracts.errors import ConfigurationError, FatalError, RetryableError, UnknownError
from include.contracts.settings import Settings
from include.contracts.sources import SourceSettings, sources_of
from include.erasure import home, lake, postgres, scan
from include.erasure.gather import Gathering
from include.erasure.lake import Found
from include.erasure.ledger import Erasure, ErasureLedger
from include.erasure.rules import Rules
from include.erasure.settings import read_settings
from include.erasure.traces import Traces, forget, kept, today
from include.storage.control.tables import CONTROL
from include.storage.postgres import embedded, publication
from include.storage.postgres.build import PREFIX
from include.storage.postgres.warehouse import is_embedded
from include.storage.project import Project
from include.storage.suppression import secret_of, suppress

AIRFLOW = "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"


@dataclass(frozen=True)
class Plan:
    """What would be erased: the profile, how many records it has, and what each place holds of the person."""

    profile: str | None
    records: int
    shared: int
    found: Sequence[Found]


def plan(project: Project, now: datetime, *, profile: str | None, email: str | None) -> Plan:
    """Say what erasing would do, and do nothing; raises UnknownError, ConfigurationError."""
    with project.engine() as engine:
        gathering = Gathering(engine, project.suppressed())
        living = gathering.named(profile, email)
        traces = gathering.traces("plan", now.date(), living, email)
        rules = Rules(traces, known_sources(project), lake.crosswalks(project.lake))
        found = _summed([what for _, _, what in lake.look(engine, rules)])
    if living is None and not found:
        raise UnknownError("Nobody with that address is known; nothing was done.")
    return Plan(living, len(traces.records), traces.shared, found)


def open_request(project: Project, named: Collection[str | None]) -> Erasure | None:
    """Return the open request that names one of these, if there is one."""
    every = ErasureLedger(project.warehouse()).all()
    return next((one for one in every if one.is_open and one.subject and one.subject in named), None)


def request(
    project: Project, now: datetime, *, profile: str | None, email: str | None, reason: str, author: str
) -> Erasure:
    """Receive a request: of the same person an open one goes on. Raises UnknownError, ConfigurationError."""
    if not reason.strip() or not author.strip():
        raise ConfigurationError("An erasure needs who asks for it and why.")
    if (known := open_request(project, {profile, email})) is not None:
        return known
    settings = read_settings(project.settings.config)
    subject = plan(project, now, profile=profile, email=email).profile or str(email)
    due_on = now.date() + timedelta(days=settings.days)
    ledger = ErasureLedger(project.warehouse())
    return ledger.receive(subject, reason=reason.strip(), author=author.strip(), due_on=due_on)


def carry_out(project: Project, erasure: Erasure, now: datetime) -> Erasure:
    """Do what is left of a request: it ends verified, or done where a destination has to be told first.

    Raises RetryableError while a run is at work, ConfigurationError where a second person has to agree, FatalError
    where something is left that could not be erased.
    """
    ledger = ErasureLedger(project.warehouse())
    if not erasure.is_open:
        return erasure
    if read_settings(project.settings.config).second_person and not erasure.second:
        raise ConfigurationError(
            f"The erasure {erasure.erasure_id} waits for somebody else than {erasure.author} to agree: "
            f"python -m include erase --agree {erasure.erasure_id}"
        )
    with _alone(project):
        traces = kept(project.lake, erasure.erasure_id) or _gathered(project, erasure, now)
        if erasure.state == "received":
            erasure = ledger.advance(erasure.erasure_id, "planned")
        suppress(project.lake, secret_of(project.settings, create=True), erasure.erasure_id, today(traces),
                 traces.suppressed())  # fmt: skip
        found = _erase(project, traces)
        if erasure.state == "planned":
            counts = {what.place: {"rows": what.rows, "cells": what.cells} for what in found}
            erasure = ledger.advance(erasure.erasure_id, "done", counts=counts, subject=None)
        _compact(project)  # only now that the ledger does not name them either
        return _verified(project, ledger, erasure, traces)


def unfinished(project: Project) -> list[Erasure]:
    """Return the requests that are not verified, the one that is due first coming first."""
    every = ErasureLedger(project.warehouse()).all()
    return sorted((one for one in every if one.is_open), key=lambda one: one.due_on)


def finish(project: Project, now: datetime) -> list[Erasure]:
    """Carry out what is left of all requests that wait for nobody; raises what ``carry_out`` does."""
    asks = read_settings(project.settings.config).second_person
    return [carry_out(project, one, now) for one in unfinished(project) if one.second or not asks]


def waits_for(project: Project, erasure: Erasure) -> list[str]:
    """Return the syncs whose destinations have not been told yet; ``python -m include activate`` tells them."""
    traces = kept(project.lake, erasure.erasure_id)
    with project.warehouse().begin() as connection:
        return postgres.untold(connection, traces) if traces else []


def _gathered(project: Project, erasure: Erasure, now: datetime) -> Traces:
    if erasure.subject is None:
        raise FatalError(f"What is known of the erasure {erasure.erasure_id} is lost; ask for it anew.")
    by_address = "@" in erasure.subject
    profile, email = (None, erasure.subject) if by_address else (erasure.subject, None)
    with project.engine() as engine:
        gathering = Gathering(engine, project.suppressed())
        traces = gathering.traces(erasure.erasure_id, now.date(), gathering.named(profile, email), email)
    traces.keep(project.lake)
    return traces


def _erase(project: Project, traces: Traces) -> list[Found]:
    with project.engine() as engine:
        rules = Rules(traces, known_sources(project), lake.crosswalks(project.lake))
        found = lake.erase(engine, rules)
    lake.blank_texts(project.lake, [text.encode() for text in traces.texts])
    with project.warehouse().begin() as connection:
        found += postgres.erase(connection, traces)
    for database in _airflow(project.settings):
        with database.begin() as connection:
            found += postgres.blank(connection, traces.texts)
    files = home.blank(project.settings, traces.texts)
    return _summed([*found, *([Found("files of the home", 0, files)] if files else [])])


def _compact(project: Project) -> None:
    """Leave no deleted row in a page: of a server of ours in none, of another one in none of our tables."""
    is_ours = is_embedded(project.settings, os.environ)
    for database in _airflow(project.settings) if is_ours else ():
        postgres.compact(database, None, whole_server=True)
    with project.warehouse().begin() as connection:
        schemas = None if is_ours else [CONTROL, f"{PREFIX}{publication.current(connection)}"]
    postgres.compact(project.warehouse().engine, schemas, whole_server=is_ours)


def _verified(project: Project, ledger: ErasureLedger, erasure: Erasure, traces: Traces) -> Erasure:
    """Look whether anything is left; raises FatalError that names the places."""
    with project.warehouse().begin() as connection:
        waiting = postgres.untold(connection, traces)
    databases = [project.warehouse().engine, *_airflow(project.settings)]
    left = scan.remaining(project, traces, databases, server=not waiting)
    if left:
        raise FatalError(
            f"The erasure {erasure.erasure_id} is not complete: something is left in {', '.join(left)}. "
            "Carry it out again (python -m include erasures --resume); if it stays, look there."
        )
    if waiting:
        return erasure
    verified = ledger.advance(erasure.erasure_id, "verified")
    forget(project.lake, erasure.erasure_id)
    return verified


@contextmanager
def _alone(project: Project) -> Iterator[None]:
    """Let no run be at work meanwhile, nor another erasure; raises RetryableError."""
    ledger = project.ledger()
    with ledger.nobody_at_work() as alone:
        if not alone:
            raise RetryableError("A run, or another erasure, is at work; try again when it has ended.")
        yield


def known_sources(project: Project) -> dict[str, SourceSettings]:
    """Return the sources by name; raises ConfigurationError."""
    return dict(sources_of(project.settings))


def _airflow(settings: Settings) -> list[sa.Engine]:
    """Airflow's own database, where it can be reached."""
    if is_embedded(settings, os.environ):
        return [sa.create_engine(embedded.url(settings.home, "airflow"), hide_parameters=True)]
    url = os.environ.get(AIRFLOW, "")
    if not url.startswith("postgresql"):
        return []
    return [sa.create_engine(make_url(url).set(drivername="postgresql+psycopg"), hide_parameters=True)]


def _summed(found: Sequence[Found]) -> list[Found]:
    """One a place."""
    summed: dict[str, Found] = {}
    for what in found:
        before = summed.get(what.place, Found(what.place, 0, 0))
        summed[what.place] = replace(before, rows=before.rows + what.rows, cells=before.cells + what.cells)
    return list(summed.values())
