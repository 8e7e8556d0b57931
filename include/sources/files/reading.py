"""What a reader of one export file gives: blocks of rows as received, and the rows that it could not read."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from include.contracts.errors import LateSourceError, SourceError
from include.contracts.nearest import nearest
from include.contracts.sources import Limits

LINE = "_line"
LONGEST_LINE_BYTES = 64 << 20

log = logging.getLogger("kindred.sources")


@dataclass(frozen=True, slots=True)
class Reject:
    """One row that could not be read: where, why, and as it stands in the file."""

    line: int
    rule: str
    value_class: str
    reason: str
    row_received: str


@dataclass(frozen=True, slots=True)
class Block:
    """Some rows of a file, all columns as text, with the line that each begins on.

    ``suppressed`` is how many there were of erased people, which are not among them.
    """

    rows: pa.Table
    rejects: tuple[Reject, ...] = ()
    suppressed: int = 0


class Reader(Protocol):
    """Reads one export file of one format."""

    @property
    def found(self) -> tuple[str, ...]:
        """Columns or fields found in the file; complete once its blocks are read."""

    def blocks(self) -> Iterator[Block]:
        """Yield the rows in the file's order; raises SourceError."""


@dataclass
class Tally:
    """What has been read of a file so far."""

    file: str
    limits: Limits
    rows: int = 0
    rejected: int = 0

    def add(self, block: Block) -> None:
        """Count a block; raises SourceError when more rows are unreadable than one would set aside."""
        self.rows += block.rows.num_rows + len(block.rejects)
        self.rejected += len(block.rejects)
        if self.rejected > max(self.limits.unreadable_rows, self.limits.unreadable * self.rows):
            last = block.rejects[-1] if block.rejects else None
            why = f", the last because it {last.reason}" if last else ""
            raise SourceError(
                f"{self.rejected} of the first {self.rows} rows cannot be read{why}",
                file=self.file,
                line=last.line if last else None,
                remedy="So many are no accident: export the file again.",
            )


def cut_off(file: str, line: int) -> LateSourceError:
    """The error about a file that ends in the middle of a record."""
    return LateSourceError(
        "the file ends in the middle of this record, so its rest is missing",
        file=file,
        line=line,
        remedy="Copy or export it again, whole.",
    )


def refuse_utf16(start: bytes, file: str) -> None:
    """Raise SourceError if a file's first bytes are UTF-16 or UTF-32."""
    if start[:2] in (b"\xff\xfe", b"\xfe\xff") or start[:200].count(b"\0") > len(start[:200]) // 4:
        raise SourceError("it is encoded as UTF-16, not UTF-8", file=file, line=1, remedy="Export it as UTF-8.")


def refuse_endless_line(rest: bytes, file: str, line: int) -> None:
    """Raise SourceError when what is left of a block, a line not yet ended, outgrows memory."""
    if len(rest) > LONGEST_LINE_BYTES:
        raise SourceError("the line is longer than 64 MiB", file=file, line=line, remedy="Export it again.")


def tell_unknown(names: Iterable[str], absent: Iterable[str], file: str) -> None:
    """Tell of columns that are not declared, and warn of each that is near to a declared one that the file lacks."""
    plain, lacked = [], list(absent)
    for name in names:
        hint = nearest(name, lacked)
        if "did you mean" in hint:
            log.warning("%s: column %s is not known%s; it is kept as received and not used.", file, name, hint)
        else:
            plain.append(name)
    if plain:
        what = "one column is" if len(plain) == 1 else f"{len(plain)} columns are"
        log.warning("%s: %s kept as received and not used: %s.", file, what, ", ".join(plain))
