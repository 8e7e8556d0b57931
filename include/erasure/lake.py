"""Erases a person from every file of the lake: each is written anew without them, and takes its place at once.

No version gets another name: what a version says is what it said, without one person (decision 26). A
file that names them no longer is left alone, so whoever was killed goes on where they were.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

import duckdb
import pyarrow.parquet as pq

from include.contracts.identity import CROSSWALK
from include.contracts.raw import LOADS, ROOT
from include.contracts.staged import PERSON_RECORD
from include.erasure.patterns import BLANK
from include.erasure.rules import Rule, Rules
from include.storage.engine import Engine
from include.storage.lake import Lake, Manifest, StoredFile

PARQUET = ".parquet"


@dataclass(frozen=True, slots=True)
class Found:
    """What one place holds of a person: rows that are theirs, and rows of others that name them."""

    place: str
    rows: int
    cells: int


def crosswalks(lake: Lake) -> dict[str, str]:
    """Return every version that was made from a crosswalk, directly or not, with that version of it."""
    made: dict[str, set[str]] = {}
    found: dict[str, str] = {}
    for file in lake.stored():
        manifest = lake.manifest(file.dataset, file.version) if file.version else None
        if manifest is not None:
            made.setdefault(manifest.version, set()).update(manifest.inputs.values())
            if manifest.dataset == CROSSWALK.name:
                found[manifest.version] = manifest.version
    waiting = dict(found)
    while waiting:
        waiting = {
            version: waiting[origin]
            for version, origins in made.items()
            if version not in found
            for origin in origins & waiting.keys()
        }
        found |= waiting
    return found


def look(engine: Engine, rules: Rules) -> Iterator[tuple[StoredFile, Rule, Found]]:
    """Yield the files of the lake that hold something of the person, with what is to be done about it."""
    _name_others(engine, rules)
    for file in sorted(engine.lake.stored(), key=lambda file: (file.dataset, file.name)):
        if not file.name.endswith(PARQUET):
            continue
        place = engine.lake.url(file.dataset, file.name)
        texts = _texts(engine.connection, place)
        if texts is None:
            continue
        rule = rules.of(file.dataset, file.name.removesuffix(PARQUET), texts)
        query = (
            f"SELECT count(*) FILTER ({rule.gone}), count(*) FILTER (NOT ({rule.gone}) AND ({rule.touched})) "
            "FROM read_parquet(?)"
        )
        ((rows, cells),) = engine.connection.execute(query, [place]).fetchall()
        if rows or cells:
            yield file, rule, Found(file.dataset, rows, cells)


def erase(engine: Engine, rules: Rules) -> list[Found]:
    """Write anew every file that holds something of the person; returns what it was, by dataset."""
    engine.connection.execute("SET preserve_insertion_order = true").complete()
    _remove_halves(engine)
    found = []
    for file, rule, what in look(engine, rules):
        _rewrite(engine, file, rule)
        found.append(what)
    for source in sorted({file.dataset.split("/")[1] for file in engine.lake.stored(ROOT)}):
        _mend_log(engine.lake, source, {key for keys in rules.traces.keys.values() for key in keys})
    _recount(engine.lake)
    return found


def blank_texts(lake: Lake, values: list[bytes]) -> int:
    """Blank the values in the small JSON files beside the tables; returns in how many."""
    count = 0
    for file in lake.stored():
        if not file.name.endswith(".json"):
            continue
        place = _bare(lake, lake.url(file.dataset, file.name))
        content = before = lake.fs.cat_file(place)
        for value in values:
            content = content.replace(value, BLANK.encode())
        if content != before:
            draft = f"{place}.{uuid.uuid4().hex}.draft"
            lake.fs.pipe_file(draft, content)
            lake.fs.mv(draft, place)
            count += 1
    return count


def _remove_halves(engine: Engine) -> None:
    """Remove what killed writers have left half written: nobody reads it, and nobody writes now."""
    for file in list(engine.lake.stored()):
        place = engine.lake.url(file.dataset, file.name)
        if file.name.endswith(".draft") or (file.name.endswith(PARQUET) and _texts(engine.connection, place) is None):
            engine.lake.remove(file)


def _name_others(engine: Engine, rules: Rules) -> None:
    """Let the engine know the keys of everybody else, whose rows stay even where they name the person."""
    current = engine.lake.current(PERSON_RECORD.name)
    files = engine.lake.urls(current) if current else []
    engine.connection.execute("CREATE OR REPLACE TEMP TABLE other_keys (source VARCHAR, key VARCHAR)").complete()
    if files:
        engine.connection.execute(
            "INSERT INTO other_keys SELECT source, source_key FROM read_parquet($files, union_by_name=true) "
            "WHERE NOT list_contains($records, record_id)",
            {"files": files, "records": list(rules.traces.records)},
        ).complete()


def _texts(connection: duckdb.DuckDBPyConnection, place: str) -> list[str] | None:
    """The columns of text of a Parquet file; None where it is none."""
    with suppress(duckdb.Error):
        rows = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [place]).fetchall()
        return [row[0] for row in rows if row[1] == "VARCHAR"]
    return None


def _rewrite(engine: Engine, file: StoredFile, rule: Rule) -> None:
    lake, draft = engine.lake, f"{file.name}.{uuid.uuid4().hex}.draft"
    place, beside = lake.url(file.dataset, file.name), lake.url(file.dataset, draft)
    query = f"SELECT {rule.selected} FROM read_parquet('{place}') WHERE NOT ({rule.gone})"
    engine.connection.execute(f"COPY ({query}) TO '{beside}' (FORMAT parquet, COMPRESSION zstd)").complete()
    lake.fs.mv(_bare(lake, beside), _bare(lake, place))


def _bare(lake: Lake, place: str) -> str:
    return place if lake.is_local else str(lake.fs._strip_protocol(place.replace("s3a://", "s3://", 1)))


def _mend_log(lake: Lake, source: str, keys: set[str]) -> None:
    """Let the log of loads tell how many rows there are now, and between which keys."""
    for file in lake.stored(f"{ROOT}/{source}/{LOADS}"):
        if not file.name.endswith(PARQUET):
            continue
        place = lake.url(file.dataset, file.name)
        with lake.fs.open(place) as stream:
            table = pq.read_table(stream)
        loads = table.to_pylist()
        mended = [_mended(lake, source, load, keys) for load in loads]
        if mended != loads:
            draft = f"{place}.{uuid.uuid4().hex}.draft"
            with lake.fs.open(draft, "wb") as sink:
                pq.write_table(table.from_pylist(mended, schema=table.schema), sink, compression="zstd")
            lake.fs.mv(_bare(lake, draft), _bare(lake, place))


def _mended(lake: Lake, source: str, load: Mapping[str, object], keys: set[str]) -> dict[str, object]:
    name = f"{load['load_id']}{PARQUET}"
    rejected = _rows(lake, f"{ROOT}/{source}/rejected", name) if load["rejected"] else 0
    rows = rejected + _rows(lake, f"{ROOT}/{source}/{load['object']}", name)
    mended = {**load, "rows": rows, "rejected": rejected}
    if "suppressed" in load and rows != load["rows"]:
        gone = int(str(load["rows"])) - rows
        mended["suppressed"] = int(str(load["suppressed"] or 0)) + gone
    ends = {"least_key": None, "greatest_key": None}
    if {load["least_key"], load["greatest_key"]} & (keys | {BLANK}):
        mended |= ends  # whose end it was may not be told; without ends a later export is held against its rows alone
    return mended


def _rows(lake: Lake, dataset: str, name: str) -> int:
    with suppress(FileNotFoundError), lake.fs.open(lake.url(dataset, name)) as stream:
        return int(pq.read_metadata(stream).num_rows)
    return 0


def _recount(lake: Lake) -> None:
    """Let every manifest tell the rows that its files have."""
    counted: dict[tuple[str, str], int] = {}
    for file in lake.stored():
        manifest = lake.manifest(file.dataset, file.version) if file.version else None
        if manifest is None or not all(name.endswith(PARQUET) for name in manifest.files):
            continue
        for name in manifest.files:
            if (manifest.dataset, name) not in counted:
                counted[manifest.dataset, name] = _rows(lake, manifest.dataset, name)
        rows = sum(counted[manifest.dataset, name] for name in manifest.files)
        if manifest.files and rows != manifest.rows:
            _write(lake, replace(manifest, rows=rows))


def _write(lake: Lake, manifest: Manifest) -> None:
    lake.commit(
        manifest.dataset, manifest.version, manifest.files, manifest.rows, manifest.inputs, point=False
    )  # fmt: skip
