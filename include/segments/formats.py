"""The formats that members are written in: CSV, NDJSON, Parquet, Excel.

A spreadsheet that opens a CSV takes a cell that begins with = + - @ for a formula; such text gets a leading
apostrophe (OWASP: CSV injection), unless it is only a number or a telephone number, which run nothing. Excel files
have typed cells, whose text is never run; Parquet is verbatim.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import xlsxwriter

from include.contracts.errors import ConfigurationError
from include.contracts.nearest import nearest

EXCEL_ROWS = 1_048_575  # below the header
FORMULA = r"^[=+\-@\t\r\n＝＋－＠]"
NUMBER = r"^[+\-][0-9][0-9 .()/\-]*(?:(?:;ext=| ?x| ext\.? ?)[0-9]+)?$"


@dataclass(frozen=True)
class Rows:
    """The members of a segment as a stream of batches in one schema."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]

    @classmethod
    def of(cls, table: pa.Table) -> Rows:
        """The rows of a table that is held in memory."""
        return cls(table.schema, iter(table.to_batches()))


def neutral(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Put an apostrophe before every text that a spreadsheet would run."""
    return pa.record_batch([_neutral(column) for column in batch.columns], schema=batch.schema)


def _neutral(column: pa.Array) -> pa.Array:
    if not pa.types.is_string(column.type):
        return column
    is_formula = pc.and_not(pc.match_substring_regex(column, FORMULA), pc.match_substring_regex(column, NUMBER))
    return pc.if_else(pc.fill_null(is_formula, False), pc.binary_join_element_wise("'", column, ""), column)


def _csv(rows: Rows, sink: BinaryIO) -> int:
    count = 0
    with pyarrow.csv.CSVWriter(sink, rows.schema) as writer:
        for batch in rows.batches:
            writer.write_batch(neutral(batch))
            count += batch.num_rows
    return count


def _ndjson(rows: Rows, sink: BinaryIO) -> int:
    count = 0
    for batch in rows.batches:
        lines = (json.dumps(row, ensure_ascii=False, default=str) for row in batch.to_pylist())
        sink.write("".join(f"{line}\n" for line in lines).encode())
        count += batch.num_rows
    return count


def _parquet(rows: Rows, sink: BinaryIO) -> int:
    count = 0
    with pq.ParquetWriter(sink, rows.schema, compression="zstd") as writer:
        for batch in rows.batches:
            writer.write_batch(batch)
            count += batch.num_rows
    return count


def _xlsx(rows: Rows, sink: BinaryIO) -> int:
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(sink, options) as book:
        sheet = book.add_worksheet("members")
        formats = {kind: book.add_format({"num_format": kind}) for kind in ("@", "yyyy-mm-dd")}
        sheet.write_row(0, 0, rows.schema.names)
        count = 0
        for batch in rows.batches:
            for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                count += 1
                for position, value in enumerate(values):
                    if value is not None:
                        _write_cell(sheet, count, position, value, formats)
    return count


def _write_cell(sheet: Any, row: int, position: int, value: Any, formats: Mapping[str, Any]) -> None:
    if isinstance(value, str):
        sheet.write_string(row, position, value, formats["@"])  # text stays text when the cell is edited
    elif isinstance(value, (bool, int, float)):
        sheet.write(row, position, value)
    else:
        sheet.write_datetime(row, position, value, formats["yyyy-mm-dd"])


FORMATS: Mapping[str, Callable[[Rows, BinaryIO], int]] = MappingProxyType(
    {"csv": _csv, "ndjson": _ndjson, "parquet": _parquet, "xlsx": _xlsx}
)


def find_format(name: str) -> Callable[[Rows, BinaryIO], int]:
    """Return what writes a format and counts its rows; raises ConfigurationError where there is no such format."""
    if name not in FORMATS:
        raise ConfigurationError(f"There is no format {name!r}{nearest(name, FORMATS)}.")
    return FORMATS[name]
