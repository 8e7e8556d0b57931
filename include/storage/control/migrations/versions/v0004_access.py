"""API keys, and the log of reads of personal data."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

SCHEMA = "control"


def upgrade() -> None:
    """Create both tables."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "api_key",
        sa.Column("key_id", sa.Text(), primary_key=True, comment="Public part of the key"),
        sa.Column("name", sa.Text(), nullable=False, comment="What it is for"),
        sa.Column("author", sa.Text(), nullable=False, comment="Who made it"),
        sa.Column(
            "secret_digest", sa.Text(), nullable=False, comment="SHA-256 of the secret part, which is kept nowhere"
        ),
        sa.Column("scopes", sa.dialects.postgresql.JSONB(), nullable=False, comment="What it allows, as a list"),
        sa.Column("created_at", moment, nullable=False, comment="When it was made"),
        sa.Column("expires_at", moment, nullable=False, comment="When it ends"),
        sa.Column("revoked_at", moment, comment="When it was taken back; null while it is in force"),
        schema=SCHEMA,
        comment="one key with which a tool or a person calls the API",
    )
    op.create_table(
        "access_log",
        sa.Column("access_id", sa.Text(), primary_key=True, comment="Random id"),
        sa.Column("read_at", moment, nullable=False, comment="When it began"),
        sa.Column("caller", sa.Text(), nullable=False, comment="Who: the key's id and name, or the Airflow user"),
        sa.Column("action", sa.Text(), nullable=False, comment="What was asked, as a route"),
        sa.Column("subject", sa.Text(), nullable=False, comment="The profile, account or segment that was read"),
        sa.Column("profiles", sa.BigInteger(), nullable=False, comment="How many profiles were given out"),
        sa.Column("reason", sa.Text(), comment="Why, as the caller said"),
        sa.CheckConstraint("profiles >= 0"),
        schema=SCHEMA,
        comment="one read of personal data",
    )


def downgrade() -> None:
    """Drop both tables."""
    for name in ("access_log", "api_key"):
        op.drop_table(name, schema=SCHEMA)
