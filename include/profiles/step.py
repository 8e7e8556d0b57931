"""The step `unify`: crosswalk and staged records in, golden records, contact points, lineage and accounts out."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from include.contracts.identity import CROSSWALK, HISTORY
from include.contracts.profiles import (
    ACCOUNT,
    ACCOUNT_LINK,
    CONSENT,
    PROFILE,
    PROFILE_HISTORY,
    PROFILE_IDENTIFIER,
    PROFILE_LINEAGE,
)
from include.contracts.runs import DatasetRef, Run, StageReport, fingerprint
from include.contracts.staged import ACCOUNT as STAGED_ACCOUNT
from include.contracts.staged import CONSENT as STAGED_CONSENT
from include.contracts.staged import EMAIL_ACTIVITY, PERSON_RECORD
from include.contracts.tables import Table
from include.profiles.accounts import belonging, corporate_domains, link_accounts, unified_accounts
from include.profiles.consent import of_profiles, read_anew, remember
from include.profiles.contact import contact_points, deliverability, sightings
from include.profiles.history import former_values
from include.profiles.members import member_records
from include.profiles.names import with_names
from include.profiles.settings import POINTS, Survivorship, read_settings
from include.profiles.survivorship import candidates, lineage, ranked, winners
from include.storage.code import code_of
from include.storage.engine import Engine
from include.storage.lake import Manifest
from include.storage.project import Project
from include.storage.versions import following, present

READ = (CROSSWALK, HISTORY, PERSON_RECORD, STAGED_ACCOUNT, STAGED_CONSENT, EMAIL_ACTIVITY)
# Consent and history remember: they are built on their own version before this one.
MEMORIES = (PROFILE_HISTORY, CONSENT)
WRITTEN = (*MEMORIES, ACCOUNT_LINK, PROFILE_IDENTIFIER, PROFILE_LINEAGE, PROFILE, ACCOUNT)


def unify(project: Project, run: Run, refs: Mapping[str, DatasetRef]) -> StageReport:  # noqa: ARG001
    """Make one profile of the records of each person; unchanged input returns the version that exists."""
    rules = read_settings(project.settings.config)
    inputs = {table.name: refs[table.name].version for table in READ if table.name in refs}
    inputs |= {"survivorship": fingerprint(rules.model_dump(mode="json")), "code": code_of(__name__)}
    remembered = project.lake.current(CONSENT.name)
    version = following(remembered, inputs)
    written = present(project.lake, WRITTEN, version)
    if written is None:
        with project.engine() as engine:
            tables = _Tables(engine, refs, version, inputs)
            _build(tables, rules)
        written = tables.written
    # What was said is remembered at once, even if what was built of it is never published.
    for memory in MEMORIES:
        project.lake.point(written[memory.name])
    return StageReport(
        stage="unify",
        reads={name: inputs[name] for name in inputs if name in refs},
        writes=tuple(written[table.name] for table in WRITTEN),
        counts={
            "records": refs[CROSSWALK.name].rows,
            "profiles": written[PROFILE.name].rows,
            "contact_points": written[PROFILE_IDENTIFIER.name].rows,
            "accounts": written[ACCOUNT.name].rows,
        },
    )


class _Tables:
    """Reads the inputs, keeps intermediate tables that several results need, and writes the results."""

    def __init__(self, engine: Engine, refs: Mapping[str, DatasetRef], version: str, inputs: Mapping[str, str]) -> None:
        self.engine, self._refs, self._version, self._inputs = engine, refs, version, inputs
        self.written: dict[str, DatasetRef] = {}

    def read(self, table: Table) -> ir.Table:
        return self.engine.read(table, self._refs.get(table.name))

    def hold(self, rows: ir.Table) -> ir.Table:
        return self.engine.hold(rows)

    def write(self, table: Table, rows: ir.Table, extends: Manifest | None = None) -> None:
        self.written[table.name] = self.engine.write(
            table, rows, version=self._version, inputs=self._inputs, point=False, extends=extends
        )


def _build(tables: _Tables, rules: Survivorship) -> None:
    members = tables.hold(member_records(tables.read(CROSSWALK), tables.read(PERSON_RECORD), rules.sources))
    speaking = tables.hold(with_names(members, tables.hold))
    memory = _remember(tables)
    accounts = tables.read(STAGED_ACCOUNT)
    links = tables.hold(link_accounts(accounts))
    companies = tables.hold(unified_accounts(accounts, links))
    delivery = deliverability(tables.read(EMAIL_ACTIVITY), tables.read(PERSON_RECORD))
    points = tables.hold(contact_points(sightings(members), delivery, memory, rules.contact_points))
    survivors, lines = _survive(tables, speaking, rules)
    homes = belonging(members, links, corporate_domains(members, companies, links, rules.domains))
    consent = of_profiles(memory, points, _owners(tables))
    profiles = tables.hold(_assemble(members, survivors, points, homes, consent))
    tables.write(ACCOUNT_LINK, links)
    tables.write(PROFILE_IDENTIFIER, points)
    tables.write(PROFILE_LINEAGE, ibis.union(*lines, _point_lineage(points)))
    tables.write(PROFILE, profiles)
    tables.write(ACCOUNT, _with_people(companies, profiles))


def _remember(tables: _Tables) -> ir.Table:
    """Write both memories on top of what the last version remembered; returns what is remembered of consent."""
    lake, read = tables.engine.lake, tables.engine.read
    last = lake.current(CONSENT.name)
    past = lake.manifest(PERSON_RECORD.name, last.inputs.get(PERSON_RECORD.name, "")) if last else None
    before = read(PERSON_RECORD, past.ref if past else None)
    history = lake.manifest(PROFILE_HISTORY.name, last.version) if last else None
    tables.write(PROFILE_HISTORY, former_values(before, tables.read(PERSON_RECORD)), extends=history)
    known = read(CONSENT, last.ref if last else None)
    reread = read_anew(before, tables.read(PERSON_RECORD))
    memory = tables.hold(remember(known, tables.read(STAGED_CONSENT), reread))
    tables.write(CONSENT, memory)
    return memory


def _survive(tables: _Tables, members: ir.Table, rules: Survivorship) -> tuple[list[ir.Table], list[ir.Table]]:
    """Return the surviving fields of each unit, and the lineage of each field."""
    survivors: dict[str, ir.Table] = {}
    lines: list[ir.Table] = []
    for name, unit in rules.units:
        settled = next((table for table in survivors.values() if unit.within in table.columns), None)
        placed = tables.hold(ranked(candidates(members, unit, settled), unit))
        survivors[name] = winners(placed, unit)
        lines += [lineage(placed, field) for field in unit.fields]
    return list(survivors.values()), lines


def _point_lineage(points: ir.Table) -> ir.Table:
    """The lineage of the primary address and number."""
    shown = points.filter(points.type.isin(POINTS))
    by_type = ibis.window(group_by=["profile_id", "type"])
    counted = shown.mutate(candidates=shown.records.sum().over(by_type), several=shown.value.count().over(by_type))
    primary = counted.filter(counted.is_primary)
    return primary.select(
        profile_id=primary.profile_id,
        attribute=primary.type,
        record_id=primary.record_id,
        rule=ibis.ifelse(primary.several == 1, "only_value", "contact_point"),
        candidates=primary.candidates,
        losing_values=primary.several - 1,
        losing_records=ibis.null("string"),
    )


def _owners(tables: _Tables) -> ir.Table:
    """Return which profile each record belongs to; one that is gone, to the profile it last belonged to."""
    present = tables.read(CROSSWALK).select("record_id", "profile_id")
    history = tables.read(HISTORY)
    gone = history.anti_join(present, "record_id")
    last = gone.group_by("record_id").aggregate(profile_id=gone.profile_id.argmax(gone.until))
    return present.union(last.select("record_id", "profile_id"))


def _assemble(
    members: ir.Table, survivors: list[ir.Table], points: ir.Table, accounts: ir.Table, consent: ir.Table
) -> ir.Table:
    """Put the golden record together: one row a profile."""
    profile = members.group_by("profile_id").aggregate(
        records=members.record_id.count(),
        sources=members.source.nunique(),
        confidence=members.confidence.min(),
        first_seen_at=members.created_at.min(),
        last_changed_at=members.changed_at.max(),
    )
    parts = [*survivors, accounts]
    for kind in POINTS:
        primary = points.filter(points.is_primary, points.type == kind)
        agreed = consent.filter(consent.purpose == f"{kind}_marketing")
        parts.append(primary.select("profile_id", **{kind: primary.value}))
        parts.append(agreed.select("profile_id", **{f"{kind}_consent": agreed.consent}))
    for part in parts:
        profile = profile.left_join(part, "profile_id").drop("profile_id_right")
    parts_of_name = ibis.coalesce(profile.first_name + " " + profile.last_name, profile.first_name, profile.last_name)
    return profile.mutate(full_name=ibis.coalesce(profile.full_name, parts_of_name))


def _with_people(companies: ir.Table, profiles: ir.Table) -> ir.Table:
    """Add how many profiles belong to each account."""
    counted = profiles.group_by("account_id").aggregate(people=profiles.profile_id.count())
    joined = companies.left_join(counted, "account_id").drop("account_id_right")
    return joined.mutate(people=joined.people.fill_null(0))
