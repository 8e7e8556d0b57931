"""A system that is read: its objects' rows, who may not see which, and what goes wrong amid the pages of an answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, Literal, Self

from include.contracts.exports import ExportFile
from include.samples.servers.frame import Server
from include.samples.servers.tables import Rows
from include.samples.servers.trouble import Trouble


class SourceServer(Server):
    """A system whose objects are empty at first; a vendor's says which they are and how it answers."""

    files: ClassVar[tuple[ExportFile, ...]]

    def __init__(self, trouble: Trouble | None = None) -> None:
        super().__init__(trouble)
        self.rows = {file.object: Rows.of(file) for file in self.files}
        self.types: dict[tuple[str, str], str] = {}  # of an object's fields that are no text
        self.forbidden: set[str] = set()  # the objects that whoever asks may not see
        self.page_rows = 0
        self.before_page: Callable[[], None] = lambda: None
        self.failing_jobs = self.lost_places = self.repeated_pages = 0  # how many more of each there will be

    @classmethod
    def of_exports(cls, exports: Path, trouble: Trouble | None = None) -> Self:
        """The system, holding what a folder of its exports holds."""
        server = cls(trouble)
        given = [file for file in cls.files if (exports / file.path).exists()]
        server.rows |= {file.object: Rows.read(file, exports) for file in given}
        return server

    def goes_wrong(self, planned: Literal["failing_jobs", "lost_places", "repeated_pages"]) -> bool:
        """Tell whether one of what is planned happens now; there is one less of it then."""
        left: int = getattr(self, planned)
        setattr(self, planned, max(0, left - 1))
        return left > 0
