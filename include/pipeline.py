"""The pipeline: which stage follows which, and what the ledger is told of each.

DAG tasks and the command line both come through here, so both do the same thing.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from include.contracts.connections import CONNECTIONS, Connections
from include.contracts.errors import ConfigurationError, HeldError
from include.contracts.faults import explained
from include.contracts.identity import CROSSWALK, IDENTITY
from include.contracts.loading import load
from include.contracts.nearest import nearest
from include.contracts.runs import CLI, DatasetRef, Run, StageReport, Window
from include.contracts.settings import Settings
from include.contracts.sources import sources_of
from include.contracts.staged import STAGED
from include.storage import days
from include.storage.home import open_home
from include.storage.meter import Meter
from include.storage.postgres import publication
from include.storage.project import Project

Refs = Mapping[str, DatasetRef]
Watch = Callable[[str, Mapping[str, Any] | None], None]

IDENTITY_STAGES = ("stage", "resolve")
BUILD_STAGES = ("unify", "measure", "segment", "report", "load", "audit", "publish")
STAGES = (*IDENTITY_STAGES, *BUILD_STAGES)

_STEPS: Mapping[str, str] = MappingProxyType(
    {
        "stage": "include.staging.step:stage",
        "resolve": "include.identity.step:resolve",
        "unify": "include.profiles.step:unify",
        "measure": "include.measures.step:measure",
        "segment": "include.segments.step:segment",
        "report": "include.reports.step:report",
        "load": "include.quality.step:load",
        "audit": "include.quality.step:audit",
        "publish": "include.quality.step:publish",
    }
)


def sources(settings: Settings) -> tuple[str, ...]:
    """Return the names of the sources, as declared or as recognised; raises ConfigurationError."""
    return tuple(sources_of(settings))


def needs_exports(settings: Settings) -> bool:
    """Whether any source is read from files of the folder of exports; raises ConfigurationError."""
    return any(source.path is not None for source in sources_of(settings).values())


def open_project(settings: Settings, connections: Connections = CONNECTIONS) -> Project:
    """Open the installation that the settings describe; ``connections`` looks up who asks live sources."""
    return Project(settings, connections)


def extract(
    project: Project, run: Run, source: str, window: Window, *, final: bool = True, whole: bool = False
) -> dict[str, Any]:
    """Take one source in for one window; returns the stage's report, JSON-able.

    With ``whole`` a live source is asked for everything, which takes the place of all that it gave before.
    """
    known = sources(project.settings)
    if source not in known:
        raise ConfigurationError(f"There is no source {source!r}{nearest(source, known)}.")
    given = {"whole": True} if whole else {}
    step = partial(_call, "include.sources.step:extract", project, run, source, window, **given)
    return _recorded(project, run, step, final=final).to_dict()


def perform(
    project: Project, run: Run, stage: str, refs: Mapping[str, Mapping[str, Any]], *, final: bool = False
) -> dict[str, Any]:
    """Run one of STAGES on the references of earlier ones; returns the merged ``refs`` and the ``report``.

    ``final`` closes the run in the ledger. All that comes in and goes out is JSON-able. Raises EarlierDayError where
    readers have a later day and the run does not rewind.
    """
    if stage not in _STEPS:
        raise ConfigurationError(f"There is no stage {stage!r}{nearest(stage, STAGES)}.")
    known: Refs = {name: DatasetRef(**ref) for name, ref in refs.items()}
    given = () if stage == STAGES[0] else (known,)

    def step() -> StageReport:
        require_forward(project, run)
        return _call(_STEPS[stage], project, run, *given)

    report = _recorded(project, run, step, final=final)
    merged = {**known, **{ref.dataset: ref for ref in report.writes}}
    return {"refs": {name: ref.to_dict() for name, ref in merged.items()}, "report": report.to_dict()}


def require_forward(project: Project, run: Run) -> None:
    """Raise EarlierDayError where readers have a later day than the run's, unless it rewinds."""
    with project.warehouse().begin() as connection:
        days.require_forward(run, publication.day(connection))


def standing_refs(project: Project) -> dict[str, dict[str, Any]]:
    """Return the current version of all that stage and resolve write: what a build by itself begins with.

    Raises ConfigurationError before identities were resolved for the first time.
    """
    if project.lake.current(CROSSWALK.name) is None:
        raise ConfigurationError("No identities have been resolved yet; run resolve_identities first.")
    manifests = [project.lake.current(table.name) for table in (*STAGED, *IDENTITY)]
    return {manifest.dataset: manifest.ref.to_dict() for manifest in manifests if manifest is not None}


def run_all(project: Project, run: Run, watch: Watch) -> None:
    """Run every stage in this process, as the DAGs would; ``watch`` hears of each stage's start and report."""
    require_forward(project, run)  # before anything is taken in
    with project.ledger().at_work(run):
        _run_stages(project, run, watch)


def _run_stages(project: Project, run: Run, watch: Watch) -> None:
    window = everything_until(run)
    for source in sources(project.settings):
        watch(f"extract {source}", None)
        watch(f"extract {source}", extract(project, run, source, window, final=False))
    refs: Mapping[str, Mapping[str, Any]] = {}
    for stage in STAGES:
        watch(stage, None)
        done = perform(project, run, stage, refs, final=stage == STAGES[-1])
        refs = done["refs"]
        watch(stage, done["report"])


def everything_until(run: Run) -> Window:
    """Return the window that ends with the run's logical date and has no start."""
    return Window(None, datetime.combine(run.as_of + timedelta(days=1), time(), UTC))


def new_run(project: Project, started_at: datetime, *, rewinds: bool = False) -> Run:
    """Name a run that a person starts.

    Its logical date is the pinned one, else the day on which a sample's exports were taken, else that of
    ``started_at`` in the settings' time zone.
    """
    settings = project.settings
    as_of = settings.as_of or taken_on(settings.exports) or started_at.astimezone(settings.zone).date()
    return Run(f"{CLI}{started_at:%Y-%m-%dT%H:%M:%S}_{uuid.uuid4().hex[:6]}", as_of, rewinds)


def taken_on(exports: Path) -> date | None:
    """Return the day on which a sample company's exports were taken, as they say themselves; None for others."""
    note = exports / "sample.json"
    return date.fromisoformat(json.loads(note.read_text("utf-8"))["as_of"]) if note.exists() else None


def _call(place: str, *arguments: object, **given: object) -> StageReport:
    """Import a step only when it is its turn: each costs seconds of imports that other tasks need not pay."""
    module, name = place.split(":")
    report: StageReport = getattr(load(module), name)(*arguments, **given)
    return report


def _recorded(project: Project, run: Run, step: Callable[[], StageReport], *, final: bool) -> StageReport:
    """Run a step and tell the ledger how it went."""
    open_home(project.settings.home)
    ledger = project.ledger()
    with ledger.working(run):
        try:
            with Meter() as meter:
                report = step()
            ledger.record_stage(run, report, seconds=meter.seconds, peak_mb=meter.peak_mb)
        except Exception as error:
            meaning = explained(error)
            told = str(meaning or f"{type(error).__name__}, see the task's log")
            ledger.end_run(run, "held" if isinstance(meaning, HeldError) else "failed", told)
            raise
        if final:
            ledger.end_run(run, "success", None)
    return report
