"""Several processes of the service on one Redis, each behind a network that can fail, with what they write to.

All are real: processes, servers, sockets. A process that was killed is started again at once, as a supervisor does;
nothing else is done for any of them.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from aiohttp import web
from redis import Redis
from redis.cluster import RedisCluster

from tests.harness.faults_child import Troubles
from tests.harness.postgres_server import postgres
from tests.harness.proxy import Proxy
from tests.harness.receiver import SECRET, Receiver
from tests.harness.redis_server import ANSWER, Server, cluster, command, until, watched
from tests.harness.service import Service, wait_until
from tests.harness.witness import Chat

PROCESSES = 3
KEYS = "0123456789abcdef" * 4
SETTINGS = """
writers:
  hook: {{kind: webhook, url: "{url}", secret: "${{HOOK_SECRET}}", allow_private: true}}
"""
OVER = """
local jobs = string.match(KEYS[1], '^(.*):r:') .. ':j'
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local job = cmsgpack.unpack(redis.call('HGET', jobs, id))
  job[7] = 1
  redis.call('HSET', jobs, id, cmsgpack.pack(job))
  redis.call('ZADD', KEYS[1], 1, id)
end
"""
"""The leases of the jobs that run, of the kind and shard of this key, are over (bot/store/lua/lib.lua)."""
DURABLE = ("--appendfsync", "always", "--repl-diskless-sync-delay", "0")
"""Nothing that a server has acknowledged may be lost when it is killed."""


class Process(Service):
    """The service on a clock and a loop that can be troubled. What it says on stderr is kept over restarts."""

    module = "tests.harness.faults_child"
    says = "ab"

    def __init__(self, folder: Path, **environ: str) -> None:
        self.troubles = Troubles(folder / "troubles")
        super().__init__(folder, None, FAULT_FILE=str(self.troubles.file), **environ)

    def ready(self) -> None:
        wait_until(self._ready, "the service to be ready")


class Hook(Receiver):
    """Takes what comes at any time of day: what a receiver does with a wrong clock is its own matter."""

    def _signature_faults(self, request: web.Request, body: bytes) -> list[str]:
        return [fault for fault in super()._signature_faults(request, body) if "timestamp" not in fault.lower()]


@dataclass
class House:
    """What the faults work on."""

    folder: Path
    servers: list[Server]
    """Of Redis: the primary, then its replicas; or the nodes of a cluster."""
    url: str
    """REDIS_URL, without what is in between."""
    database: str
    """DATABASE_URL, or that of the file in the folder."""
    receiver: Receiver
    cluster: bool = False
    sentinel: int = 0
    """Its port, where one watches."""
    proxies: list[Proxy] = field(default_factory=list)
    """One a process, between it and the one server."""
    processes: list[Process] = field(default_factory=list)
    chats: list[Chat] = field(default_factory=list)
    """Of all crowds that were here."""
    _starting: list[asyncio.Future[None]] = field(default_factory=list)

    @property
    def bases(self) -> Sequence[str]:
        return [process.url for process in self.processes]

    @property
    def data(self) -> Path:
        """DATA_DIR. They share it, as processes of one host."""
        return self.folder / "data"

    @property
    def files(self) -> Sequence[Path]:
        return [self.data / "responses.jsonl"]

    def primary(self) -> Server:
        """The one that the sentinel names; it moves to the front of the servers."""
        with closing(Redis(port=self.sentinel, decode_responses=True, socket_timeout=ANSWER)) as sentinel:
            told = command(sentinel, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", "chats")
        assert isinstance(told, list)
        self.servers.sort(key=lambda server: server.port != int(told[1]))
        return self.servers[0]

    def told_to_fail_over(self) -> None:
        """As an operator should: the primary stops to take writes first. Without that word both are primaries for some
        seconds, and the old one still has a replica, so that waiting for one keeps nothing safe."""
        with closing(Redis(port=self.sentinel, socket_timeout=ANSWER)) as sentinel:
            command(sentinel, "SENTINEL", "FAILOVER", "chats", "COORDINATED")

    async def kill(self, process: Process) -> None:
        await asyncio.to_thread(process.kill)

    def revive(self, process: Process) -> None:
        """Begin to start it again."""
        process.launch()
        self._starting.append(asyncio.ensure_future(asyncio.to_thread(process.ready)))

    async def revived(self) -> None:
        """Until those that were started again are ready."""
        starting, self._starting = self._starting, []
        await asyncio.gather(*starting)

    def later(self, seconds: float) -> None:
        """So much time goes by for all of them; Redis, by whose clock leases end, has no other, so they end here."""
        for process in self.processes:
            process.troubles.set(process.troubles.clock + int(seconds * 1_000), 0)
        with closing(RedisCluster.from_url(self.url) if self.cluster else self.servers[0].client()) as client:
            for key in client.scan_iter(match="chatsurvey:{*}:r:*", count=10_000):
                client.eval(OVER, 1, key)


Kind: TypeAlias = Literal["plain", "watched", "postgres", "cluster"]


@asynccontextmanager
async def a_house(folder: Path, kind: Kind = "plain", *, processes: int = PROCESSES) -> AsyncIterator[House]:
    """Started and answering; stopped at the end."""
    async with AsyncExitStack() as stack:
        receiver = await stack.enter_async_context(Hook(SECRET))
        begun = {"watched": _watched, "cluster": _cluster}.get(kind, _alone)
        house = await asyncio.to_thread(begun, stack, folder, receiver)
        if kind == "postgres":
            house.database = await asyncio.to_thread(lambda: postgres().database())
        for number in range(processes):
            url = house.url
            if kind not in ("watched", "cluster"):
                house.proxies.append(await stack.enter_async_context(Proxy(house.servers[0].port, number)))
                url = f"redis://127.0.0.1:{house.proxies[-1].here}"
            house.processes.append(_process(house, number, url))
        for process in house.processes:
            stack.callback(process.end)
            process.launch()
        await asyncio.gather(*(asyncio.to_thread(process.ready) for process in house.processes))
        yield house


def _process(house: House, number: int, url: str) -> Process:
    folder = house.folder / str(number)
    folder.mkdir(parents=True)
    (folder / "settings.yaml").write_text(SETTINGS.format(url=house.receiver.url), "utf-8")
    environ = {"REDIS_URL": url, "SECRET_KEY": KEYS, "HOOK_SECRET": SECRET, "DATA_DIR": str(house.data)}
    if not house.database.startswith("sqlite:"):
        environ["DATABASE_URL"] = house.database
    return Process(folder, **environ)


def _alone(stack: AsyncExitStack, folder: Path, receiver: Receiver) -> House:
    server = Server(*DURABLE)
    stack.callback(server.stop)
    return House(folder, [server], server.url, _file(folder), receiver)


def _watched(stack: AsyncExitStack, folder: Path, receiver: Receiver) -> House:
    """A primary, two replicas and a sentinel, which makes up its mind within a second."""
    servers = [Server(*DURABLE)]
    stack.callback(servers[0].stop)
    for _ in range(2):
        servers.append(Server(*DURABLE, "--replicaof", f"127.0.0.1 {servers[0].port}"))
        stack.callback(servers[-1].stop)
    process, url = watched(servers[0])
    stack.callback(process.wait)
    stack.callback(process.kill)
    port = int(url.rpartition(":")[2].partition("/")[0])
    with closing(Redis(port=port, socket_timeout=ANSWER)) as sentinel:
        for name, value in (("down-after-milliseconds", 700), ("failover-timeout", 3_000), ("parallel-syncs", 2)):
            command(sentinel, "SENTINEL", "SET", "chats", name, value)
        until(lambda: len(sentinel.sentinel_slaves("chats")) == 2)
    with closing(servers[0].client()) as primary:
        until(lambda: primary.wait(2, 100) == 2)
    return House(folder, servers, url, _file(folder), receiver, sentinel=port)


def _cluster(_: AsyncExitStack, folder: Path, receiver: Receiver) -> House:
    """Three primaries, which the whole run of tests shares."""
    nodes = cluster()
    return House(folder, nodes, nodes[0].url, _file(folder), receiver, cluster=True)


def _file(folder: Path) -> str:
    return f"sqlite:///{folder / 'data' / 'records.db'}"
