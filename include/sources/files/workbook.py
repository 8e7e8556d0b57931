"""Excel workbooks: a sheet is a table, its header stands in its first rows, its values are text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import fastexcel
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from include.contracts.errors import SourceError
from include.contracts.exports import ExportFile
from include.sources.files.header import ROWS, declared_header, header_row
from include.sources.files.reading import LINE, Block, tell_unknown
from include.sources.files.snapshot import Snapshot

MAGIC = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # .xlsx and .ods, .xls


def sheets(content: bytes, file: str) -> list[str]:
    """Return the names of a workbook's sheets; raises SourceError."""
    return _open(content, file).sheet_names


def first_rows(content: bytes, sheet: str, file: str) -> tuple[list[str], int]:
    """Return the header of a sheet and how many rows follow it; raises SourceError."""
    table = _table(content, sheet, file)
    header, place = _header(table) if table.num_rows else ([], 0)
    return header, max(table.num_rows - 1 - place, 0)


@dataclass(frozen=True, slots=True)
class WorkbookReader:
    """Reads one sheet; its header is checked when it is opened."""

    file: str
    found: tuple[str, ...]
    _rows: pa.Table

    @classmethod
    def open(cls, snapshot: Snapshot, declared: ExportFile) -> WorkbookReader:
        """Check the sheet's header; raises SourceError naming file and column."""
        content = b"".join(snapshot.blocks())
        names = sheets(content, snapshot.file)
        sheet = snapshot.part or names[0]
        if sheet not in names:
            raise SourceError(f"it has no sheet {sheet!r}", file=snapshot.file, remedy="Export it again.")
        table = _table(content, sheet, snapshot.file)
        if not table.num_rows:
            raise SourceError("the sheet is empty", file=snapshot.file, remedy="Give it a header and rows.")
        written, place = _header(table)
        header = declared_header(written, declared, snapshot.file)
        absent = [name for name in declared.names if name not in header]
        tell_unknown([name for name in header if name not in declared.names], absent, snapshot.file)
        rows = table.slice(place + 1).select([str(n) for n in range(len(header))] + [LINE])
        return cls(snapshot.file, header, rows.rename_columns([*header, LINE]))

    def blocks(self) -> Iterator[Block]:
        """Yield the rows that say anything."""
        yield Block(self._rows)


def _open(content: bytes, file: str) -> fastexcel.ExcelReader:
    try:
        return fastexcel.read_excel(content)
    except fastexcel.FastExcelError:
        problem = "it is no workbook that can be read"
        raise SourceError(problem, file=file, remedy="Save it as .xlsx without a password, or as CSV.") from None


def _table(content: bytes, sheet: str, file: str) -> pa.Table:
    """The sheet's rows that say anything, all as text, in columns 0, 1, …, with the line of each."""
    try:
        loaded = _open(content, file).load_sheet(sheet, header_row=None, skip_rows=0, dtypes="string")
    except fastexcel.FastExcelError:
        problem = f"its sheet {sheet!r} cannot be read"
        raise SourceError(problem, file=file, remedy="Save it anew, or as CSV.") from None
    batch = loaded.to_arrow()
    columns = [pc.utf8_trim_whitespace(column.cast(pa.string())) for column in batch.columns]
    columns = [pc.if_else(pc.equal(column, ""), None, column) for column in columns]
    table = pa.table({str(n): column for n, column in enumerate(columns)})
    table = table.append_column(LINE, pa.array(np.arange(1, batch.num_rows + 1)))
    says = np.zeros(batch.num_rows, bool)
    for column in columns:
        says |= np.asarray(pc.is_valid(column))
    return table.filter(pa.array(says))


def _header(table: pa.Table) -> tuple[list[str], int]:
    """The names of the header, up to the last column that has one, and in which row it stands, below any titles."""
    rows = [list(row.values()) for row in table.slice(0, ROWS).drop_columns([LINE]).to_pylist()]
    place = header_row(rows)
    names = [name or "" for name in rows[place]]
    while names and not names[-1]:
        names.pop()
    return names, place
