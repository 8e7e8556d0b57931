"""Every table of a folder as it shows itself: its columns, its format, its encoding, about how many rows it has."""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from include.contracts.errors import KindredError
from include.sources.files.encoding import NAMES, encoding_of
from include.sources.files.header import DELIMITERS
from include.sources.files.parquet_file import shape
from include.sources.files.places import Place, archive, is_archive
from include.sources.files.snapshot import Snapshot
from include.sources.files.tables import format_of
from include.sources.files.workbook import first_rows, sheets

LOOK_BYTES = 4 << 20  # of a file's start; what is longer is reckoned
LINES = 50  # of JSON lines that tell the fields
DELIMITED = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
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
    text = _decoded(start, encoding)
    line = text.lstrip("\r\n").split("\n", 1)[0].rstrip("\r")
    delimiter = max(DELIMITERS, key=lambda d: (len(next(csv.reader([line], delimiter=d), [])), -DELIMITERS.index(d)))
    columns = tuple(column.strip() for column in next(csv.reader([line], delimiter=delimiter), []))
    rows, exact = _rows(start, size)
    mark = "UTF-8 with a mark" if start.startswith(codecs.BOM_UTF8) else "UTF-8"
    return Sight(name, columns, f"{NAMES.get(encoding, mark)}, {DELIMITED[delimiter]}", max(rows - 1, 0), exact)


def _decoded(start: bytes, encoding: str) -> str:
    return start.removeprefix(codecs.BOM_UTF8).decode(encoding, "replace").lstrip("\ufeff")


def _rows(start: bytes, size: int) -> tuple[int, bool]:
    """The lines of a file, reckoned from its start where it is longer than that."""
    lines = start.count(b"\n") + (0 if start.endswith((b"\n", b"\n\0")) or not start else 1)
    if size <= len(start):
        return lines, True
    return round(lines * size / max(len(start), 1)), False
