"""The SQLite file: its tables, their migrations, and how a connection to it is opened.

chat     one row a chat. `body` is the Conversation, `version` is compared at commit, `tail` is its last log row.
         A rowid table: rows of 1-2 kB stay whole in their page, and a new chat is appended. Ids are time-ordered
         text, so their index grows at its end too.
log      one row a turn, appended; `prev` is the chat's row before, `seq` the last entry in it. The chain needs no
         index, so a turn dirties its chat's page and the page at the log's end, however many chats there are.
job      everything that happens later; state 0 waiting, 1 running until `lease`, 2 dead. A partial index a state, by
         kind first: what waits of one kind costs the claims of no other. `interrupted`: its last claim was never
         settled.
alias    space 0: names of a chat; space 1: addresses whose peer is not the chat itself
event    a platform's event ids with the time they were seen
flow     the text of every flow file in use, by version
probe    one row that `writable` rewrites
doc      small aggregates of their own (cases, what was sent, keys), by kind and id; `version` is compared at a put
"""

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from bot.errors import UserMistake

_APPLICATION = 0x43535659  # "CSVY": tells our file from any other SQLite database

_FIRST = """
CREATE TABLE chat (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, seq INTEGER NOT NULL,
    tail INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE TABLE log (n INTEGER PRIMARY KEY, prev INTEGER NOT NULL, seq INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE job (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, due INTEGER NOT NULL, payload TEXT NOT NULL, gen INTEGER NOT NULL,
    attempt INTEGER NOT NULL, state INTEGER NOT NULL, lease INTEGER NOT NULL, error TEXT NOT NULL,
    created INTEGER NOT NULL, touched INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX job_waiting ON job (due) WHERE state = 0;
CREATE INDEX job_running ON job (lease) WHERE state = 1;
CREATE TABLE alias (space INTEGER, name TEXT, chat TEXT NOT NULL, PRIMARY KEY (space, name)) WITHOUT ROWID;
CREATE TABLE event (key TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX event_at ON event (at);
CREATE TABLE flow (version TEXT PRIMARY KEY, source TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE probe (one INTEGER PRIMARY KEY, at INTEGER NOT NULL);
"""

_DOCS = """
CREATE TABLE doc (
    n INTEGER PRIMARY KEY, kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, body BLOB NOT NULL,
    UNIQUE (kind, id)
);
ALTER TABLE job ADD COLUMN interrupted INTEGER NOT NULL DEFAULT 0;
"""

_KINDS = """
DROP INDEX job_waiting;
DROP INDEX job_running;
CREATE INDEX job_waiting ON job (kind, due) WHERE state = 0;
CREATE INDEX job_running ON job (kind, lease) WHERE state = 1;
CREATE INDEX job_dead ON job (kind) WHERE state = 2;
"""

MIGRATIONS: tuple[str, ...] = (_FIRST, _DOCS, _KINDS)
"""Script n leads from schema version n to n + 1. Append only; each runs in one transaction."""


def connect(path: Path, wait: float, *, shared: bool = False) -> sqlite3.Connection:
    """A connection in autocommit mode that waits at most `wait` seconds for another process's lock. `shared`: threads
    use it in turns; who has it is their agreement."""
    db = sqlite3.connect(path, timeout=wait, isolation_level=None, check_same_thread=not shared, cached_statements=256)
    # FULL: a commit has reached the disk when it returns. The cache keeps a whole batch in memory until then. The WAL
    # is copied back every 16 MB, not 4: a page that changed often is written once (5 % less a batch); one that grew
    # during a backup gives its space back. No mmap: a fault a page costs more than the read (a load 39 us, not 21).
    db.executescript(
        "PRAGMA synchronous = FULL; PRAGMA cache_size = -16000; PRAGMA temp_store = MEMORY;"
        " PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864;"
    )
    return db


def prepare(path: Path, wait: float, migrations: Sequence[str] = MIGRATIONS) -> None:
    """Create the file (mode 0600, its folder 0700) or bring it to this version's schema.

    Raises UserMistake for a file that is corrupt, foreign, of a newer version or not writable.
    """
    if sqlite3.sqlite_version_info < (3, 35):
        raise UserMistake(f"SQLite {sqlite3.sqlite_version} is too old", "Python must come with SQLite 3.35 or newer.")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # SQLite gives its -wal and -shm files the mode of the main file.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        with closing(connect(path, wait)) as db:
            _migrate(db, path, migrations)
    except OSError as error:
        raise UserMistake(f"cannot write {path}: {error.strerror}", "Is DATA_DIR writable for this user?") from error
    except sqlite3.OperationalError as error:
        raise UserMistake(f"cannot use {path}: {error}", "Is its folder writable, and the disk not full?") from error
    except sqlite3.DatabaseError as error:
        raise UserMistake(
            f"{path} is damaged or not a database: {error}",
            "Move it away and restore it from a backup (`chatsurvey backup --help` says how).",
        ) from error


def _migrate(db: sqlite3.Connection, path: Path, migrations: Sequence[str]) -> None:
    def number(pragma: str) -> int:
        return int(db.execute(f"PRAGMA {pragma}").fetchone()[0])

    version = number("user_version")
    if version > len(migrations):
        raise UserMistake(
            f"{path} was written by a newer chatsurvey (schema {version}; this one knows {len(migrations)})",
            "Upgrade chatsurvey, or restore a backup made by this version.",
        )
    if number("application_id") != _APPLICATION and db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
        raise UserMistake(f"{path} is a database of another program", "Set DATA_DIR to a folder of chatsurvey's own.")
    db.execute("PRAGMA journal_mode = WAL")
    for at in range(version, len(migrations)):
        db.execute("BEGIN IMMEDIATE")
        try:
            if number("user_version") == at:  # else another process was first
                for statement in migrations[at].split(";"):
                    db.execute(statement)
                db.execute(f"PRAGMA application_id = {_APPLICATION}")
                db.execute(f"PRAGMA user_version = {at + 1}")
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")
