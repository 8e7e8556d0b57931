"""Rows of erased people are left out while a source is read, so that nothing of them comes into the lake again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from include.contracts.exports import ExportFile
from include.contracts.systems import System
from include.sources.files.reading import Block, Reader
from include.storage.suppression import NOBODY, Suppressed


@dataclass(frozen=True)
class Forgetting:
    """What is known of erased people, for one source."""

    suppressed: Suppressed = NOBODY
    source: str = ""
    system: System | None = None

    def reading(self, reader: Reader, declared: ExportFile) -> Reader:
        """Return a reader of the same rows without theirs; the very same one where nobody was erased."""
        if not self.suppressed.days or self.system is None:
            return reader
        about_companies = self.system.is_about_companies(declared.object)
        people = () if about_companies else self.system.keys_of_people(declared.object)
        return _Without(reader, declared, self.suppressed, self.source, people)


@dataclass(frozen=True)
class _Without:
    """Reads what is not of an erased person."""

    reader: Reader
    declared: ExportFile
    suppressed: Suppressed
    source: str
    people: tuple[str, ...]

    @property
    def found(self) -> tuple[str, ...]:
        """Columns found."""
        return self.reader.found

    def blocks(self) -> Iterator[Block]:
        """Yield the rows of others, in order."""
        for block in self.reader.blocks():
            rows, count = self.suppressed.without(
                block.rows, self.source, people=self.people, personal=self.declared.personal
            )
            rejects = tuple(one for one in block.rejects if not self.suppressed.is_told(one.row_received))
            yield Block(self.suppressed.blanked(rows), rejects, count + len(block.rejects) - len(rejects))
