"""Whoever receives a signed webhook: checks the signature and the age, takes each message once, keeps the rows."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from include.samples.servers.frame import Answer, Request, Server
from include.samples.servers.trouble import Trouble

TOLERANCE_SECONDS = 300


class WebhookReceiver(Server):
    """Keeps what it is sent, by sync and key."""

    def __init__(self, secret: bytes, trouble: Trouble | None = None) -> None:
        super().__init__(trouble)
        self.secret = secret
        self.rows: dict[str, Mapping[str, Any]] = {}
        self.applied: list[str] = []
        self.refusals: dict[str, int | None] = {}  # by key, how often; None: for good
        self.taken: dict[str, Answer] = {}

    def answer(self, request: Request) -> Answer:
        """Take a message, once however often it comes."""
        headers = {name.lower(): value for name, value in request.headers.items()}
        name = headers.get("webhook-id", "")
        if not self._is_signed(name, headers, request.body):
            return Answer.of({"error": "wrong signature"}, 401)
        if name not in self.taken:
            self.taken[name] = self._take(request.json)
            self.applied.append(name)
        return self.taken[name]

    def _take(self, message: Mapping[str, Any]) -> Answer:
        rejected = {}
        for row in message["rows"]:
            if self._refuses(row["key"]):
                rejected[row["key"]] = f"{row['key']} is not wanted"
                continue
            self.rows.pop(row.get("former_key") or row["key"], None)
            if message["verb"] == "write":
                self.rows[row["key"]] = row["fields"]
        return Answer.of({"rejected": rejected})

    def _refuses(self, key: str) -> bool:
        left = self.refusals.get(key, 0)
        if left:
            self.refusals[key] = left - 1
        return left is None or left > 0

    def _is_signed(self, name: str, headers: Mapping[str, str], body: bytes) -> bool:
        moment = headers.get("webhook-timestamp", "0")
        if abs(int(moment) - self.now.timestamp()) > TOLERANCE_SECONDS:
            return False
        signed = hmac.new(self.secret, f"{name}.{moment}.".encode() + body, hashlib.sha256).digest()
        given = headers.get("webhook-signature", "").split()
        return any(hmac.compare_digest(f"v1,{base64.b64encode(signed).decode()}", one) for one in given)
