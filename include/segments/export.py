"""Exports: the members of one published segment as CSV, Parquet or Excel, from the warehouse.

A spreadsheet takes a cell that begins with = + - @ for a formula; in CSV and Excel such text gets a leading
apostrophe (OWASP: CSV injection). Parquet is verbatim.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
import sqlalchemy as sa
import xlsxwriter

from include.contracts.errors import ConfigurationError
from include.contracts.measures import ACCOUNT_360, CUSTOMER_360
from include.contracts.nearest import nearest
from include.contracts.profiles import ACCOUNT, PROFILE
from include.contracts.segments import SEGMENT_MEMBERSHIP
from include.contracts.tables import Table
from include.segments.listing import find_segment
from include.storage.postgres.warehouse import READERS
from include.storage.project import Project

BATCH_ROWS = 20_000
EXCEL_ROWS = 1_048_575  # below the header
FORMULA = r"^[=+\-@\t\r]"
MEMBERSHIP = ("since", "confidence", "is_holdout")
PERSON = (
    "profile_id",
    "full_name",
    "email",
    "phone",
    "company",
    "title",
    "email_consent",
    "phone_consent",
    "account_id",
)
COMPANY = ("account_id", "name", "domain", "industry", "country", "owner_id")


@dataclass(frozen=True)
class Rows:
    """The members of a segment as a stream of batches in one schema."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]


def export(project: Project, key: str, format: str, sink: BinaryIO, *, holdout: bool = False) -> int:
    """Write a segment's members to ``sink`` in a format of FORMATS; returns how many.

    Those held out of activation are left out unless ``holdout`` asks for them. Raises ConfigurationError.
    """
    if format not in FORMATS:
        raise ConfigurationError(f"There is no format {format!r}{nearest(format, FORMATS)}.")
    with project.warehouse().begin() as connection:
        segment = find_segment(connection, key)
        if format == "xlsx" and segment["size"] > EXCEL_ROWS:
            raise ConfigurationError(f"{key} has more members than an Excel sheet has rows; use csv or parquet.")
        return FORMATS[format](_members(connection, segment, holdout=holdout), sink)


def export_file(project: Project, key: str, format: str, out: Path, *, holdout: bool = False) -> int:
    """Do the same into a file that appears only once it is whole."""
    draft = out.with_name(out.name + ".draft")
    try:
        with draft.open("wb") as sink:
            count = export(project, key, format, sink, holdout=holdout)
        draft.replace(out)
    except OSError as error:
        raise ConfigurationError(f"{out} cannot be written: {error.strerror}.") from None
    finally:
        draft.unlink(missing_ok=True)
    return count


def _members(connection: sa.Connection, segment: Mapping[str, Any], *, holdout: bool) -> Rows:
    """Read membership, golden record and the segment's measures, in the order of the ids."""
    person = segment["level"] == "person"
    record, measured = (PROFILE, CUSTOMER_360) if person else (ACCOUNT, ACCOUNT_360)
    shown, member = (PERSON, "profile_id") if person else (COMPANY, "account_id")
    measures = [name for name in segment["measures"] if name in measured.names and name not in shown]
    fields = [
        *((record, name) for name in shown),
        *((SEGMENT_MEMBERSHIP, name) for name in MEMBERSHIP),
        *((measured, name) for name in measures),
    ]
    chosen = ", ".join(f'{_alias(table)}."{name}"' for table, name in fields)
    statement = (
        f"SELECT {chosen} FROM {READERS}.segment_membership AS m "
        f"JOIN {READERS}.{record.name} AS r ON r.{member} = m.member_id "
        f"JOIN {READERS}.{measured.name} AS v ON v.{member} = m.member_id "
        f"WHERE m.segment_key = :key AND (:holdout OR NOT m.is_holdout) ORDER BY m.member_id"
    )
    schema = pa.schema([table.schema.field(name).with_nullable(True) for table, name in fields])
    result = connection.execution_options(stream_results=True, yield_per=BATCH_ROWS).execute(
        sa.text(statement), {"key": segment["segment_key"], "holdout": holdout}
    )
    return Rows(schema, (_batch(rows, schema) for rows in result.partitions(BATCH_ROWS)))


def _alias(table: Table) -> str:
    return {SEGMENT_MEMBERSHIP.name: "m", PROFILE.name: "r", ACCOUNT.name: "r"}.get(table.name, "v")


def _batch(rows: Sequence[sa.Row[Any]], schema: pa.Schema) -> pa.RecordBatch:
    columns = zip(*rows, strict=True)
    return pa.record_batch([pa.array(c, field.type) for c, field in zip(columns, schema, strict=True)], schema=schema)


def neutral(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Put an apostrophe before every text that a spreadsheet would take for a formula."""
    return pa.record_batch([_neutral(column) for column in batch.columns], schema=batch.schema)


def _neutral(column: pa.Array) -> pa.Array:
    if not pa.types.is_string(column.type):
        return column
    risky = pc.fill_null(pc.match_substring_regex(column, FORMULA), False)
    return pc.if_else(risky, pc.binary_join_element_wise("'", column, ""), column)


def _csv(rows: Rows, sink: BinaryIO) -> int:
    count = 0
    with pyarrow.csv.CSVWriter(sink, rows.schema) as writer:
        for batch in rows.batches:
            writer.write_batch(neutral(batch))
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
        sheet, day = book.add_worksheet("members"), book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.write_row(0, 0, rows.schema.names)
        count = 0
        for batch in rows.batches:
            for values in zip(*(column.to_pylist() for column in neutral(batch).columns), strict=True):
                count += 1
                for position, value in enumerate(values):
                    if value is not None:
                        _write_cell(sheet, count, position, value, day)
    return count


def _write_cell(sheet: Any, row: int, position: int, value: Any, day: Any) -> None:
    if isinstance(value, str):
        sheet.write_string(row, position, value)
    elif isinstance(value, (bool, int, float)):
        sheet.write(row, position, value)
    else:
        sheet.write_datetime(row, position, value, day)


FORMATS: Mapping[str, Callable[[Rows, BinaryIO], int]] = MappingProxyType(
    {"csv": _csv, "parquet": _parquet, "xlsx": _xlsx}
)
