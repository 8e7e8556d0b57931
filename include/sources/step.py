"""The extract step: a source's export files into the lake, as received."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType

from include.contracts.errors import ConfigurationError, HeldError, KindredError
from include.contracts.exports import ExportFile
from include.contracts.nearest import nearest
from include.contracts.raw import held_dataset, raw_dataset
from include.contracts.runs import DatasetRef, Run, StageReport, Window, fingerprint
from include.contracts.sources import Limits, read_limits, sources_of
from include.sources.arrivals import doubts, evidence
from include.sources.files.discovery import missing_days
from include.sources.forgetting import Forgetting
from include.sources.live.extraction import take_live
from include.sources.live.opened import Means
from include.sources.live.stored import take_stored
from include.sources.load_log import LoadLog
from include.sources.loads import Load
from include.sources.registry import Connector, connector
from include.sources.taken import Taken
from include.storage.control.approvals import approved
from include.storage.control.requests import Requests
from include.storage.lake import Lake, Manifest
from include.storage.project import Project

FILES_AT_ONCE = 2  # each takes some 300 MB of memory; unpacking and parsing leave Python to others
NAMED_DAYS = 3
NOTHING: Mapping[str, int] = MappingProxyType({})

log = logging.getLogger("kindred.sources")


def extract(
    project: Project, run: Run, source: str, window: Window, *, means: Means | None = None, whole: bool = False
) -> StageReport:
    """Take in what the window covers of a source, its export files or what it answers; all or, on an error, nothing.

    A file whose content is in the lake already is not read again; of a file that changed both contents are kept,
    and the one that lies in the folder now is the current one. A live system is asked for what has changed since it
    was asked last, with ``whole`` for everything. Raises SourceError, LiveError, ConfigurationError, and HeldError
    when an object falls short of what it brought before (limits of sources.yaml) and nobody has approved it.
    """
    sources, limits = sources_of(project.settings), read_limits(project.settings.declared)
    if source not in sources:
        raise ConfigurationError(f"There is no source {source!r}{nearest(source, sources)}.")
    settings = sources[source]
    system = settings.system
    suppressed = project.suppressed()
    loads = LoadLog(project.lake, source, limits, Forgetting(suppressed, source, system))
    if settings.stored is not None:
        stored = take_stored(project, loads, settings, window, means or Means(project.connections))
        return _hand_on(project, loads, stored, window)
    if settings.path is None:
        means = means or Means(project.connections, Requests(project.ledger(), run))
        taken = take_live(project, loads, settings, window, means, whole=whole)
        return _hand_on(project, loads, taken.objects, window, counts=taken.counts, stopped=taken.stopped)
    exports = project.settings.exports
    objects = [
        _take_object(
            loads, connector(system), declared, exports if declared.places else exports / settings.path, window
        )
        for declared in map(settings.file, settings.objects)
    ]
    loads.check_unchanged()
    return _hand_on(project, loads, objects, window)


def _hand_on(
    project: Project,
    loads: LoadLog,
    objects: Collection[Taken],
    window: Window,
    *,
    counts: Mapping[str, int] = NOTHING,
    stopped: KindredError | None = None,
) -> StageReport:
    """Commit what was taken, then raise what ``stopped`` an object, if anything did."""
    _pass_gate(project, loads.source, objects, loads.limits)
    written = [*loads.write(), *(_commit(project.lake, found) for found in objects)]
    if stopped:
        raise stopped
    told = {name: count for found in objects for name, count in _counts(found, window).items()}
    return StageReport(stage=f"extract.{loads.source}", writes=tuple(written), counts={**told, **counts})


def _take_object(loads: LoadLog, kind: Connector, declared: ExportFile, folder: Path, window: Window) -> Taken:
    """Find the load of each of the object's files in the window, reading those that are new."""
    dataset = raw_dataset(loads.source, declared.object)
    manifest = loads.lake.current(dataset) or Manifest(dataset, "", (), 0)
    files = kind.find(folder, declared, window, manifest.inputs)
    with ThreadPoolExecutor(FILES_AT_ONCE) as pool:
        found = list(pool.map(lambda file: loads.load(kind, declared, file, window), files))
    before = {file: loads.known[load] for file, load in manifest.inputs.items()}
    return Taken(
        declared, manifest, before, {file.name: load for file, load in zip(files, found, strict=True)},
        adds=declared.is_daily,
    )  # fmt: skip


def _pass_gate(project: Project, source: str, objects: Collection[Taken], limits: Limits) -> None:
    """Raise HeldError for exports that may not be whole, until a person has approved them."""
    found = {o.declared.object: list(doubts(o.declared, o.measure, o.current, limits)) for o in objects}
    every = [doubt for of_object in found.values() for doubt in of_object]
    if not every:
        return
    judged = {o.declared.object: [_ids(o.before), _ids(o.taken)] for o in objects if found[o.declared.object]}
    version = fingerprint(judged)
    subject, why = f"{raw_dataset(source, 'held')}@{version}", evidence(source, every)
    if not approved(project, [subject]):
        project.lake.commit(held_dataset(source), version, [], 0, {"evidence": why}, point=False)
        raise HeldError(subject, why)


def _ids(loads: Mapping[str, Load]) -> dict[str, str]:
    return {file: load.load_id for file, load in loads.items()}


def _commit(lake: Lake, found: Taken) -> DatasetRef:
    """Make a version of the object's raw rows: all loads ever, and in its inputs the current one of each file."""
    before, current = found.manifest, _ids(found.current)
    files = sorted({*before.files, *(load.data_file for load in found.taken.values())})
    new = {load.data_file: load.rows - load.rejected for load in found.taken.values()}
    rows = before.rows + sum(rows for file, rows in new.items() if file not in before.files)
    return lake.commit(before.dataset, fingerprint(files, current), files, rows, current)


def _counts(found: Taken, window: Window) -> dict[str, int]:
    """Files, rows and unreadable rows of an object in the window, and the rows that carry an unknown column.

    Of a file a day also the days that none has come for; they are named in the log.
    """
    name, loads = found.declared.object, found.taken.values()
    counts = {
        f"{name}.files": len(loads),
        f"{name}.rows": sum(load.rows for load in loads),
        f"{name}.rejected": sum(load.rejected for load in loads),
    }
    if suppressed := sum(load.suppressed or 0 for load in loads):
        counts[f"{name}.suppressed"] = suppressed
    for load in loads:
        for column in json.loads(load.header):
            if column not in found.declared.names:
                key = f"{name}.unknown.{column}"
                counts[key] = counts.get(key, 0) + load.rows
    missing = missing_days(found.declared, found.current, window)
    if missing:
        counts[f"{name}.missing_days"] = len(missing)
        named = ", ".join(f"{day}" for day in missing[:NAMED_DAYS]) + (", ..." if len(missing) > NAMED_DAYS else "")
        days = "1 day" if len(missing) == 1 else f"{len(missing)} days"
        log.warning("%s: no file has come for %s (%s).", found.declared.path, days, named)
    return counts
