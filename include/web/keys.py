"""API keys: made once, shown once, kept as a digest, with scopes and an end."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from include.contracts.access import Scope
from include.contracts.errors import ConfigurationError
from include.contracts.nearest import nearest
from include.storage.control.tables import API_KEY
from include.storage.postgres.warehouse import Warehouse

PREFIX = "kd"
MAX_DAYS = 366
OVERLAP = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Key:
    """A key in force."""

    key_id: str
    name: str
    scopes: frozenset[Scope]
    expires_at: datetime


def create(warehouse: Warehouse, name: str, scopes: Iterable[str], *, days: int, author: str) -> str:
    """Make a key that lasts ``days`` days and return it; it can never be shown again. Raises ConfigurationError."""
    wanted = _scopes(scopes)
    if not name.strip():
        raise ConfigurationError("A key needs a name: what it is for.")
    if not author.strip():
        raise ConfigurationError("A key needs an author; say by --author who makes it.")
    if not 1 <= days <= MAX_DAYS:
        raise ConfigurationError(f"A key lasts 1 to {MAX_DAYS} days, not {days}; make a new one before it ends.")
    key_id, secret, now = secrets.token_hex(4), secrets.token_urlsafe(32), datetime.now(UTC)
    facts = {
        "key_id": key_id, "name": name.strip(), "author": author.strip(), "secret_digest": _digest(secret),
        "scopes": wanted, "created_at": now, "expires_at": now + timedelta(days=days),
    }  # fmt: skip
    with warehouse.begin() as connection:
        connection.execute(sa.insert(API_KEY).values(**facts))
    return f"{PREFIX}_{key_id}_{secret}"


def rotate(warehouse: Warehouse, key_id: str, *, days: int, author: str) -> str:
    """Make a key in the place of another, with its name and scopes, and return it; raises ConfigurationError.

    The other one ends after OVERLAP, so that whoever calls can change over meanwhile.
    """
    row, now = _row(warehouse, key_id), datetime.now(UTC)
    key = _key(row, now) if row else None
    if key is None:
        raise ConfigurationError(f"No key {key_id!r} is in force; `keys list` has them.")
    made = create(warehouse, key.name, sorted(scope.value for scope in key.scopes), days=days, author=author)
    ends = sa.update(API_KEY).where(API_KEY.c.key_id == key_id, API_KEY.c.expires_at > now + OVERLAP)
    with warehouse.begin() as connection:
        connection.execute(ends.values(expires_at=now + OVERLAP))
    return made


def revoke(warehouse: Warehouse, key_id: str) -> None:
    """Take a key back by its public part; raises ConfigurationError for one that is not in force."""
    taken = sa.update(API_KEY).where(API_KEY.c.key_id == key_id, API_KEY.c.revoked_at.is_(None))
    with warehouse.begin() as connection:
        if connection.execute(taken.values(revoked_at=sa.func.now())).rowcount:
            return
        known = connection.execute(sa.select(API_KEY.c.key_id).where(API_KEY.c.revoked_at.is_(None))).scalars().all()
    raise ConfigurationError(f"No key {key_id!r} is in force{nearest(key_id, known)}.")


def listed(warehouse: Warehouse) -> list[dict[str, Any]]:
    """Return all keys, the newest first, without their secrets' digests."""
    columns = [column for column in API_KEY.c if column.name != "secret_digest"]
    with warehouse.begin() as connection:
        rows = connection.execute(sa.select(*columns).order_by(API_KEY.c.created_at.desc())).mappings()
        return [dict(row) for row in rows]


def verified(warehouse: Warehouse, presented: str, now: datetime) -> Key | None:
    """Return the key that was presented if it is in force; None for any other text."""
    prefix, _, rest = presented.partition("_")
    key_id, _, secret = rest.partition("_")
    if prefix != PREFIX or not secret:
        return None
    row = _row(warehouse, key_id)
    is_right = hmac.compare_digest(row["secret_digest"] if row else _digest(""), _digest(secret))
    return _key(row, now) if row and is_right else None


def in_force(warehouse: Warehouse, key_id: str, now: datetime) -> Key | None:
    """Return a key by its public part, for a session that was begun with the whole of it."""
    row = _row(warehouse, key_id)
    return _key(row, now) if row else None


def _row(warehouse: Warehouse, key_id: str) -> sa.RowMapping | None:
    with warehouse.alone() as connection:
        return connection.execute(sa.select(API_KEY).where(API_KEY.c.key_id == key_id)).mappings().one_or_none()


def _key(row: sa.RowMapping, now: datetime) -> Key | None:
    if row["revoked_at"] is not None or now >= row["expires_at"]:
        return None
    known = {scope.value for scope in Scope}
    scopes = frozenset(Scope(scope) for scope in row["scopes"] if scope in known)
    return Key(row["key_id"], row["name"], scopes, row["expires_at"])


def _scopes(given: Iterable[str]) -> list[str]:
    wanted, known = sorted({scope.strip() for scope in given if scope.strip()}), [scope.value for scope in Scope]
    for scope in wanted:
        if scope not in known:
            raise ConfigurationError(f"There is no scope {scope!r}{nearest(scope, known)}. Scopes: {', '.join(known)}.")
    if not wanted:
        raise ConfigurationError(f"A key needs at least one scope of {', '.join(known)}.")
    return wanted


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
