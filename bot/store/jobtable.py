"""The job table inside a transaction: upsert, cancel, settle, claim; and what is asked of it beside one.

Everything is found by kind and time: a claim reads the few rows that it takes, however many others wait.

A generation is never used twice for one id, also where the job was dropped and made anew in between: it is the greater
of the row's own plus one and a process-wide number that starts at the clock's microseconds. So a settlement that comes
late can never finish work that it has not seen. Nor can one of a claim whose lease is over and that another has made
since: the end of the lease says whose a running job is.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import msgspec

from bot.model import Doc, Job
from bot.store import doctable
from bot.store.base import LONGEST_LEASE, Again, Backlog, Dead, Done, JobState, JobView, Retry, Settlement
from bot.store.codec import decode_payload, encode_json
from bot.store.rows import insert

WAITING, RUNNING, DEAD = 0, 1, 2
_ERROR_LENGTH = 500
"""Characters of an error text that are kept."""

_claimed = msgspec.json.Decoder(list[tuple[str, str, int, str, int, int, bool]])
_last_gen = 0


def _next_gen(now: int) -> int:
    global _last_gen  # noqa: PLW0603 - one sequence for all stores of this process; of each, one batch at a time
    _last_gen = max(_last_gen + 1, now * 1000)
    return _last_gen


_INSERT = "INSERT INTO job (id, kind, due, payload, gen, attempt, state, lease, error, created, touched)"
_REPLACE = (
    "ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, due = excluded.due, payload = excluded.payload,"
    " gen = max(gen + 1, excluded.gen), attempt = 0, error = '', state = state & 1"  # running stays, dead waits
)
_GATHER = f"{_REPLACE} WHERE state <> 0 OR attempt <> 0 OR due > excluded.due"
"""A row that is left alone is neither written nor moved in its index."""


def upsert(db: sqlite3.Connection, jobs: Sequence[Job], now: int) -> None:
    replacing: list[object] = []
    gathering: list[object] = []
    for job in jobs:
        payload = encode_json(job.payload) if job.payload else "{}"
        values = gathering if job.gathers else replacing
        values += (job.id, job.kind, job.due, payload, _next_gen(now), 0, WAITING, 0, "", now, 0)
    insert(db, _INSERT, 11, replacing, _REPLACE)
    insert(db, _INSERT, 11, gathering, _GATHER)


def cancel(db: sqlite3.Connection, ids: Sequence[str]) -> None:
    if ids:
        db.execute("DELETE FROM job WHERE id IN (SELECT value FROM json_each(?))", (encode_json(ids),))


_SETTLEMENTS = """
FROM (SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS gen,
             json_extract(value, '$[2]') AS state, json_extract(value, '$[3]') AS due,
             json_extract(value, '$[4]') AS failed, json_extract(value, '$[5]') AS error,
             json_extract(value, '$[6]') AS cut, json_extract(value, '$[7]') AS lease
      FROM json_each(?2)) AS s
WHERE job.id = s.id AND job.state = 1 AND job.lease = s.lease
"""
_REQUEUE = (
    "UPDATE job SET state = 0, lease = 0, touched = ?1, interrupted = coalesce(s.cut, 0)"  # noqa: S608 - constants
    f" {_SETTLEMENTS} AND job.gen <> s.gen"
)
_POSTPONE = (
    "UPDATE job SET state = s.state, lease = 0, touched = ?1, due = coalesce(s.due, job.due),"  # noqa: S608 - as above
    f" attempt = job.attempt + s.failed, error = s.error, interrupted = s.cut {_SETTLEMENTS} AND job.gen = s.gen"
)
_FINISH = (
    "DELETE FROM job WHERE state = 1 AND (id, gen, lease) IN"
    " (SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), json_extract(value, '$[2]') FROM json_each(?))"
)


def settle(db: sqlite3.Connection, settlements: Sequence[tuple[Job, Settlement]], now: int) -> None:
    """A job that was upserted since it was claimed waits again as it is now; the others go, wait or die."""
    finished: list[tuple[str, int, int]] = []
    postponed: list[tuple[str, int, int, int | None, int, str, bool, int]] = []
    following: dict[str, Job] = {}
    docs: list[Doc] = []
    for job, outcome in settlements:
        match outcome:
            case Done(jobs):
                finished.append((job.id, job.gen, job.lease))
                following.update((next_job.id, next_job) for next_job in jobs)
            case Again(at, error, interrupted=interrupted):
                postponed.append((job.id, job.gen, WAITING, at, 0, error[:_ERROR_LENGTH], interrupted, job.lease))
            case Retry(at, error):
                postponed.append((job.id, job.gen, WAITING, at, 1, error[:_ERROR_LENGTH], False, job.lease))
            case Dead(error=error):
                postponed.append((job.id, job.gen, DEAD, None, 1, error[:_ERROR_LENGTH], False, job.lease))
        docs += outcome.docs
    cut = {job.id for job, outcome in settlements if isinstance(outcome, Again) and outcome.interrupted}
    anyway = [(job.id, job.gen, None, None, None, None, job.id in cut, job.lease) for job, _ in settlements]
    db.execute(_REQUEUE, (now, encode_json(anyway)))
    if finished:
        db.execute(_FINISH, (encode_json(finished),))
    if postponed:
        db.execute(_POSTPONE, (now, encode_json(postponed)))
    upsert(db, list(following.values()), now)
    if docs:
        doctable.put(db, docs)


_COLUMNS = "id, kind, due, payload, gen, attempt"
_CUT = "json(iif(interrupted OR state = 1, 'true', 'false'))"
_ROW = f"SELECT {_COLUMNS}, interrupted, state FROM job"  # noqa: S608 - made of constants
_DUE = f"""
SELECT json_group_array(json_array({_COLUMNS}, {_CUT})) FROM (
    SELECT * FROM ({_ROW} WHERE state = 0 AND kind = ?3 AND due <= ?1 ORDER BY due LIMIT ?2)
    UNION ALL
    SELECT * FROM ({_ROW} WHERE state = 1 AND kind = ?3 AND lease <= ?1 ORDER BY lease LIMIT ?2)
    UNION ALL
    SELECT * FROM ({_ROW} WHERE state = 1 AND kind = ?3 AND lease > ?1 + {LONGEST_LEASE} ORDER BY lease LIMIT ?2)
    ORDER BY due, id LIMIT ?2
)
"""  # noqa: S608 - made of constants

NEXT = f"""
WITH RECURSIVE
waiting (kind) AS (
    SELECT min(kind) FROM job WHERE state = 0
    UNION ALL SELECT (SELECT min(kind) FROM job WHERE state = 0 AND kind > waiting.kind) FROM waiting
    WHERE kind IS NOT NULL
),
running (kind) AS (
    SELECT min(kind) FROM job WHERE state = 1
    UNION ALL SELECT (SELECT min(kind) FROM job WHERE state = 1 AND kind > running.kind) FROM running
    WHERE kind IS NOT NULL
)
SELECT kind, (SELECT min(due) FROM job WHERE state = 0 AND job.kind = waiting.kind) FROM waiting WHERE kind IS NOT NULL
UNION ALL
SELECT kind, (SELECT iif(max(lease) > ?1 + {LONGEST_LEASE}, ?1, min(lease)) FROM (
    SELECT (SELECT min(lease) FROM job WHERE state = 1 AND job.kind = running.kind) AS lease
    UNION ALL SELECT (SELECT max(lease) FROM job WHERE state = 1 AND job.kind = running.kind)
)) FROM running WHERE kind IS NOT NULL
"""  # noqa: S608 - made of constants
"""From kind to kind and the first (of leases the last too) of each: steps through the indices, not along them. ?1: now,
by the store's clock."""

HASTEN = "UPDATE job SET due = ?2 WHERE state = 0 AND kind = ?1 AND due > ?2 AND attempt > 0"
FORWARD = """
UPDATE job SET due = ?2 WHERE state = 0 AND kind IN (SELECT value FROM json_each(?1)) AND due > ?2 AND due <= ?3
"""
FORWARD_RUNNING = FORWARD.replace("state = 0", "state = 1")
"""Upserted while they run, they wait when they are settled."""
BACKLOG = """
SELECT count(*) FILTER (WHERE state <> 2), count(*) FILTER (WHERE state = 2), coalesce(min(made), 0) FROM (
    SELECT state, created AS made FROM job WHERE state = 0 AND kind = ?1
    UNION ALL SELECT state, created FROM job WHERE state = 1 AND kind = ?1
    UNION ALL SELECT state, NULL FROM job WHERE state = 2 AND kind = ?1
)
"""


def _job(row: tuple[str, str, int, str, int, int], interrupted: bool = False, lease: int = 0) -> Job:
    return Job(row[0], row[1], row[2], decode_payload(row[3]), row[4], row[5], interrupted, lease=lease)


def claim(db: sqlite3.Connection, now: int, limit: int, lease: int, kinds: Sequence[str]) -> tuple[Job, ...]:
    rows: list[tuple[str, str, int, str, int, int, bool]] = []
    lease = min(lease, LONGEST_LEASE)
    for kind in kinds or [kind for kind, at in due(db.execute(NEXT, (now,))).items() if at <= now]:
        rows += _claimed.decode(db.execute(_DUE, (now, limit, kind)).fetchone()[0])
    if len(kinds) != 1:
        rows = sorted(rows, key=lambda row: (row[2], row[0]))[:limit]
    if rows:
        db.execute(
            "UPDATE job SET state = 1, lease = ?1, touched = ?2, interrupted = 0"
            " WHERE id IN (SELECT value FROM json_each(?3))",
            (now + lease, now, encode_json([row[0] for row in rows])),
        )
    return tuple(_job(row[:6], row[6], now + lease) for row in rows)


def due(rows: Iterable[tuple[str, int]]) -> dict[str, int]:
    """The rows of NEXT by kind: the earlier of what waits and what runs."""
    found: dict[str, int] = {}
    for kind, at in rows:
        found[kind] = min(at, found.get(kind, at))
    return found


def backlog(db: sqlite3.Connection, kind: str) -> Backlog:
    return Backlog(*db.execute(BACKLOG, (kind,)).fetchone())


VIEW = "SELECT id, kind, due, payload, gen, attempt, state, error, created, touched FROM job"
_STATES: tuple[JobState, ...] = ("waiting", "running", "dead")
ViewRow: TypeAlias = tuple[str, str, int, str, int, int, int, str, int, int]


def view(row: ViewRow) -> JobView:
    state, error, created, touched = row[6:]
    return JobView(_job(row[:6]), _STATES[state], error, created, touched)


def listing(db: sqlite3.Connection, state: JobState | None, kind: str, limit: int) -> tuple[JobView, ...]:
    rows: list[ViewRow] = db.execute(
        f"{VIEW} WHERE (?1 < 0 OR state = ?1) AND (?2 = '' OR kind = ?2) ORDER BY due, id LIMIT ?3",
        (-1 if state is None else _STATES.index(state), kind, limit),
    ).fetchall()
    return tuple(view(row) for row in rows)
