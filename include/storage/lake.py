"""The lake: Parquet datasets under one root URL, as immutable versions and a pointer to the current one.

A dataset is a folder. A version is a manifest `<version>.json` in it, listing data files; it exists once
its manifest does, so a writer that is killed leaves only files that nobody reads. `_current.json` names
the version that readers get. The same protocol holds on a file system and on an object store.
`_format.json` at the root says in which format all of it is kept, so that an older Kindred leaves it alone: FORMAT is
raised when an older one could not read what this one writes, or would spoil it.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import fsspec

from include.contracts.errors import ConfigurationError, FatalError, LaterVersionError
from include.contracts.runs import DatasetRef

FORMAT = 2  # 2: an older Kindred would not know the erased again by an address that is written decomposed
MARKER = "_format.json"
POINTER = "_current"
PATTERNS = "*?[]="  # what DuckDB would read in a path as a pattern, or as the value of a partition


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a version consists of, and what it was made from."""

    dataset: str
    version: str
    files: tuple[str, ...]
    rows: int
    inputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def ref(self) -> DatasetRef:
        """The reference that stages hand on."""
        return DatasetRef(self.dataset, self.version, self.rows)


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file of a dataset, as it lies in the store; ``size`` in bytes."""

    dataset: str
    name: str
    size: int
    modified: datetime

    @property
    def version(self) -> str | None:
        """The version whose manifest it is, None for any other file."""
        stem, _, ending = self.name.partition(".")
        return stem if ending == "json" and stem != POINTER else None


class Lake:
    """Reads and writes versions of datasets under ``root`` (file:// or s3://)."""

    def __init__(self, root: str, **options: Any) -> None:
        self.root = root
        self.is_local = root.startswith("file:")
        self._is_marked = False
        if self.is_local:
            self.fs, self._base = fsspec.filesystem("file"), _folder(root)
            return
        try:
            self.fs, self._base = fsspec.core.url_to_fs(root, **options)
        except (ValueError, ImportError) as error:
            raise ConfigurationError(
                f"The lake's root {root!r} cannot be opened: {error}. Use file:// or s3://."
            ) from None

    @property
    def folder(self) -> Path | None:
        """Where it lies on this machine; None where it does not."""
        return Path(self._base) if self.is_local else None

    def require_known_format(self) -> None:
        """Raise LaterVersionError where a later Kindred keeps this lake in a format that this one does not know."""
        marker = self._read(f"{self._base}/{MARKER}")
        if marker is not None and marker["format"] > FORMAT:
            raise LaterVersionError(f"The format of the lake at {self.root}", marker["format"], FORMAT)

    def manifest(self, dataset: str, version: str) -> Manifest | None:
        """Return the version's manifest, or None while it does not exist."""
        content = self._read(self._place(dataset, f"{version}.json"))
        return None if content is None else Manifest(**{**content, "files": tuple(content["files"])})

    def current(self, dataset: str) -> Manifest | None:
        """Return the manifest that the dataset's pointer names, or None before the first version."""
        pointer = self._read(self._place(dataset, f"{POINTER}.json"))
        return None if pointer is None else self.version(dataset, pointer["version"])

    def open(self, ref: DatasetRef) -> Manifest:
        """Return the manifest of a version that must exist; raises FatalError."""
        return self.version(ref.dataset, ref.version)

    def version(self, dataset: str, version: str) -> Manifest:
        """Return the manifest of a version that must exist; raises FatalError."""
        manifest = self.manifest(dataset, version)
        if manifest is None:
            raise FatalError(f"The lake has no version {version} of {dataset}; run the stage that writes it again.")
        return manifest

    def input(self, of: Manifest, dataset: str) -> Manifest:
        """Return the version of a dataset that another was made from; raises FatalError."""
        return self.version(dataset, of.inputs[dataset])

    def urls(self, manifest: Manifest) -> list[str]:
        """Return the version's data files, as places that the engine can read."""
        return [self.url(manifest.dataset, name) for name in manifest.files]

    def url(self, dataset: str, file: str) -> str:
        """Return the place of one data file, creating its folder where the store has folders."""
        place = self._place(dataset, file)
        if self.is_local:
            self.fs.makedirs(place.rsplit("/", 1)[0], exist_ok=True)
            return place
        # s3a is S3 by another name, for which Ibis does not ask the network for DuckDB's httpfs
        return str(self.fs.unstrip_protocol(place)).replace("s3://", "s3a://", 1)

    def target(self, dataset: str, file: str) -> str:
        """Return the place that a new data file is written to."""
        return self.url(dataset, file)

    def content(self, dataset: str, file: str) -> bytes:
        """Return a small file of a dataset whole."""
        content: bytes = self.fs.cat_file(self._place(dataset, file))
        return content

    @property
    def shared(self) -> Lake:
        """The lake that other machines may reach as this one does."""
        return self

    @property
    def remote(self) -> Any:
        """The file system that a query engine has to be given; None where it reads this machine's own."""
        return None if self.is_local else self.fs

    @contextmanager
    def drafted(self, dataset: str, file: str) -> Iterator[str]:
        """Yield where to write a data file, which is in its place, whole, once the block has ended well.

        So nobody reads half of a file that two runs write at once. An object store keeps that promise by itself.
        """
        place = self.target(dataset, file)
        if not self.is_local:
            yield place
            return
        draft = f"{place}.{uuid.uuid4().hex}.draft"
        try:
            yield draft
            Path(draft).replace(place)
        finally:
            Path(draft).unlink(missing_ok=True)

    @contextmanager
    def drafted_parts(self, dataset: str, version: str) -> Iterator[tuple[str, list[str]]]:
        """Yield a folder to write data files into, and a list for the places of those that count, in their order.

        For engines that write several files at once. Once the block has ended well they are with the dataset's others,
        named by the version, and the list has their names.
        """
        folder, files = f"{version}.{uuid.uuid4().hex}.draft", list[str]()
        place = self._place(dataset, folder)
        try:
            yield self.target(f"{dataset}/{folder}", "").rstrip("/"), files
            for n, part in enumerate(files):
                name = f"{version}.{n:05}.parquet" if len(files) > 1 else f"{version}.parquet"
                self.fs.mv(part, self._place(dataset, name))
                files[n] = name
        finally:
            with suppress(FileNotFoundError):
                self.fs.rm(place, recursive=True)

    @contextmanager
    def exchange(self, dataset: str) -> Iterator[str]:
        """Yield a folder for rows that two engines hand each other within the block, and that go with it.

        What a killed process has left in it goes as other drafts do, where its files are called so.
        """
        name = f"{dataset}/{uuid.uuid4().hex}"
        folder = self.target(name, "").rstrip("/")
        try:
            yield folder
        finally:
            with suppress(FileNotFoundError):
                self.fs.rm(folder, recursive=True)

    def commit(
        self,
        dataset: str,
        version: str,
        files: Sequence[str],
        rows: int,
        inputs: Mapping[str, str] | None = None,
        *,
        point: bool = True,
    ) -> DatasetRef:
        """Make the version exist by writing its manifest last, then point readers to it."""
        self._mark()
        manifest = Manifest(dataset, version, tuple(files), rows, dict(inputs or {}))
        self._write(self._place(dataset, f"{version}.json"), asdict(manifest))
        if point:
            self.point(manifest.ref)
        return manifest.ref

    def point(self, ref: DatasetRef) -> None:
        """Let readers get this version."""
        self._write(self._place(ref.dataset, f"{POINTER}.json"), {"version": ref.version})

    def stored(self, below: str = "") -> Iterator[StoredFile]:
        """Yield the files of all datasets, or of those below a folder."""
        folder = f"{self._base}/{below}".rstrip("/")
        if not self.fs.exists(folder):
            return
        for place, facts in self.fs.find(folder, detail=True).items():
            dataset, _, name = place.removeprefix(self._base).strip("/").rpartition("/")
            when = facts.get("LastModified") or datetime.fromtimestamp(facts["mtime"], UTC)
            if dataset:
                yield StoredFile(dataset, name, facts["size"], when)

    def remove(self, file: StoredFile) -> None:
        """Remove one file, if it is there still."""
        with suppress(FileNotFoundError):
            self.fs.rm_file(self._place(file.dataset, file.name))

    def _mark(self) -> None:
        """Say, before anything is written, in which format it is."""
        place = f"{self._base}/{MARKER}"
        if not self._is_marked and self._read(place) != {"format": FORMAT}:
            self._write(place, {"format": FORMAT})
        self._is_marked = True

    def _place(self, dataset: str, file: str) -> str:
        return f"{self._base}/{dataset}/{file}"

    def _read(self, place: str) -> dict[str, Any] | None:
        try:
            content: dict[str, Any] = json.loads(self.fs.cat_file(place))
        except FileNotFoundError:
            return None
        return content

    def _write(self, place: str, content: Mapping[str, Any]) -> None:
        encoded = json.dumps(content, sort_keys=True, indent=1).encode()
        if not self.is_local:
            self.fs.pipe_file(place, encoded)
            return
        self.fs.makedirs(place.rsplit("/", 1)[0], exist_ok=True)
        draft = f"{place}.{uuid.uuid4().hex}.draft"
        self.fs.pipe_file(draft, encoded)
        self.fs.mv(draft, place)


def _folder(root: str) -> str:
    """Return the folder that a file:// URL names; raises ConfigurationError where none can be, or must not be, used."""
    place = unquote(root.removeprefix("file:").removeprefix("//"))
    if not place.startswith("/"):
        raise ConfigurationError(f"The lake's root {root!r} names no folder; write it as file:///folder/of/the/lake.")
    if found := sorted({*place} & {*PATTERNS}):
        raise ConfigurationError(
            f"The lake cannot be in {place}: the query engine reads {' '.join(found)} as a pattern. "
            "Name another folder with KINDRED_HOME or KINDRED_LAKE_URL."
        )
    _refuse_misplaced(root.removeprefix("file://"), place)
    return place


def _refuse_misplaced(encoded: str, place: str) -> None:
    """Raise ConfigurationError where an earlier version kept the lake beside its place, under the URL's spelling."""
    if encoded != place and Path(encoded).is_dir() and not Path(place).exists():
        raise ConfigurationError(f"An earlier version kept the lake in {encoded}; move that folder to {place}.")
