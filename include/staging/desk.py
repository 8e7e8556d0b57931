"""One source on the desk: its current raw rows, judged by rules, with every row accounted for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from include.contracts.errors import ContractError
from include.contracts.exports import ExportFile
from include.contracts.records import record_ids
from include.contracts.sources import Limits, SourceSettings
from include.contracts.systems import ROW_KEY, Feed, System
from include.contracts.tables import Table
from include.staging import values
from include.staging.currencies import in_one_currency, with_rates
from include.staging.dates import written_as_iso
from include.staging.faults import Rule, find_faults, md5, quarantined
from include.staging.numbers import written_plainly
from include.staging.raw import Loads, RawObject, read_loads, read_object
from include.staging.references import dangling, places, rule
from include.staging.row_rules import id_rules
from include.staging.settings import StagingSettings
from include.storage.engine import IBIS_TYPES, Engine
from include.storage.lake import Manifest

Staged = Iterator[tuple[Table, ir.Table]]  # rows for a staged table


@dataclass
class Desk:
    """Hands out a source's good rows and collects the faulty ones and the counts."""

    engine: Engine
    source: str
    settings: SourceSettings
    staging: StagingSettings
    manifests: Mapping[str, Manifest | None]
    limits: Limits
    faulty: list[ir.Table] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    kept: dict[str, ir.Table] = field(default_factory=dict)  # object -> its good rows
    broken: dict[str, ir.Table] = field(default_factory=dict)  # object -> the rows that were set aside

    def __post_init__(self) -> None:
        values.prepare(self.engine.connection)
        self._raw: dict[str, RawObject] = {}
        self.loads: Loads = read_loads(self.engine, self.source)

    @property
    def system(self) -> System:
        """The system that the source is."""
        return self.settings.system

    def feeds(self, table: Table) -> tuple[Feed, ...]:
        """What the source's objects give to a staged table."""
        given = table.name.removeprefix("staged/")
        return tuple(feed for feed in self.system.feeds if feed.table == given)

    @property
    def zone(self) -> str:
        """Time zone of the source's times."""
        return self.settings.timezone

    def each(self, *objects: tuple[str, Table, Callable[[Desk], ir.Table]]) -> Staged:
        """Yield what each object gives to its staged table, passing over those without rows."""
        for name, table, make in objects:
            if self.has(name):
                yield table, make(self)

    def has(self, name: str) -> bool:
        """Whether the object has current rows; where it has none, its old and unreadable ones are counted."""
        raw = self.raw(name)
        if not raw.current:
            self._account(name, raw, faulty=0, gone=0)
        return raw.current > 0

    def declared(self, name: str) -> ExportFile:
        """Return the declaration of an object's file."""
        return self.settings.file(name)

    def is_daily(self, name: str) -> bool:
        """Whether there is one file of the object a day."""
        return self.settings.file(name).is_daily

    def raw(self, name: str) -> RawObject:
        """Return the object's current rows, unjudged."""
        if name not in self._raw:
            declared = self.declared(name)
            identified = partial(self._identified, declared)
            raw = read_object(self.engine, self.manifests[name], declared, self.loads, identified)
            rows = written_as_iso(self.engine, raw.rows, declared, self.settings.dates)
            rows = with_rates(self.engine, rows, declared, self.settings.currencies)
            rows = in_one_currency(written_plainly(self.engine, rows, declared, self.settings.decimals))
            self._raw[name] = replace(raw, rows=self.named(rows))
        return self._raw[name]

    def _identified(self, declared: ExportFile, rows: ir.Table) -> ir.Table:
        """What identifies something, trimmed, without placeholders, and ids of Salesforce in their long form."""
        clean: dict[str, ir.Value] = {
            name: values.identifier(rows[name], self.staging.placeholders.identifier)
            for name in dict.fromkeys((declared.key, *declared.ids, *declared.salesforce_ids))
            if name != ROW_KEY
        }
        if declared.key == ROW_KEY:
            whole = ibis.literal("|").join([rows[name].fill_null("") for name in declared.names])
            rows = rows.mutate(**{ROW_KEY: md5(whole)})
        rows = self.named(rows.mutate(**clean))
        return rows.mutate(**{name: values.salesforce_id(rows[name]) for name in declared.salesforce_ids})

    def good(
        self,
        raw: RawObject,
        name: str,
        rules: tuple[Rule, ...],
        gone: Callable[[ir.Table], ir.BooleanValue] | None = None,
    ) -> ir.Table:
        """Return the rows that keep all rules and have ids that can be such, after setting the others aside.

        All rows are counted. ``gone`` marks rows that the source has deleted, where the staged table has no place to
        say so: they count as superseded.
        """
        rules = (*rules, *id_rules(raw.rows, *self.settings.file(name).salesforce_ids))
        faults = find_faults(self.engine, raw.rows, rules)
        rows = self._without(name, raw.rows, faults, rules)
        lost = 0
        if gone is not None:
            lost = self.engine.ibis.to_pyarrow(rows.filter(gone(rows)).count()).as_py()
            rows = rows.filter(~gone(rows))
        rows, homeless = self._referring(name, raw, rows)
        self._account(name, raw, faulty=len(faults) + homeless, gone=lost)
        self.kept[name] = self.named(rows)
        return self.kept[name]

    def _without(self, name: str, rows: ir.Table, faults: pa.Table, rules: tuple[Rule, ...]) -> ir.Table:
        """Set the faulty rows aside, and return the others."""
        if not len(faults):
            return rows
        faulty = self.named(rows.join(ibis.memtable(faults), ["_load_id", "_line"]))
        self.broken[name] = ibis.union(self.broken[name], faulty) if name in self.broken else faulty
        self.faulty.append(quarantined(faulty, rules, self.source, name, self.settings.file(name).key))
        return rows.anti_join(ibis.memtable(faults), ["_load_id", "_line"]).view()

    def _referring(self, name: str, raw: RawObject, rows: ir.Table) -> tuple[ir.Table, int]:
        """Count references that point at nothing, and set aside the rows that need them; how many those were.

        An object of which there is no row at all judges nobody.
        """
        declared, set_aside = self.settings.file(name), 0
        for reference in declared.references:
            target = self.raw(reference.object)
            if not target.current:
                continue
            lost = dangling(rows, reference, target.rows, self.settings.file(reference.object).key)
            if reference.needed:
                found = places(self.engine, lost, declared, reference, of=raw.current, limits=self.limits)
                faults = found.append_column("_fault", pa.array([0] * len(found), pa.int8()))
                rows, set_aside = self._without(name, rows, faults, (rule(reference),)), set_aside + len(found)
            else:
                self.tell(name, f"dangling.{reference.column}", lost)
        return rows, set_aside

    def tell(self, name: str, what: str, rows: ir.Table) -> int:
        """Count rows of an object that are worth knowing of; none are not told."""
        count: int = self.engine.ibis.to_pyarrow(rows.count()).as_py()
        if count:
            self.counts[f"{self.source}.{name}.{what}"] = count
        return count

    def moment(self, rows: ir.Table, column: str, name: str) -> ir.TimestampValue:
        """A time of an object's row in UTC, at the latest the time of its file: nothing is known before it happens.

        The file of a day may hold what happened until the day's end.
        """
        known = rows._extracted_at + ibis.interval(days=1) if self.is_daily(name) else rows._extracted_at
        return values.no_later(values.moment(rows[column], self.zone), known)

    def _account(self, name: str, raw: RawObject, *, faulty: int, gone: int) -> None:
        superseded, quarantined = raw.superseded + gone, raw.rejected + faulty
        counts = {
            "raw": raw.received,
            "staged": raw.received - superseded - quarantined,
            "superseded": superseded,
            "quarantined": quarantined,
        }
        self.counts.update({f"{self.source}.{name}.{kind}": count for kind, count in counts.items()})

    def named(self, rows: ir.Table) -> ir.Table:
        """Give rows a name of their own, so that what is built on them need not be compiled from the start."""
        return self.engine.view(rows)

    def settled(self, rows: ir.Table) -> ir.Table:
        """Compute rows once that are read more than once."""
        return self.engine.hold(rows)

    def provenance(self, rows: ir.Table) -> dict[str, ir.Value]:
        """The staged columns that tell where a row comes from."""
        return {"load_id": rows._load_id, "extracted_at": rows._extracted_at}

    def key(self, name: str, value: ir.StringValue) -> ir.StringValue:
        """The id that other tables know a row by: ``<source>.<object>:<key>``; null for a null key."""
        return record_ids(self.source, name, value)


def shaped(table: Table, found: Mapping[str, ir.Value], rows: ir.Table) -> ir.Table:
    """Select a table's columns from ``found``; those that are not given are null."""
    unknown = set(found) - set(table.names)
    if unknown:
        raise ContractError(f"{table.name} has no columns {sorted(unknown)}.")
    return rows.select(**{c.name: found.get(c.name, values.nothing(IBIS_TYPES[c.type])) for c in table.columns})
