"""Lists that somebody brought: addresses, numbers or ids in a CSV file; conditions ask who is on one.

A list is a file ``lists/KEY.yaml`` of the configuration and the CSV file beside it, ``KEY.csv`` where it names none.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from include.contracts.configuration import Strict, read_document, told
from include.contracts.errors import ConfigurationError
from include.contracts.nearest import nearest

FOLDER = "lists"
LONGEST = 50_000
Rows = tuple[tuple[int, str], ...]


class ListSettings(Strict):
    """What a list is, as its file says."""

    name: str = Field(min_length=1, description="Name to show")
    of: Literal["email", "phone", "source_id"] = Field("email", description="What its rows are: of whom")
    file: str | None = Field(None, description="The CSV file beside it; default: the same name")
    column: str | None = Field(None, description="Its column of addresses, numbers or ids; default: the first")
    dated: date = Field(description="The day on which it was true")
    good_for_days: int = Field(365, ge=1, le=3660, description="So many days later nobody can be judged by it")
    region: str | None = Field(None, pattern="^[A-Z]{2}$", description="Country of numbers that name none: DE, US")


@dataclass(frozen=True, slots=True)
class PeopleList:
    """A list as it stands: line and cell of each row that is not empty, or the fault for which it cannot be asked."""

    key: str
    settings: ListSettings | None = None
    rows: Rows = field(default=(), compare=False, repr=False)
    digest: str = ""
    fault: str = ""

    @property
    def good_until(self) -> date | None:
        """The last day on which people can be judged by it; none where it cannot be read."""
        return self.settings.dated + timedelta(days=self.settings.good_for_days) if self.settings else None

    def too_old(self, as_of: date) -> str:
        """Say that a list is not good any more on a day; nothing where it is."""
        if self.settings is None or self.good_until is None or as_of <= self.good_until:
            return ""
        dated, days = self.settings.dated, self.settings.good_for_days
        return (
            f"The list {self.key!r} is of {dated} and good for {days:,} days; "
            "put a newer one in its place, or raise good_for_days."
        )


def read_lists(config: Path) -> dict[str, PeopleList]:
    """Return the lists of a folder of configuration by key; one that cannot be read has its fault, and no rows."""
    files = sorted((config / FOLDER).glob("*.yaml"))
    return {path.stem: _read(path) for path in files}


def _read(path: Path) -> PeopleList:
    try:
        settings = ListSettings.model_validate(read_document(path).values)
    except ConfigurationError as error:
        return PeopleList(path.stem, fault=str(error).removesuffix("."))
    except ValidationError as error:
        faults = "; ".join(told(fault, ListSettings) for fault in error.errors())
        return PeopleList(path.stem, fault=f"{path.name}: {faults}")
    file = path.parent / (settings.file or f"{path.stem}.csv")
    try:
        content = file.read_bytes()
        rows = tuple(_rows(content.decode("utf-8-sig"), settings.column, file.name))
    except FileNotFoundError:
        return PeopleList(path.stem, fault=f"{path.name}: there is no file {file.name} beside it")
    except UnicodeDecodeError:
        return PeopleList(path.stem, fault=f"{file.name} is no UTF-8 text; save it as UTF-8")
    except (OSError, ValueError, csv.Error) as error:
        return PeopleList(path.stem, fault=f"{path.name}: {error}")
    return PeopleList(path.stem, settings, rows, sha256(content).hexdigest())


def _rows(text: str, column: str | None, file: str) -> Iterator[tuple[int, str]]:
    """Yield line and cell of the rows that have one."""
    first = text.partition("\n")[0]
    reader = csv.reader(text.splitlines(keepends=True), delimiter=max(",;\t", key=first.count), strict=True)
    header = [name.strip() for name in next(reader, [])]
    if not header or (column is not None and column not in header):
        raise ValueError(f"{file} has no column {column or ''!r}{nearest(column or '', header)}")
    place, count = header.index(column) if column is not None else 0, 0
    for row in reader:
        cell = row[place].strip() if len(row) > place else ""
        if cell:
            count += 1
            yield reader.line_num, cell
        if count > LONGEST:
            raise ValueError(f"{file} has more than {LONGEST:,} rows; load that many as a source instead")
