"""The way into a Redis Cluster: each call to the node that has its slot, each node by a lane of its own.

- Who has which slot is asked of any node, healthy ones first, and again whenever a node says that a key has moved or a
  node cannot be reached; in between at most once in `_PAUSE`. So a replica that took over is found without a restart,
  and a node that is away delays no chat of the others.
- A call whose key has moved goes to the new node once. One whose slot is on its way to another node right now is
  refused: half of a shard's keys would seem not to exist, to a script that names one of them.
"""

import asyncio
from collections.abc import Mapping

from redis.asyncio import Redis
from redis.crc import key_slot
from redis.exceptions import RedisError

from bot.errors import StoreUnavailable
from bot.store.redis_lane import Lane, One, told
from bot.store.redis_url import Place, command, hang_up

_PAUSE = 0.25
"""Seconds between looks who has what."""
_LOOK = 1.0
"""Seconds that one node has to tell it."""
_UNNAMED = (None, b"", b"?")
"""Told in place of a host by a node that does not know its own, or is set not to tell: it is where it was asked."""


class Cluster:
    """`place` is any of its nodes."""

    def __init__(self, place: Place, replicas: int = 0) -> None:
        self._place = place
        self._replicas = replicas
        self._entrance = place.client()
        self._lanes: dict[tuple[str, int], Lane] = {}
        self._ranges: list[tuple[int, int, Lane]] = []
        self._waiting: list[One] = []
        self._looking: asyncio.Task[None] | None = None
        self._looked_at = 0.0
        self._leaving: set[asyncio.Task[None]] = set()

    def put(self, one: One) -> None:
        lane = self._lane(one.key)
        if lane is None:
            self._waiting.append(one)
            self._look_again()
        else:
            lane.put(one)

    async def listener(self) -> Redis:
        return next(iter(await self.primaries()), self._entrance)

    async def primaries(self) -> list[Redis]:
        """Those that can be reached first. Raises StoreUnavailable."""
        if not self._lanes:
            await self._look()
        return [lane.client for lane in sorted(self._lanes.values(), key=lambda lane: not lane.well)]

    async def close(self) -> None:
        if self._looking is not None:
            await asyncio.gather(self._looking, return_exceptions=True)
        await asyncio.gather(*(lane.close() for lane in self._lanes.values()), *self._leaving, return_exceptions=True)
        await hang_up(self._entrance)

    def _lane(self, key: bytes) -> Lane | None:
        slot = key_slot(key)
        return next((lane for first, last, lane in self._ranges if first <= slot <= last), None)

    def _moved(self, one: One) -> None:
        """A key that is not where it was: once more, when it is known where."""
        if one.moved:
            one.fail(StoreUnavailable("the nodes of Redis do not agree who has this chat"))
            return
        one.moved = True
        self._waiting.append(one)
        self._look_again()

    def _look_again(self) -> None:
        if self._looking is None:
            self._looking = asyncio.get_running_loop().create_task(self._looked(), name="nodes of the cluster")

    async def _looked(self) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._looked_at + _PAUSE - loop.time()))
        self._looked_at = loop.time()
        try:
            await self._look()
        except Exception as error:  # noqa: BLE001 - whatever it was, those who wait are told
            for one in self._withdrawn():
                one.fail(error)
        for one in self._withdrawn():
            lane = self._lane(one.key)
            if lane is None:
                one.fail(StoreUnavailable("no node of Redis has this chat"))
            else:
                lane.put(one)
        self._looking = None
        if self._waiting:
            self._look_again()

    def _withdrawn(self) -> list[One]:
        waiting, self._waiting = self._waiting, []
        return waiting

    async def _look(self) -> None:
        error: Exception = StoreUnavailable("Redis cannot be reached")
        well = [lane.client for lane in self._lanes.values() if lane.well]
        ill = [lane.client for lane in self._lanes.values() if not lane.well]
        for client in (*well, self._entrance, *ill):
            try:
                async with asyncio.timeout(_LOOK):
                    rows = await command(client, "CLUSTER SLOTS")
            except (RedisError, OSError) as failure:
                error = told(failure)
                continue
            own = client.connection_pool.connection_kwargs.get("host", "localhost")
            self._learn(
                {
                    (first, last): (own if host in _UNNAMED else host.decode(), port)
                    for first, last, (host, port, *_), *_ in rows
                }
            )
            return
        raise error if isinstance(error, StoreUnavailable) else StoreUnavailable("Redis is no cluster")

    def _learn(self, found: Mapping[tuple[int, int], tuple[str, int]]) -> None:
        """Who has which slots, first and last. Calls that wait for a node that has nothing any more go where their keys
        are now."""
        for place in found.values():
            if place not in self._lanes:
                lane = Lane(self._place.at(*place), self._replicas, self._moved, self._look_again)
                self._lanes[place] = lane
        for place in [place for place in self._lanes if place not in found.values()]:
            gone = self._lanes.pop(place)
            self._waiting += gone.withdraw()
            task = asyncio.get_running_loop().create_task(gone.close())
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)
        self._ranges = [(first, last, self._lanes[place]) for (first, last), place in found.items()]
