"""A run may wait for its next stage, and one whose process is gone is called interrupted."""

from alembic import op

revision = "0003"
down_revision = "0002"

RULE, TABLE, SCHEMA = "run_state_check", "run", "control"


def upgrade() -> None:
    """Allow the two states."""
    _allow("running", "waiting", "success", "failed", "held", "interrupted")
    op.alter_column(TABLE, "state", comment="State; waiting: for its next stage", schema=SCHEMA)


def downgrade() -> None:
    """Call runs of the two states what they were called before."""
    op.execute(f"UPDATE {SCHEMA}.{TABLE} SET state = 'running' WHERE state IN ('waiting', 'interrupted')")
    _allow("running", "success", "failed", "held")
    op.alter_column(TABLE, "state", comment="State", schema=SCHEMA)


def _allow(*states: str) -> None:
    op.drop_constraint(RULE, TABLE, schema=SCHEMA)
    listed = ", ".join(f"'{state}'" for state in states)
    op.create_check_constraint(RULE, TABLE, f"state IN ({listed})", schema=SCHEMA)
