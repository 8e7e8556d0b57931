"""OAuth tokens as systems give them out: for a client's secret or for a signed claim."""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from include.samples.servers.frame import Answer, Request

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass
class Tokens:
    """Gives tokens out, and knows those that hold."""

    client: str = "client"
    secret: str = "client-secret"
    public_key: RSAPublicKey | None = None
    revoked: bool = False
    valid: set[str] = field(default_factory=set)

    def give(self, request: Request, url: str, now: datetime) -> Answer:
        """Answer a request for a token."""
        form = request.form
        if form.get("grant_type") == JWT:
            refused = self._claim_fault(form.get("assertion", ""), now)
        else:
            is_known = form.get("client_id") == self.client and form.get("client_secret") == self.secret
            refused = "" if is_known else "invalid_client"
        if self.revoked:
            refused = "invalid_grant"
        if refused:
            return Answer.of({"error": refused, "error_description": "authentication failure"}, 400)
        token = secrets.token_urlsafe(16)
        self.valid.add(token)
        issued = str(int(now.timestamp() * 1000))
        return Answer.of({"access_token": token, "instance_url": url, "token_type": "Bearer", "issued_at": issued})

    def knows(self, request: Request) -> bool:
        """Whether a request shows a token that holds."""
        return request.headers.get("Authorization", "").removeprefix("Bearer ") in self.valid

    def expire(self) -> None:
        """Let no token hold any more; new ones may be had."""
        self.valid.clear()

    def revoke(self) -> None:
        """Let no token hold, and give none out."""
        self.revoked = True
        self.valid.clear()

    def _claim_fault(self, assertion: str, now: datetime) -> str:
        from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - only this flow needs it
        from cryptography.hazmat.primitives.asymmetric import padding  # noqa: PLC0415
        from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

        signed, _, signature = assertion.rpartition(".")
        if self.public_key is None:
            return "invalid_client_id"
        try:
            self.public_key.verify(_bytes(signature), signed.encode(), padding.PKCS1v15(), SHA256())
        except InvalidSignature:
            return "invalid_grant"
        claims = json.loads(_bytes(signed.partition(".")[2]))
        return "" if claims["iss"] == self.client and claims["exp"] > now.timestamp() else "invalid_grant"


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
