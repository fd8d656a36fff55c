"""What the store tests share: a clock to advance, small chats and changes, and the list of stores under contract."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from subprocess import PIPE, Popen

from bot.model import Address, Change, Conversation, Entry, Job
from bot.store.base import Store
from bot.store.redis import RedisStore
from bot.store.redis_cluster import Cluster
from bot.store.redis_url import place
from bot.store.redis_wire import Direct
from bot.store.sqlite import SqliteStore
from tests.harness.redis_server import Server, cluster, command, single

HOUR = 3_600_000


@dataclass
class Clock:
    now: int = 1_760_000_000_000

    def __call__(self) -> int:
        return self.now


def open_sqlite(folder: Path, clock: Clock) -> Store:
    return SqliteStore.open(folder / "store.db", clock)


RIGHTS = "+@read +@write +@scripting +@pubsub +@connection -@dangerous +info +time +wait +cluster|slots"
"""What a user of Redis must be allowed (docs/redis.md), beside our keys and channel."""


@cache
def limited(server: Server) -> str:
    """The URL of a user who may do no more than that."""
    with server.client() as admin:
        command(
            admin,
            "ACL",
            "SETUSER",
            "app",
            "reset",
            "on",
            ">secret",
            "~test.*",
            "resetchannels",
            "&test.*",
            *RIGHTS.split(),
        )
    return server.url.replace("//", "//app:secret@")


def open_redis(folder: Path, clock: Clock) -> Store:
    return RedisStore(Direct(place(limited(single()))), clock, prefix=prefix_of(folder))


def open_shards(folder: Path, clock: Clock) -> Store:
    """Laid out as for a cluster, on one server."""
    return RedisStore(Direct(place(limited(single()))), clock, shards=5, prefix=prefix_of(folder))


def open_cluster(folder: Path, clock: Clock) -> Store:
    urls = [limited(server) for server in cluster()]
    return RedisStore(Cluster(place(urls[0])), clock, shards=16, prefix=prefix_of(folder))


def prefix_of(folder: Path) -> str:
    """Each test has its own keys on the server that all share."""
    return f"test.{folder.parent.name}.{folder.name}"


FACTORIES: dict[str, Callable[[Path, Clock], Store]] = {
    "sqlite": open_sqlite,
    "redis": open_redis,
    "redis in shards": open_shards,
    "redis cluster": open_cluster,
}
"""Every store of the product; each is opened on the same folder again to see what it kept."""


def a_chat(id: str, version: int = 1, seq: int = 0, address: Address | None = None) -> Conversation:
    return Conversation(
        id=id, version=version, flow="nps", flow_version="f00d", address=address or Address("web", id), locale="en",
        state="score", started=1, updated=version, seq=seq,
    )  # fmt: skip


def lines(first: int, last: int) -> tuple[Entry, ...]:
    return tuple(Entry(seq, seq * 10, "bot", f"line {seq}") for seq in range(first, last + 1))


def a_turn(
    id: str,
    version: int = 1,
    *,
    says: int = 1,
    before: int | None = None,
    address: Address | None = None,
    jobs: Sequence[Job] = (),
    cancel: Sequence[str] = (),
    aliases: Sequence[str] = (),
    event: str = "",
) -> Change:
    """The commit that leads chat `id` to `version`, with `says` new lines after the `before` that are there already
    (one a turn, where nothing else is said)."""
    start = version - 1 if before is None else before
    return Change(
        conversation=a_chat(id, version, start + says, address),
        expected=version - 1,
        entries=lines(start + 1, start + says),
        jobs=tuple(jobs),
        cancel=tuple(cancel),
        aliases=tuple(aliases),
        events=(event,) if event else (),
    )


@contextmanager
def child(task: str, file: Path) -> Iterator[Popen[str]]:
    """Another process on `file`: see `tests/store/child.py`. Killed at the end."""
    command = [sys.executable, "-m", "tests.store.child", task, str(file)]
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def told(process: Popen[str]) -> str:
    """Its next line."""
    assert process.stdout is not None
    return process.stdout.readline().strip()
