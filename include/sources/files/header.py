"""The header of a table: where it stands, what parts its fields, and which declared column each of them is.

Titles above it, as spreadsheets and reports have them, are told by their width: the header is the first row of which
more than half the cells are filled that the widest of the first rows has.
"""

from __future__ import annotations

import csv
import io
import logging
import re
from collections.abc import Sequence

from include.contracts.errors import SourceError
from include.contracts.exports import ExportFile
from include.contracts.nearest import nearest

DELIMITERS = (",", ";", "\t", "|")
NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
ROWS = 20  # among which a header is looked for
LOOK = 1 << 18  # characters in which they stand

log = logging.getLogger("kindred.sources")


def header_row(rows: Sequence[Sequence[str | None]]) -> int:
    """Return which of a table's first rows is its header, counted from nought."""
    filled = [sum(bool(cell and cell.strip()) for cell in row) for row in rows]
    return next((n for n, count in enumerate(filled) if 2 * count > max(filled)), 0)


def layout_of(start: str, declared: ExportFile | None = None) -> tuple[str, int, list[str]]:
    """Return what parts the fields of a text, which record that is not blank is its header, and the header.

    By that which gives most columns of the declared ones, then most rows as wide as their header, then most columns.
    """
    found = {delimiter: _first_rows(start, delimiter) for delimiter in DELIMITERS}
    places = {delimiter: header_row(rows) for delimiter, rows in found.items()}
    headers = {d: rows[places[d]] if rows else [] for d, rows in found.items()}

    def worth(delimiter: str) -> tuple[int, int, int]:
        header = headers[delimiter]
        alike = sum(len(row) == len(header) for row in found[delimiter]) if len(header) > 1 else 0
        return _known(header, declared), alike, len(header)

    best = max(DELIMITERS, key=worth)  # the first on a tie
    return best, places[best], headers[best]


def _known(header: list[str], declared: ExportFile | None) -> int:
    """How many of a header's names are those of declared columns."""
    if declared is None:
        return 0
    known = {_folded(name) for name in declared.names}
    names = [name.strip() for name in header]
    return sum(_folded(n) in known or any(column.is_called(n, names) for column in declared.columns) for n in names)


def _first_rows(start: str, delimiter: str) -> list[list[str]]:
    """The first rows that are not blank, as far as they can be told apart."""
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(start[:LOOK], newline=None), delimiter=delimiter):
            if any(row):
                rows.append(row)
            if len(rows) == ROWS:
                break
    except csv.Error:
        pass
    return rows


def parse_header(record: bytes, delimiter: str, declared: ExportFile, file: str) -> tuple[str, ...]:
    """Return the columns by their declared names, whatever their case and spaces; raises SourceError."""
    try:
        text = record.decode()
    except UnicodeDecodeError:
        raise SourceError("the header is no UTF-8", file=file, line=1, remedy="Export it as UTF-8.") from None
    return declared_header(next(csv.reader(text.splitlines(keepends=True), delimiter=delimiter), []), declared, file)


def declared_header(names: list[str], declared: ExportFile, file: str) -> tuple[str, ...]:
    """Return the columns by their declared names; raises SourceError for a header that cannot be used."""
    header = _by_pattern(_declared([name.strip() for name in names], declared, file), declared, file)
    _check(header, declared, file)
    return header


def _by_pattern(header: tuple[str, ...], declared: ExportFile, file: str) -> tuple[str, ...]:
    """Give the declared name to the one column whose name is of its pattern; raises SourceError for several."""
    found = list(header)
    for column in declared.columns:
        if (column.pattern or column.beside) and column.name not in found:
            free = ((n, name) for n, name in enumerate(found) if name and name not in declared.names)
            alike = [n for n, name in free if column.is_called(name, found)]
            if len(alike) > 1:
                names = ", ".join(repr(found[n]) for n in alike)
                problem = f"several columns may be this one: {names}"
                remedy = "Leave the others out, or say which in a mapping file of your own."
                raise SourceError(problem, file=file, line=1, column=column.name, remedy=remedy)
            for n in alike:
                log.info("%s: column %s is read as %s.", file, found[n], column.name)
                found[n] = column.name
    return tuple(found)


def _declared(names: list[str], declared: ExportFile, file: str) -> tuple[str, ...]:
    """Give each column the declared name that it has but for case and spaces, if no other column has it."""
    known = {_folded(name): name for name in declared.names if name not in names}
    folded = [_folded(name) for name in names]
    header = []
    for name, fold in zip(names, folded, strict=True):
        meant = known.get(fold) if name not in declared.names and folded.count(fold) == 1 else None
        if meant:
            log.info("%s: column %s is read as %s.", file, name, meant)
        header.append(meant or name)
    return tuple(header)


def _folded(name: str) -> str:
    return re.sub(r"\s", "", name).casefold()


def _check(header: tuple[str, ...], declared: ExportFile, file: str) -> None:
    for name in declared.required:
        if name not in header:
            raise SourceError(
                f"the column is missing{_hint(name, header, declared)}",
                file=file,
                line=1,
                column=name,
                remedy="Add it to the export.",
            )
    seen: set[str] = set()
    for number, name in enumerate(header, start=1):
        if not name or name.startswith("_"):
            what = f"column {number} has no name" if not name else "a column's name begins with an underscore"
            raise SourceError(what, file=file, line=1, column=name or None, remedy="Name it in the export.")
        if name.casefold() in seen:
            raise SourceError("the column occurs twice", file=file, line=1, column=name, remedy="Export it once.")
        seen.add(name.casefold())


def _hint(name: str, header: tuple[str, ...], declared: ExportFile) -> str:
    """What may have gone wrong; never quotes a line that may hold a person's data instead of a header."""
    if len(header) == 1:
        return " (are the fields separated by commas, semicolons or tabs?)"
    if not set(header) & set(declared.names):
        return " (is the first line a header?)"
    close = nearest(name, header)
    return close if "did you mean" in close else ""
