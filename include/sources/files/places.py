"""Where a table lies: a file, a file in a zip archive, a sheet of a workbook; written as one path."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from include.contracts.errors import SourceError


@dataclass(frozen=True, slots=True)
class Place:
    """A file under a folder, and where in it: the member of an archive, the sheet of a workbook."""

    path: Path
    member: str = ""
    sheet: str = ""

    @classmethod
    def find(cls, folder: Path, name: str) -> Place | None:
        """Return the place that a name such as ``exports.zip/Contact.csv`` means; None where there is none."""
        parts = PurePosixPath(name).parts
        for n in range(len(parts), 0, -1):
            path = folder.joinpath(*parts[:n])
            if path.is_file():
                return cls._within(path, "/".join(parts[n:]))
        return None

    @classmethod
    def _within(cls, path: Path, rest: str) -> Place | None:
        if not rest:
            return cls(path)
        if is_archive(path):
            with archive(path, path.name) as opened:
                inside = set(opened.namelist())
            for member in sorted(inside, key=len, reverse=True):
                if rest == member or rest.startswith(f"{member}/"):
                    return cls(path, member, rest[len(member) + 1 :])
            return None
        return cls(path, "", rest)


def is_archive(path: Path) -> bool:
    """Whether a file is a zip archive of files, and no workbook, which is one too."""
    return path.suffix.lower() == ".zip"


def archive(path: Path, file: str) -> zipfile.ZipFile:
    """Open an archive; raises SourceError."""
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError):
        problem = "it is no zip archive that can be read"
        raise SourceError(problem, file=file, remedy="Copy or export it again, whole.") from None
