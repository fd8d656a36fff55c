"""Calls to one Redis server: they go out together, in bounded time, and errors come back as the store's own.

- What is asked in one turn of the event loop goes out in one pipeline, in the order it was asked; what comes while
  `_AWAY` pipelines are out makes up the next, so a batch grows with the load (as in `writer.py`) and no task holds a
  connection of its own.
- A script is sent whole to a server that has not had it on this way, else by its digest.
- A call is answered within `_PATIENCE` before it goes out and as long again behind, whatever the server does. Nothing
  is sent twice here: what was cut off is in doubt, and whoever asked repeats it (a commit that landed is LOST or
  REPEATED then).
- While a server cannot be reached it is tried by one pipeline at a time, after a pause that grows to `_LONGEST` and
  differs from process to process; calls wait for it as long as their patience lasts.
- Where `replicas` are asked for, a pipeline with a call that keeps something ends with a write of its own and WAIT:
  replicas that have that write have all before it, also what somebody else's lost answer was about. Loading a chat
  and its log waits too: a primary that was replaced and does not know it would else tell of an answer that is lost
  with it, and a page that has shown line 7 never asks for the line 7 that comes in its place.
- Texts of errors hold no values: neither keys nor arguments, which name people, nor addresses.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.sentinel import MasterNotFoundError
from redis.exceptions import (
    AskError,
    AuthenticationError,
    MovedError,
    NoPermissionError,
    NoScriptError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as Away
from redis.exceptions import TimeoutError as TookLong

from bot.errors import StoreUnavailable
from bot.store.redis_pipe import Call, exchanged
from bot.store.redis_script import Script
from bot.store.redis_url import TIMEOUT, hang_up

_AWAY = 2
"""Pipelines that are out at once."""
_TOGETHER = 256
"""Calls in one pipeline at most."""
_PATIENCE = TIMEOUT
_FIRST, _LONGEST = 0.05, 1.0
"""Seconds of the pause after the first failure, and at most."""
_REPLICATED = 1_000
"""Ms that replicas have to catch up."""
PROBE_KEPT = 60_000
"""Ms."""
_UNAVAILABLE = ("OOM", "READONLY", "MISCONF", "LOADING", "CLUSTERDOWN", "TRYAGAIN", "MASTERDOWN", "NOREPLICAS", "BUSY")
"""What a server answers that cannot serve now; all other refusals are mistakes of ours or of the operator."""


@dataclass(slots=True, eq=False)
class One:
    """A call and who waits for its answer."""

    call: Call
    """Of a script its key and arguments."""
    key: bytes
    script: Script | None
    keeps: bool
    """Whether the answer says, or lets somebody say, that something is kept."""
    since: float
    """The loop's time when it was asked."""
    answer: asyncio.Future[Any]
    moved: bool = False
    """It was sent to a server that had its key no more."""
    forgotten: bool = False
    """It was sent to a server that had its script no more."""

    def fail(self, error: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)


class Lane:
    """One server. `moved` takes a call whose key is elsewhere, `failed` is called when the server cannot be reached."""

    def __init__(
        self, client: Redis, replicas: int, moved: Callable[[One], None], failed: Callable[[], None] = lambda: None
    ) -> None:
        self.client = client
        self._replicas = replicas
        self._moved, self._failed = moved, failed
        self._waiting: list[One] = []
        self._away: set[asyncio.Task[None]] = set()
        self._soon: asyncio.Handle | None = None
        self._pause = 0.0
        self._known: set[str] = set()
        """Digests of scripts that the server was sent whole."""

    @property
    def well(self) -> bool:
        return not self._pause

    def put(self, one: One) -> None:
        self._waiting.append(one)
        self._next_soon()

    def withdraw(self) -> list[One]:
        """What has not gone out."""
        waiting, self._waiting = self._waiting, []
        return waiting

    async def close(self) -> None:
        """Finish what was asked before, then hang up."""
        while self._waiting or self._away:
            self._next_soon()
            await asyncio.gather(*self._away, asyncio.sleep(0.0 if self._away or self.well else _FIRST))
        if self._soon is not None:
            self._soon.cancel()
        await hang_up(self.client)

    def _next_soon(self) -> None:
        if self._soon is not None or len(self._away) >= (1 if self._pause else _AWAY):
            return
        loop = asyncio.get_running_loop()
        if self._pause:
            pause = self._pause * (0.5 + random.random() / 2)  # noqa: S311 - chance, no secret
            self._soon = loop.call_later(pause, self._next)
        else:
            self._soon = loop.call_soon(self._next)

    def _next(self) -> None:
        self._soon = None
        late = asyncio.get_running_loop().time() - _PATIENCE
        for one in [one for one in self._waiting if one.since < late]:
            one.fail(StoreUnavailable("Redis cannot be reached; nothing was sent"))
        self._waiting = [one for one in self._waiting if not one.answer.done()]
        if self._waiting:
            batch, self._waiting = self._waiting[:_TOGETHER], self._waiting[_TOGETHER:]
            task = asyncio.ensure_future(self._exchange(batch))
            self._away.add(task)
            task.add_done_callback(self._back)

    def _back(self, task: asyncio.Task[None]) -> None:
        self._away.discard(task)
        if self._waiting:
            self._next_soon()

    async def _exchange(self, batch: Sequence[One]) -> None:
        try:
            answers = await self._sent(batch)
            self._pause = 0.0
        except Exception as error:  # noqa: BLE001 - whatever it was, those who wait are told
            answers = [error] * len(batch)
            self._known.clear()
            self._pause = min(_LONGEST, 2 * self._pause or _FIRST)
            self._failed()
        if any(isinstance(answer, ReadOnlyError) for answer in answers):  # a name that leads to another server by now
            await self.client.connection_pool.disconnect(inuse_connections=False)
        for one, answer in zip(batch, answers, strict=True):
            if isinstance(answer, NoScriptError):  # somebody made the server forget it: once more, whole
                self._known.clear()
            if isinstance(answer, NoScriptError) and not one.forgotten:
                one.forgotten = True
                self.put(one)
            elif isinstance(answer, MovedError):
                self._moved(one)
            elif isinstance(answer, Exception):
                one.fail(told(answer))
            elif not one.answer.done():
                one.answer.set_result(answer)

    async def _sent(self, batch: Sequence[One]) -> list[Any]:
        whole: set[str] = set()
        calls = [self._words(one, whole) for one in batch]
        kept = next((one for one in batch if one.keeps), None) if self._replicas else None
        if kept is not None:
            calls += [("SET", _probe(kept.key), 1, "PX", PROBE_KEPT), ("WAIT", self._replicas, _REPLICATED)]
        async with asyncio.timeout(_PATIENCE):
            answers = await exchanged(self.client, calls)
        self._known |= whole
        if kept is None:
            return answers
        (*answers, probe, reached) = answers
        if isinstance(probe, Exception) or isinstance(reached, Exception) or reached < self._replicas:
            doubt = StoreUnavailable("too few replicas of Redis have it: in doubt")
            good = (one.keeps and not isinstance(answer, Exception) for one, answer in zip(batch, answers, strict=True))
            return [doubt if in_doubt else answer for in_doubt, answer in zip(good, answers, strict=True)]
        return answers

    def _words(self, one: One, whole: set[str]) -> Call:
        """A script goes by its digest, once the server had it whole: so calls are run in the order they were made."""
        if one.script is None:
            return one.call
        digest = one.script.digest
        if digest in self._known or digest in whole:
            return ("EVALSHA", digest, 1, *one.call)
        whole.add(digest)
        return ("EVAL", one.script.text, 1, *one.call)


def _probe(key: bytes) -> bytes:
    """A key of no importance in the same slot."""
    shard, tag, _ = key.partition(b"}")
    return shard + tag + b":p"


def told(error: Exception) -> Exception:
    """The store's own error for one of the client's."""
    if isinstance(error, StoreUnavailable):
        return error
    if isinstance(error, NoScriptError):
        return StoreUnavailable("Redis forgets its scripts again and again")
    if isinstance(error, AuthenticationError | NoPermissionError):
        return StoreUnavailable(f"Redis does not let this user do its work ({type(error).__name__})")
    if isinstance(error, MasterNotFoundError):
        return StoreUnavailable("no sentinel names a primary of Redis")
    if isinstance(error, Away | TookLong | OSError | RedisClusterException):
        return StoreUnavailable(f"Redis cannot be reached ({type(error).__name__})")
    if isinstance(error, AskError):
        return StoreUnavailable("Redis is moving this chat to another node")
    if isinstance(error, ResponseError) and not _unavailable(error):
        return error
    return StoreUnavailable(f"Redis refuses ({type(error).__name__})") if isinstance(error, RedisError) else error


def _unavailable(error: Exception) -> bool:
    """A script's refusal carries the command's code behind words of its own, and the client takes a known code off."""
    known = ("OutOfMemory", "ReadOnly", "BusyLoading", "ClusterDown", "MasterDown", "TryAgain")
    words = str(error)
    return type(error).__name__.startswith(known) or any(
        words.startswith(code) or f"{code} " in words for code in _UNAVAILABLE
    )
