"""What the DAGs share: how a task calls the pipeline, which errors are tried again, who is asked and who is told.

What a run is to the pipeline is in `kindred_runs`. It is imported whenever a DAG is parsed, so nothing heavy
stands at its top: the pipeline is imported inside the tasks.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from airflow.sdk import (
    DAG,
    Asset,
    AssetAll,
    AssetOrTimeSchedule,
    Connection,
    CronDataIntervalTimetable,
    CronTriggerTimetable,
    ExceptionRetryPolicy,
    RetryAction,
    RetryRule,
    get_current_context,
    task,
)
from airflow.sdk.definitions.callback import SyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference
from airflow.sdk.exceptions import AirflowNotFoundException, AirflowRuntimeError, AirflowSkipException

from include.contracts.connections import Connection as PlainConnection
from include.contracts.errors import HeldError, LateSourceError, RetryableError
from include.contracts.faults import explained
from include.contracts.settings import Settings
from include.contracts.sources import sources_of

if TYPE_CHECKING:
    from include.storage.project import Project

log = logging.getLogger(__name__)

WAREHOUSE_CONNECTION = "warehouse"
# Tasks that write identities or the warehouse take turns, and a run that has begun goes before one that has not.
WRITER = MappingProxyType({"pool": "warehouse_writer", "weight_rule": "upstream"})
IDENTITY = Asset("identity")
CUSTOMERS = Asset("customers")
HELD = Asset("held")
HELD_KEY = "held"  # the XCom in which a task leaves what it was held for
UNSCHEDULED = """**It has no schedule here**, as `KINDRED_SCHEDULES` is off: nothing new comes to the sample company.
Start it by hand. On exports of your own, `make up DATA=folder` keeps the schedules of `sources.yaml`."""
START = datetime(2015, 1, 1, tzinfo=UTC)


LOOK_EVERY = timedelta(minutes=10)  # for an export that a scheduled run waits for
WAIT_FOR = timedelta(hours=6)


class Tag(StrEnum):
    """The tags that a DAG of this project may carry."""

    KINDRED = "kindred"
    EXTRACT = "extract"
    IDENTITY = "identity"
    SEGMENTS = "segments"
    ACTIVATION = "activation"
    STEWARDSHIP = "stewardship"
    OPERATIONS = "operations"


class Dag(DAG):
    """A DAG that `airflow dags test` can run to its end.

    Airflow 3.3.2 fails to end a test run of a DAG that has a deadline, which a test has no use for; what the scheduler
    knows of the DAG keeps it.
    """

    def test(self, *args: Any, **kwargs: Any) -> Any:
        """Run the DAG once in this process, without its deadline."""
        kept, self.deadline = self.deadline, None
        try:
            return super().test(*args, **kwargs)
        finally:
            self.deadline = kept


class Stopped(SystemExit):
    """A task ends here for good; its one sentence is in the log. As a SystemExit it leaves no traceback there."""


class TryAgain(SystemExit):
    """A task ends here for now; the same call may succeed later."""


class Wait(SystemExit):
    """A task ends here until an export has come, which may take hours."""


RETRY_BY_KIND = ExceptionRetryPolicy(
    rules=[  # the first that matches decides; a task that was killed or timed out raises none of these, and is retried
        RetryRule(exception=Stopped, action=RetryAction.FAIL, reason="Trying again cannot help."),
        RetryRule(exception=Wait, retry_delay=LOOK_EVERY, reason="The export may still come."),
        RetryRule(exception=TryAgain, action=RetryAction.RETRY, reason="It may succeed later."),
        RetryRule(exception=[OSError, AirflowRuntimeError], action=RetryAction.RETRY, reason="It may succeed later."),
        RetryRule(exception=Exception, action=RetryAction.FAIL, reason="A fault in the program would repeat itself."),
    ]
)


@dataclass(frozen=True, slots=True)
class Source:
    """What a DAG needs to know of a source that sources.yaml declares."""

    name: str
    schedule: str
    owner: str

    @property
    def asset(self) -> Asset:
        """The asset that tells of new raw rows of this source."""
        return Asset(f"raw_{self.name}")


def sources(settings: Settings) -> Iterator[Source]:
    """Yield the sources that ``sources.yaml`` declares, in its order."""
    for name, source in sources_of(settings).items():
        yield Source(name, source.schedule, source.owner)


def window_schedule(settings: Settings, cron: str) -> CronDataIntervalTimetable | None:
    """Return a schedule, in UTC, whose runs each cover one data interval; none when schedules are off."""
    return None if settings.schedules == "off" else CronDataIntervalTimetable(cron, timezone="UTC")


def asset_schedule(settings: Settings, assets: list[Asset], *, nightly: str) -> AssetAll | AssetOrTimeSchedule:
    """Return a schedule on all assets, and on a nightly time besides: an asset event can get lost in Airflow.

    It begins with the next night, not with the one before a DAG was first seen, which has nothing to work on.
    """
    every = AssetAll(*assets)
    if settings.schedules == "off":
        return every
    night = CronTriggerTimetable(nightly, timezone=settings.timezone, run_immediately=timedelta())
    return AssetOrTimeSchedule(timetable=night, assets=every)


def page(doc: str | None) -> str:
    """Return a DAG file's text for the DAG's page, which says besides why the DAG has no schedule where it has none."""
    if Settings.lenient().schedules == "on":
        return f"{doc}"
    return f"{doc}\n\n{UNSCHEDULED}"


def defaults(owner: str, *, timeout: timedelta) -> dict[str, Any]:
    """Return the arguments that all tasks of a DAG share."""
    return {
        "owner": owner,
        "retries": 3,
        "retry_delay": timedelta(seconds=10),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=15),
        "retry_policy": RETRY_BY_KIND,
        "execution_timeout": timeout,
    }


def shared(tag: Tag, *, owner: str, timeout: timedelta, late_after: timedelta, **tasks: Any) -> dict[str, Any]:
    """Return the arguments that all DAGs share; ``tasks`` are further ones of the DAG's tasks."""
    return {
        "catchup": False,
        "max_consecutive_failed_dag_runs": 5,
        "default_args": defaults(owner, timeout=timeout) | tasks,
        "deadline": deadline(late_after),
        "tags": [Tag.KINDRED, tag],
    }


def deadline(after: timedelta) -> list[DeadlineAlert]:
    """Return an alert for runs that have not ended ``after`` they were queued; an asset's runs have no logical date."""
    callback = SyncCallback(deadline_missed)
    return [DeadlineAlert(name="late", reference=DeadlineReference.DAGRUN_QUEUED_AT, interval=after, callback=callback)]


def deadline_missed(context: Mapping[str, Any], **_: Any) -> None:
    """Say in the scheduler's callback log which run is late; forward it from there, or replace this by a notifier."""
    run = context["dag_run"]
    log.error("The run %s of %s missed its deadline.", run["dag_run_id"], run["dag_id"])


def stage_task(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Make a function a task that ends on an error of ours with its one sentence, and is tried again if that can help.

    What is held for a person is not failed: the task, and what would follow it, is skipped. ``options`` are those of
    Airflow's ``@task``.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        @functools.wraps(function)
        def called(*args: Any, **kwargs: Any) -> Any:
            from kindred_lineage import tell as tell_lineage

            try:
                done = function(*args, **kwargs)
                tell_lineage(done)
                return done
            except HeldError as held:
                log.warning("%s", held)
                found = {"subject": held.subject, "evidence": held.evidence}
                get_current_context()["ti"].xcom_push(key=HELD_KEY, value=found)
                raise AirflowSkipException("It waits for a person.") from None
            except Exception as error:
                end = _end(error)
                if end is None:
                    raise
                raise end from None

        return task(multiple_outputs=False, **options)(called)

    return decorate


def _end(error: Exception) -> SystemExit | None:
    """Say in one sentence why a task ends, and return how; None for a fault in the program."""
    meaning = explained(error)
    if meaning is None:
        return None
    log.error("%s", meaning)
    if isinstance(meaning, LateSourceError) and _is_scheduled():
        return Wait(RetryableError.exit_code)
    return (TryAgain if isinstance(meaning, RetryableError) else Stopped)(meaning.exit_code)


def _is_scheduled() -> bool:
    """Whether nobody has asked for the run that is at work, so that nobody waits for its answer."""
    return bool(get_current_context()["dag_run"].run_type == "scheduled")


def answer_within() -> timedelta:
    """Return how long a question to a person waits for its answer."""
    return timedelta(hours=Settings.lenient().answer_hours)


def ask_task(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Make a function that calls ``ask`` a task, which runs when the one before it is done or held."""
    return stage_task(inlets=[HELD], outlets=[HELD], trigger_rule="none_failed", **options)


def ask(subjects: Collection[str], again: Mapping[str, Any], *, inlet_events: Any, outlet_events: Any) -> None:
    """Tell by the asset HELD what waits for a person's answer; skip the task when all of that was asked already.

    ``again`` is the conf with which the DAG is to be started once more when the answer is yes. Nothing is asked twice
    while a question may still be answered, however many runs are held for it.
    """
    since = datetime.now(UTC) - answer_within()
    earlier = inlet_events[HELD].after(since.isoformat()) if subjects else ()
    unasked = sorted({*subjects}.difference(*(event.extra.get("subjects", ()) for event in earlier)))
    if not unasked:
        raise AirflowSkipException("There is nothing new to ask.")
    outlet_events[HELD].extra = {"subjects": unasked, "again": dict(again)}


def project() -> Project:
    """Open the installation; the Airflow connection ``warehouse``, where it is defined, says where the warehouse is.

    Live sources are asked with the connections that Airflow has, from whatever secrets backend.
    """
    from include.pipeline import open_project

    settings = Settings.lenient()
    url = _connection_url(WAREHOUSE_CONNECTION)
    return open_project(settings if url is None else settings.model_copy(update={"warehouse_url": url}), connection)


def versions(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an asset event tells of a stage: versions and counts, never a value of a row."""
    return {
        "counts": dict(report["counts"]),
        "versions": {ref["dataset"]: ref["version"] for ref in report["writes"]},
    }


def connection(name: str) -> PlainConnection | None:
    """Return a connection of Airflow's as plain values, None where it has none of that name."""
    try:
        found = Connection.get(name)
    except AirflowNotFoundException:
        return None
    return PlainConnection(
        name, found.conn_type or "", found.host or "", found.port, found.schema or "", found.login or "",
        found.password or "", found.extra_dejson,
    )  # fmt: skip


def _connection_url(name: str) -> str | None:
    try:
        return str(Connection.get(name).get_uri())
    except AirflowNotFoundException:
        return None
