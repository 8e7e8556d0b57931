"""In which order stages ended, whatever the clock said."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

TABLE, SCHEMA, ORDER = "stage_run", "control", "control.stage_order"


def upgrade() -> None:
    """Number the stages that have ended so far by their clock, and all others as they end."""
    op.execute(f"CREATE SEQUENCE {ORDER}")
    default = sa.text(f"nextval('{ORDER}')")
    column = sa.Column("place", sa.BigInteger(), server_default=default, comment="Its place among all that ended")
    op.add_column(TABLE, column, schema=SCHEMA)
    op.execute(
        f"UPDATE {SCHEMA}.{TABLE} kept SET place = ended.place FROM (SELECT run_id, stage, row_number() OVER "
        f"(ORDER BY ended_at, run_id, stage) AS place FROM {SCHEMA}.{TABLE}) ended "
        "WHERE (kept.run_id, kept.stage) = (ended.run_id, ended.stage)"
    )
    op.alter_column(TABLE, "place", nullable=False, schema=SCHEMA)


def downgrade() -> None:
    """Forget the order."""
    op.drop_column(TABLE, "place", schema=SCHEMA)
    op.execute(f"DROP SEQUENCE {ORDER}")
