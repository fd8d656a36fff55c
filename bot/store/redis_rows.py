"""What scripts answer, as values; and what a settlement is for one."""

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from bot.model import Conversation, Doc, Entry, Job
from bot.store.base import Again, Dead, Done, JobState, JobView, Retry, Settlement
from bot.store.codec import decode_chat, decode_entries, decode_payload

Row: TypeAlias = tuple[bytes, bytes, int, bytes, int, int, int, int, bytes, int, int]
"""As `row` in lib.lua makes it."""
Settled: TypeAlias = tuple[str, int, int, int, int, str, bool, int]

STATES: tuple[JobState, ...] = ("waiting", "running", "dead")
_DONE = -1
_AS_IT_IS = -1
_ERROR_LENGTH = 500
"""Characters of an error text that are kept."""


def chat_of(raw: bytes | None) -> Conversation | None:
    return decode_chat(raw[raw.index(b"\n") + 1 :]) if raw else None


def entries_of(turns: Iterable[bytes], after: int) -> tuple[Entry, ...]:
    lines = (entry for raw in turns for entry in decode_entries(raw[raw.index(b"\n") + 1 :]))
    return tuple(entry for entry in lines if entry.seq > after)


def doc_of(kind: str, id: str, raw: bytes | None) -> Doc | None:
    if not raw:
        return None
    version, _, body = raw.partition(b"\n")
    return Doc(kind, id, int(version), body)


def job_of(row: Row, lease: int = 0) -> Job:
    id_, kind, payload = row[0].decode(), row[1].decode(), decode_payload(row[3])
    return Job(id_, kind, row[2], payload, row[4], row[5], interrupted=bool(row[6]), lease=lease)


def view_of(row: Row) -> JobView:
    return JobView(job_of((*row[:6], 0, *row[7:])), STATES[row[7]], row[8].decode(), row[9], row[10])


def earliest(rows: Sequence[Row], limit: int) -> list[Row]:
    return sorted(rows, key=lambda row: (row[2], row[0]))[:limit]


def settled(job: Job, outcome: Settlement) -> Settled:
    """(id, gen, state or done, due or as it is, failed attempts more, error, interrupted, lease)"""
    match outcome:
        case Done():
            return (job.id, job.gen, _DONE, _AS_IT_IS, 0, "", False, job.lease)
        case Again(at, error, interrupted=interrupted):
            return (job.id, job.gen, STATES.index("waiting"), at, 0, error[:_ERROR_LENGTH], interrupted, job.lease)
        case Retry(at, error):
            return (job.id, job.gen, STATES.index("waiting"), at, 1, error[:_ERROR_LENGTH], False, job.lease)
        case Dead(error):
            return (job.id, job.gen, STATES.index("dead"), _AS_IT_IS, 1, error[:_ERROR_LENGTH], False, job.lease)
