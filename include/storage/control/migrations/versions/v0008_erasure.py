"""The ledger of erasures."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"

SCHEMA = "control"


def upgrade() -> None:
    """Create the table."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "erasure",
        sa.Column("erasure_id", sa.Text(), primary_key=True, comment="Random id"),
        sa.Column(
            "state",
            sa.Text(),
            nullable=False,
            comment="received; planned: its traces are found and imports bring them no more; done: they are erased "
            "here, and destinations are still to be told; verified: a scan has found nothing",
        ),
        sa.Column(
            "subject",
            sa.Text(),
            comment="Profile or address that was named; forgotten once the erasure is done",
        ),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why, as whoever asked for it said"),
        sa.Column("author", sa.Text(), nullable=False, comment="Who asked for it"),
        sa.Column("second", sa.Text(), comment="Who agreed, where two people have to"),
        sa.Column("due_on", sa.Date(), nullable=False, comment="Last day on which it may be carried out"),
        sa.Column("received_at", moment, nullable=False, comment="When it was asked for"),
        sa.Column("planned_at", moment, comment="When its traces were found"),
        sa.Column("done_at", moment, comment="When they were gone"),
        sa.Column("verified_at", moment, comment="When a scan found nothing"),
        sa.Column("counts", JSONB, comment="What was erased, by place: rows, cells and bytes"),
        sa.CheckConstraint("state IN ('received', 'planned', 'done', 'verified')"),
        schema=SCHEMA,
        comment="one request that a person be erased, without anything personal once it is done",
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("erasure", schema=SCHEMA)
