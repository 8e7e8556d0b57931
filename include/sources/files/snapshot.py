"""One export file held open: what is hashed is what is read, whatever becomes of its name meanwhile."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

from include.contracts.errors import ChangingSourceError, LateSourceError, SourceError
from include.sources.files.places import Place

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
    """A file that stays open from its digest to its last row; ``part`` is the sheet of a workbook that is meant."""

    mark: Mark
    digest: str
    _open: Callable[[], IO[bytes]]
    part: str = ""
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
    def of(cls, place: Place, file: str, *, block: int = BLOCK_BYTES) -> Iterator[Snapshot]:
        """Open a file, or a member of an archive, to be read ``block`` bytes at a time, and hash it.

        Raises SourceError when it cannot be read.
        """
        with ExitStack() as stack:
            try:
                stream: IO[bytes] = stack.enter_context(place.path.open("rb"))
                mark = Mark.of(place.path, file, os.fstat(stream.fileno()))
                if place.member:
                    inside = stack.enter_context(zipfile.ZipFile(stream))
                    open_it = partial(inside.open, place.member)
                else:
                    open_it = partial(_rewound, stream)
                with closing(_Hashing(open_it())) as content:
                    while content.read(BLOCK_BYTES):
                        pass
            except OSError as error:
                raise _unreadable(error, file) from None
            except (zipfile.BadZipFile, zlib.error, KeyError, RuntimeError):  # a password is a RuntimeError
                raise _damaged(file) from None
            yield cls(mark, content.digest.hexdigest(), open_it, place.sheet, block)

    @classmethod
    def glance(cls, place: Place, file: str, size: int) -> tuple[bytes, int]:
        """Return a file's first bytes, unpacked, and about how many it has; raises SourceError."""
        try:
            with ExitStack() as stack:
                stream: IO[bytes] = stack.enter_context(place.path.open("rb"))
                packed = os.fstat(stream.fileno()).st_size
                if place.member:
                    inside = stack.enter_context(zipfile.ZipFile(stream))
                    packed = inside.getinfo(place.member).file_size
                    stream = stack.enter_context(inside.open(place.member))
                if not file.endswith(".gz"):
                    return stream.read(size), packed
                start = stack.enter_context(gzip.GzipFile(fileobj=stream)).read(size)
                ratio = len(start) / max(stream.tell(), 1)
                return start, packed if len(start) < size else round(packed * ratio)
        except (EOFError, zipfile.BadZipFile, zlib.error, KeyError, RuntimeError, gzip.BadGzipFile):
            raise _damaged(file) from None
        except OSError as error:
            raise _unreadable(error, file) from None

    def start(self, size: int) -> bytes:
        """Return its first bytes, unpacked; none where they cannot be, of which ``blocks`` tells."""
        stream = self._open()
        try:
            return gzip.GzipFile(fileobj=stream).read(size) if self.file.endswith(".gz") else stream.read(size)
        except (OSError, EOFError, zlib.error):
            return b""

    def blocks(self) -> Iterator[bytes]:
        """Yield the file's bytes, unpacked if its name ends in .gz, in blocks of bounded size.

        Raises ChangingSourceError, at the latest after the last block, when they are not the bytes that were hashed;
        LateSourceError for an archive that breaks off, saying after how many lines it ends; SourceError.
        """
        raw = _Hashing(self._open())
        lines = 0
        try:
            unpacked = gzip.GzipFile(fileobj=raw) if self.file.endswith(".gz") else raw
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


def _rewound(stream: IO[bytes]) -> IO[bytes]:
    stream.seek(0)
    return stream


def _damaged(file: str) -> SourceError:
    problem = "the archive is damaged, or has a password"
    return SourceError(problem, file=file, remedy="Copy or export it again, without a password.")


def _changed(file: str) -> ChangingSourceError:
    remedy = "Run again when it is written to its end."
    return ChangingSourceError("it changed while it was read", file=file, remedy=remedy)


class _Hashing(io.RawIOBase):
    """Reads a stream, and hashes what it reads; closing it leaves the stream open."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__()
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
