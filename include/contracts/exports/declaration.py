"""How a vendor's export file is declared: its place, its columns, its key, and what tells its age."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import PurePosixPath


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """One column of an export: what it holds, whether a file may lack it, and an invented value.

    ``pattern`` is a regular expression on the column's name in the file, where that differs from file to file; with
    ``beside`` the column is also the one beside which another has its name and this ending.
    """

    name: str
    description: str
    example: str = ""
    required: bool = False
    pattern: str = ""
    beside: str = ""

    def is_called(self, name: str, names: Collection[str]) -> bool:
        """Whether it has a name, of a table's names, that differs from the declared one."""
        by_pattern = bool(self.pattern) and re.search(self.pattern, name) is not None
        return by_pattern or (bool(self.beside) and name + self.beside in names)


@dataclass(frozen=True, slots=True)
class Reference:
    """A column that holds the key of a row of another object; ``needed`` where a row is worth nothing without it.

    A needed reference that points at nothing sets its row aside, and many of them stop the run where ``stops`` says
    that the two files cannot belong together then; any other reference is counted.
    """

    column: str
    object: str
    needed: bool = False
    stops: bool = True


@dataclass(frozen=True, slots=True)
class ExportFile:
    """One file of an export, by its path under the folder of exports.

    ``row`` says what a row is, ``object`` names it inside its source, ``key`` makes it unique, and ``changed`` is
    the column that tells when the row was last changed. ``YYYY-MM-DD`` in the path stands for a day: such files
    hold what happened on that day, all others the state when they were written.
    """

    path: str
    system: str
    row: str
    columns: tuple[ExportColumn, ...]
    object: str
    key: str
    changed: str
    personal: tuple[str, ...]  # columns that say who somebody is, or what they wrote
    ids: tuple[str, ...] = ()  # columns beside the key that identify something: a placeholder in them is none
    salesforce_ids: tuple[str, ...] = ()  # those that hold ids of Salesforce, of 15 or of 18 characters
    references: tuple[Reference, ...] = ()
    people: tuple[str, ...] = ()  # columns beside key and references that hold keys of people of the same source
    dates: tuple[str, ...] = ()  # columns that hold days or times
    numbers: tuple[str, ...] = ()  # columns that hold numbers, in whatever way a country writes them
    whole_numbers: tuple[str, ...] = ()  # those of them that count something
    currencies: tuple[tuple[str, str], ...] = ()  # columns of money, each with the column of its currency, if any
    key_lower: bool = False  # whether capitals of the key do not count, as in a mail address
    encoding: str = ""  # of the source's text files, where it declares one
    places: tuple[str, ...] = ()  # where a source's own files of it lie, under its folder, each as ``path`` is written

    @property
    def names(self) -> tuple[str, ...]:
        """Column names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        """Columns that a file must have."""
        return tuple(column.name for column in self.columns if column.required)

    @property
    def file(self) -> str:
        """The file's name without its folder."""
        return PurePosixPath(self.path).name

    @property
    def is_daily(self) -> bool:
        """Whether there is one file a day."""
        return all("YYYY-MM-DD" in place for place in self.places or (self.file,))


def columns(*rows: tuple[str, str, str]) -> tuple[ExportColumn, ...]:
    """Columns from (name, description, example); a name with a star is required."""
    return tuple(ExportColumn(n.rstrip("*"), d, e, n.endswith("*")) for n, d, e in rows)
