"""States that somebody has to know of, and what was told of them."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

SCHEMA = "control"


def upgrade() -> None:
    """Create the table."""
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "alert",
        sa.Column("key", sa.Text(), primary_key=True, comment="What it is about, the same for as long as it stands"),
        sa.Column("kind", sa.Text(), nullable=False, comment="late, failed, held, drifted or full"),
        sa.Column("sentence", sa.Text(), nullable=False, comment="The state in one sentence"),
        sa.Column("remedy", sa.Text(), nullable=False, comment="What to do"),
        sa.Column("began_at", moment, nullable=False, comment="When it was first seen"),
        sa.Column("ended_at", moment, comment="When it stood no more"),
        sa.Column("is_told", sa.Boolean(), nullable=False, comment="Its last change was told"),
        sa.Column("told_at", moment, comment="When something of it was last told"),
        schema=SCHEMA,
        comment="one state that somebody has to know of, the last time that it stood",
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_table("alert", schema=SCHEMA)
