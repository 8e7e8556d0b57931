"""What people decided: steward decisions, and answers to what was held."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

SCHEMA = "control"


def upgrade() -> None:
    """Create the tables of decisions and approvals."""
    op.create_table(
        "decision",
        sa.Column("decision_id", sa.Text(), primary_key=True, comment="Digest of what was decided, by whom and when"),
        sa.Column("kind", sa.Text(), nullable=False, comment="What was decided"),
        sa.Column("a", sa.Text(), comment="always, never: a record; alias: the profile id that is retired"),
        sa.Column("b", sa.Text(), comment="always, never: another record; alias: the profile id that carries on"),
        sa.Column("column", sa.Text(), comment="bypass: the column of staged/person_record"),
        sa.Column("value", sa.Text(), comment="bypass: the value that is no evidence, whoever carries it"),
        sa.Column("author", sa.Text(), nullable=False, comment="Who decided"),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why"),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When"),
        sa.Column(
            "origin", sa.Text(), nullable=False, comment="Taken by a person, or imported from the decisions file"
        ),
        sa.Column("seen", sa.Text(), comment="Digest of what the records said then, to notice that they changed"),
        sa.Column("retracted_by", sa.Text(), comment="Who took it back"),
        sa.Column("retracted_reason", sa.Text(), comment="Why it was taken back"),
        sa.Column(
            "retracted_at", sa.DateTime(timezone=True), comment="When it was taken back; null while it is in force"
        ),
        sa.CheckConstraint("kind IN ('always', 'never', 'bypass', 'alias')"),
        sa.CheckConstraint("origin IN ('file', 'person')"),
        schema=SCHEMA,
        comment="one decision of a steward, in force until it is taken back",
    )
    op.create_table(
        "approval",
        sa.Column(
            "subject", sa.Text(), primary_key=True, comment="What was held, for example identity/crosswalk@<version>"
        ),
        sa.Column("verdict", sa.Text(), nullable=False, comment="The answer"),
        sa.Column("author", sa.Text(), nullable=False, comment="Who answered"),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why"),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False, comment="When"),
        sa.CheckConstraint("verdict IN ('approved', 'rejected')"),
        schema=SCHEMA,
        comment="one answer to one thing that was held for a person to look at",
    )


def downgrade() -> None:
    """Drop both tables."""
    for name in ("approval", "decision"):
        op.drop_table(name, schema=SCHEMA)
