"""Migrations of the records. What is asked at every start, whether there is anything to migrate, needs no Alembic."""

from sqlalchemy import Connection, inspect, text

HEAD = "0004"
"""The newest migration; they are numbered, so a greater one is of a later version. A test compares the files."""


def version_of(connection: Connection) -> str:
    """The migration this database is at; empty for a new one."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar() or "")
