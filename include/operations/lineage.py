"""What a stage read and wrote, as datasets that OpenLineage names: where they lie, version, rows, columns.

Names follow https://openlineage.io/docs/spec/naming. What readers get is a copy of the lake's tables, column by column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from include.contracts.identity import IDENTITY
from include.contracts.published import PUBLISHED
from include.contracts.staged import STAGED
from include.contracts.tables import Column, Table
from include.storage.postgres.warehouse import READERS


@dataclass(frozen=True, slots=True)
class Dataset:
    """A dataset; ``copied_from``: the one of which it is a copy, column by column."""

    namespace: str
    name: str
    version: str
    rows: int | None = None
    columns: tuple[Column, ...] = ()
    copied_from: Dataset | None = None


@dataclass(frozen=True, slots=True)
class Lineage:
    """What a stage has read and written."""

    inputs: tuple[Dataset, ...]
    outputs: tuple[Dataset, ...]


_TABLES: Mapping[str, Table] = {
    table.name: table for table in (*STAGED, *IDENTITY, *(published.table for published in PUBLISHED))
}


def lineage(done: Mapping[str, Any], lake_root: str, warehouse_url: str | None) -> Lineage:
    """Return what a stage's answer tells: its report, and what it hands on (``refs``) where it publishes.

    ``warehouse_url``: where readers find what was published; None where that is not to be told.
    """
    report = done.get("report", done)
    inputs = tuple(_of_lake(lake_root, name, version) for name, version in report["reads"].items())
    outputs = tuple(
        _of_lake(lake_root, ref["dataset"], ref["version"], ref["rows"])
        for ref in report["writes"] if ref["dataset"] != WAREHOUSE
    )  # fmt: skip
    if report["stage"] == "publish" and warehouse_url:
        published = tuple(_published(done["refs"], lake_root, warehouse_url))
        return Lineage(tuple(one.copied_from for one in published if one.copied_from), published)
    return Lineage(inputs, outputs)


WAREHOUSE = "warehouse"  # what `load` calls the build that it writes


def _of_lake(root: str, dataset: str, version: str, rows: int | None = None) -> Dataset:
    place = urlsplit(root)
    namespace = f"{place.scheme}://{place.netloc}" if place.netloc else place.scheme
    name = f"{place.path.rstrip('/')}/{dataset}"
    table = _TABLES.get(dataset)
    is_file = place.scheme == "file"
    return Dataset(namespace, name if is_file else name.lstrip("/"), version, rows, table.columns if table else ())


def _published(refs: Mapping[str, Any], lake_root: str, warehouse_url: str) -> Iterator[Dataset]:
    url = sa.engine.make_url(warehouse_url)
    namespace = f"postgres://{url.host or 'localhost'}:{url.port or 5432}"
    for published in PUBLISHED:
        if ref := refs.get(published.table.name):
            source = _of_lake(lake_root, published.table.name, ref["version"], ref["rows"])
            name = f"{url.database}.{READERS}.{published.name}"
            yield Dataset(namespace, name, ref["version"], ref["rows"], published.table.columns, source)
