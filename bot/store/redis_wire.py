"""The connection to Redis: calls that wait go out together, and errors come back as the store's own.

- What is asked in one turn of the event loop goes out in one pipeline, in the order it was asked; what comes while
  `_AWAY` pipelines are out makes up the next, so a batch grows with the load (as in `writer.py`) and no task holds a
  connection of its own.
- A script is called by its digest. Where a server does not know it (a restart, a failover) it is sent once more whole.
- Whatever the server or the network refuses is StoreUnavailable. A connection that broke after a call was out leaves
  it open whether that happened: all calls here may be repeated (a commit that landed is LOST or REPEATED then).
- Texts of errors hold no values: neither keys nor arguments, which name people.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from importlib import resources
from typing import Any, TypeAlias

from redis.asyncio import Redis, RedisCluster, Sentinel
from redis.exceptions import ConnectionError as Away
from redis.exceptions import NoScriptError, RedisClusterException, RedisError, ResponseError
from redis.exceptions import TimeoutError as TookLong

from bot.errors import StoreUnavailable, UserMistake

Client: TypeAlias = "Redis | RedisCluster"
Arg: TypeAlias = str | bytes | int
Call: TypeAlias = tuple[Arg, ...]

_AWAY = 2
"""Pipelines that are out at once."""
_TOGETHER = 256
"""Calls in one pipeline at most."""
_UNAVAILABLE = ("OOM", "READONLY", "MISCONF", "LOADING", "CLUSTERDOWN", "TRYAGAIN", "MASTERDOWN", "NOREPLICAS", "BUSY")
"""What a server answers that cannot serve now; all other refusals are mistakes of ours or of the operator."""


class Script:
    """One file of `lua/` behind `lib.lua`."""

    def __init__(self, name: str) -> None:
        folder = resources.files("bot.store") / "lua"
        parts = [(folder / f"{part}.lua").read_text("utf-8") for part in ("lib", name)]
        self.name = name
        self.text = "\n".join(parts)
        self.digest = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()


class Wire:
    """All methods belong to one event loop."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._waiting: list[tuple[Call, asyncio.Future[Any]]] = []
        self._away: set[asyncio.Task[None]] = set()
        self._soon = False
        self._closed = False

    async def run(self, script: Script, key: str, *args: Arg) -> Any:  # a script's answer is of its own shape
        return await self.ask(script, key, *args)

    def ask(self, script: Script, key: str, *args: Arg) -> asyncio.Future[Any]:
        """The same, and what is asked next goes out behind it whether or not it is awaited."""
        sent = self.send("EVALSHA", script.digest, 1, key, *args)
        answer: asyncio.Future[Any] = asyncio.ensure_future(self._again(sent, script, key, args))
        return answer

    async def _again(self, sent: asyncio.Future[Any], script: Script, key: str, args: Sequence[Arg]) -> Any:
        try:
            return await sent
        except NoScriptError:
            return await self.send("EVAL", script.text, 1, key, *args)

    def send(self, *call: Arg) -> asyncio.Future[Any]:
        if self._closed:
            raise StoreUnavailable("the store is closed")
        parts = [part.encode() if isinstance(part, str) else part for part in call[1:]]  # what cannot be fails alone
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting.append(((call[0], *parts), answer))
        self._next_soon()
        return answer

    async def close(self) -> None:
        """Finish what was asked before, then hang up. A second call returns at once."""
        if self._closed:
            return
        while self._waiting or self._away:
            await asyncio.gather(*self._away)
            await asyncio.sleep(0)
        self._closed = True
        await hang_up(self.client)

    def _next_soon(self) -> None:
        if not self._soon and len(self._away) < _AWAY:
            self._soon = True
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        self._soon = False
        if self._waiting and len(self._away) < _AWAY:
            batch, self._waiting = self._waiting[:_TOGETHER], self._waiting[_TOGETHER:]
            task = asyncio.ensure_future(self._exchange(batch))
            self._away.add(task)
            task.add_done_callback(self._back)

    def _back(self, task: asyncio.Task[None]) -> None:
        self._away.discard(task)
        if self._waiting:
            self._next_soon()

    async def _exchange(self, batch: Sequence[tuple[Call, asyncio.Future[Any]]]) -> None:
        try:
            pipeline = self.client.pipeline(transaction=False)
            for call, _ in batch:
                pipeline.execute_command(*call)
            answers: list[Any] = await pipeline.execute(raise_on_error=False)
        except Exception as error:  # noqa: BLE001 - whatever it was, those who wait are told
            answers = [error] * len(batch)
        for (_, future), answer in zip(batch, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, Exception):
                future.set_exception(told(answer))
            else:
                future.set_result(answer)


def told(error: Exception) -> Exception:
    """The store's own error for one of the client's."""
    if isinstance(error, NoScriptError):
        return error
    if isinstance(error, Away | TookLong | OSError | RedisClusterException):
        return StoreUnavailable(f"Redis cannot be reached ({type(error).__name__})")
    code = type(error).__name__ if not str(error) else str(error).split()[0].rstrip(":")
    if not isinstance(error, RedisError):
        return error
    if isinstance(error, ResponseError) and code not in _UNAVAILABLE and not _unavailable(error):
        return error
    return StoreUnavailable(f"Redis refuses ({type(error).__name__})")


def _unavailable(error: Exception) -> bool:
    """A script's refusal carries the command's code behind words of its own, and the client takes a known code off."""
    known = ("OutOfMemory", "ReadOnly", "BusyLoading", "ClusterDown", "MasterDown", "TryAgain", "NoPermission", "Auth")
    return type(error).__name__.startswith(known) or any(f"{code} " in str(error) for code in _UNAVAILABLE)


def connected(url: str, *, cluster: bool = False, timeout: float = 5.0) -> Client:
    """A client for redis://, rediss:// (TLS), unix:// and redis+sentinel://host:port,host:port/name URLs, user and
    password of an ACL among them. Nothing is sent yet. `cluster`: the host is a node of a cluster, which tells of the
    others. Raises UserMistake for a URL that is none."""
    common: dict[str, Any] = {"socket_timeout": timeout, "socket_connect_timeout": timeout}
    try:
        if cluster:
            return RedisCluster.from_url(url, **common)
        if url.startswith(("redis+sentinel://", "rediss+sentinel://")):
            return _watched(url, common)
        return Redis.from_url(url, **common)
    except ValueError as error:
        raise UserMistake(f"REDIS_URL cannot be read: {error}", "For example redis://user:secret@host:6379/0") from None


async def hang_up(client: Client) -> None:
    """Close a client's connections, those to sentinels too, which it leaves open itself."""
    await client.aclose()
    manager = getattr(getattr(client, "connection_pool", None), "sentinel_manager", None)
    for sentinel in manager.sentinels if manager else ():
        await sentinel.aclose()


def _watched(url: str, common: dict[str, Any]) -> Client:
    """The primary that the sentinels name, asked again at each new connection."""
    scheme, _, rest = url.partition("+sentinel://")
    login, _, place = rest.rpartition("@")
    hosts, _, path = place.partition("/")
    name, _, number = path.partition("/")
    user, _, password = login.partition(":")
    sentinels = [(host, int(port or 26379)) for host, _, port in (one.partition(":") for one in hosts.split(","))]
    secret = {"username": user or None, "password": password or None, "ssl": scheme == "rediss"}
    watch = Sentinel(sentinels, **common, **secret)  # type: ignore[no-untyped-call] # redis-py leaves it open
    client: Client = watch.master_for(name or "mymaster", db=int(number or 0))
    return client
