"""The step ``segment``: who is in which segment, who entered and who left, as of the logical date."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis.util import gen_name

from include.contracts.events import EVENT, EVENT_KIND
from include.contracts.identity import ALIAS, IDENTITY_EVENT
from include.contracts.measures import ACCOUNT_360, ACCOUNT_HISTORY, CUSTOMER_360, CUSTOMER_HISTORY, measures_of
from include.contracts.metrics import BASIS
from include.contracts.runs import DatasetRef, Run, StageReport, fingerprint
from include.contracts.segments import (
    SEGMENT,
    SEGMENT_EVENT,
    SEGMENT_HISTORY,
    SEGMENT_MEMBERSHIP,
    SEGMENTED,
)
from include.contracts.staged import SOURCE_STATE
from include.contracts.tables import Table
from include.segments import changes, register, tree
from include.segments.asked import Asked
from include.segments.catalog import Catalog, load
from include.segments.evaluation import Before, evaluate
from include.segments.expression import MEMBER, Population
from include.segments.happenings import events_of
from include.segments.held import implausible
from include.segments.roster import Published, Roster, assemble
from include.storage import days
from include.storage.code import code_of
from include.storage.control.approvals import approved
from include.storage.engine import Engine
from include.storage.lake import Manifest
from include.storage.project import Project
from include.storage.versions import FOLLOWS, following, present

READS = (
    CUSTOMER_360,
    ACCOUNT_360,
    BASIS,
    ALIAS,
    IDENTITY_EVENT,
    SOURCE_STATE,
    EVENT,
    EVENT_KIND,
    CUSTOMER_HISTORY,
    ACCOUNT_HISTORY,
)


def segment(project: Project, run: Run, refs: Mapping[str, DatasetRef]) -> StageReport:
    """Write segment, segment_membership, segment_event and segment_history."""
    with project.engine() as engine:
        subjects = [row["approval"] for row in implausible(engine)]
    return segment_with(project, run, refs, approved(project, subjects))


def segment_with(project: Project, run: Run, refs: Mapping[str, DatasetRef], approvals: Collection[str]) -> StageReport:
    """Do the same with given approvals of held segments.

    A run on what the published membership was made from changes nothing and returns that membership. Raises
    EarlierDayError where readers have a later day and the run does not rewind.
    """
    catalog = load(project.settings.config)
    reads = {table.name: refs[table.name].version for table in READS if table.name in refs}
    determined = {
        **reads,
        "as_of": run.as_of.isoformat(),
        "definitions": _digest(catalog),
        "approvals": fingerprint(sorted(approvals)),
        "code": code_of(__name__),
    }
    published = days.follows(project.lake, SEGMENT_MEMBERSHIP.name, run)
    with project.engine() as engine:
        build = _Build(engine, run, catalog, published)
        version = following(published, determined)
        written = present(engine.lake, SEGMENTED, version)
        writes = tuple(written.values()) if written else build.write(refs, approvals, determined, version)
        counts = _counts(engine, writes[0])
    if published is not None and version == published.version:
        counts |= {"entered": 0, "exited": 0}
    return StageReport("segment", reads, writes, counts, engine=Engine.name)


def _digest(catalog: Catalog) -> str:
    sound = [(segment.version, segment.definition.model_dump(mode="json")) for segment in catalog.segments]
    return fingerprint(sound, [(entry.key, list(map(str, entry.faults))) for entry in catalog.refused])


def _counts(engine: Engine, ref: DatasetRef) -> dict[str, int]:
    rows = engine.read(SEGMENT, ref).to_pyarrow().to_pylist()
    states = [row["state"] for row in rows]
    return {
        "segments": len(rows),
        "held": states.count("held"),
        "refused": states.count("refused"),
        "unjudged": states.count("unjudged"),
        **{name: sum(row[column] for row in rows) for name, column in
           (("members", "size"), ("entered", "entered"), ("exited", "exited"))},
    }  # fmt: skip


@dataclass(frozen=True)
class _Build:
    """One run that has something to write."""

    engine: Engine
    run: Run
    catalog: Catalog
    published: Manifest | None

    def write(
        self, refs: Mapping[str, DatasetRef], approvals: Collection[str], determined: Mapping[str, str], version: str
    ) -> tuple[DatasetRef, ...]:
        """Write the four tables as one version; the published membership's version names what they follow on."""
        past = self._read(SEGMENT).to_pyarrow().to_pylist()
        before = _before(past)
        roster = self._roster(refs, before)
        evaluation = evaluate(roster, self.catalog, before, approvals, self._fed(refs))
        changed = changes.compare(evaluation, self.catalog, before, self._splits(refs))
        rows = register.rows(
            self.run.as_of, evaluation, changed, self.catalog, {row["segment_key"]: row for row in past}
        )
        unknown = self._opens_unknown(refs)
        rows = [{**row, "opens_unknown": unknown if row["uses_opens"] else None} for row in rows]
        inputs = {**determined, FOLLOWS: self.published.version if self.published else ""}
        log = self._manifest(SEGMENT_EVENT)
        events = changes.events(changed, self.catalog, before, self._sequence())

        def write(table: Table, content: ir.Table, extends: Manifest | None = None) -> DatasetRef:
            return self.engine.write(table, content, version=version, inputs=inputs, point=False, extends=extends)

        return (
            write(SEGMENT, _table(SEGMENT, rows)),
            write(SEGMENT_MEMBERSHIP, changes.membership(changed, self.catalog, self._read(SEGMENT_MEMBERSHIP))),
            write(SEGMENT_EVENT, events, log),
            write(SEGMENT_HISTORY, _table(SEGMENT_HISTORY, rows), self._history()),
        )

    def _opens_unknown(self, refs: Mapping[str, DatasetRef]) -> float | None:
        """The share of opens that nobody can tell from a machine's; None where there are none."""
        found = self.engine.read(BASIS, refs.get(BASIS.name)).select("basis", "rows").to_pyarrow().to_pylist()
        counts = {row["basis"]: row["rows"] for row in found}
        opens = counts.get("email_opens", 0)
        return counts.get("email_opens_unknown", 0) / opens if opens else None

    def _fed(self, refs: Mapping[str, DatasetRef]) -> frozenset[str]:
        """The staged tables, by name without folder, that some source feeds."""
        states = self.engine.read(SOURCE_STATE, refs.get(SOURCE_STATE.name)).select("feeds").distinct()
        return frozenset(table for feeds in states.to_pyarrow()["feeds"].to_pylist() for table in feeds.split(", "))

    def _read(self, table: Table) -> ir.Table:
        """The table as the run before left it."""
        return self.engine.read(table, self._manifest(table))

    def _manifest(self, table: Table) -> Manifest | None:
        return self.engine.lake.manifest(table.name, self.published.version) if self.published else None

    def _roster(self, refs: Mapping[str, DatasetRef], before: Before) -> Roster:
        levels = {
            **{entry.key: entry.level for entry in self.catalog.refused},
            **before.levels,
            **{entry.key: entry.level for entry in self.catalog.segments},
        }
        read = {"person": {"profile_id", "account_id", "identity_confidence"}, "account": {"account_id"}}
        conditions = list(self._conditions(before))
        for level, condition in conditions:
            read[level].update(tree.measures(condition))
            read["person"].update(tree.measures(condition, of_people=True))
            read["account"].update(tree.measures(condition, of_account=True))
        for level, names in read.items():
            known = measures_of(level)
            names.update({known[name].until for name in names if name in known and known[name].until})
        tables = {"person": CUSTOMER_360, "account": ACCOUNT_360}
        measured = {
            level: self.engine.read(table, refs.get(table.name)).select(*sorted(read[level]))
            for level, table in tables.items()
        }
        events = events_of(*(self.engine.read(table, refs.get(table.name)) for table in (EVENT, EVENT_KIND)))
        histories = {
            level: self.engine.read(table, refs.get(table.name))
            for level, table in (("person", CUSTOMER_HISTORY), ("account", ACCOUNT_HISTORY))
        }
        alias = self.engine.read(ALIAS, refs.get(ALIAS.name))
        people = Population(
            self.run.as_of, measured["person"], measured["account"], _nobody,
            events=events, histories=histories, alias=alias,
        )  # fmt: skip
        measured = self._with_all(people, Asked.by(conditions))
        published = Published(self._read(SEGMENT_MEMBERSHIP), alias)
        return replace(assemble(self.engine, self.run.as_of, levels, measured, published), events=events)

    def _with_all(self, people: Population, asked: Asked) -> dict[str, ir.Table]:
        """Add what the conditions ask of events and of the history, once for all of them."""

        def hold(rows: ir.Table) -> ir.Table:
            return self.engine.ibis.create_table(gen_name("asked"), rows, temp=True)

        people = asked.of(people, hold)
        return {level: people.of(level) for level in MEMBER}

    def _conditions(self, before: Before) -> Iterator[tuple[str, tree.Node]]:
        """All conditions that this run evaluates: those of today, and the former ones of changed segments."""
        for entry in self.catalog.segments:
            yield entry.level, entry.condition
        for entry, former in changes.former_conditions(self.catalog, before):
            yield entry.level, former

    def _splits(self, refs: Mapping[str, DatasetRef]) -> ir.Table:
        """Profiles split off since the published membership: member_id, origin."""
        rows = self.engine.read(IDENTITY_EVENT, refs.get(IDENTITY_EVENT.name))
        since = self.published.inputs["as_of"] if self.published else self.run.as_of.isoformat()
        recent = rows.filter(
            rows.kind.isin(("split", "restored")) & (rows.on_date >= ibis.date(since)) & rows.other_profile_id.notnull()
        )
        return recent.select(member_id="profile_id", origin="other_profile_id").distinct()

    def _sequence(self) -> int:
        """This run's number among those on its logical date that had events."""
        log = self._read(SEGMENT_EVENT)
        last: int | None = log.sequence.max(where=log.on_date == self.run.as_of).to_pyarrow().as_py()
        return 0 if last is None else last + 1

    def _history(self) -> Manifest | None:
        """The history so far, without the day that this run replaces."""
        history = self._manifest(SEGMENT_HISTORY)
        if history is None or history.inputs["as_of"] != self.run.as_of.isoformat():
            return history
        files = history.files[:-1]
        if not files:
            return None
        rows = self.engine.ibis.read_parquet(self.engine.lake.urls(replace(history, files=files)))
        return replace(history, files=files, rows=rows.count().to_pyarrow().as_py())


def _nobody(key: str) -> tuple[str, ir.Table]:
    """Who is in a segment, where no condition may ask."""
    raise AssertionError(key)


def _before(rows: Iterable[Mapping[str, Any]]) -> Before:
    kept = list(rows)
    return Before(
        versions={row["segment_key"]: row["definition_version"] for row in kept},
        levels={row["segment_key"]: row["level"] for row in kept},
        implausible_since={row["segment_key"]: row["implausible_since"] for row in kept if row["implausible_since"]},
        definitions={row["segment_key"]: row["definition"] for row in kept if row["definition"]},
    )


def _table(table: Table, rows: list[dict[str, Any]]) -> ir.Table:
    named = [{name: row[name] for name in table.names} for row in rows]
    return ibis.memtable(pa.Table.from_pylist(named, schema=table.schema))
