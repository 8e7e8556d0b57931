"""A table in whatever format: CSV, a workbook, JSON lines or Parquet, told by its first bytes."""

from __future__ import annotations

from include.contracts.exports import ExportFile
from include.sources.files.csv_file import CsvReader
from include.sources.files.ndjson_file import NdjsonReader
from include.sources.files.parquet_file import MAGIC as PARQUET
from include.sources.files.parquet_file import ParquetReader
from include.sources.files.reading import Reader
from include.sources.files.snapshot import Snapshot
from include.sources.files.workbook import MAGIC as WORKBOOK
from include.sources.files.workbook import WorkbookReader

START = 512


def format_of(start: bytes) -> str:
    """Return csv, workbook, ndjson or parquet, by a file's first bytes."""
    if start.startswith(WORKBOOK):
        return "workbook"
    if start.startswith(PARQUET):
        return "parquet"
    return "ndjson" if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") else "csv"


def open_table(snapshot: Snapshot, declared: ExportFile) -> Reader:
    """Open a table; raises SourceError."""
    match format_of(snapshot.start(START)):
        case "workbook":
            return WorkbookReader.open(snapshot, declared)
        case "parquet":
            return ParquetReader.open(snapshot, declared)
        case "ndjson":
            return NdjsonReader(snapshot, declared)
    return CsvReader.open(snapshot, declared)
