"""Newline-delimited JSON exports: one object a line; declared fields become columns, as text."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from include.contracts.errors import LateSourceError
from include.contracts.exports import ExportFile
from include.sources.files.reading import (
    LINE,
    Block,
    Reject,
    cut_off,
    refuse_endless_line,
    refuse_utf16,
    tell_unknown,
)
from include.sources.files.records import MAX_RECORD_BYTES
from include.sources.files.snapshot import Snapshot

OTHER = "_other"  # the undeclared fields of a line, as one JSON object
_FAULTS = {
    "long": ("row_too_long", "long text", "is longer than 4 MiB"),
    "bytes": ("not_utf8", "bytes", "holds bytes that are no UTF-8"),
    "json": ("not_json", "text", "is no JSON"),
    "kind": ("not_an_object", "JSON", "is JSON, but no object"),
}
_CUT_OFF = ("not_json", "not_utf8")

_sessions = threading.local()  # opening a session costs more than reading a small file


def _session() -> duckdb.DuckDBPyConnection:
    """The session of this thread."""
    if not hasattr(_sessions, "duckdb"):
        _sessions.duckdb = duckdb.connect(config={"threads": 1})
    session: duckdb.DuckDBPyConnection = _sessions.duckdb
    return session


@dataclass
class NdjsonReader:
    """Reads one file of JSON lines in blocks."""

    snapshot: Snapshot
    declared: ExportFile
    _unknown: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._duckdb = _session()

    @property
    def file(self) -> str:
        """Its name under the folder of exports."""
        return self.snapshot.file

    @property
    def found(self) -> tuple[str, ...]:
        """Declared fields, and the others that the file has."""
        return (*self.declared.names, *self._unknown)

    def blocks(self) -> Iterator[Block]:
        """Yield the rows in the file's order; raises SourceError."""
        rest, line, started = b"", 1, False
        for piece in self.snapshot.blocks():
            if not started:
                refuse_utf16(piece, self.file)
                started = True
            block = rest + piece
            end = block.rfind(b"\n") + 1
            if end:
                yield self._block(block[:end], line)
                line += block.count(b"\n", 0, end)
            rest = block[end:]
            refuse_endless_line(rest, self.file, line)
        if not started and self.snapshot.is_empty:
            remedy = "Copy it again; a quiet day is an empty archive."
            raise LateSourceError("it is empty", file=self.file, remedy=remedy)
        if rest or line == 1:
            block_of_rest = self._block(rest + b"\n", line)
            if any(reject.rule in _CUT_OFF for reject in block_of_rest.rejects):
                raise cut_off(self.file, line)
            yield block_of_rest

    def _block(self, content: bytes, line: int) -> Block:
        lines, rejects = self._lines(content, line)
        self._duckdb.register("block", lines)
        for number, text, valid in self._duckdb.execute(
            f"SELECT {LINE}, text, json_valid(text) FROM block "
            "WHERE NOT json_valid(text) OR json_type(text) <> 'OBJECT'"
        ).fetchall():
            rejects.append(_reject(text, number, "kind" if valid else "json"))
        if any(reject.rule in ("not_json", "not_an_object") for reject in rejects):
            bad = pa.array([reject.line for reject in rejects], pa.int64())
            self._duckdb.register("block", lines.filter(pc.invert(pc.is_in(lines[LINE], bad))))
        return Block(self._shred(), tuple(sorted(rejects, key=lambda reject: reject.line)))

    def _lines(self, content: bytes, line: int) -> tuple[pa.Table, list[Reject]]:
        """Split at the line ends, and set aside what DuckDB could not take."""
        ends = _line_ends(content)
        widths = np.diff(ends, prepend=-1)
        faults = {int(i): "long" for i in np.flatnonzero(widths > MAX_RECORD_BYTES)}
        text = _split(content, ends)
        if not _is_utf8(text):
            faults |= {i: "bytes" for i in _not_utf8(content, ends)}
        starts = ends - widths + 1
        rejects = [
            _reject(content[starts[i] : ends[i]].decode(errors="backslashreplace"), line + i, fault)
            for i, fault in faults.items()
        ]
        if faults:
            kept = (b"\n" if i in faults else content[starts[i] : ends[i] + 1] for i in range(len(ends)))
            content = b"".join(kept)
            text = _split(content, _line_ends(content))
        table = pa.table({"text": pc.ascii_trim_whitespace(text), LINE: pa.array(np.arange(len(ends)) + line)})
        return table.filter(pc.not_equal(table["text"], "")), rejects

    def _shred(self) -> pa.Table:
        paths = ", ".join(f"'$.\"{name}\"'" for name in self.declared.names)
        columns = ", ".join(f'found[{i}] AS "{name}"' for i, name in enumerate(self.declared.names, start=1))
        other = "NULL::VARCHAR"
        if self._has_unknown():
            declared = json.dumps(dict.fromkeys(self.declared.names))
            other = f"nullif(json_merge_patch(text, '{declared}')::VARCHAR, '{{}}')"
        return self._duckdb.sql(
            f"SELECT {columns}, {OTHER}, {LINE} FROM "
            f"(SELECT json_extract_string(text, [{paths}]) AS found, {other} AS {OTHER}, {LINE} FROM block)"
        ).to_arrow_table()

    def _has_unknown(self) -> bool:
        names = self._duckdb.execute(
            "SELECT DISTINCT name FROM (SELECT unnest(json_keys(text)) AS name FROM block) "
            "WHERE NOT list_contains(?, name) ORDER BY name",
            [list(self.declared.names)],
        ).fetchall()
        new = [name for (name,) in names if name not in self._unknown]
        tell_unknown(new, self.declared.names, self.file)
        self._unknown.extend(new)
        return bool(names)


def _line_ends(content: bytes) -> npt.NDArray[np.int64]:
    return np.flatnonzero(np.frombuffer(content, dtype=np.uint8) == ord("\n"))


def _split(content: bytes, ends: npt.NDArray[np.int64]) -> pa.Array:
    """The lines, each with its end, without copying."""
    offsets = np.concatenate(([0], ends + 1)).astype(np.int32)
    return pa.Array.from_buffers(pa.string(), len(ends), [None, pa.py_buffer(offsets), pa.py_buffer(content)])


def _is_utf8(text: pa.Array) -> bool:
    try:
        text.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _not_utf8(content: bytes, ends: npt.NDArray[np.int64]) -> list[int]:
    """Return the indices of the lines that are no UTF-8."""
    found: list[int] = []
    position = 0
    while position < len(content):
        try:
            str(memoryview(content)[position:], "utf-8")
            break
        except UnicodeDecodeError as error:
            found.append(int(np.searchsorted(ends, position + error.start)))
            position = int(ends[found[-1]]) + 1
    return found


def _reject(text: str, line: int, fault: str) -> Reject:
    rule, value_class, reason = _FAULTS[fault]
    return Reject(line, rule, value_class, reason, text)
