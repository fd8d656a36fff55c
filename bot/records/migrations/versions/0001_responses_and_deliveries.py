"""Responses, their answers, and where they were delivered."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "responses",
        sa.Column("chat", sa.String(64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("flow", sa.String(64), nullable=False),
        sa.Column("flow_version", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(32), nullable=False),
        sa.Column("locale", sa.String(35), nullable=False),
        sa.Column("timezone", sa.String(64), nullable=False),
        sa.Column("score", sa.SmallInteger()),
        sa.Column("segment", sa.String(16)),
        sa.Column("outcome", sa.String(64), nullable=False),
        sa.Column("sample", sa.Boolean(), nullable=False),
        sa.Column("visitor", sa.String(128), nullable=False),
        sa.Column("contact", sa.JSON(), nullable=False),
        sa.Column("context", sa.JSON(), nullable=False),
        sa.Column("clicks", sa.JSON(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scored_at", sa.DateTime(timezone=True)),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("chat", name=op.f("pk_responses")),
    )
    op.create_index(op.f("ix_responses_counted_at_chat"), "responses", ["counted_at", "chat"])
    op.create_table(
        "answers",
        sa.Column("chat", sa.String(64), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["chat"], ["responses.chat"], name=op.f("fk_answers_chat_responses"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("chat", "position", name=op.f("pk_answers")),
    )
    op.create_index(op.f("ix_answers_key"), "answers", ["key"])
    op.create_table(
        "deliveries",
        sa.Column("writer", sa.String(64), nullable=False),
        sa.Column("chat", sa.String(64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("delivered", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("remote", sa.String(255), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("writer", "chat", name=op.f("pk_deliveries")),
    )
    op.create_index(op.f("ix_deliveries_chat"), "deliveries", ["chat"])
