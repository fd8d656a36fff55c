"""What open chats cost Redis: memory, the append-only file, and the time to load it again.

    python -m bench.redis_memory [--chats N | --million]

One chat is opened and answered at a real service, which shows what is kept of such a chat: its state and log, its
timer, what the writers noted. The others are copies of it with ids of their own, committed turn by turn by the store.
"""

import argparse
import asyncio
import contextlib
import json
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice

from msgspec.structs import replace
from redis.exceptions import RedisError

from bench.client import Connection
from bench.http import DRIVER_CORE, SERVER_CORE, free_port, pin, server
from bench.redis import QUIET, valkey
from bot.errors import StoreUnavailable
from bot.ids import new_id
from bot.model import Change, Doc, Job
from bot.store.base import Commit, Store
from bot.store.codec import decode_chat, decode_entries, decode_payload
from bot.store.copy_rows import ChatRow, JobRow, Row
from bot.store.redis_check import open_redis
from bot.store.redis_copy import RedisCopy
from tests.harness.redis_server import Server

MILLION = 1_000_000
_TOGETHER = 256
_PAGE = {"page_url": "https://shop.example/orders/48213", "page_title": "Thank you for your order - Acme"}


@dataclass(frozen=True, slots=True)
class Cost:
    chats: int
    turns: int
    """A chat."""
    used: float
    """Bytes a chat, as Redis counts them; the next ones are of all chats."""
    resident: int
    file: int
    """Of the append-only file as it was written."""
    rewritten: int
    """The same once Redis has rewritten it."""
    load: float
    """Seconds from the start of the server until it answers with that file; with the rewritten one the next."""
    load_rewritten: float
    rate: float
    """Commits a second while they were written."""


def clock() -> int:
    return time.time_ns() // 1_000_000


def a_chat() -> list[Change]:
    """The commits that lead to an open chat with a score, and with all that is kept beside it."""
    with valkey() as redis, tempfile.TemporaryDirectory() as folder:
        port = free_port()
        words = ("-m", "bot", "serve")
        with server(*words, port=port, ready="/api/v1/chats", folder=folder, REDIS_URL=redis.url, **QUIET):
            id_ = asyncio.run(_answered(port))
            rows = asyncio.run(_rows(redis, id_))
    return _changes(rows)


async def _answered(port: int) -> str:
    connection = await Connection.open("127.0.0.1", port)
    opened = json.loads(await connection.post("/api/v1/chats", json.dumps({"locale": "en", "context": _PAGE}).encode()))
    body = json.dumps({"id": "m", "cursor": opened["cursor"], "fence": opened["ask"]["fence"], "value": 3}).encode()
    await connection.post(f"/api/v1/chats/{opened['chat']}/messages", body, opened["token"])
    connection.close()
    return str(opened["chat"])


async def _rows(redis: Server, id: str) -> list[Row]:
    """All that is kept of this chat, once nothing but its timer waits."""
    store = (await open_redis(redis.url, clock)).store
    while [view for view in await store.jobs() if view.job.kind != "timer"]:
        await asyncio.to_thread(time.sleep, 0.05)
    copy = RedisCopy(store, clock())
    await copy.counts()
    rows = [row for thing in ("chats", "jobs", "documents") async for page in copy.pages(thing) for row in page]
    await copy.close()
    await store.close()
    return [row for row in rows if id in getattr(row, "id", "")]


def _changes(rows: Sequence[Row]) -> list[Change]:
    (chat,) = [row for row in rows if isinstance(row, ChatRow)]
    jobs = [Job(row.id, row.kind, row.due, decode_payload(row.payload)) for row in rows if isinstance(row, JobRow)]
    docs = [row for row in rows if isinstance(row, Doc)]
    last, found = decode_chat(chat.body), []
    for version, (seq, lines) in enumerate(chat.turns, 1):
        so_far = replace(last, version=version, seq=seq)
        ends = version == len(chat.turns)
        found.append(
            Change(
                so_far,
                version - 1,
                decode_entries(lines),
                jobs=tuple(jobs) if version == 1 else (),
                docs=tuple(docs) if ends else (),
            )
        )
    return found


def copied(change: Change, id: str) -> Change:
    """The same of another chat."""
    old = change.conversation.id
    return replace(
        change,
        conversation=replace(change.conversation, id=id, address=replace(change.conversation.address, peer=id)),
        jobs=tuple(
            replace(job, id=job.id.replace(old, id), payload={k: v.replace(old, id) for k, v in job.payload.items()})
            for job in change.jobs
        ),
        docs=tuple(replace(doc, id=doc.id.replace(old, id)) for doc in change.docs),
    )


async def _filled(url: str, changes: Sequence[Change], chats: int) -> float:
    """Commits a second."""
    store = (await open_redis(url, clock)).store
    ids: Iterator[str] = (new_id(clock()) for _ in range(chats))
    began = time.perf_counter()
    while some := list(islice(ids, _TOGETHER)):
        await asyncio.gather(*(_one(store, changes, id_) for id_ in some))
    taken = time.perf_counter() - began
    await store.close()
    return chats * len(changes) / taken


async def _one(store: Store, changes: Sequence[Change], id: str) -> None:
    """As a visitor would: what is in doubt is sent again. (A server whose disk is busy may stand still for seconds.)"""
    for change in changes:
        mine, doubt = copied(change, id), False
        while True:
            try:
                outcome = await store.commit(mine)
            except StoreUnavailable:
                doubt = True
                continue
            if outcome is Commit.DONE or (doubt and outcome is Commit.LOST):
                break
            raise RuntimeError("nobody else writes to this store")


def cost(chats: int) -> Cost:
    changes = a_chat()
    with valkey() as redis, closing(redis.client()) as client:
        empty = client.info("memory")
        rate = asyncio.run(_filled(redis.url, changes, chats))
        memory = client.info("memory")
        file = _file(redis)
        load = _restarted(redis)
        client.bgrewriteaof()
        while _rewriting(client.info("persistence")):
            time.sleep(0.05)
        rewritten = _file(redis)
        again = _restarted(redis)
    used, resident = (int(memory[key]) - int(empty[key]) for key in ("used_memory", "used_memory_rss"))
    return Cost(chats, len(changes), used / chats, resident, file, rewritten, load, again, rate)


def _file(redis: Server) -> int:
    return sum(path.stat().st_size for path in (redis.folder / "appendonlydir").iterdir())


def _rewriting(facts: Mapping[str, object]) -> bool:
    return bool(facts["aof_rewrite_in_progress"]) or bool(facts["aof_rewrite_scheduled"])


def _restarted(redis: Server) -> float:
    """Seconds until it answers; it may take minutes."""
    redis.stop()
    began = time.perf_counter()
    redis.start(ready=False)
    pin(DRIVER_CORE, redis.pid)
    with closing(redis.client()) as client:
        while True:
            with contextlib.suppress(RedisError):
                client.ping()
                return time.perf_counter() - began
            time.sleep(0.02)


def lines(chats: int) -> Iterator[str]:
    found = cost(chats)
    scale, sizes = MILLION / found.chats, (found.resident, found.file, found.rewritten)
    resident, file, rewritten = (scale * size / 1e9 for size in sizes)
    yield f"- memory in Redis an open, answered chat ({found.turns} turns, its timer, what writers noted): "
    yield f"  **{found.used:,.0f} bytes** (goal 3,000), measured with {found.chats:,}"
    yield f"- a million of them: {found.used / 1e3:.1f} GB in its own account, {resident:.1f} GB resident; an"
    yield f"  append-only file of {file:.1f} GB, loaded in {scale * found.load:.0f} s, and once rewritten"
    yield f"  {rewritten:.1f} GB, loaded in {scale * found.load_rewritten:.0f} s ({found.rate:,.0f} commits a second)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chats", type=int, default=100_000)
    parser.add_argument("--million", action="store_const", const=MILLION, dest="chats")
    pin(SERVER_CORE)
    for line in lines(parser.parse_args().chats):
        print(line, flush=True)


if __name__ == "__main__":
    main()
