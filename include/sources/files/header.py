"""The header of a CSV file: what parts its fields, and which declared column each of them is."""

from __future__ import annotations

import csv
import logging
import re

from include.contracts.errors import SourceError
from include.contracts.exports import ExportFile
from include.contracts.nearest import nearest

DELIMITERS = (",", ";", "\t", "|")
_NAMES = {";": "semicolons", "\t": "tabs", "|": "bars"}

log = logging.getLogger("kindred.sources")


def delimiter_of(start: bytes, declared: ExportFile, file: str) -> str:
    """Return what parts the fields: by which most declared columns are found in the first line; a comma on a tie."""
    line = start.lstrip(b"\r\n").split(b"\n", 1)[0].decode(errors="replace")
    known = {_folded(name) for name in declared.names}
    found = {d: len(known & {_folded(name) for name in next(csv.reader([line], delimiter=d), [])}) for d in DELIMITERS}
    best = max(DELIMITERS, key=lambda delimiter: found[delimiter])
    if best in _NAMES:
        log.info("%s: its fields are parted by %s.", file, _NAMES[best])
    return best


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
