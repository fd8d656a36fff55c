"""Deliveries: the masked request of the last attempt, and what may be on the other side twice."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    for name in ("request", "doubt"):
        op.add_column("deliveries", sa.Column(name, sa.Text(), nullable=False, server_default=""))
