"""Every table of a folder as it shows itself: its columns, its format, its encoding, about how many rows it has."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from include.contracts.errors import KindredError
from include.sources.files.encoding import NAMES, UNDECIDED, encoding_of
from include.sources.files.header import NAMES as PARTED
from include.sources.files.header import layout_of
from include.sources.files.parquet_file import shape
from include.sources.files.places import Place, archive, is_archive
from include.sources.files.snapshot import Snapshot
from include.sources.files.tables import format_of
from include.sources.files.workbook import first_rows, sheets

LOOK_BYTES = 4 << 20  # of a file's start; what is longer is reckoned
PROBE_BYTES = 4096  # in which a file that is no text has a NUL
LINES = 50  # of JSON lines that tell the fields
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
PASSED_OVER = ("sample.json",)  # what the sample says of itself


@dataclass(frozen=True, slots=True)
class Sight:
    """One table: its name under the folder, its columns, how it is written, its rows, and a fault that hides it."""

    name: str
    columns: tuple[str, ...] = ()
    written: str = ""
    rows: int = 0
    is_exact: bool = True
    fault: str = ""


def look(folder: Path) -> Iterator[Sight]:
    """Yield each table under a folder, by name; hidden files are passed over."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        is_hidden = any(part.startswith((".", "~$")) for part in name.parts) or path.name in PASSED_OVER
        if path.is_file() and not is_hidden:
            yield from look_at(path, name.as_posix())


def look_at(path: Path, name: str) -> Iterator[Sight]:
    """Yield each table of one file, which goes by ``name``."""
    try:
        if not is_archive(path):
            yield from _of_file(Place(path), name)
            return
        with archive(path, name) as opened:
            members = sorted(m.filename for m in opened.infolist() if not m.is_dir())
        for member in members:
            if not any(part.startswith((".", "__MACOSX")) for part in Path(member).parts):
                yield from _member(path, name, member)
    except KindredError as error:
        yield Sight(name, fault=str(error))


def _member(path: Path, name: str, member: str) -> Iterator[Sight]:
    try:
        yield from _of_file(Place(path, member), f"{name}/{member}")
    except KindredError as error:
        yield Sight(f"{name}/{member}", fault=str(error))


def _of_file(place: Place, name: str) -> Iterator[Sight]:
    start, size = Snapshot.glance(place, name, LOOK_BYTES)
    match format_of(start):
        case "workbook":
            with Snapshot.of(place, name) as snapshot:
                content = b"".join(snapshot.blocks())
            names = sheets(content, name)
            for sheet in names:
                header, rows = first_rows(content, sheet, name)
                whole = name if len(names) == 1 else f"{name}/{sheet}"
                yield Sight(whole, tuple(header), "Excel", rows)
        case "parquet":
            with Snapshot.of(place, name) as snapshot:
                columns, rows = shape(snapshot)
            yield Sight(name, columns, "Parquet", rows)
        case "ndjson":
            rows, exact = _rows(start, size)
            yield Sight(name, _fields(start), "JSON lines", rows, exact)
        case _:
            yield _of_text(start, size, name)


def _fields(start: bytes) -> tuple[str, ...]:
    """The fields of the first lines, in the order in which they come."""
    found: dict[str, None] = {}
    for line in islice(start.splitlines(), LINES):
        try:
            row = json.loads(line)
        except ValueError:
            continue
        found |= dict.fromkeys(row if isinstance(row, dict) else ())
    return tuple(found)


def _of_text(start: bytes, size: int, name: str) -> Sight:
    encoding = encoding_of(start)
    delimiter, place, header = layout_of(_decoded(start, encoding))
    if fault := _no_table(start, encoding, header):
        return Sight(name, fault=fault)
    rows, exact = _rows(start, size)
    written = "UTF-8 with a mark" if start.startswith(codecs.BOM_UTF8) else NAMES[encoding]
    columns = tuple(column.strip() for column in header)
    return Sight(name, columns, f"{written}, {PARTED[delimiter]}", max(rows - 1 - place, 0), exact)


def _no_table(start: bytes, encoding: str, header: Sequence[str]) -> str:
    """Why a file is no table that is read, as a sentence; empty for one that is."""
    if start.startswith(b"SQLite format 3\0"):
        return "It is a database; `protocol: database` in docs/own-data.md reads a table of one, or export it as CSV."
    if start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
        return "It is one JSON document; write an object a line, as `jq -c '.[]'` does."
    is_binary = len(header) < 2 and encoding in ("utf-8", "cp1252", UNDECIDED) and b"\0" in start[:PROBE_BYTES]
    if is_binary or start.startswith(b"%PDF") or any(_CONTROL.search(column) for column in header):
        return "It is no table: CSV, Excel, Parquet and JSON lines are."
    if encoding == UNDECIDED:
        return "It is no UTF-8, and nothing proves in which encoding it is written; export it as UTF-8."
    return ""


def _decoded(start: bytes, encoding: str) -> str:
    return start.removeprefix(codecs.BOM_UTF8).decode(encoding or "ascii", "replace").lstrip("\ufeff")


def _rows(start: bytes, size: int) -> tuple[int, bool]:
    """The lines of a file, reckoned from its start where it is longer than that."""
    end = b"\n" if b"\n" in start else b"\r"
    lines = start.count(end) + (0 if start.endswith((end, end + b"\0")) or not start else 1)
    if size <= len(start):
        return lines, True
    return round(lines * size / max(len(start), 1)), False
