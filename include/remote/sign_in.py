"""How systems learn who asks: OAuth's client credentials and JWT bearer, a key that stands for itself, a password."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import httpx

from include.contracts.connections import Connection
from include.contracts.errors import ConfigurationError, UnreachableError
from include.remote.answers import Fault, Told, by_status, word
from include.remote.clock import Clock
from include.remote.http import SignIn, Token

Ask = Callable[..., Any]
JWT_MINUTES = 3
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def bearer_key(connection: Connection, ask: Ask, clock: Clock) -> Token:  # noqa: ARG001 - a SignIn
    """A key that never changes, as the connection's password."""
    return Token({"Authorization": f"Bearer {connection.needed('password')}"})


def basic(connection: Connection, ask: Ask, clock: Clock) -> Token:  # noqa: ARG001 - a SignIn
    """A name and a password with each request."""
    pair = f"{connection.needed('login')}:{connection.needed('password')}"
    return Token({"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"})


def header_key(name: str) -> SignIn:
    """A key in a header of the vendor's own."""

    def sign_in(connection: Connection, ask: Ask, clock: Clock) -> Token:  # noqa: ARG001 - a SignIn
        return Token({name: connection.needed("password")})

    return sign_in


def oauth(path: str, audience: str = "", *, follow: bool = True) -> SignIn:
    """OAuth at ``path`` of the connection's host: by JWT where it has a ``private_key``, else by its secret.

    ``follow``: go on asking where the answer says, as Salesforce wants it; else at the connection's host.
    login is the client's id, password its secret; extras of JWT: ``private_key`` (PEM) and ``username``.
    """

    def sign_in(connection: Connection, ask: Ask, clock: Clock) -> Token:
        form = _by_jwt(connection, clock, audience) if "private_key" in connection.extra else _by_secret(connection)
        url = f"{str(connection.extra.get('token_url') or connection.url).rstrip('/')}{path}"
        answer = ask(url, form, _oauth_fault)
        if not isinstance(answer, dict) or not isinstance(answer.get("access_token"), str):
            raise UnreachableError(f"The connection {connection.name!r} signs in at a host that gives no token.")
        instance = answer.get("instance_url") if follow else None
        return Token({"Authorization": f"Bearer {answer['access_token']}"}, instance if instance else None)

    return sign_in


def _by_secret(connection: Connection) -> Mapping[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": connection.needed("login"),
        "client_secret": connection.needed("password"),
    }


def _by_jwt(connection: Connection, clock: Clock, audience: str) -> Mapping[str, str]:
    from cryptography.hazmat.primitives.asymmetric import padding, rsa  # noqa: PLC0415 - only this flow needs it
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    claims = {
        "iss": connection.needed("login"),
        "sub": connection.needed("username"),
        "aud": str(connection.extra.get("audience") or audience or connection.url),
        "exp": int((clock.now() + timedelta(minutes=JWT_MINUTES)).timestamp()),
    }
    try:
        key = load_pem_private_key(connection.needed("private_key").encode(), None)
    except ValueError:
        key = None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ConfigurationError(f"The private_key of the connection {connection.name!r} is no RSA key in PEM.")
    signed = f"{_part({'alg': 'RS256'})}.{_part(claims)}"
    signature = _text(key.sign(signed.encode(), padding.PKCS1v15(), SHA256()))
    return {"grant_type": GRANT, "assertion": f"{signed}.{signature}"}


def _part(content: Mapping[str, object]) -> str:
    return _text(json.dumps(content).encode())


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _oauth_fault(response: httpx.Response) -> Told:
    """What a token endpoint's error means: `{error, error_description}`, status 400 or 401."""
    told = by_status(response)
    try:
        code = response.json().get("error")
    except (ValueError, AttributeError):
        code = None
    if response.status_code in (400, 401):
        return Told(Fault.CREDENTIAL, word(code, response))
    return Told(told.fault, word(code, response))
