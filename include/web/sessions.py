"""Signing in with an API key, for browsers: a signed cookie names the key, which must still be in force each time."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import Request, Response
from itsdangerous import BadSignature, TimestampSigner

from include.storage.postgres.warehouse import Warehouse
from include.web.keys import Key, in_force

COOKIE = "kindred_session"
HOURS = 12


def begin(request: Request, response: Response, key: Key) -> None:
    """Let the browser be known as the key's holder from here on."""
    response.set_cookie(
        COOKIE, _signer(request).sign(key.key_id).decode(), max_age=HOURS * 3600, httponly=True, samesite="strict",
        secure=request.url.scheme == "https", path="/",
    )  # fmt: skip


def end(response: Response) -> None:
    """Let the browser be unknown again."""
    response.delete_cookie(COOKIE, path="/")


def holder(request: Request, warehouse: Warehouse) -> Key | None:
    """Return the key with which the browser signed in, if it is still in force."""
    given = request.cookies.get(COOKIE)
    if given is None:
        return None
    try:
        key_id = _signer(request).unsign(given, max_age=HOURS * 3600).decode()
    except BadSignature:
        return None
    return in_force(warehouse, key_id, datetime.now(UTC))


def _signer(request: Request) -> TimestampSigner:
    secret: bytes = request.app.state.secret
    return TimestampSigner(secret, salt="kindred.session")
