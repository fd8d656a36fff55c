"""PostgreSQL: keys are ordered by their bytes, whatever the language of the database, as SQLite orders them.

What is exported comes in one order then, and the pages of a long list miss nothing where a database's collation changes
with its operating system.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

KEYS = (("responses", "chat"), ("answers", "chat"), ("cases", "chat"), ("deliveries", "chat"), ("deliveries", "writer"))


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, column in KEYS:
        op.alter_column(table, column, type_=sa.String(64, collation="C"), existing_nullable=False)
