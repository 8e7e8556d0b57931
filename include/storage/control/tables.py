"""The control tables, and their migration to the newest version."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from include.contracts import access, activation, control, decisions
from include.contracts.erasure import ERASURE as ERASURE_TABLE
from include.contracts.errors import LaterVersionError
from include.storage.postgres.ddl import relation
from include.storage.postgres.warehouse import Warehouse

CONTROL = "control"
MIGRATIONS = Path(__file__).parent / "migrations"
STAGE_ORDER = f"{CONTROL}.stage_order"  # the sequence that numbers stages as they end
UPGRADE_LOCK = 4_957_341  # any number, the same in every process

METADATA = sa.MetaData()
RUN, STAGE_RUN, QUARANTINE, AUDIT_RESULT, PUBLICATION, ALERT = (
    relation(table, CONTROL, table.name, METADATA) for table in control.CONTROL
)
DECISION, APPROVAL = (relation(table, CONTROL, table.name, METADATA) for table in decisions.STEWARDSHIP)
API_KEY, ACCESS_LOG = (relation(table, CONTROL, table.name, METADATA) for table in access.ACCESS)
ACTIVATION_PLAN, ACTIVATION_CHANGE, ACTIVATION_BATCH, ACTIVATION_ROW, ACTIVATION_WITHHELD = (
    relation(table, CONTROL, table.name, METADATA) for table in activation.ACTIVATION
)
ERASURE = relation(ERASURE_TABLE, CONTROL, ERASURE_TABLE.name, METADATA)
# the ways in which the ledger of activation is read
sa.Index("activation_plan_sync", ACTIVATION_PLAN.c.sync, ACTIVATION_PLAN.c.planned_at)
sa.Index("activation_batch_plan", ACTIVATION_BATCH.c.plan_id)
sa.Index("activation_row_member", ACTIVATION_ROW.c.member_id)
sa.Index("activation_withheld_member", ACTIVATION_WITHHELD.c.member_id)
sa.Index("activation_change_member", ACTIVATION_CHANGE.c.member_id)
# and that of reads
sa.Index("access_log_time", ACCESS_LOG.c.read_at)
sa.Index("access_log_subject", ACCESS_LOG.c.subject, ACCESS_LOG.c.read_at)


def upgrade(warehouse: Warehouse) -> None:
    """Bring the warehouse's control tables to the newest version, one process at a time.

    Raises LaterVersionError where a later Kindred has done so, RetryableError when the server does not answer.
    """
    from alembic import command  # noqa: PLC0415 - a task that only transforms need not pay for it
    from alembic.config import Config  # noqa: PLC0415

    with warehouse.begin() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(UPGRADE_LOCK)))
        _standing(connection)
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def are_up_to_date(warehouse: Warehouse) -> bool:
    """Whether they are of the newest version; looks only.

    Raises LaterVersionError where they are of a later one, RetryableError when the server does not answer.
    """
    with warehouse.begin() as connection:
        return _standing(connection) == _migrations()[0]


def _standing(connection: sa.Connection) -> str | None:
    """Return the migration at which the tables are, None before the first; raises LaterVersionError."""
    if not sa.inspect(connection).has_table("migration", schema=CONTROL):
        return None
    found: str | None = connection.execute(sa.text(f"SELECT version_num FROM {CONTROL}.migration")).scalar()
    known = _migrations()
    if found is not None and found not in known:
        raise LaterVersionError("The migration of the warehouse's control tables", found, known[0])
    return found


def _migrations() -> list[str]:
    """Return the names of the known migrations, the newest first."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - a task that only transforms need not pay for it

    return [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()]
