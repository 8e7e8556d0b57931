"""The ledger of activation: plans, their changes, calls at work, and what stands at each destination."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"

SCHEMA = "control"
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Create the tables, and an index for each way in which they are read."""
    _plans()
    _changes()
    _batches()
    _rows()
    _withheld()
    op.create_index("activation_plan_sync", "activation_plan", ["sync", "planned_at"], schema=SCHEMA)
    op.create_index("activation_batch_plan", "activation_batch", ["plan_id"], schema=SCHEMA)
    op.create_index("activation_row_member", "activation_row", ["member_id"], schema=SCHEMA)
    op.create_index("activation_withheld_member", "activation_withheld", ["member_id"], schema=SCHEMA)


def downgrade() -> None:
    """Drop them."""
    for name in ("withheld", "row", "batch", "change", "plan"):
        op.drop_table(f"activation_{name}", schema=SCHEMA)


def _plans() -> None:
    op.create_table(
        "activation_plan",
        sa.Column("plan_id", sa.Text(), primary_key=True, comment="Random id"),
        sa.Column("sync", sa.Text(), nullable=False, comment="Sync"),
        sa.Column("destination", sa.Text(), nullable=False, comment="Destination"),
        sa.Column("segment_key", sa.Text(), nullable=False, comment="Segment"),
        sa.Column("definition_version", sa.Text(), nullable=False, comment="Version of the segment's definition"),
        sa.Column("mode", sa.Text(), nullable=False, comment="mirror, upsert or append"),
        sa.Column("purpose", sa.Text(), nullable=False, comment="Purpose of the consent that was asked for"),
        sa.Column("as_of", sa.Date(), nullable=False, comment="Logical date of what was published"),
        sa.Column("state", sa.Text(), nullable=False, comment="held for a person, open until all is settled, done"),
        sa.Column("subject", sa.Text(), comment="What to approve, where it is held"),
        sa.Column("evidence", sa.Text(), comment="Why it is held, in Markdown, with counts only"),
        sa.Column("counts", JSONB, nullable=False, comment="Changes by action, and withheld people by reason"),
        sa.Column("planned_at", MOMENT, nullable=False, comment="When it was made"),
        sa.Column("ended_at", MOMENT, comment="When all of it was settled"),
        sa.CheckConstraint("state IN ('held', 'open', 'done')"),
        schema=SCHEMA,
        comment="one plan: what one sync wants to change at its destination",
    )


def _changes() -> None:
    op.create_table(
        "activation_change",
        sa.Column("plan_id", sa.Text(), primary_key=True, comment="Plan"),
        sa.Column(
            "position",
            sa.BigInteger(),
            primary_key=True,
            autoincrement=False,
            comment="Place in the plan, from 1; changes are made in this order",
        ),
        sa.Column("member_id", sa.Text(), nullable=False, comment="Profile or account"),
        sa.Column("action", sa.Text(), nullable=False, comment="What to do; withhold: keep out, and say why"),
        sa.Column("key", sa.Text(), comment="As whom the destination has or gets them; forgotten once it is settled"),
        sa.Column("former_key", sa.Text(), comment="Key before, where it changes; forgotten likewise"),
        sa.Column("state", sa.Text(), nullable=False, comment="What became of it"),
        sa.Column("reason", sa.Text(), comment="Why it was planned, suppressed or rejected"),
        sa.Column("consent", sa.Text(), comment="Consent on the contact point when it was planned"),
        sa.Column("attempts", sa.BigInteger(), nullable=False, comment="How often it was tried"),
        sa.Column("retry_at", MOMENT, comment="Not to be tried again before"),
        sa.Column("settled_at", MOMENT, comment="When it was sent, suppressed or rejected"),
        sa.CheckConstraint("position >= 1"),
        sa.CheckConstraint("action IN ('add', 'change', 'rekey', 'remove', 'withhold')"),
        sa.CheckConstraint("state IN ('pending', 'sent', 'suppressed', 'rejected')"),
        sa.CheckConstraint("attempts >= 0"),
        schema=SCHEMA,
        comment="one change that a plan wants to make, and what became of it",
    )


def _batches() -> None:
    op.create_table(
        "activation_batch",
        sa.Column(
            "batch_id", sa.Text(), primary_key=True, comment="Random id, with which a destination knows a repeated call"
        ),
        sa.Column("plan_id", sa.Text(), nullable=False, comment="Plan"),
        sa.Column("changes", JSONB, nullable=False, comment="What the call brings; goes with the batch"),
        sa.Column("started_at", MOMENT, nullable=False, comment="When it was first made"),
        schema=SCHEMA,
        comment="one call whose outcome is not recorded yet, written down before it is made",
    )


def _rows() -> None:
    op.create_table(
        "activation_row",
        sa.Column("sync", sa.Text(), primary_key=True, comment="Sync"),
        sa.Column("key", sa.Text(), primary_key=True, comment="As whom the destination has them"),
        sa.Column("member_id", sa.Text(), nullable=False, comment="Profile or account"),
        sa.Column("digest", sa.Text(), nullable=False, comment="Digest of the values sent"),
        sa.Column(
            "definition_version",
            sa.Text(),
            nullable=False,
            comment="Version of the segment's definition that sent them",
        ),
        sa.Column("consent", sa.Text(), comment="Consent on the contact point when they were sent"),
        sa.Column("added_at", MOMENT, nullable=False, comment="When they were first sent"),
        sa.Column("sent_at", MOMENT, nullable=False, comment="When they were last sent"),
        sa.Column("plan_id", sa.Text(), nullable=False, comment="Plan that sent them last"),
        schema=SCHEMA,
        comment="one row that a sync has put into its destination and not taken out",
    )


def _withheld() -> None:
    op.create_table(
        "activation_withheld",
        sa.Column("sync", sa.Text(), primary_key=True, comment="Sync"),
        sa.Column("member_id", sa.Text(), primary_key=True, comment="Profile or account"),
        sa.Column("reason", sa.Text(), nullable=False, comment="Why"),
        sa.Column("withheld_at", MOMENT, nullable=False, comment="When it was first noticed"),
        sa.Column("was_there", sa.Boolean(), nullable=False, comment="Was in the destination before"),
        schema=SCHEMA,
        comment="one member of a sync's segment who is kept out of its destination",
    )
