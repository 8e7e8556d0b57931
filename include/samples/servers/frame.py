"""A server on a real socket, and the trouble that it has."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from include.samples.servers.trouble import Kind, Trouble

DRIP_SECONDS = 0.02
SILENT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body or b"null")

    @property
    def form(self) -> dict[str, str]:
        """The body as a form."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class Answer:
    """What is answered."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    kind: str = "application/json"

    @classmethod
    def of(cls, content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
        """Answer with JSON."""
        return cls(json.dumps(content).encode(), status, headers or {})


class Server(ABC):
    """A vendor's system on this machine; use it as a context manager."""

    def __init__(self, trouble: Trouble | None = None) -> None:
        self.trouble = trouble or Trouble()
        self.skew = timedelta()  # by which its clock is ahead
        self.asked: list[str] = []
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.simulated = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def now(self) -> datetime:
        """The time by its own clock."""
        return datetime.now(UTC) + self.skew

    @abstractmethod
    def answer(self, request: Request) -> Answer:
        """Answer a request, as the vendor would."""


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    simulated: Server

    def handle_error(self, request: object, client_address: object) -> None:
        """Pass over a client that has gone; whoever asked notices."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        simulated = self.server.simulated
        simulated.asked.append(f"{self.command} {self.path}")
        trouble = simulated.trouble.of(parts.path)
        early = _EARLY.get(trouble)
        if early is not None:
            self._send(early)
            return
        answer = simulated.answer(Request(self.command, parts.path, query, dict(self.headers.items()), body))
        if trouble is Kind.SILENCE:
            self._wait()
            return
        if trouble is Kind.GARBLED and answer.status < 300:
            answer = Answer(_garbled(answer), answer.status, answer.headers, answer.kind)
        self._send(answer, trouble)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = do_PATCH = _serve  # noqa: N815 - the names that the base class calls

    def _send(self, answer: Answer, trouble: Kind | None = None) -> None:
        self.send_response(answer.status)
        headers = {"Content-Type": answer.kind, **answer.headers, "Content-Length": str(len(answer.body))}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        half = len(answer.body) // 2
        if self.command == "HEAD":
            return
        if trouble is Kind.DRIP:
            self._drip(answer.body)
        elif trouble in (Kind.RESET, Kind.CUT_OFF):
            self.wfile.write(answer.body[:half])
            self.wfile.flush()
            if trouble is Kind.RESET:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
        else:
            self.wfile.write(answer.body)

    def _drip(self, body: bytes) -> None:
        for place in range(len(body)):
            self.wfile.write(body[place : place + 1])
            self.wfile.flush()
            time.sleep(DRIP_SECONDS)

    def _wait(self) -> None:
        """Say nothing until whoever asked has gone."""
        self.connection.settimeout(SILENT_SECONDS)
        self.close_connection = True
        self.connection.recv(1)


def _garbled(answer: Answer) -> bytes:
    """Half of an answer, as if it were whole."""
    return answer.body[: len(answer.body) // 2]


_EARLY: Mapping[Kind | None, Answer] = {
    Kind.TOO_FAST: Answer(b"slow down", 429, {"Retry-After": "2"}, "text/plain"),
    Kind.TOO_FAST_UNTOLD: Answer(b"slow down", 429, kind="text/plain"),
    Kind.ERROR: Answer(b"oops", 500, kind="text/plain"),
    Kind.GATEWAY: Answer(b"<html>Bad gateway</html>", 502, kind="text/html"),
}
