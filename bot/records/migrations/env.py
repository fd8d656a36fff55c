"""Run by Alembic: migrations go through the connection, and its transaction, that `upgrade` opened."""

from alembic import context

from bot.records.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transaction_per_migration=False,
    render_as_batch=True,  # SQLite alters a table only by copying it
)
context.run_migrations()
