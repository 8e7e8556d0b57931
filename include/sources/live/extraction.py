"""All objects of a live source, some of them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from include.contracts.errors import DriftError, KindredError
from include.contracts.exports import ExportFile
from include.contracts.raw import raw_dataset
from include.contracts.runs import Window
from include.contracts.sources import SourceSettings
from include.sources.live.landing import Landing
from include.sources.live.opened import Means, counts, opened
from include.sources.load_log import LoadLog
from include.sources.registry import connector
from include.sources.taken import Taken
from include.storage.engine import Engine
from include.storage.home import open_home
from include.storage.lake import Manifest
from include.storage.project import Project

MEMORY = "256MB"  # for the rows of an overlap


@dataclass(frozen=True, slots=True)
class Extracted:
    """What was taken of each object, what it cost in requests, and what stopped an object, if anything did."""

    objects: Sequence[Taken]
    counts: Mapping[str, int]
    stopped: KindredError | None


def take_live(
    project: Project, loads: LoadLog, settings: SourceSettings, window: Window, means: Means, *, whole: bool
) -> Extracted:
    """Ask a source for all its objects; raises LiveError, after which nothing was taken.

    A field that is gone stops its own object: the others are taken, and the error comes back with them.
    """
    system = settings.system
    open_home(project.settings.home)
    folder = project.settings.home / "spill"
    folder.mkdir(exist_ok=True)
    with opened(loads.source, settings, means) as access:
        engine = partial(Engine, project.lake, memory_limit=MEMORY, threads=1, temp=folder)
        landing = Landing(
            project.lake,
            loads.source,
            loads.limits,
            access,
            connector(system),
            folder,
            engine,
            window,
            loads.forgetting,
            whole,
        )
        with ThreadPoolExecutor(access.budget.allowance.at_once) as pool:
            tries = list(pool.map(partial(_take, landing, loads), map(system.file, settings.objects)))
    stopped = next((error for _, error in tries if error), None)
    return Extracted([taken for taken, _ in tries], counts(access.budget), stopped)


def _take(landing: Landing, loads: LoadLog, declared: ExportFile) -> tuple[Taken, DriftError | None]:
    landing = landing.of(declared)
    dataset = raw_dataset(loads.source, declared.object)
    manifest = loads.lake.current(dataset) or Manifest(dataset, "", (), 0)
    before = {file: loads.known[load] for file, load in manifest.inputs.items()}
    try:
        taken = landing.take(declared, manifest, before)
    except DriftError as error:
        return Taken(declared, manifest, before, {}, adds=True), error
    loads.known.update({load.load_id: load for load in taken.values()})
    keys = landing.keys(declared, before) if landing.whole else None
    return Taken(declared, manifest, before, taken, adds=not landing.whole, rows_before=keys), None
