"""Records in a SQL database by SQLAlchemy Core: a SQLite file by default, another database by its URL.

- SQLAlchemy (0.2 s) is imported at the first use, in this class's own thread, never while the service starts; Alembic
  (0.1 s more) only where the database is not at the newest migration, which one plain SELECT tells.
- All writes go through that one thread, each in one transaction. SQLite runs in WAL with `synchronous=FULL`: a job is
  settled after its record is safe, so the record may not be lost afterwards.
- A SQLite file that was deleted or replaced is opened (and made) anew, as the next command would find it.
- Readers stream (see `queries`), so memory does not grow with the number of responses.
"""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from bot.model import Response
from bot.records.base import Delivery, Filters, Tally

if TYPE_CHECKING:
    from bot.records.database import Database

T = TypeVar("T")


class SqlRecords:
    """See `bot.records.base.Records`. `url` is SQLAlchemy's, e.g. `sqlite:///data/records.db`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._database: Database | None = None
        self._opening = threading.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="records")

    async def ready(self) -> None:
        """Open and migrate now rather than at the first use."""
        await self._run(lambda _: None)

    async def upsert(self, responses: Sequence[Response], deliveries: Sequence[Delivery] = ()) -> None:
        if responses:
            await self._run(lambda database: database.upsert(responses, deliveries))

    async def keep(self, deliveries: Sequence[Delivery]) -> None:
        if deliveries:
            await self._run(lambda database: database.keep(deliveries))

    async def open_cases(self, limit: int) -> Sequence[Response]:
        return await self._run(lambda database: database.open_cases(limit))

    async def tally(self, since: int, until: int) -> Tally:
        return await self._run(lambda database: database.tally(since, until))

    def responses(self, filters: Filters) -> Iterator[Response]:
        return self._open().responses(filters)

    def deliveries(self, chat: str) -> Sequence[Delivery]:
        return self._open().deliveries(chat)

    def doubts(self, limit: int) -> Sequence[Delivery]:
        return self._open().doubts(limit)

    async def close(self) -> None:
        def shut() -> None:
            if self._database is not None:
                self._database.close()

        await asyncio.get_running_loop().run_in_executor(self._thread, shut)
        self._thread.shutdown()

    async def _run(self, work: Callable[["Database"], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: work(self._open()))

    def _open(self) -> "Database":
        with self._opening:
            if self._database is not None and not self._database.in_place():
                self._database.close()
                self._database = None
            if self._database is None:
                from bot.records.database import Database  # noqa: PLC0415 - SQLAlchemy costs 0.2 s, paid when needed

                self._database = Database(self._url)
            return self._database
