"""Files of an export that lie in an object store or on a server of files: `s3://`, `gs://`, `abfs://`, `sftp://`, `file://`.

What a file is called, how large it is and how it is marked there (an ETag, or when it was changed) is the watermark: a
file that was taken in is not fetched again until its mark is another. It commits with the load that it belongs to.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import fsspec

from include.contracts.connections import Connection
from include.contracts.errors import (
    ConfigurationError,
    CredentialError,
    LateSourceError,
    LiveError,
    PermissionDeniedError,
    UnreachableError,
)
from include.contracts.exports import ExportFile
from include.contracts.sources import StoredSettings
from include.remote.stores import OPTIONS, PERSISTENT
from include.sources.files.discovery import matching_day
from include.sources.live.opened import Means, no_connection
from include.storage.spill import spill_folder

T = TypeVar("T")
_MILLISECONDS = re.compile(r"(?:^|/)(1[5-9]\d{11}|2\d{12})(?:/|$)")  # a day, as Segment's archive names its folders
_CREDENTIAL = (
    "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "AuthenticationException",
    "AuthenticationFailed", "AuthorizationFailure", "NoAuthenticationInformation",  # Azure
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StoredFile:
    """One file in the store: its name under the source, where it lies, its mark, and its day where it has one."""

    name: str
    place: str
    mark: str
    size: int
    day: date | None


class Store:
    """The files of one source in a store."""

    def __init__(self, source: str, settings: StoredSettings, means: Means) -> None:
        self._source, self._settings, self._clock, self._patience = source, settings, means.clock, means.patience
        protocol = self._protocol = settings.url.partition("://")[0]
        connection = _connection(source, settings, means)
        options = OPTIONS[protocol](connection, means.patience) if protocol in OPTIONS else {}
        try:
            self._fs, self._root = fsspec.core.url_to_fs(settings.url, skip_instance_cache=True, **options)
        except ImportError as error:
            raise ConfigurationError(f"{source}: {protocol}:// needs a package that is missing: {error}.") from None
        except ValueError as error:
            raise ConfigurationError(f"{source}: {settings.url} cannot be opened: {error}.") from None
        except Exception as error:  # noqa: BLE001 - SFTP signs in here, and raises what its library raises
            raise self._meaning(error) from None

    def find(self, declared: ExportFile) -> list[StoredFile]:
        """Return the object's files, by name; raises LiveError, and LateSourceError where there is none."""
        found = self._tried(self._everything)
        files = sorted(filter(None, (self._file(declared, place, facts) for place, facts in found.items())), key=_name)
        if not files and not declared.is_daily:
            file = f"{self._source}/{declared.file}"
            raise LateSourceError("the file is missing", file=file, remedy=f"Put it into {self._settings.url}.")
        return files

    @contextmanager
    def fetched(self, file: StoredFile, folder: Path) -> Iterator[Path]:
        """Yield a copy of a file on this machine, which goes when the block ends; raises LiveError."""
        with spill_folder(folder) as place:
            copy = place / Path(file.name).name

            def fetch() -> None:
                self._fs.get_file(file.place, str(copy))
                if copy.stat().st_size != file.size:
                    raise OSError("the copy is not whole")

            self._tried(fetch)
            yield copy

    def _everything(self) -> dict[str, Any]:
        found: dict[str, Any] = self._fs.find(self._root, detail=True, withdirs=False)
        if not found and not self._fs.exists(self._root):
            raise FileNotFoundError
        return found

    def _file(self, declared: ExportFile, place: str, facts: Mapping[str, Any]) -> StoredFile | None:
        rest = place.removeprefix(self._root).lstrip("/")
        pattern = self._settings.files.get(declared.object)
        is_one, day = matching_day(declared, Path(rest).name)
        if pattern is not None:
            is_one, day = fnmatch.fnmatch(rest, pattern), day or _day(rest)
        if not is_one or not facts["size"]:
            return None
        mark = facts.get("ETag") or facts.get("etag") or facts.get("LastModified") or facts.get("mtime")
        told = f"{facts['size']}:{mark}".replace('"', "")
        return StoredFile(f"{self._source}/{rest}", place, told, facts["size"], day)

    def _tried(self, call: Callable[[], T]) -> T:
        attempts = 1 if self._protocol in PERSISTENT else self._patience.attempts
        for attempt in range(1, attempts + 1):
            try:
                return call()
            except Exception as error:  # noqa: BLE001 - each store raises what its library raises
                meaning = self._meaning(error)
                if not isinstance(meaning, UnreachableError) or attempt == attempts:
                    raise meaning from None
                self._clock.sleep(min(self._patience.longest_pause, self._patience.first_pause * 2 ** (attempt - 1)))
        raise AssertionError("unreachable")

    def _meaning(self, error: Exception) -> LiveError:
        """Return what the error of a store's library means to a person, by its kind; its text stays untold."""
        cause: BaseException | None = error
        codes = set[str]()
        for _ in range(5):
            if cause is None:
                break
            codes |= {type(cause).__name__, *_code_of(cause)}
            cause = cause.__cause__ or cause.__context__
        connection = f"the connection {self._settings.connection!r}" if self._settings.connection else "this machine"
        told = f"{self._source} at {self._settings.url}"
        if codes & {*_CREDENTIAL}:
            return CredentialError(f"{told} refuses the credential of {connection}; renew it.")
        if codes & {"PermissionError", "AccessDenied", "Forbidden", "AuthorizationPermissionMismatch"}:
            return PermissionDeniedError(f"{told} does not let {connection} read; grant it.")
        if codes & {"NoCredentialsError"}:
            return CredentialError(f"{told} wants a credential; name a connection under stored.connection.")
        if codes & {"FileNotFoundError", "NoSuchBucket", "ContainerNotFound"}:
            return PermissionDeniedError(f"{told}: there is no such place, or {connection} may not see it.")
        return UnreachableError(f"{told} cannot be reached by {connection} ({type(error).__name__}); run again later.")


def _connection(source: str, settings: StoredSettings, means: Means) -> Connection | None:
    if settings.connection is None:
        return None
    found = means.connections(settings.connection)
    if found is None:
        raise ConfigurationError(no_connection(source, settings.connection))
    return found


def _code_of(error: BaseException) -> Collection[str]:
    """The store's own word for an error: S3's is in the answer, Azure's beside it."""
    response = getattr(error, "response", None)
    found = response.get("Error", {}).get("Code") if isinstance(response, dict) else getattr(error, "error_code", None)
    return (str(getattr(found, "value", found)),) if found else ()


def _name(file: StoredFile) -> str:
    return file.name


def _day(place: str) -> date | None:
    """The day in a path of Segment's archive: a folder named by its milliseconds since 1970."""
    match = _MILLISECONDS.search(place)
    return datetime.fromtimestamp(int(match[1]) / 1000, UTC).date() if match else None
