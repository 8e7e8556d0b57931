"""How pages look things up: reads of personal data by time and by what was read, deliveries by whom they are of."""

from alembic import op

revision = "0007"
down_revision = "0006"

SCHEMA = "control"
INDEXES = {
    "access_log_time": ("access_log", ["read_at"]),
    "access_log_subject": ("access_log", ["subject", "read_at"]),
    "activation_change_member": ("activation_change", ["member_id"]),
}


def upgrade() -> None:
    """Create the indexes."""
    for name, (table, columns) in INDEXES.items():
        op.create_index(name, table, columns, schema=SCHEMA)


def downgrade() -> None:
    """Drop them."""
    for name, (table, _) in INDEXES.items():
        op.drop_index(name, table, schema=SCHEMA)
