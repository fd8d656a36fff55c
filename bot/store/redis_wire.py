"""What the store asks of Redis, and the way there: one server's lane, or a cluster's lanes.

A script is called by its digest. Where a server does not know it (a restart, a failover) it is sent once more whole.
How calls are sent, and what becomes of them when a server fails: `redis_lane.py`, `redis_cluster.py`.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from importlib import resources
from typing import Any, Protocol

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

from bot.errors import StoreUnavailable
from bot.store.redis_lane import Arg, Lane, One
from bot.store.redis_url import Place


class Script:
    """One file of `lua/` behind `lib.lua`. `keeps`: its answer may say that something is kept, for which replicas are
    waited for where the operator asks for that."""

    def __init__(self, name: str, *, keeps: bool = False) -> None:
        folder = resources.files("bot.store") / "lua"
        parts = [(folder / f"{part}.lua").read_text("utf-8") for part in ("lib", name)]
        self.name = name
        self.keeps = keeps
        self.text = "\n".join(parts)
        self.digest = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()


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
        sent = self._put(("EVALSHA", script.digest, 1, key, *args), key, script.keeps)
        answer: asyncio.Future[Any] = asyncio.ensure_future(self._again(sent, script, key, args))
        return answer

    async def _again(self, sent: asyncio.Future[Any], script: Script, key: str, args: Sequence[Arg]) -> Any:
        try:
            return await sent
        except NoScriptError:
            return await self._put(("EVAL", script.text, 1, key, *args), key, script.keeps)

    def send(self, name: str, key: str, *args: Arg, keeps: bool = False) -> asyncio.Future[Any]:
        return self._put((name, key, *args), key, keeps)

    def _put(self, call: tuple[Arg, ...], key: str, keeps: bool) -> asyncio.Future[Any]:
        if self._closed:
            raise StoreUnavailable("the store is closed")
        parts = [part.encode() if isinstance(part, str) else part for part in call[1:]]  # what cannot be fails alone
        loop = asyncio.get_running_loop()
        one = One((call[0], *parts), key.encode(), keeps, loop.time(), loop.create_future())
        self._way.put(one)
        return one.answer

    async def close(self) -> None:
        """Finish what was asked before, then hang up. A second call returns at once."""
        if not self._closed:
            self._closed = True
            await self._way.close()
