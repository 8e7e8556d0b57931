"""Versions: what one is called, and whether it is there already; the steps ask here alike (decision 2)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from include.contracts.runs import DatasetRef, fingerprint
from include.contracts.tables import Table
from include.storage.lake import Lake, Manifest

FOLLOWS = "previous"  # among a log's inputs, the version that it extends


def made_of(manifest: Manifest) -> dict[str, str]:
    """Return what a version was made from, without the version that it follows."""
    return {name: value for name, value in manifest.inputs.items() if name != FOLLOWS}


def following(before: Manifest | None, inputs: Mapping[str, str], *when: object) -> str:
    """Return the version of something that remembers: the one before while the inputs are the same, else a new one.

    ``when`` is what else names a new version without being a reason for one, such as the day.
    """
    if before is not None and made_of(before) == dict(inputs):
        return before.version
    return fingerprint(inputs, before.version if before else None, *when)


def present(lake: Lake, tables: Iterable[Table], version: str) -> dict[str, DatasetRef] | None:
    """Return the references of the tables' version, by name, if all of it is there."""
    found = {table.name: lake.manifest(table.name, version) for table in tables}
    refs = {name: manifest.ref for name, manifest in found.items() if manifest is not None}
    return refs if len(refs) == len(found) else None
