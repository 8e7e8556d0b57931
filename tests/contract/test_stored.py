"""Files that lie elsewhere: an object store by S3's protocol, a server by SFTP, a folder; each fetched once."""

from __future__ import annotations

import gzip
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import _registry

from include.contracts.connections import Connection
from include.contracts.errors import (
    ConfigurationError,
    CredentialError,
    LateSourceError,
    LiveError,
    PermissionDeniedError,
    UnreachableError,
)
from include.contracts.runs import Run, StageReport, Window
from include.contracts.settings import Settings
from include.remote.http import Patience
from include.samples.servers.frame import Answer, Request, Server
from include.sources.live.opened import Means
from include.sources.step import extract
from include.storage.project import Project
from tests.live_suite import JumpingClock
from tests.sftp_server import PASSWORD, USER, serving

NOVEMBER = Window(None, datetime(2026, 11, 1, tzinfo=UTC))
PERSON = "Zanzibarova"


@dataclass
class Place:
    """A place to keep files in, and how to sign in there."""

    url: str
    connection: Connection | None
    put: Callable[[str, bytes], object]


@pytest.fixture(params=["s3", "sftp", "file"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    folder = tmp_path / "store"

    def write(name: str, content: bytes) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)

    if request.param == "file":
        folder.mkdir()
        yield Place(folder.as_uri(), None, write)
    elif request.param == "sftp":
        folder.mkdir()
        with serving(folder) as port:
            connection = Connection("its", host="127.0.0.1", port=port, login=USER, password=PASSWORD)
            yield Place("sftp://127.0.0.1/", connection, write)
    else:
        endpoint = request.getfixturevalue("object_store")
        client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            aws_access_key_id="me",
            aws_secret_access_key="s3-secret",
            region_name="eu-west-1",
        )
        bucket = f"b{abs(hash(request.node.name)) % 10**10}"
        client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        extra = {"endpoint_url": endpoint, "region_name": "eu-west-1"}
        connection = Connection("its", login="me", password="s3-secret", extra=extra)
        yield Place(
            f"s3://{bucket}/archive", connection,
            lambda name, content: client.put_object(Bucket=bucket, Key=f"archive/{name}", Body=content),
        )  # fmt: skip


@dataclass
class Tried:
    """A project with one source, whose files lie there."""

    folder: Path
    place: Place
    kind: str = "segment_export"
    object: str = "event"
    files: str | None = None

    def extract(self, window: Window = NOVEMBER) -> StageReport:
        config = self.folder / "config"
        config.mkdir(exist_ok=True)
        stored: dict[str, Any] = {"url": self.place.url}
        if self.place.connection:
            stored["connection"] = "its"
        if self.files:
            stored["files"] = {self.object: self.files}
        entry = {"kind": self.kind, "stored": stored, "schedule": "0 1 * * *", "owner": "somebody", "region": "US",
                 "timezone": "UTC", "objects": [self.object]}  # fmt: skip
        (config / "sources.yaml").write_text(yaml.safe_dump({"sources": {"tried": entry}}))
        means = Means({"its": self.place.connection}.get, None, JumpingClock(), Patience(attempts=2))
        return extract(self.project, Run("test", date(2026, 10, 31)), "tried", window, means=means)

    @property
    def project(self) -> Project:
        return Project(Settings(home=self.folder / "home", data=self.folder, config=self.folder / "config"))

    def held(self) -> dict[str, str]:
        manifest = self.project.lake.current(f"raw/tried/{self.object}")
        return dict(manifest.inputs) if manifest else {}


def day(*numbers: int) -> bytes:
    call = {"type": "track", "event": "Run", "userId": PERSON, "timestamp": "2026-10-30T10:00:00Z"}
    calls = [{**call, "messageId": f"m{number}"} for number in numbers]
    return gzip.compress("".join(f"{json.dumps(call)}\n" for call in calls).encode(), mtime=0)


def test_new_files_are_fetched_and_those_that_are_held_are_not(
    tmp_path: Path, place: Place, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.INFO)
    tried = Tried(tmp_path, place)
    place.put("2026-10-29.ndjson.gz", day(1))
    assert tried.extract().counts["event.rows"] == 1
    place.put("2026-10-30.ndjson.gz", day(2, 3))
    tried.extract()
    assert sorted(tried.held()) == ["tried/2026-10-29.ndjson.gz", "tried/2026-10-30.ndjson.gz"]
    before = tried.held()
    monkeypatch.setattr("include.sources.live.store.Store.fetched", None)  # nobody may call it now
    tried.extract()
    assert tried.held() == before
    assert PERSON not in caplog.text and "secret" not in caplog.text


def test_a_file_that_was_written_anew_is_fetched_again_and_takes_the_place_of_the_old_one(
    tmp_path: Path, place: Place
) -> None:
    tried = Tried(tmp_path, place)
    place.put("2026-10-30.ndjson.gz", day(1))
    tried.extract()
    place.put("2026-10-30.ndjson.gz", day(1, 2, 4))
    first = tried.held()
    tried.extract()
    assert tried.held().keys() == first.keys() and tried.held() != first


def test_a_day_that_is_not_over_waits_and_other_files_are_left_alone(tmp_path: Path, place: Place) -> None:
    tried = Tried(tmp_path, place)
    for name in ("2026-10-31.ndjson.gz", "2026-11-01.ndjson.gz", "notes.txt"):
        place.put(name, day(1))
    tried.extract()
    assert list(tried.held()) == ["tried/2026-10-31.ndjson.gz"]


def test_segments_archive_is_read_by_a_pattern_and_its_folders_are_days(tmp_path: Path, place: Place) -> None:
    tried = Tried(tmp_path, place, files="segment-logs/*.gz")
    for number, name in ((29, "a"), (30, "b")):
        milliseconds = int(datetime(2026, 10, number, tzinfo=UTC).timestamp() * 1000)
        place.put(f"segment-logs/src/{milliseconds}/{name}.gz", day(number))
    window = Window(None, datetime(2026, 10, 30, tzinfo=UTC))
    assert tried.extract(window).counts["event.files"] == 1
    assert tried.extract().counts["event.rows"] == 2


def test_an_export_that_holds_a_state_lies_there_too(tmp_path: Path, place: Place) -> None:
    tried = Tried(tmp_path, place, "delighted_export", "response")
    with pytest.raises(LateSourceError, match=r"tried/responses.csv: the file is missing. Put it into"):
        place.put("other.txt", b"x")
        tried.extract()
    place.put("responses.csv", b"Response ID,Person ID,Score,Created At\n1,7,9,2026-09-01 08:00:00 UTC\n")
    assert tried.extract().counts["response.rows"] == 1


def test_what_is_to_be_mended_is_told_apart(tmp_path: Path, place: Place) -> None:
    tried = Tried(tmp_path, place)
    assert place.put("2026-10-30.ndjson.gz", day(1)) is None or place.url.startswith("s3")
    if place.url.startswith("sftp"):
        assert place.connection is not None
        given = place.connection
        place.connection = Connection("its", host=given.host, port=given.port, login=USER, password="stale")
        with pytest.raises(CredentialError, match="refuses the credential of the connection 'its'"):
            tried.extract()
        place.connection = Connection("its", host=given.host, port=9, login=USER, password="stale")
        with pytest.raises(UnreachableError, match="cannot be reached"):
            tried.extract()
    elif place.url.startswith("s3"):
        place.url = "s3://no-such-bucket-here/archive"
        with pytest.raises(PermissionDeniedError, match="no such place"):
            tried.extract()
    else:
        place.url = (tmp_path / "nowhere").as_uri()
        with pytest.raises(LiveError, match="tried at"):
            tried.extract()
    assert tried.held() == {}


class RefusingS3(Server):
    """A store that refuses whoever asks, in S3's words."""

    code = ""

    def answer(self, request: Request) -> Answer:
        body = f"<?xml version='1.0'?><Error><Code>{self.code}</Code><Message>no</Message></Error>"
        return Answer(body.encode(), 403, kind="application/xml")


@pytest.mark.parametrize(
    ("code", "error"), [("InvalidAccessKeyId", CredentialError), ("AccessDenied", PermissionDeniedError)]
)
def test_a_store_that_refuses_says_why(tmp_path: Path, code: str, error: type[LiveError]) -> None:
    with RefusingS3() as server:
        server.code = code
        connection = Connection("its", login="me", password="s3-secret", extra={"endpoint_url": server.url})
        with pytest.raises(error):
            Tried(tmp_path, Place("s3://bucket/archive", connection, lambda *_: None)).extract()


def test_a_connection_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    place = Place("s3://bucket/archive", Connection("its"), lambda *_: None)
    tried = Tried(tmp_path, place)
    with pytest.raises(ConfigurationError, match="gopher://x cannot be opened"):
        Tried(tmp_path, Place("gopher://x", None, lambda *_: None)).extract()
    assert tried.held() == {}


AZURE = Connection("its", login="norvik", password="azure-key", extra={"tenant_id": "t1"})
GOOGLE = Connection("its", extra={"keyfile_dict": {"client_email": "reader@norvik.example"}, "project": "norvik"})


@pytest.mark.parametrize(
    ("protocol", "connection", "given"),
    [
        ("gs", GOOGLE, {"token": GOOGLE.extra["keyfile_dict"], "project": "norvik"}),
        ("gs", None, {}),
        ("abfs", AZURE, {"account_name": "norvik", "account_key": "azure-key", "tenant_id": "t1"}),
        ("abfs", None, {}),
    ],
)
def test_stores_of_google_and_azure_are_opened_as_their_file_systems_want_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: str, connection: Connection | None, given: dict[str, Any]
) -> None:
    """Neither gcsfs nor adlfs is installed here: what is shown is which of them is opened, with what, and read."""
    opened: list[dict[str, Any]] = []

    class Cloud(MemoryFileSystem):
        store, pseudo_dirs = {}, [""]

        def __init__(self, **options: Any) -> None:
            opened.append(options)
            super().__init__()

        @classmethod
        def _strip_protocol(cls, path: str) -> str:
            return f"/{path.removeprefix(f'{protocol}://').strip('/')}"

    monkeypatch.setitem(_registry, protocol, Cloud)
    Cloud(skip_instance_cache=True).pipe_file("/archive/2026-10-30.ndjson.gz", day(1, 2))
    opened.clear()
    tried = Tried(tmp_path, Place(f"{protocol}://archive", connection, lambda *_: None))
    assert tried.extract().counts["event.rows"] == 2
    (options,) = opened
    assert {name: options[name] for name in given} == given and options["use_listings_cache"] is False


def test_a_store_whose_package_is_missing_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="abfs:// needs a package that is missing"):
        Tried(tmp_path, Place("abfs://archive@norvik.dfs.core.windows.net", AZURE, lambda *_: None)).extract()


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("AuthorizationFailure", CredentialError),
        ("AuthorizationPermissionMismatch", PermissionDeniedError),
        ("ContainerNotFound", PermissionDeniedError),
        (None, UnreachableError),
    ],
)
def test_azures_words_are_understood_and_what_its_library_tried_is_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str | None, error: type[LiveError]
) -> None:
    """The words are those that Azurite gave through adlfs, whose errors have them as `error_code`."""

    class HttpResponseError(Exception):
        error_code = code

    class Refusing(MemoryFileSystem):
        asked = 0

        def find(self, *_: Any, **__: Any) -> Any:
            type(self).asked += 1
            raise HttpResponseError

    monkeypatch.setitem(_registry, "abfs", Refusing)
    with pytest.raises(error):
        Tried(tmp_path, Place("abfs://archive", AZURE, lambda *_: None)).extract()
    assert Refusing.asked == 1
