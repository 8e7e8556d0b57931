"""One source on the desk: its current raw rows, judged by rules, with every row accounted for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from uuid import uuid4

import ibis
import ibis.expr.types as ir

from include.contracts.errors import ContractError
from include.contracts.exports import EXPORTS, ExportFile
from include.contracts.sources import SourceSettings
from include.contracts.tables import Table
from include.staging.faults import Rule, find_faults, quarantined
from include.staging.raw import Loads, RawObject, read_loads, read_object
from include.staging.settings import StagingSettings
from include.staging.values import nothing
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
    faulty: list[ir.Table] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    kept: dict[str, ir.Table] = field(default_factory=dict)  # object -> its good rows
    broken: dict[str, ir.Table] = field(default_factory=dict)  # object -> the rows that were set aside

    def __post_init__(self) -> None:
        self._raw: dict[str, RawObject] = {}
        self._parts: list[ir.Table] = []
        self.loads: Loads = read_loads(self.engine, self.source)
        self._declared: Mapping[str, ExportFile] = {file.object: file for file in EXPORTS[self.settings.kind]}

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
        return self._declared[name]

    def is_daily(self, name: str) -> bool:
        """Whether there is one file of the object a day."""
        return self._declared[name].is_daily

    def raw(self, name: str) -> RawObject:
        """Return the object's current rows, unjudged."""
        if name not in self._raw:
            raw = read_object(self.engine, self.manifests[name], self._declared[name], self.loads)
            self._raw[name] = replace(raw, rows=self.named(raw.rows))
        return self._raw[name]

    def good(
        self,
        raw: RawObject,
        name: str,
        rules: tuple[Rule, ...],
        gone: Callable[[ir.Table], ir.BooleanValue] | None = None,
    ) -> ir.Table:
        """Return the rows that keep all rules, after setting the others aside and counting all.

        ``gone`` marks rows that the source has deleted, where the staged table has no place to say so: they count
        as superseded.
        """
        rows = raw.rows
        faults = find_faults(self.engine, rows, rules)
        if len(faults):
            faulty = rows.join(ibis.memtable(faults), ["_load_id", "_line"])
            self.broken[name] = self.named(faulty)
            self.faulty.append(quarantined(faulty, rules, self.source, name, self._declared[name].key))
            rows = rows.anti_join(ibis.memtable(faults), ["_load_id", "_line"]).view()
        lost = 0
        if gone is not None:
            lost = self.engine.ibis.to_pyarrow(rows.filter(gone(rows)).count()).as_py()
            rows = rows.filter(~gone(rows))
        self._account(name, raw, faulty=len(faults), gone=lost)
        self.kept[name] = self.named(rows)
        return self.kept[name]

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
        self._parts.append(rows)  # Ibis drops the tables in memory that nobody holds
        return self.engine.ibis.create_view(f"named_{uuid4().hex}", rows, overwrite=True)

    def settled(self, rows: ir.Table) -> ir.Table:
        """Compute rows once that are read more than once."""
        return self.engine.ibis.create_table(f"settled_{uuid4().hex}", rows, temp=True)

    def provenance(self, rows: ir.Table) -> dict[str, ir.Value]:
        """The staged columns that tell where a row comes from."""
        return {"load_id": rows._load_id, "extracted_at": rows._extracted_at}

    def key(self, name: str, value: ir.StringValue) -> ir.StringValue:
        """The id that other tables know a row by: ``<source>.<object>:<key>``; null for a null key."""
        return f"{self.source}.{name}:" + value


def shaped(table: Table, values: Mapping[str, ir.Value], rows: ir.Table) -> ir.Table:
    """Select a table's columns from ``values``; those that are not given are null."""
    unknown = set(values) - set(table.names)
    if unknown:
        raise ContractError(f"{table.name} has no columns {sorted(unknown)}.")
    return rows.select(**{c.name: values.get(c.name, nothing(IBIS_TYPES[c.type])) for c in table.columns})
