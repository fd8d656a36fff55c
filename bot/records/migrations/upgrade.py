"""Brings the records to the newest migration, by Alembic, without an ini file."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def config(connection: Connection) -> Config:
    """Alembic's configuration for a connection that is open; `env.py` reads it."""
    found = Config()
    found.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    found.attributes["connection"] = connection
    return found


def upgrade(connection: Connection) -> None:
    """Run what is missing, inside the connection's transaction: all of it or nothing. Of several processes that begin
    at once, one works and the others find nothing left to do: on SQLite the transaction has the file's lock."""
    if connection.dialect.name != "postgresql":
        command.upgrade(config(connection), "head")
        return
    from bot.records.postgres import hurry, wait_for_migrations  # noqa: PLC0415 - psycopg, only where it is used

    wait_for_migrations(connection)
    try:
        command.upgrade(config(connection), "head")
    finally:
        hurry(connection)
