"""References that point at nothing: counted for every column, and set aside where a row is worth nothing without."""

from __future__ import annotations

from collections.abc import Iterator

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from include.contracts.errors import SourceError
from include.contracts.exports import ExportFile, Reference
from include.contracts.sources import Limits
from include.contracts.systems import Part
from include.staging.faults import Rule
from include.storage.engine import Engine

EXAMPLES = 3


def dangling(rows: ir.Table, reference: Reference, target: ir.Table, key: str) -> ir.Table:
    """Return the rows whose reference is given and is the key of no row of the target."""
    keys = target.filter(target[key].notnull()).select(_key=target[key])
    return rows.filter(rows[reference.column].notnull()).anti_join(keys, [(reference.column, "_key")])


def rule(reference: Reference) -> Rule:
    """The rule that a row breaks whose needed reference points at nothing."""
    reason = f"{reference.column} is the key of no {reference.object} that is there."
    return Rule("dangling_reference", reference.column, ibis.literal(True), reason)


def places(
    engine: Engine, lost: ir.Table, declared: ExportFile, reference: Reference, *, of: int, limits: Limits
) -> pa.Table:
    """Return (_load_id, _line) of the dangling rows; raises SourceError, naming some, when they are too many."""
    count = engine.ibis.to_pyarrow(lost.count()).as_py()
    if reference.stops and count > max(limits.dangling_rows, limits.dangling * of):
        first = engine.ibis.to_pyarrow(lost.order_by("_file", "_line").select("_file", "_line").limit(EXAMPLES))
        file, lines = first["_file"][0].as_py(), ", ".join(map(str, first["_line"].to_pylist()))
        raise SourceError(
            f"{count:,} of {of:,} rows refer to no {reference.object} that is there (lines {lines})",
            file=file,
            column=reference.column,
            remedy=f"Export {declared.object} and {reference.object} at one time, or raise limits.dangling in "
            "sources.yaml.",
        )
    return engine.ibis.to_pyarrow(lost.select("_load_id", "_line"))


def unknown_to_crm(engine: Engine, rows: ir.Table) -> Iterator[tuple[str, int]]:
    """Yield, by source and object, how many staged rows of other systems carry a CRM id that no row of the CRM has.

    ``rows`` are person records or accounts. A CRM of which there is no row at all judges nobody.
    """
    crm = rows.filter(rows.part == Part.CRM.value)
    known = ibis.union(crm.select(_key=crm.source_key), crm.select(_key=crm.crm_id)).distinct()
    others = rows.filter((rows.part != Part.CRM.value) & rows.crm_id.notnull())
    lost = others.anti_join(known, [("crm_id", "_key")]).group_by("source", "object").agg(rows=lambda t: t.count())
    if engine.ibis.to_pyarrow(crm.count()).as_py():
        for row in engine.ibis.to_pyarrow(lost).to_pylist():
            yield f"{row['source']}.{row['object']}.dangling.crm_id", row["rows"]
