"""CSV exports: quotes doubled inside quotes, a header; read as UTF-8 in blocks of bounded memory."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, pairwise

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from include.contracts.errors import LateSourceError, SourceError
from include.contracts.exports import ExportFile
from include.sources.files import records
from include.sources.files.encoding import as_utf8
from include.sources.files.header import DELIMITERS, LOOK, NAMES, layout_of, parse_header
from include.sources.files.reading import (
    LINE,
    Block,
    Reject,
    cut_off,
    refuse_endless_line,
    tell_unknown,
)
from include.sources.files.records import Records, find_records
from include.sources.files.snapshot import Snapshot

_FAULTS = {
    records.STRAY_QUOTE: ("stray_quote", "text", "has a quote in the middle of a field"),
    records.UNCLOSED_QUOTE: ("unclosed_quote", "text", "opens a quote that is never closed"),
    records.TOO_LONG: ("row_too_long", "long text", "is longer than 4 MiB"),
    records.NOT_UTF8: ("not_utf8", "bytes", "holds bytes that are no UTF-8"),
    records.NUL_BYTE: ("nul_byte", "bytes", "holds a NUL byte"),
    records.TOO_FEW_FIELDS: ("too_few_fields", "row", "has fewer fields than the header"),
    records.TOO_MANY_FIELDS: ("too_many_fields", "row", "has more fields than the header"),
}


_CUT_OFF = (records.TOO_FEW_FIELDS, records.NOT_UTF8)

log = logging.getLogger("kindred.sources")


@dataclass(frozen=True, slots=True)
class CsvReader:
    """Reads one CSV file: its header is checked when it is opened, its rows come in ``blocks``."""

    file: str
    found: tuple[str, ...]
    delimiter: str
    _bytes: Iterator[bytes]
    _first_line: int

    @classmethod
    def open(cls, snapshot: Snapshot, declared: ExportFile) -> CsvReader:
        """Check the file's header; raises SourceError naming file, line and column."""
        file, content = snapshot.file, as_utf8(snapshot.blocks(), snapshot.file, declared.encoding)
        start = next(content, b"")
        if not start.strip():
            remedy = "Export it again; without rows it still has a header."
            raise LateSourceError("it is empty", file=file, remedy=remedy)
        delimiter, place, _ = layout_of(start[:LOOK].decode(errors="replace"), declared)
        if delimiter != DELIMITERS[0]:
            log.info("%s: its fields are parted by %s.", file, NAMES[delimiter])
        first = find_records(start, 1, final=True, delimiter=delimiter)
        place = min(place, len(first.ends) - 1)
        end = int(first.ends[place])
        if place:
            log.info("%s: its header stands below %d lines of titles.", file, place)
        header = parse_header(start[int(first.starts[place]) : end], delimiter, declared, file)
        absent = [name for name in declared.names if name not in header]
        tell_unknown([name for name in header if name not in declared.names], absent, file)
        line = 1 + start.count(b"\n", 0, end)
        return cls(file, header, delimiter, chain([start[end:]], content), line)

    def blocks(self) -> Iterator[Block]:
        """Yield the rows in the file's order; raises SourceError for a line that fits no memory."""
        rest, line, fault = b"", self._first_line, records.WHOLE
        for piece in self._bytes:
            block = rest + piece
            found = find_records(block, len(self.found), final=False, delimiter=self.delimiter)
            yield self._block(block, found, line)
            rest, line = block[found.consumed :], line + found.newlines
            fault = int(found.faults[-1]) if len(found.faults) else fault
            refuse_endless_line(rest, self.file, line)
        found = find_records(rest, len(self.found), final=True, delimiter=self.delimiter)
        if fault != records.TOO_FEW_FIELDS:  # as the lines below a report have, of which the last may lack its end
            self._refuse_cut_off(rest, found, line)
        yield self._block(rest, found, line)

    def _refuse_cut_off(self, rest: bytes, found: Records, line: int) -> None:
        """Raise LateSourceError when the file ends within a record.

        So it does when its last line lacks its end and is no whole record, and when a quote is opened behind which no
        whole record follows.
        """
        unclosed = np.flatnonzero(np.equal(found.faults, records.UNCLOSED_QUOTE))
        last = len(found.faults) - 1
        if len(unclosed) and not found.whole[unclosed[-1] :].any():
            raise cut_off(self.file, line + int(found.lines[unclosed[-1]]))
        if last >= 0 and not rest.endswith(b"\n") and found.faults[last] in _CUT_OFF:
            raise cut_off(self.file, line + int(found.lines[last]))

    def _block(self, content: bytes, found: Records, line: int) -> Block:
        whole = found.whole
        rejects = tuple(
            _reject(content[found.starts[i] : found.ends[i]], line + int(found.lines[i]), int(found.faults[i]))
            for i in np.flatnonzero(~whole)
        )
        lines = pa.array(found.lines[whole] + line)
        rows = self._parse(_without(content, found), len(lines))
        return Block(rows.append_column(LINE, lines), rejects)

    def _parse(self, content: bytes, count: int) -> pa.Table:
        schema = pa.schema([(name, pa.string()) for name in self.found])
        if not count:
            return schema.empty_table()
        table = pa_csv.read_csv(
            pa.BufferReader(content),
            read_options=pa_csv.ReadOptions(column_names=list(self.found), block_size=max(len(content), 1 << 10)),
            parse_options=pa_csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True),
            convert_options=pa_csv.ConvertOptions(
                column_types=schema, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=True
            ),
        )
        if table.num_rows != count:
            raise SourceError(
                "its rows cannot be told apart", file=self.file, remedy="Quote fields by RFC 4180 and export it again."
            )
        return table


def _without(content: bytes, found: Records) -> bytes:
    """Return the bytes of the whole records alone."""
    broken = np.flatnonzero(~found.whole)
    if not len(broken):
        return content[: found.consumed]
    edges = [0, *(int(edge) for i in broken for edge in (found.starts[i], found.ends[i])), found.consumed]
    return b"".join(content[start:end] for start, end in list(pairwise(edges))[::2])


def _reject(record: bytes, line: int, fault: int) -> Reject:
    rule, value_class, reason = _FAULTS[fault]
    return Reject(line, rule, value_class, reason, record.rstrip(b"\r\n").decode(errors="backslashreplace"))
