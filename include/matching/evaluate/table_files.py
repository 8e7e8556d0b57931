"""Tables from files: Parquet, CSV or NDJSON, one or several, read column by column as dictionaries where possible."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.json as pa_json
import pyarrow.parquet as pq

from include.contracts.errors import SourceError
from include.contracts.nearest import nearest
from include.matching.spec import MatchingSpec


def read_tables(files: Sequence[Path], spec: MatchingSpec, *, truth: str | None = None) -> pa.Table:
    """The columns that the spec (and the truth) need, of all files; raises SourceError naming the file at fault."""
    wanted = [spec.id, *([spec.source] if spec.source else []), *spec.columns, *([truth] if truth else [])]
    tables = [_read(path, list(dict.fromkeys(wanted)), spec.id) for path in files]
    return tables[0] if len(tables) == 1 else pa.concat_tables(map(_plain, tables), promote_options="permissive")


def _plain(table: pa.Table) -> pa.Table:
    """The table without dictionaries, which differ from file to file."""
    fields = [f.with_type(f.type.value_type) if pa.types.is_dictionary(f.type) else f for f in table.schema]
    return table.cast(pa.schema(fields))


def _read(path: Path, wanted: list[str], key: str) -> pa.Table:
    reader = READERS.get("".join(path.suffixes[-1:]).lower())
    if reader is None:
        raise SourceError(
            "this kind of file is not known", file=path.name, remedy=f"Give one of {', '.join(sorted(READERS))}."
        )
    try:
        return reader(path, wanted, key)
    except FileNotFoundError:
        raise SourceError("there is no such file", file=path.name, remedy="Check the path.") from None
    except (pa.ArrowInvalid, OSError) as error:
        where = type(error).__name__
        raise SourceError(
            f"it cannot be read ({where})", file=path.name, remedy="Check its format and encoding."
        ) from None


def _parquet(path: Path, wanted: list[str], key: str) -> pa.Table:
    schema = pq.read_schema(path)
    _need(path, wanted, schema.names)
    texts = [name for name in wanted if name != key and pa.types.is_string(schema.field(name).type)]
    return pq.ParquetFile(path, read_dictionary=texts, memory_map=True).read(columns=wanted)


def _csv(path: Path, wanted: list[str], _key: str) -> pa.Table:
    with pa_csv.open_csv(path) as peek:
        _need(path, wanted, peek.schema.names)
    text = pa_csv.ConvertOptions(
        include_columns=wanted,
        column_types=dict.fromkeys(wanted, pa.string()),
        strings_can_be_null=True,
        null_values=[""],
    )
    return pa_csv.read_csv(path, convert_options=text, parse_options=pa_csv.ParseOptions(newlines_in_values=True))


def _ndjson(path: Path, wanted: list[str], _key: str) -> pa.Table:
    table = pa_json.read_json(path)
    _need(path, wanted, table.column_names)
    return table.select(wanted)


def _need(path: Path, wanted: list[str], known: list[str]) -> None:
    for name in wanted:
        if name not in known:
            raise SourceError(
                f"it has no column {name!r}{nearest(name, known)}",
                file=path.name,
                remedy="Correct the spec or the file.",
            )


READERS: Mapping[str, Callable[[Path, list[str], str], pa.Table]] = {
    ".parquet": _parquet,
    ".csv": _csv,
    ".ndjson": _ndjson,
    ".jsonl": _ndjson,
}
