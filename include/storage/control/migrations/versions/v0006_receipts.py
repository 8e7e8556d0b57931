"""Receipts of calls that a destination works on later."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"

SCHEMA = "control"
NEW = "one call, written down before it is made, until it is known what became of it"
OLD = "one call whose outcome is not recorded yet, written down before it is made"


def upgrade() -> None:
    """Add the column."""
    comment = "By which the destination can be asked later, as a list; null until it was accepted"
    op.add_column("activation_batch", sa.Column("receipts", JSONB, comment=comment), schema=SCHEMA)
    op.create_table_comment("activation_batch", NEW, existing_comment=OLD, schema=SCHEMA)


def downgrade() -> None:
    """Drop it."""
    op.drop_column("activation_batch", "receipts", schema=SCHEMA)
    op.create_table_comment("activation_batch", OLD, existing_comment=NEW, schema=SCHEMA)
