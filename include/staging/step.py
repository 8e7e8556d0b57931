"""The stage step: raw rows into the current, cleaned state of each source row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any

import ibis
import ibis.expr.types as ir

from include.contracts.erasure import SUPPRESSED
from include.contracts.errors import ContractError
from include.contracts.raw import raw_dataset, rejected_dataset
from include.contracts.runs import DatasetRef, Run, StageReport, fingerprint
from include.contracts.sources import SourceSettings, read_limits, sources_of
from include.contracts.staged import (
    ACCOUNT,
    CONSENT,
    EMAIL_ACTIVITY,
    PERSON_RECORD,
    QUARANTINE,
    SOURCE_STATE,
    STAGED,
    USAGE_EVENT,
)
from include.contracts.tables import Table
from include.staging.balance import check_balance
from include.staging.completeness import completeness
from include.staging.consent import doings, refusals
from include.staging.desk import Desk, Staged
from include.staging.people import with_other_emails
from include.staging.phones import with_phones
from include.staging.references import unknown_to_crm
from include.staging.settings import StagingSettings, read_settings
from include.staging.time_zones import with_time_zones
from include.storage.code import code_of
from include.storage.engine import Engine
from include.storage.lake import Lake, Manifest
from include.storage.project import Project
from include.storage.versions import present

COUNTS = "staged/counts"  # a version without files, whose inputs are the counts of the step that made it
GROWING = (USAGE_EVENT, EMAIL_ACTIVITY)
SORTED_ROWS = 10_000_000  # sorting more events would cost more than all else, and nobody reads them in order


def stage(project: Project, _run: Run) -> StageReport:
    """Stage what the sources' current raw datasets hold into all of contracts/staged.

    Counts are rows by ``<source>.<object>.raw``, ``.staged``, ``.superseded`` and ``.quarantined``, of which the
    first is the sum of the others. Raises ConfigurationError, ContractError.
    """
    settings, sources = read_settings(project.settings.config), sources_of(project.settings)
    limits = read_limits(project.settings.declared)
    manifests = {name: _manifests(project.lake, name, source) for name, source in sources.items()}
    reads = {m.dataset: m.version for objects in manifests.values() for m in objects.values() if m is not None}
    if (erased := project.lake.current(SUPPRESSED.name)) is not None:
        reads[SUPPRESSED.name] = erased.version  # what is counted is counted anew, without whom the raw rows lack now
    how = {name: _how(source) for name, source in sources.items()}
    version = fingerprint(reads, how, settings.model_dump(), code_of(__name__), _code_of_systems(sources.values()))
    done = _present(project.lake, version)
    if done is not None:
        return StageReport("stage", reads, *done)
    with project.engine() as engine:
        desks = [Desk(engine, name, sources[name], settings, manifests[name], limits) for name in sources]
        writes, counts = _stage_all(engine, desks, settings, version, reads)
    project.lake.commit(COUNTS, version, [], 0, {name: str(count) for name, count in counts.items()})
    return StageReport("stage", reads, writes, counts)


def _how(source: SourceSettings) -> dict[str, Any]:
    """What of a source's declaration decides how it is staged."""
    mapping = source.system.mapping
    said = source.model_dump(
        mode="json", include={"kind", "region", "timezone", "objects", "dates", "currencies", "part"}
    )
    return {**said, "decimals": source.decimals, "mapping": mapping.model_dump(mode="json") if mapping else None}


def _code_of_systems(sources: Iterable[SourceSettings]) -> list[str]:
    """What the declarations and the staging of the sources' systems do, which are found by name and not imported."""
    modules = sorted({source.system.module for source in sources})
    places = ("include.contracts.exports", "include.staging.systems")
    return [code_of(f"{place}.{module}") for module in modules for place in places]


def _manifests(lake: Lake, name: str, source: SourceSettings) -> dict[str, Manifest | None]:
    return {
        file.object: lake.current(raw_dataset(name, file.object)) if file.object in source.objects else None
        for file in source.system.files
    }


def _present(lake: Lake, version: str) -> tuple[tuple[DatasetRef, ...], dict[str, int]] | None:
    """Return references and counts if the version is all there, and point readers to it."""
    counts = lake.manifest(COUNTS, version)
    refs = present(lake, STAGED, version)
    if counts is None or refs is None:
        return None
    for ref in refs.values():
        lake.point(ref)
    return tuple(refs.values()), {name: int(count) for name, count in counts.inputs.items()}


def _stage_all(
    engine: Engine, desks: list[Desk], settings: StagingSettings, version: str, reads: Mapping[str, str]
) -> tuple[tuple[DatasetRef, ...], dict[str, int]]:
    parts: dict[str, list[ir.Table]] = {table.name: [] for table in STAGED}
    for desk in desks:
        for table, rows in _staged(desk):
            parts[table.name].append(rows)
        parts[SOURCE_STATE.name].append(completeness(desk))
    counts = {name: count for desk in desks for name, count in desk.counts.items()}
    refs: dict[str, DatasetRef] = {}

    few = sum(count for name, count in counts.items() if name.endswith(".staged")) <= SORTED_ROWS

    def write(table: Table, rows: ir.Table) -> None:
        refs[table.name] = engine.write(
            table, rows, version=version, inputs=reads, ordered=few or table not in GROWING, point=False
        )

    for table in STAGED:
        if table not in (CONSENT, QUARANTINE):
            rows = _union(table, parts[table.name])
            if table is PERSON_RECORD:
                regions = {desk.source: desk.settings.region for desk in desks}
                rows = with_other_emails(rows, settings.placeholders)
                rows = with_phones(engine, with_time_zones(engine, rows), regions, settings.placeholders.phone)
            write(table, rows)
    counts |= _gone(engine, refs[PERSON_RECORD.name])
    write(CONSENT, _consents(engine, desks, settings, refs, parts[CONSENT.name]))
    write(
        QUARANTINE, _union(QUARANTINE, [*(rows for desk in desks for rows in desk.faulty), *_rejected(engine, desks)])
    )
    check_balance(engine, desks, refs, counts)
    for table in (PERSON_RECORD, ACCOUNT):
        counts |= dict(unknown_to_crm(engine, engine.read(table, refs[table.name])))
    for ref in refs.values():
        engine.lake.point(ref)
    return tuple(refs[table.name] for table in STAGED), counts


def _gone(engine: Engine, at: DatasetRef) -> dict[str, int]:
    """How many records of people each source has deleted, and merged into others."""
    rows = engine.read(PERSON_RECORD, at)
    told = rows.group_by("source", "object").agg(
        deleted=rows.is_deleted.sum(), merged=(rows.merged_into.notnull()).sum()
    )
    return {
        f"{row['source']}.{row['object']}.{what}": int(row[what])
        for row in engine.ibis.to_pyarrow(told).to_pylist()
        for what in ("deleted", "merged")
        if row[what]
    }


def _staged(desk: Desk) -> Staged:
    """Yield what a source gives to the staged tables, by the module of its system."""
    give: Callable[[Desk], Staged] = import_module(f"include.staging.systems.{desk.system.module}").stage
    for table, rows in give(desk):
        if not desk.feeds(table):
            what = f"{desk.system.kind!r} stages rows into {table.name}, which none of its feeds names"
            raise ContractError(f"{desk.system.place}: {what}.")
        yield table, rows


def _union(table: Table, parts: list[ir.Table]) -> ir.Table:
    return ibis.union(*parts) if len(parts) > 1 else parts[0] if parts else ibis.memtable(table.schema.empty_table())


def _consents(
    engine: Engine, desks: list[Desk], settings: StagingSettings, refs: Mapping[str, DatasetRef], given: list[ir.Table]
) -> ir.Table:
    """Statements of consent: those ``given`` as rows of their own, those of columns, and what people did."""
    people = engine.read(PERSON_RECORD, refs[PERSON_RECORD.name])
    activities = engine.read(EMAIL_ACTIVITY, refs[EMAIL_ACTIVITY.name])
    said = [rows for desk in desks for rows in refusals(desk, people)]
    return _union(CONSENT, [*given, *said, *doings(activities, people, settings.consenting_forms)]).distinct()


def _rejected(engine: Engine, desks: list[Desk]) -> list[ir.Table]:
    """Rows of the current loads that extraction could not read."""
    found: list[ir.Table] = []
    for desk in desks:
        manifest = engine.lake.current(rejected_dataset(desk.source))
        current = {load for m in desk.manifests.values() if m for load in m.inputs.values()}
        files = [file for file in manifest.files if file.removesuffix(".parquet") in current] if manifest else []
        if manifest and files:
            rows = engine.read(QUARANTINE, replace(manifest, files=tuple(files)))
            found.append(rows.select(*QUARANTINE.names))
    return found
