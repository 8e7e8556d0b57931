"""The stage step: raw rows into the current, cleaned state of each source row."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import ibis
import ibis.expr.types as ir

from include.contracts.errors import ConfigurationError, ContractError
from include.contracts.exports import EXPORTS
from include.contracts.nearest import nearest
from include.contracts.runs import DatasetRef, Run, StageReport, fingerprint
from include.contracts.sources import SourceSettings, read_sources
from include.contracts.staged import (
    ASSET,
    CAMPAIGN,
    CAMPAIGN_MEMBER,
    CONSENT,
    CONTRACT,
    EMAIL_ACTIVITY,
    NPS_RESPONSE,
    OPPORTUNITY,
    OPPORTUNITY_CONTACT_ROLE,
    PERSON_RECORD,
    QUARANTINE,
    SOURCE_STATE,
    STAGED,
    USAGE_EVENT,
)
from include.contracts.tables import Table
from include.staging.completeness import completeness
from include.staging.consent import doings, refusals
from include.staging.desk import Desk, Staged
from include.staging.phones import with_phones
from include.staging.settings import StagingSettings, read_settings
from include.staging.systems.delighted import stage_delighted
from include.staging.systems.pardot import stage_pardot
from include.staging.systems.salesforce import stage_salesforce
from include.staging.systems.segment import stage_segment
from include.storage.code import code_of
from include.storage.engine import Engine
from include.storage.lake import Lake, Manifest
from include.storage.project import Project
from include.storage.versions import present

COUNTS = "staged/counts"  # a version without files, whose inputs are the counts of the step that made it
GROWING = (USAGE_EVENT, EMAIL_ACTIVITY)
SORTED_ROWS = 10_000_000  # sorting more events would cost more than all else, and nobody reads them in order

# tables that hold one row for each that was counted, and the ending of those counts
ENDINGS: Mapping[str, str] = MappingProxyType(
    {
        QUARANTINE.name: ".quarantined",
        EMAIL_ACTIVITY.name: ".visitor_activity.staged",
        NPS_RESPONSE.name: ".response.staged",
        CONTRACT.name: ".contract.staged",
        ASSET.name: ".asset.staged",
        OPPORTUNITY.name: ".opportunity.staged",
        OPPORTUNITY_CONTACT_ROLE.name: ".opportunity_contact_role.staged",
        CAMPAIGN.name: ".campaign.staged",
        CAMPAIGN_MEMBER.name: ".campaign_member.staged",
    }
)

KINDS: Mapping[str, Callable[[Desk], Staged]] = MappingProxyType(
    {
        "salesforce_export": stage_salesforce,
        "pardot_export": stage_pardot,
        "segment_export": stage_segment,
        "delighted_export": stage_delighted,
    }
)


def stage(project: Project, _run: Run) -> StageReport:
    """Stage what the sources' current raw datasets hold into all of contracts/staged.py.

    Counts are rows by ``<source>.<object>.raw``, ``.staged``, ``.superseded`` and ``.quarantined``, of which the
    first is the sum of the others. Raises ConfigurationError, ContractError.
    """
    settings, sources = read_settings(project.settings.config), read_sources(project.settings.config)
    manifests = {name: _manifests(project.lake, name, source) for name, source in sources.items()}
    reads = {m.dataset: m.version for objects in manifests.values() for m in objects.values() if m is not None}
    how = {
        name: source.model_dump(include={"kind", "region", "timezone", "objects"}) for name, source in sources.items()
    }
    version = fingerprint(reads, how, settings.model_dump(), code_of(__name__))
    done = _present(project.lake, version)
    if done is not None:
        return StageReport("stage", reads, *done)
    with project.engine() as engine:
        desks = [Desk(engine, name, sources[name], settings, manifests[name]) for name in sources]
        writes, counts = _stage_all(engine, desks, settings, version, reads)
    project.lake.commit(COUNTS, version, [], 0, {name: str(count) for name, count in counts.items()})
    return StageReport("stage", reads, writes, counts)


def _manifests(lake: Lake, name: str, source: SourceSettings) -> dict[str, Manifest | None]:
    if source.kind not in KINDS:
        raise ConfigurationError(
            f"sources.yaml: {name}.kind {source.kind!r} is not known{nearest(source.kind, KINDS)}."
        )
    return {
        file.object: lake.current(f"raw/{name}/{file.object}") if file.object in source.objects else None
        for file in EXPORTS[source.kind]
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
        for table, rows in KINDS[desk.settings.kind](desk):
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
                rows = with_phones(engine, rows, regions, settings.placeholders.phone)
            write(table, rows)
    write(CONSENT, _consents(engine, desks, settings, refs))
    write(
        QUARANTINE, _union(QUARANTINE, [*(rows for desk in desks for rows in desk.faulty), *_rejected(engine, desks)])
    )
    _verify(engine, refs, counts)
    for ref in refs.values():
        engine.lake.point(ref)
    return tuple(refs[table.name] for table in STAGED), counts


def _verify(engine: Engine, refs: Mapping[str, DatasetRef], counts: Mapping[str, int]) -> None:
    """Hold what was written against what was counted; raises ContractError when rows were lost or made."""
    people = engine.read(PERSON_RECORD, refs[PERSON_RECORD.name])
    found = engine.ibis.to_pyarrow(people.group_by("source", "object").agg(rows=people.count())).to_pylist()
    pairs = [(f"{row['source']}.{row['object']}.staged", row["rows"]) for row in found]
    wrong = [
        f"{name}: {counts[name]} counted, {rows} written" for name, rows in pairs if counts.get(name, rows) != rows
    ]
    for table, ending in ENDINGS.items():
        counted = sum(count for name, count in counts.items() if name.endswith(ending))
        if refs[table].rows != counted:
            wrong.append(f"{table}: {counted} counted, {refs[table].rows} written")
    if wrong:
        raise ContractError(f"Staging lost or made rows ({'; '.join(wrong)}); readers keep the version before.")


def _union(table: Table, parts: list[ir.Table]) -> ir.Table:
    return ibis.union(*parts) if len(parts) > 1 else parts[0] if parts else ibis.memtable(table.schema.empty_table())


def _consents(engine: Engine, desks: list[Desk], settings: StagingSettings, refs: Mapping[str, DatasetRef]) -> ir.Table:
    people = engine.read(PERSON_RECORD, refs[PERSON_RECORD.name])
    activities = engine.read(EMAIL_ACTIVITY, refs[EMAIL_ACTIVITY.name])
    said = [rows for desk in desks for rows in refusals(desk, people)]
    return _union(CONSENT, [*said, *doings(activities, people, settings.consenting_forms)]).distinct()


def _rejected(engine: Engine, desks: list[Desk]) -> list[ir.Table]:
    """Rows of the current loads that extraction could not read."""
    found: list[ir.Table] = []
    for desk in desks:
        manifest = engine.lake.current(f"raw/{desk.source}/rejected")
        current = {load for m in desk.manifests.values() if m for load in m.inputs.values()}
        files = [file for file in manifest.files if file.removesuffix(".parquet") in current] if manifest else []
        if manifest and files:
            rows = engine.ibis.read_parquet([engine.lake.url(manifest.dataset, file) for file in files])
            found.append(rows.select(*QUARANTINE.names))
    return found
