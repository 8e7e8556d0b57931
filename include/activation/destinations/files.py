"""Files: what a plan changes, as CSV, NDJSON or Parquet in a folder or a bucket, closed by a manifest.

Each plan has a folder of its own. Its files are applied in the order of the manifest, which is written last: a plan
without one is not finished, and nobody reads it. A file of removals holds the keys that go.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any, ClassVar, Literal

import fsspec
import pyarrow as pa
from pydantic import Field, field_validator

from include.activation.destination import ACCEPTED, Batch, Change, Destination, NothingAcceptedError, Outcome
from include.activation.members import OF_MEMBERSHIP
from include.activation.syncs import Sync
from include.contracts.configuration import Strict
from include.contracts.errors import ConfigurationError
from include.contracts.segments import SEGMENT_MEMBERSHIP
from include.contracts.tables import Column, Type, arrow_type
from include.remote.http import Patience
from include.remote.stores import OPTIONS
from include.segments.formats import FORMATS, Rows

MANIFEST = "manifest.json"
PATIENCE = Patience()
SCHEMES = ("file", *OPTIONS)
RENAMED = ("file", "sftp")  # where a file is whole once it has its name; elsewhere it appears whole


class Files(Destination):
    """Files under a URL."""

    batch_rows: ClassVar[int] = 50_000

    class Settings(Strict):
        """Where and how."""

        url: str = Field(description="Root of the files: file://, s3://, gs://, abfs://, sftp://")
        format: Literal["csv", "ndjson", "parquet"] = Field("csv", description="Format of the files")

        @field_validator("url")
        @classmethod
        def _known_scheme(cls, url: str) -> str:
            if url.partition("://")[0] not in SCHEMES:
                raise ValueError(f"it begins with one of {', '.join(f'{scheme}://' for scheme in SCHEMES)}")
            return url.rstrip("/")

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._protocol = self.settings.url.partition("://")[0]

    @cached_property
    def _fs(self) -> Any:
        """The file system; raises ConfigurationError where it cannot be reached or does not know who asks."""
        if self._protocol == "file":
            return fsspec.filesystem("file")
        given = self.connection if self.connection.name else None
        where = self.declared.destination
        try:
            options = OPTIONS[self._protocol](given, PATIENCE)
            return fsspec.filesystem(self._protocol, skip_instance_cache=True, **options)
        except ImportError as error:
            raise ConfigurationError(
                f"{where}: {self._protocol}:// needs a package that is missing: {error}."
            ) from None
        except Exception as error:  # noqa: BLE001 - each store raises what its library raises
            kind = type(error).__name__
            raise ConfigurationError(f"{where} cannot be opened ({kind}); look at its connection.") from None

    @cached_property
    def _root(self) -> str:
        return f"{self._fs._strip_protocol(self.settings.url)}/{self.declared.name}"

    def missing(self) -> Iterator[tuple[str, str]]:
        """Yield that the folder or bucket is not there, or may not be written; nothing is made to find out."""
        try:
            ok = self._can_be_written()
        except ConfigurationError:
            raise
        except Exception:  # noqa: BLE001
            ok = False
        if not ok:
            yield "destination.settings.url", f"{self.settings.url} cannot be written"

    def _can_be_written(self) -> bool:
        if self._protocol not in RENAMED:
            return bool(self._fs.exists(self._root.partition("/")[0]))  # the bucket
        place = PurePosixPath(self._root)
        standing = next(folder for folder in (place, *place.parents) if self._fs.exists(str(folder)))
        is_open = self._protocol != "file" or os.access(standing, os.W_OK | os.X_OK)
        return bool(self._fs.isdir(str(standing))) and is_open

    def deliver(self, batch: Batch) -> Outcome:
        """Write the batch as one file; the same batch is the same file."""
        name = f"{batch.changes[0].position:010d}-{batch.verb}.{self.settings.format}"
        content = self._content(batch)
        try:
            self._write(f"{batch.plan_id}/{name}", content)
        except Exception:  # noqa: BLE001
            raise NothingAcceptedError(f"A file of {self.declared.name} cannot be written now; try again.") from None
        return ACCEPTED

    def finish(self, plan_id: str) -> None:
        """Write the manifest."""
        folder = f"{self._root}/{plan_id}"
        if not self._fs.isdir(folder):
            return
        names = sorted(place.rpartition("/")[2] for place in self._fs.ls(folder, detail=False))
        files = [self._described(folder, name) for name in names if name != MANIFEST and not name.endswith(".draft")]
        content = {
            "sync": self.declared.name, "plan": plan_id, "segment": self.sync.segment, "key": self.sync.key_field,
            "written_at": self.clock.now().isoformat(), "files": files,
        }  # fmt: skip
        self._write(f"{plan_id}/{MANIFEST}", json.dumps(content, indent=2).encode())

    def _described(self, folder: str, name: str) -> dict[str, Any]:
        with self._fs.open(f"{folder}/{name}", "rb") as file:
            content = file.read()
        verb = name.partition("-")[2].partition(".")[0]
        return {"name": name, "verb": verb, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}

    def _write(self, name: str, content: bytes) -> None:
        """Write a file that appears only once it is whole."""
        place = f"{self._root}/{name}"
        self._fs.makedirs(place.rpartition("/")[0], exist_ok=True)
        if self._protocol not in RENAMED:
            self._fs.pipe_file(place, content)
            return
        self._fs.pipe_file(f"{place}.draft", content)
        self._fs.mv(f"{place}.draft", place)

    def _content(self, batch: Batch) -> bytes:
        mapping = self.sync.key if batch.verb == "remove" else self.sync.mapping
        columns = {name: column_of(self.sync, ours) for name, ours in mapping.items()}
        schema = pa.schema([pa.field(name, arrow_type(column.type)) for name, column in columns.items()])
        sink = pa.BufferOutputStream()
        rows = pa.record_batch(
            [self._values(batch.changes, name, column) for name, column in columns.items()], schema=schema
        )
        FORMATS[self.settings.format](Rows(schema, iter([rows])), sink)
        return bytes(sink.getvalue())

    def _values(self, changes: Sequence[Change], name: str, column: Column) -> pa.Array:
        values = [change.key if name == self.sync.key_field else change.fields.get(name) for change in changes]
        if column.type in (Type.INTEGER, Type.NUMBER, Type.BOOLEAN):
            return pa.array(values, arrow_type(column.type))
        return pa.array([v if v is None or isinstance(v, str) else json.dumps(v) for v in values]).cast(
            arrow_type(column.type)
        )


def column_of(sync: Sync, name: str) -> Column:
    """Return the declared column that a sync's field is filled from."""
    if name in OF_MEMBERSHIP and name in sync.members.more:
        return SEGMENT_MEMBERSHIP.column(name)
    return sync.members.column(name)
