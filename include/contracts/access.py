"""Who may read what, and who has: API keys with their scopes, and the log of reads of personal data."""

from __future__ import annotations

from enum import StrEnum

from include.contracts.tables import Table, count, json, text, timestamp


class Scope(StrEnum):
    """What a caller may do."""

    SEGMENTS_READ = "segments:read"
    PROFILES_READ = "profiles:read"
    PII_READ = "pii:read"
    REVIEW_WRITE = "review:write"
    AUDIT_READ = "audit:read"


API_KEY = Table(
    name="api_key",
    grain="one key with which a tool or a person calls the API",
    key=("key_id",),
    columns=(
        text("key_id", "Public part of the key"),
        text("name", "What it is for", required=True),
        text("author", "Who made it", required=True),
        text("secret_digest", "SHA-256 of the secret part, which is kept nowhere", required=True),
        json("scopes", "What it allows, as a list", required=True),
        timestamp("created_at", "When it was made", required=True),
        timestamp("expires_at", "When it ends", required=True),
        timestamp("revoked_at", "When it was taken back; null while it is in force"),
    ),
)

ACCESS_LOG = Table(
    name="access_log",
    grain="one read of personal data",
    key=("access_id",),
    columns=(
        text("access_id", "Random id"),
        timestamp("read_at", "When it began", required=True),
        text("caller", "Who: the key's id and name, or the Airflow user", required=True),
        text("action", "What was asked, as a route", required=True),
        text("subject", "The profile, account or segment that was read", required=True),
        count("profiles", "How many profiles were given out"),
        text("reason", "Why, as the caller said"),
    ),
)

ACCESS = (API_KEY, ACCESS_LOG)
