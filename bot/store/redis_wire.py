"""What the store asks of Redis, and the way there: one server's lane, or a cluster's lanes.

How calls are sent, and what becomes of them when a server fails: `redis_lane.py`, `redis_cluster.py`.
"""

import asyncio
from typing import Any, Protocol

from redis.asyncio import Redis

from bot.errors import StoreUnavailable
from bot.store.redis_lane import PROBE_KEPT, Lane, One
from bot.store.redis_pipe import Arg
from bot.store.redis_script import Script
from bot.store.redis_url import Place

__all__ = ["Direct", "Script", "Way", "Wire"]


class Way(Protocol):
    """To whoever has a key."""

    def put(self, one: One) -> None: ...

    async def listener(self) -> Redis:
        """A server to listen to: any that passes on what is told. Raises StoreUnavailable."""

    async def close(self) -> None: ...


class Direct:
    """One server, or the primary that sentinels name."""

    def __init__(self, place: Place, replicas: int = 0) -> None:
        self._lane = Lane(place.client(), replicas, _nowhere)
        self.put = self._lane.put
        self.close = self._lane.close

    async def listener(self) -> Redis:
        return self._lane.client


def _nowhere(one: One) -> None:
    one.fail(StoreUnavailable("Redis is a cluster by now: start again"))


class Wire:
    """All methods belong to one event loop."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self._closed = False
        self.listener = way.listener

    async def run(self, script: Script, key: str, *args: Arg) -> Any:  # a script's answer is of its own shape
        return await self.ask(script, key, *args)

    def ask(self, script: Script, key: str, *args: Arg) -> asyncio.Future[Any]:
        """The same, and what is asked next goes out behind it whether or not it is awaited."""
        return self._put((key, *args), key, script, script.keeps)

    def send(self, name: str, key: str, *args: Arg, keeps: bool = False) -> asyncio.Future[Any]:
        return self._put((name, key, *args), key, None, keeps)

    def _put(self, call: tuple[Arg, ...], key: str, script: Script | None, keeps: bool) -> asyncio.Future[Any]:
        if self._closed:
            raise StoreUnavailable("the store is closed")
        parts = tuple([part.encode() if isinstance(part, str) else part for part in call])  # what cannot be fails alone
        loop = asyncio.get_running_loop()
        one = One(parts, key.encode(), script, keeps, loop.time(), loop.create_future())
        self._way.put(one)
        return one.answer

    async def probe(self, base: str) -> None:
        """Write something of no importance. Raises StoreUnavailable."""
        await self.send("SET", f"{base}:p", 1, "PX", PROBE_KEPT, keeps=True)

    async def close(self) -> None:
        """Finish what was asked before, then hang up. A second call returns at once."""
        if not self._closed:
            self._closed = True
            await self._way.close()
