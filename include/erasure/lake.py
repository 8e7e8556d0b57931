"""Erases a person from every file of the lake: each is written anew without them, and takes its place at once.

No version gets another name: what a version says is what it said, without one person (decision 26). A
file that names them no longer is left alone, so whoever was killed goes on where they were.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb
import pyarrow.parquet as pq

from include.contracts.identity import CROSSWALK
from include.contracts.quoting import literal
from include.contracts.raw import LOADS, REJECTED, ROOT
from include.contracts.staged import PERSON_RECORD
from include.erasure.rules import Rule, Rules
from include.erasure.search import BLANK, Search
from include.storage.engine import Engine
from include.storage.lake import Lake, Manifest, StoredFile

PARQUET, MAGIC = ".parquet", b"PAR1"
Counted = Mapping[tuple[str, str], int]  # rows by dataset and file


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


@dataclass(frozen=True, slots=True)
class Stored:
    """A Parquet file of the lake, where it lies, and its columns of text."""

    file: StoredFile
    place: str
    texts: tuple[str, ...]


def tables(engine: Engine) -> list[Stored]:
    """Return the Parquet files of the lake that are whole; what a killed writer has left, or a run writes, is not."""
    files = [file for file in _in_order(engine.lake) if file.name.endswith(PARQUET)]
    try:
        return _read(engine, files)
    except duckdb.Error:
        return _read(engine, [file for file in files if not _is_half(engine.lake, file)])


def _read(engine: Engine, files: Sequence[StoredFile]) -> list[Stored]:
    """Return files with their columns of text; raises duckdb.Error where one of them is no Parquet file."""
    query = (
        "SELECT file_name, list(name ORDER BY name) FILTER (type = 'BYTE_ARRAY' AND (converted_type = 'UTF8' "
        "OR logical_type LIKE 'String%')) FROM parquet_schema($places) GROUP BY 1"
    )
    places = [engine.lake.url(file.dataset, file.name) for file in files]
    rows = engine.connection.execute(query, {"places": places}).fetchall() if files else []
    texts = {bare(engine.lake, place): tuple(names or ()) for place, names in rows}
    return [Stored(file, place, texts[bare(engine.lake, place)]) for file, place in zip(files, places, strict=True)]


def _in_order(lake: Lake) -> list[StoredFile]:
    return sorted(lake.stored(), key=lambda file: (file.dataset, file.name))


def _is_half(lake: Lake, file: StoredFile) -> bool:
    """Whether a Parquet file on a disk lacks its end: its writer was killed, or has not got so far."""
    if not lake.is_local:
        return False
    try:
        return file.size < len(MAGIC) or lake.fs.tail(lake.url(file.dataset, file.name), len(MAGIC)) != MAGIC
    except FileNotFoundError:  # gone meanwhile
        return True


def look(engine: Engine, rules: Rules) -> Iterator[tuple[Stored, Rule, Found]]:
    """Yield the files of the lake that hold something of the person, with what is to be done about it.

    Files of a dataset that have the same columns, and the same rule, are looked through at once.
    """
    _name_others(engine, rules)
    rules.serve(engine.connection)
    alike: dict[tuple[str, tuple[str, ...], str], list[Stored]] = {}
    for one in tables(engine):
        rule = rules.of(one.file.dataset, one.file.name.removesuffix(PARQUET), one.texts)
        alike.setdefault((one.file.dataset, one.texts, rule.owned), []).append(one)
    for (dataset, texts, _), files in alike.items():
        rule = rules.of(dataset, files[0].file.name.removesuffix(PARQUET), texts)
        counted = _counted(engine, rule, [one.place for one in files])
        for one in files:
            rows, cells = counted.get(bare(engine.lake, one.place), (0, 0))
            if rows or cells:
                yield one, rule, Found(dataset, rows, cells)


def _counted(engine: Engine, rule: Rule, places: list[str]) -> dict[str, tuple[int, int]]:
    """How many rows go, and how many others name the person, by file."""
    query = (
        "SELECT kindred_file, count(*) FILTER (_gone), count(*) FILTER (_touched AND NOT _gone) "
        f"FROM ({rule.judged(several('$places', name='kindred_file'))}) GROUP BY 1"
    )
    rows = engine.connection.execute(query, {"places": places}).fetchall()
    return {bare(engine.lake, place): (gone, touched) for place, gone, touched in rows}


def several(places: str, *, name: str) -> str:
    """SQL that reads several files at once, with the place of each row's in a column of that name."""
    return f"read_parquet({places}, union_by_name=true, filename='{name}')"


def erase(engine: Engine, rules: Rules) -> list[Found]:
    """Write anew every file that holds something of the person; returns what it was, by dataset."""
    engine.connection.execute("SET preserve_insertion_order = true").complete()
    _remove_halves(engine)
    found = []
    for one, rule, what in look(engine, rules):
        _rewrite(engine, one, rule.staying(f"read_parquet({literal(one.place)})", blanked=bool(what.cells)))
        found.append(what)
    counted = _rows(engine)
    for source in sorted({file.dataset.split("/")[1] for file in engine.lake.stored(ROOT)}):
        _mend_log(engine.lake, source, {key for keys in rules.traces.keys.values() for key in keys}, counted)
    _recount(engine.lake, counted)
    return found


def blank_texts(lake: Lake, search: Search) -> int:
    """Blank the values in the small JSON files beside the tables; returns in how many."""
    count = 0
    for file in lake.stored():
        if not file.name.endswith(".json"):
            continue
        place = bare(lake, lake.url(file.dataset, file.name))
        content = lake.fs.cat_file(place)
        if any(search.spans(content)):
            draft = f"{place}.{uuid.uuid4().hex}.draft"
            lake.fs.pipe_file(draft, search.blanked_json(content.decode()).encode())
            lake.fs.mv(draft, place)
            count += 1
    return count


def _remove_halves(engine: Engine) -> None:
    """Remove what killed writers have left half written: nobody reads it, and nobody writes now."""
    for file in _in_order(engine.lake):
        is_half = file.name.endswith(PARQUET) and _is_half(engine.lake, file)
        if is_half or ".draft/" in f"{file.dataset}/{file.name}/":
            engine.lake.remove(file)


def _name_others(engine: Engine, rules: Rules) -> None:
    """Let the engine know the keys of everybody else, whose rows stay even where they name the person."""
    current = engine.lake.current(PERSON_RECORD.name)
    files = engine.lake.urls(current) if current else []
    engine.connection.execute("CREATE OR REPLACE TEMP TABLE other_keys (source VARCHAR, key VARCHAR)").complete()
    if files:
        engine.connection.execute(
            "INSERT INTO other_keys SELECT source, source_key FROM read_parquet($files, union_by_name=true) "
            "WHERE record_id NOT IN (SELECT unnest($records))",
            {"files": files, "records": list(rules.traces.records)},
        ).complete()


def _rewrite(engine: Engine, one: Stored, staying: str) -> None:
    lake = engine.lake
    beside = lake.url(one.file.dataset, f"{one.file.name}.{uuid.uuid4().hex}.draft")
    engine.connection.execute(f"COPY ({staying}) TO {literal(beside)} (FORMAT parquet, COMPRESSION zstd)").complete()
    lake.fs.mv(bare(lake, beside), bare(lake, one.place))


def bare(lake: Lake, place: str) -> str:
    """Return a place as the file system names it, however the query engine spells it."""
    return place if lake.is_local else str(lake.fs._strip_protocol(place.replace("s3a://", "s3://", 1)))


def _mend_log(lake: Lake, source: str, keys: set[str], counted: Counted) -> None:
    """Let the log of loads tell how many rows there are now, and between which keys."""
    for file in lake.stored(f"{ROOT}/{source}/{LOADS}"):
        if not file.name.endswith(PARQUET):
            continue
        place = lake.url(file.dataset, file.name)
        with lake.fs.open(place) as stream:
            table = pq.read_table(stream)
        loads = table.to_pylist()
        mended = [_mended(source, load, keys, counted) for load in loads]
        if mended != loads:
            draft = f"{place}.{uuid.uuid4().hex}.draft"
            with lake.fs.open(draft, "wb") as sink:
                pq.write_table(table.from_pylist(mended, schema=table.schema), sink, compression="zstd")
            lake.fs.mv(bare(lake, draft), bare(lake, place))


def _mended(source: str, load: Mapping[str, object], keys: set[str], counted: Counted) -> dict[str, object]:
    name = f"{load['load_id']}{PARQUET}"
    rejected = counted.get((f"{ROOT}/{source}/{REJECTED}", name), 0) if load["rejected"] else 0
    rows = rejected + counted.get((f"{ROOT}/{source}/{load['object']}", name), 0)
    mended = {**load, "rows": rows, "rejected": rejected}
    if "suppressed" in load and rows != load["rows"]:
        gone = int(str(load["rows"])) - rows
        mended["suppressed"] = int(str(load["suppressed"] or 0)) + gone
    ends = {"least_key": None, "greatest_key": None}
    if {load["least_key"], load["greatest_key"]} & (keys | {BLANK}):
        mended |= ends  # whose end it was may not be told; without ends a later export is held against its rows alone
    return mended


def _rows(engine: Engine) -> Counted:
    """How many rows each Parquet file has."""
    stored = tables(engine)
    files = {bare(engine.lake, one.place): (one.file.dataset, one.file.name) for one in stored}
    query = "SELECT file_name, num_rows FROM parquet_file_metadata($places)"
    given = {"places": [one.place for one in stored]}
    rows = engine.connection.execute(query, given).fetchall() if stored else []
    return {files[bare(engine.lake, place)]: int(count) for place, count in rows}


def _recount(lake: Lake, counted: Counted) -> None:
    """Let every manifest tell the rows that its files have."""
    for file in list(lake.stored()):
        manifest = lake.manifest(file.dataset, file.version) if file.version else None
        if manifest is None or not manifest.files or not all(name.endswith(PARQUET) for name in manifest.files):
            continue
        rows = sum(counted.get((manifest.dataset, name), 0) for name in manifest.files)
        if rows != manifest.rows:
            _write(lake, replace(manifest, rows=rows))


def _write(lake: Lake, manifest: Manifest) -> None:
    lake.commit(
        manifest.dataset, manifest.version, manifest.files, manifest.rows, manifest.inputs, point=False
    )  # fmt: skip
