"""The control tables, and the schema that readers use."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None

SCHEMA = "control"


def upgrade() -> None:
    """Create the five control tables and the readers' schema."""
    op.execute("CREATE SCHEMA IF NOT EXISTS kindred")
    _runs()
    _quarantine()
    _builds()


def downgrade() -> None:
    """Drop the control tables; the readers' views stay."""
    for name in ("publication", "audit_result", "quarantine", "stage_run", "run"):
        op.drop_table(name, schema=SCHEMA)


def _runs() -> None:
    op.create_table(
        "run",
        sa.Column("run_id", sa.Text(), primary_key=True, comment="Id of the run"),
        sa.Column("as_of", sa.Date(), nullable=False, comment="Logical date"),
        sa.Column("state", sa.Text(), nullable=False, comment="State"),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False, comment="Wall-clock start"),
        sa.Column("ended_at", sa.DateTime(timezone=True), comment="Wall-clock end"),
        sa.Column("message", sa.Text(), comment="Why it failed or was held"),
        sa.CheckConstraint("state IN ('running', 'success', 'failed', 'held')"),
        schema=SCHEMA,
        comment="one run of the pipeline",
    )
    op.create_table(
        "stage_run",
        sa.Column("run_id", sa.Text(), primary_key=True, comment="Run"),
        sa.Column("stage", sa.Text(), primary_key=True, comment="Stage, for example stage, resolve, or extract.crm"),
        sa.Column("reads", JSONB(), nullable=False, comment="Versions read, by dataset"),
        sa.Column("writes", JSONB(), nullable=False, comment="Versions written, by dataset, with rows"),
        sa.Column("counts", JSONB(), nullable=False, comment="Counts that must add up"),
        sa.Column("engine", sa.Text(), nullable=False, comment="Engine that ran it"),
        sa.Column("model_version", sa.Text(), comment="Version of the matching model, where one took part"),
        sa.Column("seconds", sa.Double(), nullable=False, comment="Wall-clock seconds"),
        sa.Column("peak_mb", sa.BigInteger(), comment="Peak resident memory of the process, in MiB"),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False, comment="Wall-clock end"),
        sa.CheckConstraint("seconds >= 0"),
        schema=SCHEMA,
        comment="one stage of one run",
    )


def _quarantine() -> None:
    op.create_table(
        "quarantine",
        sa.Column(
            "quarantine_id", sa.Text(), primary_key=True, comment="Digest of source, object, load, line and rule"
        ),
        sa.Column("source", sa.Text(), nullable=False, comment="Source"),
        sa.Column("object", sa.Text(), nullable=False, comment="Object or table"),
        sa.Column("source_key", sa.Text(), comment="Key of the row, where it could be read"),
        sa.Column("file", sa.Text(), comment="File the row came in"),
        sa.Column("line", sa.BigInteger(), comment="Line in the file"),
        sa.Column("stage", sa.Text(), nullable=False, comment="Stage that set it aside"),
        sa.Column("rule", sa.Text(), nullable=False, comment="Rule it broke"),
        sa.Column("column", sa.Text(), comment="Column at fault"),
        sa.Column("value_class", sa.Text(), comment="What kind of value was there"),
        sa.Column("reason", sa.Text(), nullable=False, comment="One sentence for a person"),
        sa.Column("load_id", sa.Text(), comment="Load or version that brought it"),
        schema=SCHEMA,
        comment="one row that was set aside, with its reason and without its values",
    )


def _builds() -> None:
    op.create_table(
        "audit_result",
        sa.Column("version", sa.Text(), primary_key=True, comment="Version audited"),
        sa.Column("table_name", sa.Text(), primary_key=True, comment="Table"),
        sa.Column("expectation", sa.Text(), primary_key=True, comment="Expectation"),
        sa.Column("column_name", sa.Text(), primary_key=True, comment="Column, or empty for the table"),
        sa.Column("level", sa.Text(), nullable=False, comment="What a failure means"),
        sa.Column("success", sa.Boolean(), nullable=False, comment="It held"),
        sa.Column("unexpected", sa.BigInteger(), comment="Rows that broke it"),
        sa.Column("observed", JSONB(), comment="What was observed, counts only"),
        sa.CheckConstraint("level IN ('table', 'row', 'warn')"),
        schema=SCHEMA,
        comment="one expectation checked on one version",
    )
    op.create_table(
        "publication",
        sa.Column("version", sa.Text(), primary_key=True, comment="Version"),
        sa.Column("run_id", sa.Text(), nullable=False, comment="Run that published it"),
        sa.Column("as_of", sa.Date(), nullable=False, comment="Logical date"),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False, comment="Wall-clock time"),
        sa.Column("is_current", sa.Boolean(), nullable=False, comment="What readers see now"),
        schema=SCHEMA,
        comment="one version that became visible to readers",
    )
    op.create_index("one_current", "publication", ["is_current"], unique=True, schema=SCHEMA,
                    postgresql_where=sa.text("is_current"))  # fmt: skip
