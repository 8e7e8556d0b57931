"""A signed webhook: each batch is one POST, signed and numbered as Standard Webhooks has it (standardwebhooks.com).

``webhook-id`` stays the same when a call is repeated, so whoever receives it takes it once; ``webhook-signature`` is
the HMAC-SHA256 of ``id.timestamp.body``, by each secret that holds. The body: ``sync``, ``verb`` (write, remove),
``rows``, each with ``key``, ``former_key`` where it changed, ``fields``. The answer may refuse rows one by one, as
JSON ``{"rejected": {key: reason}}``; what is refused is kept with the reason, and is sent anew by the next plan.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any, ClassVar

import httpx

from include.activation.destination import Batch, Change, Outcome
from include.activation.destinations.network import NetworkDestination, plain
from include.contracts.connections import Connection
from include.contracts.errors import ConfigurationError
from include.remote.clock import Clock
from include.remote.http import SignIn, Token, as_json

PREFIX = "whsec_"
NO_REASON = "no reason given"


class Webhook(NetworkDestination):
    """An address that takes signed POSTs; the connection's password is the secret, ``previous_secret`` the one before.

    The connection's extra ``path`` is where on its host.
    """

    rekeys: ClassVar[bool] = True
    appends: ClassVar[bool] = True
    batch_rows: ClassVar[int] = 500

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._keys = [
            _key(secret, self.connection)
            for secret in (self.connection.needed("password"), self.connection.extra.get("previous_secret"))
            if secret
        ]

    def sign_in(self) -> SignIn:
        """Nobody signs in: each call is signed."""
        return _unsigned

    def send(self, batch: Batch) -> Outcome:
        """Post the batch."""
        body = json.dumps(
            {"sync": self.declared.name, "verb": batch.verb, "rows": [_row(change) for change in batch.changes]},
            ensure_ascii=False,
        ).encode()
        path = str(self.connection.extra.get("path") or "/")
        headers = {"Content-Type": "application/json", **self._signed(batch.batch_id, body)}
        rejected = self.session.ask("POST", path, refused_by, content=body, headers=headers)
        return Outcome({change.key: plain(rejected[change.key]) for change in batch.changes if change.key in rejected})

    def _signed(self, name: str, body: bytes) -> dict[str, str]:
        moment = str(int(self.clock.now().timestamp()))
        signatures = " ".join(f"v1,{sign(key, name, moment, body)}" for key in self._keys)
        return {"webhook-id": name, "webhook-timestamp": moment, "webhook-signature": signatures}


def sign(key: bytes, name: str, moment: str, body: bytes) -> str:
    """Return the signature of a message, in base64."""
    signed = hmac.new(key, f"{name}.{moment}.".encode() + body, hashlib.sha256).digest()
    return base64.b64encode(signed).decode()


def _key(secret: str, connection: Connection) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:
        raise ConfigurationError(
            f"The secret of the connection {connection.name!r} is not {PREFIX} and base64; make one of 32 random bytes."
        ) from None


def _unsigned(connection: Connection, ask: Any, clock: Clock) -> Token:  # noqa: ARG001 - a SignIn
    return Token({})


def _row(change: Change) -> dict[str, Any]:
    row: dict[str, Any] = {"key": change.key}
    if change.former_key:
        row["former_key"] = change.former_key
    return {**row, "fields": dict(change.fields)} if change.action != "remove" else row


def refused_by(response: httpx.Response) -> dict[str, str]:
    """The rows that an answer refuses, with reasons or listed; an answer that is not in JSON refuses none.

    JSON that cannot be read may refuse rows: the session asks again, and whoever takes each message once says the same.
    """
    is_json = bool(response.content.strip()) and "json" in response.headers.get("Content-Type", "").lower()
    given = as_json(response) if is_json else None
    found = given.get("rejected") if isinstance(given, dict) else None
    if isinstance(found, list):
        return dict.fromkeys(map(str, found), NO_REASON)
    return found if isinstance(found, dict) else {}
