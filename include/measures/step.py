"""The step ``measure``: what is true of each person and company as of the logical date."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from include.contracts import identity, profiles, staged
from include.contracts.events import EVENT, EVENT_KIND, Vocabulary, read_events
from include.contracts.measures import (
    ACCOUNT_360,
    ACCOUNT_HISTORY,
    ACCOUNT_MEASURES,
    CUSTOMER_360,
    CUSTOMER_HISTORY,
    PERSON_MEASURES,
    RENEWAL_MEASURES,
    SALES_MEASURES,
    SOURCES,
    Measure,
)
from include.contracts.metrics import (
    ACCOUNT_ABOVE,
    BASIS,
    CONTRACT_RENEWAL,
    COVERAGE,
    EMAIL_CURVE,
    GRID,
    GRID_FLOW,
    NPS_MONTH,
    RENEWAL_MONTH,
    SOURCE_DAY,
)
from include.contracts.remarks import AGE, MISSING, STALE, basis_count, lacking_count, source_count
from include.contracts.runs import DatasetRef, Run, StageReport, fingerprint
from include.contracts.tables import Table
from include.measures import (
    campaign,
    completeness,
    contact,
    engagement,
    events,
    frequency,
    hierarchy,
    metrics,
    nps,
    relation,
    renewal,
    risk,
    sales,
    usage,
)
from include.measures.engine import opened
from include.measures.inputs import Inputs
from include.measures.settings import Thresholds, read_settings
from include.storage import history
from include.storage.code import code_of
from include.storage.engine import IBIS_TYPES, Transforms
from include.storage.project import Project
from include.storage.versions import present

WRITES = (
    ACCOUNT_ABOVE, ACCOUNT_360, EMAIL_CURVE, CUSTOMER_360, CONTRACT_RENEWAL, GRID, NPS_MONTH, RENEWAL_MONTH, COVERAGE,
    BASIS, SOURCE_DAY, EVENT, EVENT_KIND,
)  # fmt: skip
MANY = 1_000_000  # people
READS: Mapping[str, Table] = {
    "profile": profiles.PROFILE,
    "profile_identifier": profiles.PROFILE_IDENTIFIER,
    "account": profiles.ACCOUNT,
    "account_link": profiles.ACCOUNT_LINK,
    "crosswalk": identity.CROSSWALK,
    "nps_response": staged.NPS_RESPONSE,
    "usage_event": staged.USAGE_EVENT,
    "email_activity": staged.EMAIL_ACTIVITY,
    "contract": staged.CONTRACT,
    "asset": staged.ASSET,
    "staged_account": staged.ACCOUNT,
    "opportunity": staged.OPPORTUNITY,
    "opportunity_contact_role": staged.OPPORTUNITY_CONTACT_ROLE,
    "campaign": staged.CAMPAIGN,
    "campaign_member": staged.CAMPAIGN_MEMBER,
    "conversation": staged.CONVERSATION,
    "source_state": staged.SOURCE_STATE,
}


def measure(project: Project, run: Run, refs: Mapping[str, DatasetRef]) -> StageReport:
    """Write customer_360, account_360, their history and the metrics, as of the run's logical date."""
    thresholds, vocabulary = read_settings(project.settings.config), read_events(project.settings.config)
    reads = {table.name: refs[table.name].version for table in READS.values() if table.name in refs}
    determined = {
        **reads,
        "as_of": run.as_of.isoformat(),
        "timezone": project.settings.timezone,
        "thresholds": fingerprint(thresholds.model_dump(mode="json")),
        "events": fingerprint(repr(vocabulary.kinds), vocabulary.keep_days),
        "code": code_of(__name__),
    }
    with opened(project) as engine:
        inputs = inputs_of(project, engine, run, refs, thresholds)
        written = present(engine.lake, WRITES, fingerprint(determined)) or _write_measures(
            engine, inputs, vocabulary, determined
        )
        histories = _write_history(engine, run, determined, written)
        flow = _write_flow(engine, run, histories)
        found, name = {**_counted(engine, written), **_lacking(inputs)}, engine.name
    writes = (*written.values(), *histories.values(), flow)
    counts = {"profiles": written["customer_360"].rows, "accounts": written["account_360"].rows, **found}
    return StageReport("measure", reads, writes, counts, engine=name)


def inputs_of(
    project: Project, engine: Transforms, run: Run, refs: Mapping[str, DatasetRef], thresholds: Thresholds
) -> Inputs:
    """Return what measures, and reports, are computed from."""
    tables = {name: engine.read(table, refs.get(table.name)) for name, table in READS.items()}
    return Inputs(
        as_of=run.as_of,
        zone=project.settings.timezone,
        thresholds=thresholds,
        **tables,
    )


def _lacking(inputs: Inputs) -> dict[str, int]:
    """Return of each staged table that no source feeds how many measures are unknown for want of it."""
    measures = {measure.name: measure for measure in (*PERSON_MEASURES, *ACCOUNT_MEASURES)}
    return {
        lacking_count(table): sum(table in m.needs and not m.is_known(inputs.fed) for m in measures.values())
        for table in SOURCES
        if table not in inputs.fed
    }


def _counted(engine: Transforms, written: Mapping[str, DatasetRef]) -> dict[str, int]:
    """Return the kinds of evidence with their counts, and the age of each source, for the ledger."""
    rows = engine.read(BASIS, written[BASIS.name]).select("basis", "rows").to_pyarrow().to_pylist()
    states = engine.read(SOURCE_DAY, written[SOURCE_DAY.name]).to_pyarrow().to_pylist()
    counts = {basis_count(row["basis"]): row["rows"] for row in rows}
    for state in states:
        told = {AGE: state["age_days"], STALE: state["is_stale"] and state["age_days"], MISSING: state["missing_days"]}
        named = {source_count(state["source"], state["object"], what): days for what, days in told.items()}
        counts |= {name: days for name, days in named.items() if days or name.endswith(AGE)}
    return counts


def _write_measures(
    engine: Transforms, inputs: Inputs, vocabulary: Vocabulary, determined: Mapping[str, str]
) -> dict[str, DatasetRef]:
    written: dict[str, DatasetRef] = {}

    def write(table: Table, rows: ir.Table) -> ir.Table:
        ref = engine.write(table, rows, version=fingerprint(determined), inputs=determined, point=False)
        written[table.name] = ref
        return engine.read(table, ref)

    found = measured(engine, inputs, write)
    accounts, customers, recent = found.accounts, found.customers, found.usage
    renewals = write(CONTRACT_RENEWAL, metrics.contract_renewal(found.contracts, accounts))
    write(GRID, metrics.grid(customers, inputs.fed))
    write(NPS_MONTH, metrics.nps_month(inputs))
    write(RENEWAL_MONTH, metrics.renewal_month(renewals))
    write(COVERAGE, metrics.coverage(customers))
    rests = (
        nps.basis(found.answers),
        engagement.basis(inputs),
        usage.basis(inputs, recent),
        usage.judged(accounts),
        sales.basis(inputs),
    )
    write(BASIS, metrics.basis(rests))
    write(SOURCE_DAY, completeness.table(inputs.source_days))
    happened = write(EVENT, engine.spool(events.events(inputs, vocabulary)))
    write(EVENT_KIND, events.event_kinds(inputs, vocabulary, happened))
    return written


@dataclass(frozen=True, slots=True)
class Measured:
    """The measured people and companies, and what of their parts other tables are made of."""

    customers: ir.Table
    accounts: ir.Table
    contracts: ir.Table
    answers: ir.Table
    usage: ir.Table


def measured(engine: Transforms, inputs: Inputs, write: Callable[[Table, ir.Table], ir.Table]) -> Measured:
    """Compute customer_360, account_360 and what they rest on; ``write`` keeps a table and returns what it kept."""
    recent, ever = engine.hold(usage.recent(inputs)), engine.hold(usage.ever(inputs))
    active = engine.hold(usage.activity(inputs, recent))
    contracts = engine.hold(renewal.contracts(inputs))
    answers = engine.hold(nps.recent(inputs))
    families = (
        nps.account(answers), usage.account(inputs, recent, ever, active), renewal.account(inputs, contracts),
        sales.account(inputs), hierarchy.account(inputs, write(ACCOUNT_ABOVE, hierarchy.above(inputs, engine.hold))),
    )  # fmt: skip
    accounts = write(ACCOUNT_360, account_360(inputs, map(engine.view, families)))
    mails = engine.hold(frequency.mails(inputs))
    frequencies = frequency.person(inputs, mails, write(EMAIL_CURVE, frequency.curve(mails)))
    parts = (
        nps.person(answers), usage.person(inputs, recent, ever, active), engagement.person(inputs, ever, frequencies),
        contact.person(inputs), campaign.person(inputs),
    )  # fmt: skip
    customers = write(CUSTOMER_360, customer_360(inputs, accounts, *_kept(engine, inputs, parts)))
    return Measured(customers, accounts, contracts, answers, recent)


def _kept(
    engine: Transforms, inputs: Inputs, parts: Iterable[ir.Table]
) -> tuple[Iterable[ir.Table], Callable[[ir.Table], ir.Table]]:
    """Return the families of measures, and what to do with rows that one of them was joined to.

    What belongs to so many people does not fit into memory side by side: one family at a time goes through a file.
    """
    if inputs.profile.count().to_pyarrow().as_py() <= MANY:
        return map(engine.view, parts), lambda rows: rows
    return (engine.spool(engine.view(part)) for part in parts), engine.spool


def account_360(inputs: Inputs, families: Iterable[ir.Table]) -> ir.Table:
    """Join the account's measures of all families; somebody without rows in one gets its defaults."""
    rows = relation.account(inputs)
    for family in families:
        rows = rows.left_join(family, "account_id").drop("account_id_right")
    rows = risk.with_risk(inputs, _defaulted(inputs, rows, ACCOUNT_MEASURES))
    return rows.mutate(as_of=ibis.literal(inputs.as_of))


def customer_360(
    inputs: Inputs, accounts: ir.Table, families: Iterable[ir.Table], kept: Callable[[ir.Table], ir.Table]
) -> ir.Table:
    """Join the person's measures of all families with those of the account; ``kept`` keeps rows between two joins."""
    rows = relation.person(inputs)
    for family in families:
        rows = kept(rows.left_join(family, "profile_id").drop("profile_id_right"))
    of_account = {name: accounts[there] for name, there in relation.OF_ACCOUNT.items()}
    alike = {measure.name: accounts[measure.name] for measure in (*RENEWAL_MEASURES, *SALES_MEASURES)}
    rows = rows.left_join(accounts.select("account_id", **of_account, **alike), "account_id")
    return kept(_defaulted(inputs, rows, PERSON_MEASURES).mutate(as_of=ibis.literal(inputs.as_of)))


def _defaulted(inputs: Inputs, rows: ir.Table, measures: tuple[Measure, ...]) -> ir.Table:
    """Give somebody without rows the defaults, where there is a source of such rows; else nobody has a value."""
    known = {measure.name: measure for measure in measures if measure.name in rows.columns}
    unknown = {
        name: ibis.null(IBIS_TYPES[measure.column.type])
        for name, measure in known.items()
        if not measure.is_known(inputs.fed)
    }
    filled = {m.name: m.default for m in known.values() if m.default is not None and m.name not in unknown}
    return rows.mutate(**unknown).fill_null(filled)


def _write_history(
    engine: Transforms, run: Run, determined: Mapping[str, str], written: Mapping[str, DatasetRef]
) -> dict[str, DatasetRef]:
    pairs = ((CUSTOMER_HISTORY, CUSTOMER_360), (ACCOUNT_HISTORY, ACCOUNT_360))
    return {
        kept.name: history.keep(engine, kept, engine.read(now, written[now.name]), run, determined)
        for kept, now in pairs
    }


def _write_flow(engine: Transforms, run: Run, histories: Mapping[str, DatasetRef]) -> DatasetRef:
    ref = histories[CUSTOMER_HISTORY.name]
    version = fingerprint(ref.version, run.as_of.isoformat(), code_of(__name__))
    rows = engine.read(CUSTOMER_HISTORY, ref)
    present = engine.lake.manifest(GRID_FLOW.name, version)
    if present is not None:
        return present.ref
    first = rows.since.min().to_pyarrow().as_py()
    flow = metrics.grid_flow(rows, run.as_of, first or run.as_of)
    return engine.write(GRID_FLOW, flow, version=version, inputs={CUSTOMER_HISTORY.name: ref.version}, point=False)
