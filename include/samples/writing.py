"""Writing exports from Arrow columns: quoted CSV, gzipped NDJSON, ids and timestamps; always the same bytes."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from include.contracts.errors import ContractError
from include.samples.flaws import Ints, choose, join, numbered

_BASE62 = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", dtype=np.uint8)
_CHECK = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345", dtype=np.uint8)
_HEX = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_INSTANCE = b"5g00000"


def fixed_width(letters: npt.NDArray[np.uint8]) -> pa.Array:
    """A matrix of ASCII codes, a row a value, as strings."""
    rows, width = letters.shape
    offsets = np.arange(rows + 1, dtype=np.int32) * width
    data = np.ascontiguousarray(letters)
    return pa.Array.from_buffers(pa.string(), rows, [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def salesforce_ids(prefix: str, numbers: Ints) -> pa.Array:
    """18-character Salesforce ids: object prefix, instance, number in base 62, and the three checksum characters.

    The checksum holds, for each five characters, one letter whose bits tell which of them are upper case. A
    negative number is no reference and gives null.
    """
    found = np.asarray(numbers, dtype=np.int64)
    rest = np.maximum(found, 0) + 5000
    ids = np.empty((len(found), 18), dtype=np.uint8)
    ids[:, :10] = np.frombuffer(prefix.encode() + _INSTANCE, dtype=np.uint8)
    for place in range(14, 9, -1):
        ids[:, place] = _BASE62[rest % 62]
        rest = rest // 62
    upper = (ids[:, :15] >= ord("A")) & (ids[:, :15] <= ord("Z"))
    ids[:, 15:] = _CHECK[(upper.reshape(-1, 3, 5) * (1 << np.arange(5))).sum(axis=2)]
    return choose(found < 0, None, fixed_width(ids))


def hex_ids(count: int, width: int, rng: np.random.Generator) -> pa.Array:
    """Random hexadecimal ids of an even width."""
    return fixed_width(_HEX[rng.integers(16, size=(count, width), dtype=np.uint8)])


def uuids(count: int, rng: np.random.Generator) -> pa.Array:
    """Random ids in the form of a UUID, version 4."""
    letters = np.empty((count, 36), dtype=np.uint8)
    letters[:] = _HEX[rng.integers(16, size=(count, 36), dtype=np.uint8)]
    letters[:, [8, 13, 18, 23]] = ord("-")
    letters[:, 14] = ord("4")
    letters[:, 19] = _HEX[8 + (letters[:, 19] & 3)]
    return fixed_width(letters)


def stamps(seconds: npt.NDArray[np.floating[Any]] | Ints, form: str = "iso") -> pa.Array:
    """Seconds since 1970 as text in UTC; NaN or a negative number gives null.

    ``iso`` is 2026-10-01T12:34:56.000Z, ``plain`` is 2026-10-01 12:34:56, ``date`` is 2026-10-01.
    """
    values = np.asarray(seconds, dtype=np.float64)
    missing = ~(values >= 0)
    millis = pa.array((np.where(missing, 0, values) * 1000).astype(np.int64))
    unit = "ms" if form == "iso" else "s"
    text = millis.cast(pa.timestamp("ms")).cast(pa.timestamp(unit), safe=False).cast(pa.string())
    if form == "iso":
        text = join(pc.binary_replace_slice(text, 10, 11, "T"), "Z")
    elif form == "date":
        text = pc.binary_slice(text.cast(pa.binary()), 0, 10).cast(pa.string())
    return choose(missing, None, text)


def dates(days: Ints) -> pa.Array:
    """Days since 1970, before it too, as 2026-10-01."""
    return pa.array(np.asarray(days, dtype=np.int32)).cast(pa.date32()).cast(pa.string())


def flags(mask: npt.NDArray[np.bool_], yes: str = "true", no: str = "false") -> pa.Array:
    """A mask as text."""
    return choose(mask, yes, no)


def money(amounts: npt.NDArray[np.float64]) -> pa.Array:
    """Whole amounts with one decimal, as Salesforce exports currency fields."""
    return join(numbered(amounts.round().astype(np.int64)), ".0")


@dataclass
class CsvFile:
    """A CSV file in the making: every field quoted, UTF-8, header first; counts its rows."""

    path: Path
    columns: tuple[str, ...]
    rows: int = 0
    _writer: pa_csv.CSVWriter | None = field(default=None, repr=False)

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        schema = pa.schema([(name, pa.string()) for name in self.columns])
        self._writer = pa_csv.CSVWriter(
            str(self.path), schema, write_options=pa_csv.WriteOptions(quoting_style="all_valid")
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.close()

    def write(self, columns: Mapping[str, pa.Array | str | None]) -> None:
        """Append rows; a text stands for a column of one value, None for an empty one.

        Raises ContractError unless the columns are exactly those of the file.
        """
        if set(columns) != set(self.columns):
            raise ContractError(f"{self.path.name} is declared with other columns: {set(columns) ^ set(self.columns)}")
        count = next(len(v) for v in columns.values() if isinstance(v, pa.Array))
        filled = [_filled(columns[name], count) for name in self.columns]
        if self._writer is None:
            raise ContractError(f"{self.path.name} is not open; write to it inside a with statement.")
        self._writer.write_table(pa.table(filled, names=list(self.columns)))
        self.rows += count


def _filled(values: pa.Array | str | None, count: int) -> pa.Array:
    if values is None or isinstance(values, str):
        return pa.repeat(values or "", count)
    return pc.fill_null(values, "")


def write_gzip(path: Path, lines: pa.Array) -> None:
    """Write lines, each ending in its newline, into a gzip file that holds neither a name nor a time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with (
        path.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", compresslevel=zlib.Z_BEST_SPEED, fileobj=raw, mtime=0) as out,
    ):
        out.write(_bytes(lines))


def _bytes(values: pa.Array) -> memoryview:
    """The characters of a string array, end to end, without copying."""
    offsets = np.frombuffer(values.buffers()[1], dtype=np.int32)[values.offset : values.offset + len(values) + 1]
    return memoryview(values.buffers()[2])[int(offsets[0]) : int(offsets[-1])]
