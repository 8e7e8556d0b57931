"""An object store in small: what S3's protocol says of listing a bucket and of fetching what is in it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from xml.sax.saxutils import escape

from include.samples.servers.frame import Answer, Request, Server
from include.samples.servers.trouble import Trouble

BUCKET = "archive"
ACCESS_KEY, SECRET_KEY = "AKIASIMULATED", "simulated-secret-key"


class S3Server(Server):
    """A bucket that holds a folder of files."""

    def __init__(self, folder: Path, trouble: Trouble | None = None) -> None:
        super().__init__(trouble)
        self._folder = folder

    def answer(self, request: Request) -> Answer:
        """Answer a request; who asks is told by the access key alone."""
        if f"Credential={ACCESS_KEY}/" not in request.headers.get("Authorization", ""):
            return _error(403, "InvalidAccessKeyId")
        bucket, _, key = request.path.strip("/").partition("/")
        if bucket != BUCKET:
            return _error(404, "NoSuchBucket")
        return self._object(key) if key else self._listing(request.query)

    def _listing(self, query: Mapping[str, str]) -> Answer:
        prefix, contents = query.get("prefix", ""), []
        for place in sorted(self._folder.rglob("*")):
            key = place.relative_to(self._folder).as_posix()
            if place.is_file() and key.startswith(prefix):
                facts = place.stat()
                contents.append(
                    f"<Contents><Key>{escape(key)}</Key><LastModified>{_time(facts.st_mtime).isoformat()}</LastModified>"
                    f'<ETag>"{_etag(place)}"</ETag><Size>{facts.st_size}</Size></Contents>'
                )
        body = (
            f"<?xml version='1.0' encoding='UTF-8'?><ListBucketResult><Name>{BUCKET}</Name><Prefix>{escape(prefix)}"
            f"</Prefix><KeyCount>{len(contents)}</KeyCount><IsTruncated>false</IsTruncated>{''.join(contents)}"
            "</ListBucketResult>"
        )
        return Answer(body.encode(), kind="application/xml")

    def _object(self, key: str) -> Answer:
        place = self._folder / key
        if not place.is_file():
            return _error(404, "NoSuchKey")
        headers = {
            "ETag": f'"{_etag(place)}"',
            "Last-Modified": format_datetime(_time(place.stat().st_mtime), usegmt=True),
        }
        return Answer(place.read_bytes(), headers=headers, kind="binary/octet-stream")


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def _etag(place: Path) -> str:
    with place.open("rb") as stream:
        return hashlib.file_digest(stream, "md5").hexdigest()


def _error(status: int, code: str) -> Answer:
    body = f"<?xml version='1.0' encoding='UTF-8'?><Error><Code>{code}</Code><Message>no</Message></Error>"
    return Answer(body.encode(), status, kind="application/xml")
