"""Runs the migrations on the connection that the warehouse hands over, inside its transaction."""

from alembic import context

from include.storage.control.tables import CONTROL, METADATA

connection = context.config.attributes["connection"]
connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {CONTROL}")
context.configure(
    connection=connection,
    target_metadata=METADATA,
    version_table="migration",
    version_table_schema=CONTROL,
    include_schemas=True,
)
with context.begin_transaction():
    context.run_migrations()
