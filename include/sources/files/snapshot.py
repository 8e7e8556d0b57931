"""One export file held open: what is hashed is what is read, whatever becomes of its name meanwhile."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from include.contracts.errors import ChangingSourceError, LateSourceError, SourceError

BLOCK_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class Mark:
    """What tells that a file is the one that it was: its inode, size and time of change."""

    path: Path
    file: str
    seen: tuple[int, int, int]

    @classmethod
    def of(cls, path: Path, file: str, found: os.stat_result) -> Mark:
        """Note what a file is now."""
        return cls(path, file, (found.st_ino, found.st_size, found.st_mtime_ns))

    def check(self) -> None:
        """Raise ChangingSourceError if the file was written to, exchanged or taken away since."""
        try:
            now = Mark.of(self.path, self.file, self.path.stat())
        except FileNotFoundError:
            now = None
        if now != self:
            raise _changed(self.file)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A file that stays open from its digest to its last row."""

    mark: Mark
    digest: str
    _stream: BinaryIO
    _block: int = BLOCK_BYTES

    @property
    def file(self) -> str:
        """Its name under the folder of exports."""
        return self.mark.file

    @property
    def is_empty(self) -> bool:
        """Whether it has no bytes."""
        return self.mark.seen[1] == 0

    @classmethod
    @contextmanager
    def of(cls, path: Path, file: str, *, block: int = BLOCK_BYTES) -> Iterator[Snapshot]:
        """Open a file, to be read ``block`` bytes at a time, and hash it; raises SourceError when it cannot be read."""
        with ExitStack() as stack:
            try:
                stream = stack.enter_context(path.open("rb"))
                mark = Mark.of(path, file, os.fstat(stream.fileno()))
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            except OSError as error:
                raise _unreadable(error, file) from None
            yield cls(mark, digest, stream, block)

    def blocks(self) -> Iterator[bytes]:
        """Yield the file's bytes, unpacked if its name ends in .gz, in blocks of bounded size.

        Raises ChangingSourceError, at the latest after the last block, when they are not the bytes that were hashed;
        LateSourceError for an archive that breaks off, saying after how many lines it ends; SourceError.
        """
        raw = _Hashing(self._stream)
        lines = 0
        try:
            unpacked = gzip.GzipFile(fileobj=raw) if self.mark.path.suffix == ".gz" else raw
            while block := unpacked.read(self._block):
                lines += block.count(b"\n")
                yield block
        except EOFError:
            problem = "the archive breaks off in the middle"
            remedy = "Copy or export it again, whole."
            raise LateSourceError(problem, file=self.file, line=lines + 1, remedy=remedy) from None
        except (gzip.BadGzipFile, zlib.error):
            problem = "the archive is damaged or is no gzip file"
            raise SourceError(problem, file=self.file, line=lines + 1, remedy="Copy or export it again.") from None
        except OSError as error:
            raise _unreadable(error, self.file) from None
        if raw.digest.hexdigest() != self.digest:
            raise _changed(self.file)


def _changed(file: str) -> ChangingSourceError:
    remedy = "Run again when it is written to its end."
    return ChangingSourceError("it changed while it was read", file=file, remedy=remedy)


class _Hashing(io.RawIOBase):
    """Reads a stream from its start, and hashes what it reads."""

    def __init__(self, stream: BinaryIO) -> None:
        stream.seek(0)
        self._stream, self.digest = stream, hashlib.sha256()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block = self._stream.read(size)
        self.digest.update(block)
        return block


def _unreadable(error: OSError, file: str) -> SourceError:
    why = error.strerror or type(error).__name__
    return SourceError(f"it cannot be read ({why})", file=file, remedy="Let this user read it, or take it away.")
