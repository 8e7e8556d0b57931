"""Contents of exports that newer ones have replaced: let go of, so that their files may be removed.

Nothing reads them any more; they are kept to see what was received. The object's version stops listing them first, then
the log of loads forgets them, so that the same content is read anew should it ever come back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from include.contracts.raw import LOADS, REJECTED, ROOT, loads_dataset
from include.contracts.runs import fingerprint
from include.storage.lake import POINTER, Lake, Manifest, StoredFile

ENDING = ".parquet"


def replaced(lake: Lake, before: datetime) -> list[StoredFile]:
    """Return the contents that were taken in before and do not hold now, one file each."""
    files = list(lake.stored(ROOT))
    old = {(file.dataset, file.name): file for file in files if file.modified <= before}
    return [
        old[manifest.dataset, name]
        for manifest in _objects(lake, files)
        for name in sorted({*manifest.files} - _holding(manifest))
        if (manifest.dataset, name) in old
    ]


def let_go(lake: Lake, before: datetime) -> None:
    """List them no longer; repeated after being killed anywhere it ends the same."""
    going = {(file.dataset, file.name) for file in replaced(lake, before)}
    objects = list(_objects(lake, list(lake.stored(ROOT))))
    for source in sorted({manifest.dataset.split("/")[1] for manifest in objects}):
        log, listed = _log(lake, source), set[str]()
        for manifest in objects:
            if manifest.dataset.split("/")[1] == source:
                kept = [name for name in manifest.files if (manifest.dataset, name) not in going]
                listed |= {name.removesuffix(ENDING) for name in kept}
                _list(lake, manifest, kept, log)
        _forget(lake, source, log, listed)


def _objects(lake: Lake, files: Collection[StoredFile]) -> Iterator[Manifest]:
    """The current version of each object that was ever taken in."""
    pointed = sorted({file.dataset for file in files if file.name == f"{POINTER}.json"})
    for dataset in pointed:
        manifest = None if dataset.rpartition("/")[2] in (LOADS, REJECTED) else lake.current(dataset)
        if manifest is not None:
            yield manifest


def _holding(manifest: Manifest) -> set[str]:
    """The files of what holds now: the inputs of an object's version name the load of each export file."""
    return {f"{load}{ENDING}" for load in manifest.inputs.values()}


def _log(lake: Lake, source: str) -> pa.Table:
    manifest = lake.current(loads_dataset(source))
    if manifest is None:
        return pa.table({"load_id": pa.array([], pa.string())})
    (url,) = lake.urls(manifest)
    with lake.fs.open(url) as stream:
        return pq.read_table(stream)


def _list(lake: Lake, manifest: Manifest, kept: list[str], log: pa.Table) -> None:
    """Make a version of the object with these files only, named as extraction names it."""
    if kept == list(manifest.files):
        return
    gone = pa.array(sorted(name.removesuffix(ENDING) for name in {*manifest.files} - {*kept}))
    loads = log.filter(pc.is_in(log["load_id"], gone))
    rows = manifest.rows - pc.sum(pc.subtract(loads["rows"], loads["rejected"])).as_py()
    current = dict(manifest.inputs)
    lake.commit(manifest.dataset, fingerprint(kept, current), kept, rows, current)


def _forget(lake: Lake, source: str, log: pa.Table, listed: Collection[str]) -> None:
    """Take loads that no object lists out of the log."""
    kept = log.filter(pc.is_in(log["load_id"], pa.array(sorted(listed), pa.string())))
    if len(kept) == len(log):
        return
    dataset, version = loads_dataset(source), fingerprint(kept["load_id"].to_pylist())
    with lake.fs.open(lake.url(dataset, f"{version}{ENDING}"), "wb") as stream:
        pq.write_table(kept, stream, compression="zstd")
    lake.commit(dataset, version, [f"{version}{ENDING}"], len(kept))
