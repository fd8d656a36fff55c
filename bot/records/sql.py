"""Records in a SQL database by SQLAlchemy Core: a SQLite file by default, PostgreSQL by its URL.

- SQLAlchemy (0.2 s) is imported at the first use, in this class's own thread, never while the service starts; Alembic
  (0.1 s more) only where the database is not at the newest migration, which one plain SELECT tells.
- All writes go through that one thread, each in one transaction. SQLite runs in WAL with `synchronous=FULL`: a job is
  settled after its record is safe, so the record may not be lost afterwards.
- A SQLite file that was deleted or replaced is opened (and made) anew, as the next command would find it.
- Readers stream (see `reading`), so memory does not grow with the number of responses.
- While the database cannot be used, reads that somebody waits for fail at once and notes are gathered (`away`). It is
  looked for every few seconds; `upsert` always tries.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from bot.errors import DeliveryError, Retryable
from bot.model import Response
from bot.records.away import Away
from bot.records.base import Delivery, Filters, Tally

if TYPE_CHECKING:
    from bot.records.database import Database

T = TypeVar("T")

log = logging.getLogger(__name__)

BOUND = 18.0
"""Seconds that one call waits: below what the worker gives a batch of jobs (25), above what it takes to find out that
a server hangs (`postgres`: a connection looked at, another one tried)."""
FAREWELL = 3.0
"""Seconds at the end for what is still to be written."""
PAUSES = (2.0, 5.0, 10.0, 20.0, 30.0)
"""Seconds between looks for a database that is away; the last one for all that follow."""
AT_ONCE = 256
"""Notes in one transaction."""


class SqlRecords:
    """See `bot.records.base.Records`. `url` is that of DATABASE_URL (`address`), e.g. `sqlite:///data/records.db`;
    `pauses` as above."""

    def __init__(self, url: str, pauses: Sequence[float] = PAUSES) -> None:
        self._url, self._pauses = url, pauses
        self._database: Database | None = None
        self._opening = threading.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="records")
        self._away = Away()
        self._looking: asyncio.Task[None] | None = None

    @property
    def remote(self) -> bool:
        """Whether they are on a server, and in no file."""
        return not self._url.startswith("sqlite:")

    @property
    def trouble(self) -> str:
        """Why they cannot be used now, as far as is known; empty while they can."""
        return self._away.trouble

    @property
    def away(self) -> float:
        """Seconds since they could be used; 0 while they can."""
        return self._away.seconds

    async def ready(self) -> None:
        """Open and migrate now rather than at the first use."""
        await self._run(lambda _: None)

    async def upsert(self, responses: Sequence[Response], deliveries: Sequence[Delivery] = ()) -> None:
        if responses:
            await self._run(lambda database: database.upsert(responses, deliveries))

    async def keep(self, deliveries: Sequence[Delivery]) -> None:
        if deliveries:
            self._away.note(deliveries)
            if not self.trouble:
                with suppress(Retryable):  # it is told, and tried again
                    await self._pay()

    async def open_cases(self, limit: int) -> Sequence[Response]:
        self._refuse()
        return await self._run(lambda database: database.open_cases(limit))

    async def tally(self, since: int, until: int) -> Tally:
        self._refuse()
        return await self._run(lambda database: database.tally(since, until))

    def responses(self, filters: Filters) -> Iterator[Response]:
        return self._open().responses(filters)

    def deliveries(self, chat: str) -> Sequence[Delivery]:
        self._refuse()
        return self._open().deliveries(chat)

    def doubts(self, limit: int) -> Sequence[Delivery]:
        return self._open().doubts(limit)

    async def close(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
            with suppress(DeliveryError, TimeoutError):  # then a history of attempts is lost (`away`)
                async with asyncio.timeout(FAREWELL):
                    await self._pay()

        def shut() -> None:
            if self._database is not None:
                self._database.close()

        with suppress(TimeoutError):  # a database that hangs does not hold up the end
            async with asyncio.timeout(FAREWELL):
                await asyncio.get_running_loop().run_in_executor(self._thread, shut)
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _pay(self) -> None:
        """Write what is to be noted. A note that the database does not take is let go of."""
        while owed := self._away.owed[:AT_ONCE]:
            try:
                await self._run(lambda database, notes=owed: database.keep(notes))  # type: ignore[misc]  # bound now
            except Retryable:
                raise
            except DeliveryError:
                await self._pay_singly(owed)
            self._away.paid(owed)

    async def _pay_singly(self, owed: Sequence[Delivery]) -> None:
        for note in owed:
            try:
                await self._run(lambda database, note=note: database.keep((note,)))  # type: ignore[misc]  # as above
            except Retryable:
                raise
            except DeliveryError as error:
                log.warning("a note of a delivery to %s is let go of: %s", note.writer, error)

    def _refuse(self) -> None:
        """A read that somebody waits for does not wait for a server that is known to be away. A file that is locked
        for writers can be read."""
        if self.trouble and self.remote:
            raise Retryable(self.trouble)

    async def _run(self, work: Callable[["Database"], T]) -> T:
        try:
            async with asyncio.timeout(BOUND):
                loop = asyncio.get_running_loop()
                found = await loop.run_in_executor(self._thread, lambda: work(self._open()))
        except TimeoutError:
            error = Retryable(f"the records cannot be used now: no answer within {BOUND:.0f} s")
            self._failed(error)
            raise error from None
        except Retryable as error:
            self._failed(error)
            raise
        self._away.works()
        return found

    def _failed(self, error: Retryable) -> None:
        self._away.failed(str(error))
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look(), name="looking for the records")

    async def _look(self) -> None:
        """Until they can be used again and everything is noted."""
        looks = 0
        while self.trouble or self._away.owed:
            await asyncio.sleep(self._pauses[min(looks, len(self._pauses) - 1)])
            looks += 1
            with suppress(Retryable):  # it is told, and looked for again
                await self._run(lambda database: database.ping())
                await self._pay()

    def _open(self) -> "Database":
        with self._opening:
            if self._database is not None and not self._database.in_place():
                self._database.close()
                self._database = None
            if self._database is None:
                from bot.records.database import Database  # noqa: PLC0415 - SQLAlchemy costs 0.2 s, paid when needed

                self._database = Database(self._url)
            return self._database
