"""Whether what was written is what was counted, by what each system declares to stage from which object."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from include.contracts.errors import ContractError
from include.contracts.records import object_of
from include.contracts.runs import DatasetRef
from include.contracts.staged import CONSENT, QUARANTINE, SOURCE_STATE, STAGED
from include.contracts.tables import Table
from include.staging.desk import Desk
from include.storage.engine import Engine


def check_balance(
    engine: Engine, desks: Collection[Desk], refs: Mapping[str, DatasetRef], counts: Mapping[str, int]
) -> None:
    """Raise ContractError when rows were lost or made, or when a system stages into what it does not declare."""
    wrong = [
        f"{name}: {counted} counted, {written} written"
        for table in STAGED
        if table not in (CONSENT, SOURCE_STATE)
        for name, counted, written in _pairs(engine, desks, table, refs[table.name], counts)
        if counted != written
    ]
    if wrong:
        raise ContractError(f"Staging lost or made rows ({'; '.join(wrong)}); readers keep the version before.")


def _pairs(
    engine: Engine, desks: Collection[Desk], table: Table, ref: DatasetRef, counts: Mapping[str, int]
) -> Iterator[tuple[str, int, int]]:
    """Yield what was counted and what was written for a table: in all, or of each object where some are folded."""
    if table is QUARANTINE:
        yield table.name, sum(n for name, n in counts.items() if name.endswith(".quarantined")), ref.rows
        return
    feeds = {f"{desk.source}.{feed.object}": feed for desk in desks for feed in desk.feeds(table)}
    counted = {name: counts.get(f"{name}.staged", 0) for name, feed in feeds.items() if feed.each}
    if len(counted) == len(feeds):
        yield table.name, sum(counted.values()), ref.rows
    else:
        written = _by_object(engine, table, ref)
        yield from ((f"{table.name} of {name}", rows, written.get(name, 0)) for name, rows in counted.items())


def _by_object(engine: Engine, table: Table, ref: DatasetRef) -> dict[str, int]:
    """The rows of each object, which stands before the colon in every id."""
    rows = engine.read(table, ref)
    grouped = rows.group_by(name=object_of(rows[table.key[0]])).agg(rows=rows.count())
    return {row["name"]: row["rows"] for row in engine.ibis.to_pyarrow(grouped).to_pylist()}
