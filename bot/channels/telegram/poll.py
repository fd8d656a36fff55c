"""Long polling: updates are fetched, taken, and only then confirmed.

getUpdates confirms what lies below the offset it is called with, so the offset moves only past updates that are
committed. Those of one person are taken in their order, those of several at once (their commits share an fsync). After
a failure the same updates are fetched again; the ones that were taken are known by their ids.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from bot.channels.telegram.errors import Taken, TokenRefused
from bot.channels.telegram.read import read
from bot.channels.telegram.sender import Calls
from bot.channels.telegram.types import Meaning, Person, Update
from bot.errors import DeliveryError, Throttled

log = logging.getLogger(__name__)

WAIT = 50
"""Seconds that the platform holds a request open while nothing arrives."""
PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before the next try, one after the other; the last one stays."""
REFUSED_PAUSE = 300.0
"""Seconds between tries with a token that is refused."""


class Poller:
    """`sleep` waits that many seconds. `patience`: so many refusals in a row because somebody else polls are expected,
    while another process of ours leaves off."""

    def __init__(
        self,
        calls: Calls,
        take: Callable[[Update], Awaitable[bool]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        wait: int = WAIT,
        patience: int = 0,
    ) -> None:
        self._calls, self._take, self._sleep, self._wait = calls, take, sleep, wait
        self._patience = patience
        self._failures = 0
        self._told = ""

    async def run(self) -> None:
        """Until cancelled. What is in work then is not confirmed, and comes again at the next start."""
        offset = 0
        while True:
            try:
                updates = await self._calls.updates(offset, self._wait)
            except DeliveryError as error:
                await self._rest(error)
                continue
            if self._told:
                log.info("Telegram answers again")
            self._told = ""
            # What was confirmed needs no offset any more; after a quiet week ids begin anew, and may be lower.
            offset, stuck = await self._batch(updates) if updates else (0, False)
            if stuck:
                await self._rest(None)
            else:
                self._failures = 0

    async def _batch(self, bodies: Sequence[msgspec.Raw]) -> tuple[int, bool]:
        """Take them; the new offset, below which everything is taken, and whether none of them is."""
        people: dict[str, list[Update]] = {}
        updates = [read(body) for body in bodies]
        for update in updates:
            people.setdefault(_peer(update.meaning), []).append(update)
        left = [one for one in await asyncio.gather(*map(self._in_order, people.values())) if one]
        ids = [update.id for update in updates if update.id]
        offset = min(left, default=max(ids, default=-1) + 1)
        return offset, offset <= min(ids, default=0)

    async def _in_order(self, updates: Sequence[Update]) -> int:
        """The id of the first that shall come again; 0 where all are taken."""
        for update in updates:
            if not await self._take(update):
                return update.id
        return 0

    async def _rest(self, error: DeliveryError | None) -> None:
        pause = PAUSES[min(self._failures, len(PAUSES) - 1)]
        self._failures += 1
        if isinstance(error, TokenRefused):
            pause = REFUSED_PAUSE
        elif isinstance(error, Throttled):
            pause = max(error.after, PAUSES[0])
        said = "updates of Telegram cannot be kept now" if error is None else str(error)
        expected = isinstance(error, Taken) and self._failures <= self._patience
        if said != self._told and not expected:  # once, and not at every try
            log.log(logging.ERROR if isinstance(error, TokenRefused | Taken) else logging.WARNING, "%s", said)
        self._told = self._told if expected else said
        await self._sleep(pause)


def _peer(meaning: Meaning) -> str:
    """Whose order it is; what has no person is in nobody's way."""
    person = getattr(meaning, "person", None)
    return person.peer if isinstance(person, Person) else ""
