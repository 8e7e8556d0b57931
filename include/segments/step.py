"""The step ``segment``: who is in which segment, who entered and who left, as of the logical date."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from include.contracts.events import EVENT, EVENT_KIND
from include.contracts.identity import ALIAS, IDENTITY_EVENT
from include.contracts.measures import ACCOUNT_360, ACCOUNT_HISTORY, CUSTOMER_360, CUSTOMER_HISTORY
from include.contracts.metrics import ACCOUNT_ABOVE, BASIS
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
from include.contracts.traits import TRAIT, TRAIT_HISTORY, TRAIT_VALUE
from include.segments import changes, register, tree
from include.segments.catalog import Catalog, load
from include.segments.cost import affordable
from include.segments.evaluation import Before, evaluate
from include.segments.held import implausible
from include.segments.measured import OF_LISTS, asked_people, measured_people
from include.segments.population import Population
from include.segments.roster import Published, Roster, assemble
from include.segments.trait_tables import digest_of, trait_rows, trait_values
from include.storage import days, history
from include.storage.code import code_of
from include.storage.control.approvals import approved
from include.storage.engine import Engine
from include.storage.holding import Holding
from include.storage.lake import Manifest
from include.storage.project import Project
from include.storage.versions import FOLLOWS, following, present

READS = (
    CUSTOMER_360,
    ACCOUNT_360,
    ACCOUNT_ABOVE,
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
    """Write segment, segment_membership, segment_event and segment_history, and the tables of traits."""
    with project.engine() as engine:
        subjects = [row["approval"] for row in implausible(engine)]
    return segment_with(project, run, refs, approved(project, subjects))


def segment_with(project: Project, run: Run, refs: Mapping[str, DatasetRef], approvals: Collection[str]) -> StageReport:
    """Do the same with given approvals of held segments.

    A run on what the published membership was made from changes nothing and returns that membership. Raises
    EarlierDayError where readers have a later day and the run does not rewind.
    """
    catalog = load(project.settings.config)
    asked = _lists(catalog)
    tables = (*READS, *(OF_LISTS if asked else ()))
    reads = {table.name: refs[table.name].version for table in tables if table.name in refs}
    determined = {
        **reads,
        "as_of": run.as_of.isoformat(),
        "definitions": _digest(catalog),
        "approvals": fingerprint(sorted(approvals)),
        "traits": digest_of(catalog.vocabulary, catalog.traits),
        "code": code_of(__name__),
        **({"lists": fingerprint(asked)} if asked else {}),
    }
    published = days.follows(project.lake, SEGMENT_MEMBERSHIP.name, run)
    with project.engine() as engine:
        kinds = engine.read(EVENT_KIND, refs.get(EVENT_KIND.name)).select("event", "events").to_pyarrow().to_pylist()
        catalog = affordable(catalog, {row["event"]: row["events"] for row in kinds})
        build = _Build(engine, run, catalog, published)
        version = following(published, determined)
        written = present(engine.lake, (*SEGMENTED, TRAIT, TRAIT_VALUE), version)
        writes = tuple(written.values()) if written else build.write(refs, approvals, determined, version)
        kept = build.keep_traits(writes[-1], determined)
        counts = _counts(engine, writes[0])
    if published is not None and version == published.version:
        counts |= {"entered": 0, "exited": 0}
    return StageReport("segment", reads, (*writes, kept), counts, engine=Engine.name)


def _digest(catalog: Catalog) -> str:
    sound = [(segment.version, segment.definition.model_dump(mode="json")) for segment in catalog.segments]
    return fingerprint(sound, [(entry.key, list(map(str, entry.faults))) for entry in catalog.refused])


def _lists(catalog: Catalog) -> list[tuple[str, str]]:
    """Whatever lists the definitions and traits ask about, and what determines who is on them."""
    conditions = [segment.condition for segment in catalog.segments]
    conditions += [part for trait in catalog.traits for part in tree.parts_of(trait)]
    asked = {listed for condition in conditions for listed in tree.lists(condition)}
    return sorted((each.key, f"{each.digest} {each.settings}") for each in asked)


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
        """Write the tables as one version; the published membership's version names what they follow on."""
        past = self._read(SEGMENT).to_pyarrow().to_pylist()
        before = _before(past)
        inputs = {**determined, FOLLOWS: self.published.version if self.published else ""}

        def write(table: Table, content: ir.Table, extends: Manifest | None = None) -> DatasetRef:
            return self.engine.write(table, content, version=version, inputs=inputs, point=False, extends=extends)

        conditions = list(self._conditions(before))
        people = measured_people(self.engine, self.run.as_of, refs, conditions, self.catalog.traits)
        traits = self._write_traits(people, write)
        kept = self.engine.read(TRAIT_HISTORY, self.keep_traits(traits[-1], determined))
        people = replace(people, histories={**people.histories, "trait": kept})
        roster = self._roster(people, conditions, before)
        evaluation = evaluate(roster, self.catalog, before, approvals, self._fed(refs))
        changed = changes.compare(evaluation, self.catalog, before, self._splits(refs))
        rows = register.rows(
            self.run.as_of, evaluation, changed, self.catalog, {row["segment_key"]: row for row in past}
        )
        unknown = self._opens_unknown(refs)
        rows = [{**row, "opens_unknown": unknown if row["uses_opens"] else None} for row in rows]
        log = self._manifest(SEGMENT_EVENT)
        events = changes.events(changed, self.catalog, before, self._sequence())
        return (
            write(SEGMENT, _table(SEGMENT, rows)),
            write(SEGMENT_MEMBERSHIP, changes.membership(changed, self.catalog, self._read(SEGMENT_MEMBERSHIP))),
            write(SEGMENT_EVENT, events, log),
            write(SEGMENT_HISTORY, _table(SEGMENT_HISTORY, rows), self._history()),
            *traits,
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

    def _roster(self, people: Population, conditions: Sequence[tuple[str, tree.Node]], before: Before) -> Roster:
        levels = {
            **{entry.key: entry.level for entry in self.catalog.refused},
            **before.levels,
            **{entry.key: entry.level for entry in self.catalog.segments},
        }
        assert people.alias is not None
        published = Published(self._read(SEGMENT_MEMBERSHIP), people.alias)
        with Holding(self.engine).briefly() as meanwhile:
            measured = asked_people(people, conditions, meanwhile)
            roster = assemble(self.engine, self.run.as_of, levels, measured, published)
        return replace(roster, events=people.events, above=people.above)

    def _write_traits(self, people: Population, write: Callable[[Table, ir.Table], DatasetRef]) -> list[DatasetRef]:
        """Write trait and trait_value."""
        values = write(TRAIT_VALUE, trait_values(people, self.catalog.traits))
        counted = self.engine.read(TRAIT_VALUE, values).group_by("trait").aggregate(known=lambda t: t.count())
        known = {row["trait"]: row["known"] for row in counted.to_pyarrow().to_pylist()}
        rows = trait_rows(self.run.as_of, self.catalog.vocabulary, self.catalog.traits, known)
        return [write(TRAIT, _table(TRAIT, list(rows))), values]

    def keep_traits(self, values: DatasetRef, determined: Mapping[str, str]) -> DatasetRef:
        """Write the history of traits, today's among it."""
        now = self.engine.read(TRAIT_VALUE, values)
        return history.keep(self.engine, TRAIT_HISTORY, now, self.run, determined)

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
        rows = self.engine.read(SEGMENT_HISTORY, replace(history, files=files))
        return replace(history, files=files, rows=rows.count().to_pyarrow().as_py())


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
