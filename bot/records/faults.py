"""What a database says about itself, in our own errors. Imports SQLAlchemy: only `database` and its helpers import it.

- Retryable: it cannot be used now, or not by us: nothing that is asked of it works until that changes.
- Permanent: it works, and does not take this row.

No sentence holds a parameter of a statement: those are what people said.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import (
    DatabaseError,
    DataError,
    DBAPIError,
    IntegrityError,
    InternalError,
    OperationalError,
    ProgrammingError,
    StatementError,
)
from sqlalchemy.exc import TimeoutError as PoolIsEmpty

from bot.errors import Permanent, Retryable

KNOWN = (
    (("28P01", "28000"), "password authentication failed", "it does not know this user or password"),
    (("28000",), "no pg_hba.conf entry", "it does not let this user in from here (pg_hba.conf)"),
    (("28000",), "role ", "it does not know this user"),
    (("3D000",), "does not exist", "there is no such database; make it with CREATE DATABASE"),
    (("53300",), "too many", "it has too many connections; raise max_connections or lower --workers"),
    (("42501",), "permission denied", "the user lacks rights; GRANT ALL ON SCHEMA public and on its tables"),
    (("25006",), "read-only transaction", "it is read-only, a standby perhaps"),
    (("42P01",), "relation ", "its tables are gone"),
    (("57014",), "canceling statement", "it takes too long to answer"),
)
"""SQLSTATE where there is one (libpq tells none of a connection that was refused), words of the message, ours."""
LONGEST = 200


@contextmanager
def translated() -> Iterator[None]:
    """A wrong statement stays what it is, a bug."""
    try:
        yield
    except DBAPIError as error:
        raise _told(error) from None
    except PoolIsEmpty:
        raise Retryable("the records cannot be used now: all connections are in use") from None
    except (StatementError, OverflowError, UnicodeError) as error:
        raise _refused(error.orig if isinstance(error, StatementError) else error) from None


def _told(error: DBAPIError) -> Exception:
    state = getattr(error.orig, "sqlstate", None)
    of_postgres = hasattr(error.orig, "sqlstate")
    if isinstance(error, DataError | IntegrityError):
        return _refused(error.orig)
    if isinstance(error, OperationalError) or (of_postgres and isinstance(error, InternalError | ProgrammingError)):
        return Retryable(f"the records cannot be used now: {_sentence(str(error.orig), state)}")
    if type(error) is DatabaseError:  # its subclasses tell of a wrong statement
        return Retryable(f"the records cannot be used, restore them from a backup: {error.orig}")
    return error


def _refused(error: BaseException | None) -> Permanent:
    kind = type(error).__name__
    return Permanent(f"the records do not take this response: {kind}", kind)


def _sentence(text: str, state: str | None) -> str:
    line = " ".join(text.partition("\n")[0].split())
    reason = line.rpartition("FATAL: ")[2].strip() or line
    for states, words, ours in KNOWN:
        if state in states or (state is None and words in reason):
            return f"PostgreSQL: {ours} ({reason[:LONGEST]})"
    return line[:LONGEST]
