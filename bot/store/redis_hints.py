"""Words between the processes on one Redis, and signs of life: neither is data, and both may be lost.

- Words go over one channel a prefix. A script publishes them, so that a cluster takes them on any connection; its nodes
  pass them on to each other.
- Listening has a connection of its own. It is asked for a pong while nothing comes, so one that died without a word
  is noticed within `_SILENCE`, and it is made again, with a pause that grows and differs from process to process.
- A mark lives by the server's clock, so hosts whose clocks differ agree on who is alive.
"""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from redis.asyncio.client import PubSub

from bot.errors import StoreUnavailable
from bot.store.redis_layout import Layout
from bot.store.redis_wire import Script, Wire

_TELL, _VERSIONS, _MARK, _MARKS = Script("tell"), Script("versions"), Script("mark"), Script("marks")
_SILENCE = 2.0
"""Seconds without a message after which the server is asked for a pong, and within which it has to come."""
_PAGE = 500
"""Chats that a script looks at: Redis serves nobody else meanwhile."""
_PAUSES = (0.05, 2.0)
"""Seconds before the first attempt to listen again, and at most before one that follows others in vain; half of it is
chance."""


class Hints:
    def __init__(self, wire: Wire, layout: Layout) -> None:
        self._wire = wire
        self._layout = layout
        self._listeners: list[Callable[[str], None]] = []
        self._listening: asyncio.Task[None] | None = None

    def tell(self, word: str) -> None:
        with suppress(StoreUnavailable):  # closed
            self._wire.ask(_TELL, self._layout.base(word), self._layout.words, word).add_done_callback(_unheard)

    def hear(self, listener: Callable[[str], None]) -> None:
        self._listeners.append(listener)
        if self._listening is None:
            self._listening = asyncio.get_running_loop().create_task(self._listen(), name="words from other processes")

    async def versions(self, chats: Sequence[str]) -> Mapping[str, int]:
        """One round trip, whatever shards they are in."""
        by_shard: dict[int, list[str]] = {}
        for chat in chats:
            by_shard.setdefault(self._layout.shard(chat), []).append(chat)
        bases = self._layout.bases
        pages = [
            (shard, some[at : at + _PAGE]) for shard, some in by_shard.items() for at in range(0, len(some), _PAGE)
        ]
        answers = await asyncio.gather(*(self._wire.ask(_VERSIONS, bases[shard], *page) for shard, page in pages))
        found: dict[str, int] = {}
        for (_, page), versions in zip(pages, answers, strict=True):
            found.update(zip(page, versions, strict=True))
        return {chat: version for chat, version in found.items() if version}

    async def mark(self, group: str, name: str, value: bytes, ttl: int) -> None:
        await self._wire.run(_MARK, self._layout.base(group), group, name, value, ttl)

    async def unmark(self, group: str, name: str) -> None:
        await self._wire.send("HDEL", f"{self._layout.base(group)}:m:{group}", name)

    async def marks(self, group: str) -> Mapping[str, bytes]:
        rows = await self._wire.run(_MARKS, self._layout.base(group), group)
        return {name.decode(): value for name, value in rows}

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    async def _listen(self) -> None:
        least, most = _PAUSES
        pause = least
        while True:
            with suppress(Exception):  # whatever it was, it is tried again
                async with (await self._wire.listener()).pubsub() as pubsub:
                    await pubsub.subscribe(self._layout.words)
                    if await pubsub.get_message(timeout=_SILENCE) is not None:  # it listens now
                        pause = least
                        await self._pass_on(pubsub)
            await asyncio.sleep(pause * (0.5 + random.random() / 2))  # noqa: S311 - chance, no secret
            pause = min(2 * pause, most)

    async def _pass_on(self, pubsub: PubSub) -> None:
        """Until the connection is silent though it was asked for a pong."""
        asked = False
        while True:
            message: dict[str, Any] | None = await pubsub.get_message(timeout=_SILENCE)
            if message is None and asked:
                return
            if message is None:
                await pubsub.ping()
            elif message["type"] == "message":
                for listener in self._listeners:
                    asyncio.get_running_loop().call_soon(listener, message["data"].decode(errors="replace"))
            asked = message is None


def _unheard(answer: "asyncio.Future[object]") -> None:
    """Nobody waits for it, so its error is taken here."""
    if not answer.cancelled():
        answer.exception()
