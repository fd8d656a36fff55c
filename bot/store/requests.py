"""What the writer can be asked to do. A request is made on the event loop, run inside a batch's transaction by whoever
has the batch (the loop, or the writer thread where that cannot be), and answered on the loop."""

import asyncio
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from bot.model import Change, DocChange, Job
from bot.store.base import Commit, Settlement
from bot.store.codec import encode_chat, encode_entries

R = TypeVar("R")


class Request(ABC):
    """`fail` (or a subclass's `answer`) by whoever has the batch, the last word wins; then `deliver` on the loop."""

    __slots__ = ("_error", "loop")

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._error: Exception | None = None

    def fail(self, error: Exception) -> None:
        self._error = error

    @abstractmethod
    def deliver(self) -> None:
        """Wake the caller; one that has gone away misses nothing."""


class Asked(Request, Generic[R]):
    """A request whose caller awaits `future`."""

    __slots__ = ("_answer", "future")

    def __init__(self) -> None:
        super().__init__()
        self.future: asyncio.Future[R] = self.loop.create_future()
        self._answer: tuple[R, ...] = ()

    def answer(self, value: R) -> None:
        self._answer = (value,)
        self._error = None

    def deliver(self) -> None:
        if self.future.done():
            return
        if self._error is not None:
            self.future.set_exception(self._error)
        else:
            self.future.set_result(self._answer[0])


class Put(Asked[Commit]):
    """A commit, encoded where it is made: what cannot be encoded raises there and never reaches a batch."""

    __slots__ = ("body", "change", "lines")

    def __init__(self, change: Change) -> None:
        chat, entries = change.conversation, change.entries
        if chat.version != change.expected + 1:
            raise ValueError(f"version {chat.version} committed over {change.expected}")
        if entries and (entries[-1].seq != chat.seq or entries[-1].seq - entries[0].seq != len(entries) - 1):
            raise ValueError("the entries do not end in Conversation.seq without a gap")
        self.change = change
        self.body = encode_chat(chat)
        self.lines = encode_entries(entries) if entries else b""
        super().__init__()


class PutDoc(Asked[Commit]):
    """The commit of a document."""

    __slots__ = ("change",)

    def __init__(self, change: DocChange) -> None:
        if change.doc.version != change.expected + 1:
            raise ValueError(f"version {change.doc.version} put over {change.expected}")
        self.change = change
        super().__init__()


class Settle(Asked[None]):
    __slots__ = ("now", "settlements")

    def __init__(self, settlements: Sequence[tuple[Job, Settlement]], now: int) -> None:
        self.settlements = tuple(settlements)
        self.now = now
        super().__init__()


class Claim(Asked[tuple[Job, ...]]):
    __slots__ = ("kinds", "lease", "limit", "now")

    def __init__(self, now: int, limit: int, lease: int, kinds: Sequence[str]) -> None:
        self.now = now
        self.limit = limit
        self.lease = lease
        self.kinds = tuple(kinds)
        super().__init__()


class Task(Asked[R]):
    """Anything rare: `work` runs inside the transaction."""

    __slots__ = ("work",)

    def __init__(self, work: Callable[[sqlite3.Connection], R]) -> None:
        self.work = work
        super().__init__()

    def run(self, db: sqlite3.Connection) -> None:
        self.answer(self.work(db))
