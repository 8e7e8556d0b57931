"""A source system, declared once: its files, what is staged from them, who refuses in them, and the part it plays.

Each module of ``contracts/exports`` declares one as ``SYSTEM``; the module of the same name in ``staging/systems`` says
how its rows are read. Sources of ``sources.yaml`` name a system by its ``kind``, and have names of their own.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from include.contracts.nearest import nearest

if TYPE_CHECKING:
    from include.contracts.exports.declaration import ExportFile
    from include.contracts.mapping import Mapped


class Part(StrEnum):
    """What a system is to the company, whatever its source is called."""

    CRM = "crm"  # whose accounts and contracts are the company's
    MAIL = "mail"  # that writes to people
    PRODUCT = "product"  # that they use
    SURVEY = "survey"  # that asks them
    FINANCE = "finance"  # that keeps what they have signed and pay


ROW_KEY = "_row"  # the key of rows that have none of their own: a digest of all that they say
COMPANIES = ("account", "opportunity", "contract", "asset", "campaign")  # staged tables of what no person is
ONLY_ONE = (Part.CRM,)  # accounts of all others stand for its accounts, so there is one CRM at most


@dataclass(frozen=True, slots=True)
class Feed:
    """An object whose rows are staged into a table, by the table's name without its folder.

    ``each`` row that is staged at all is one row of the table; without it rows are folded or drawn from, and are not
    counted against the table's.
    """

    object: str
    table: str
    each: bool = True


@dataclass(frozen=True, slots=True)
class Refusal:
    """A column in which a row of an object says no; ``point`` is the column of the address or number refused."""

    object: str
    column: str
    point_type: Literal["email", "phone"]
    point: str


@dataclass(frozen=True, slots=True)
class System:
    """One source system; ``kind`` is its name in sources.yaml, ``format`` that of all its files (table: any table's).

    ``refusals`` has to be given, () where its rows never refuse anything: an opt-out that nobody looks for is lost.
    """

    kind: str
    part: Part
    format: Literal["csv", "ndjson", "table"]
    files: tuple[ExportFile, ...]
    feeds: tuple[Feed, ...]
    refusals: tuple[Refusal, ...] | None = None
    module: str = field(default="", compare=False)
    place: str = field(default="", compare=False)
    mapping: Mapped | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        if self.module:  # a mapping file's
            return
        declaring = sys._getframe(2)  # of the module that declares it, to name the line at fault
        path = Path(declaring.f_code.co_filename)
        object.__setattr__(self, "module", path.stem)
        object.__setattr__(self, "place", f"{path.parent.name}/{path.name}, line {declaring.f_lineno}")

    def file(self, name: str) -> ExportFile:
        """Return the file of an object; raises KeyError."""
        return {file.object: file for file in self.files}[name]

    def keys_of_people(self, name: str) -> tuple[str, ...]:
        """Columns of an object in which keys of people stand: its own key, references, and those declared as such."""
        people = {feed.object for feed in self.feeds if feed.table == "person_record" and feed.each}
        file = self.file(name)
        own = (file.key,) if name in people and file.key != ROW_KEY else ()
        referring = (reference.column for reference in file.references if reference.object in people)
        return tuple(dict.fromkeys((*own, *referring, *file.people)))

    def is_about_companies(self, name: str) -> bool:
        """Whether an object's rows are of companies: one that names a person is not that person's."""
        return any(feed.object == name and feed.table in COMPANIES and feed.each for feed in self.feeds)

    def faults(self) -> Iterator[str]:
        """Yield a sentence for each thing that the declaration lacks or contradicts."""
        known = {file.object: file for file in self.files}
        if self.part not in tuple(Part):
            yield f"{self.kind!r} plays no part {self.part!r}{nearest(str(self.part), list(map(str, Part)))}"
        if self.refusals is None:
            yield f"{self.kind!r} does not say which columns refuse mail or calls; give refusals=() where none does"
        for refusal in self.refusals or ():
            columns = known[refusal.object].names if refusal.object in known else ()
            for column in (refusal.column, refusal.point):
                if column not in columns:
                    yield f"{self.kind!r} has a refusal in {refusal.object}.{column}, which it does not declare"
        for feed in self.feeds:
            if feed.object not in known:
                yield f"{self.kind!r} stages {feed.object!r}, which it does not declare{nearest(feed.object, known)}"
        for name, file in known.items():
            for column in {file.key, file.changed, *file.personal, *file.people} - {*file.names, ROW_KEY}:
                yield f"{name} of {self.kind!r} names a column {column!r} that it does not declare"
