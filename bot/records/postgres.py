"""PostgreSQL's part: an engine that never waits for ever, and the lock of who migrates. Imports psycopg.

A server that hangs (paused, swapping, a network that drops packets) breaks no connection, so each wait for an answer is
bounded here; the server bounds its statements itself, a little below that.
"""

from typing import TypeVar

from psycopg import Connection as Driver
from psycopg import OperationalError
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection

from bot.records import rows

T = TypeVar("T")

CONNECT, ANSWER, MIGRATION = 5, 8.0, 3_600.0
"""Seconds: to connect, for an answer, and for one while tables are changed."""
POOL, MORE = 2, 2
"""Connections of a process that are kept, and that may come on top for a while: one writes, the others read."""
MIGRATING = 0x63_68_61_74
"""The advisory lock of who migrates: "chat"."""

PARAMETERS: dict[str, str | int] = {
    "connect_timeout": CONNECT,
    "application_name": "chatsurvey",
    # A server that vanished without a word is found out, also behind a firewall that forgot the connection.
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
    # A response counts as recorded when its commit was answered, whatever the server's own default is.
    "options": f"-c statement_timeout={int(ANSWER * 1_000) - 1_000} -c timezone=UTC -c synchronous_commit=on",
}
"""Of libpq (https://www.postgresql.org/docs/current/libpq-connect.html); what DATABASE_URL says goes before."""


class Bounded(Driver):
    """A connection on which nobody waits longer than `patience` seconds for an answer."""

    patience = ANSWER

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        try:
            return super().wait(gen, interval, self.patience if timeout is None else timeout)
        except OperationalError:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                self.pgconn.finish()  # an answer that comes later must not be taken for that of another question
                raise OperationalError(f"no answer from PostgreSQL within {self.patience:.0f} s") from None
            raise


def engine(url: URL) -> Engine:
    """Its connections are looked at before they are used again, so a server's restart is no error of ours."""
    made = create_engine(
        url,
        pool_size=POOL,
        max_overflow=MORE,
        pool_timeout=CONNECT,
        pool_pre_ping=True,
        json_serializer=rows.json,
        use_native_hstore=False,  # asking whether there is such a type costs each connection a round trip
        connect_args={name: value for name, value in PARAMETERS.items() if name not in url.query},
    )

    def connect(_dialect: object, _record: object, words: list[str], parameters: dict[str, str]) -> DBAPIConnection:
        return Bounded.connect(*words, **parameters)  # type: ignore[return-value,arg-type]  # what SQLAlchemy passes on

    event.listen(made, "do_connect", connect)
    return made


def wait_for_migrations(connection: Connection) -> None:
    """One process migrates and the others wait for it, until the transaction ends."""
    driver = connection.connection.driver_connection
    if isinstance(driver, Bounded):
        driver.patience = MIGRATION
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATING})


def hurry(connection: Connection) -> None:
    """Migrations are over: answers are waited for as always."""
    driver = connection.connection.driver_connection
    if isinstance(driver, Bounded):
        driver.patience = ANSWER
