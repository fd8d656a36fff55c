"""The embedded store: group commit, cost by size, pauses of the event loop, bytes and microseconds.

    python -m bench.store [--quick]

A turn here is what the runtime asks of the store: load the chat, commit it with the visitor's line, the bot's line and
the response job. Ratios are medians of rounds taken in turns A B A B, so that a machine shared with others disturbs
both sides alike. `--quick` compares 1,000 with 100,000 chats instead of 1,000,000.
"""

import argparse
import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from statistics import median

from msgspec.structs import replace

from bot.ids import new_id
from bot.model import Address, Answer, Change, Conversation, Entry, Job
from bot.store.base import Commit, Done
from bot.store.codec import encode_chat, encode_entries
from bot.store.schema import prepare
from bot.store.sqlite import SqliteStore

NOW = 1_760_000_000_000
YEAR = 365 * 86_400_000
TURNS_A_CHAT = 4


@dataclass(frozen=True, slots=True)
class Row:
    """One measured line; `target` and `met` are empty and None where nothing was promised."""

    what: str
    measured: str
    target: str = ""
    met: bool | None = None


def clock() -> int:
    return time.time_ns() // 1_000_000


def a_chat(id: str) -> Conversation:
    """A chat in its fourth turn, as a shop's visitor leaves one."""
    reason = "The parcel came three days late and the box was open."
    return Conversation(
        id=id, version=4, flow="nps", flow_version="0123456789ab", address=Address("web", id), locale="en",
        state="improve", started=NOW, updated=NOW, timezone="Europe/Paris", visitor="0" * 26, step_seq=4, seq=8,
        context={"page_url": "https://shop.example/orders/48213", "page_title": "Thank you for your order - Acme"},
        trail=("score", "disappointed"), armed=NOW, asked=NOW, score=3, revision=2, scored=NOW,
        answers={
            "score": Answer("score", 3, "3", "nps", NOW),
            "disappointed": Answer("reason", reason, reason, "text", NOW),
        },
        seen=tuple(f"{n:032x}" for n in range(4)),
    )  # fmt: skip


def said(first: int) -> tuple[Entry, ...]:
    return (
        Entry(first, NOW, "visitor", "The parcel came three days late and the box was open."),
        Entry(first + 1, NOW, "bot", "Thank you for telling us. What is the one thing that we should do better?"),
    )


async def turn(store: SqliteStore, id: str) -> None:
    chat = await store.load_id(id)
    version, seq = (chat.version, chat.seq) if chat else (0, 0)
    after = replace(chat or a_chat(id), id=id, version=version + 1, seq=seq + 2)
    job = Job(f"{id}:response", "response", clock() + 250, {"chat": id})
    if await store.commit(Change(after, version, said(seq + 1), jobs=(job,))) is not Commit.DONE:
        raise RuntimeError("nobody else writes to this store")


async def turns(store: SqliteStore, ids: Sequence[str], at_once: int) -> float:
    """Seconds that one turn of every chat takes, `at_once` of them at any time."""
    left = iter(ids)

    async def visitor(mine: Iterator[str]) -> None:
        for id_ in mine:
            await turn(store, id_)

    began = time.perf_counter()
    await asyncio.gather(*(visitor(left) for _ in range(at_once)))
    return time.perf_counter() - began


async def tidy(store: SqliteStore) -> None:
    """Take the response jobs away, as the worker does all the time: outside what is measured."""
    while jobs := await store.claim(clock() + 1000, 500, 60_000, ["response"]):
        await store.settle([(job, Done()) for job in jobs], clock())


async def grouped(folder: Path, rounds: int) -> Row:
    """512 chats answering at once: all waiting turns in one commit, against a commit for each."""
    ids = [new_id(NOW + n) for n in range(512)]
    many = SqliteStore.open(folder / "grouped.db", clock)
    single = SqliteStore.open(folder / "single.db", clock, together=1)
    taken: dict[SqliteStore, list[float]] = {many: [], single: []}
    for _ in range(rounds):
        for store, seconds in taken.items():
            seconds.append(await turns(store, ids, 512))
            await tidy(store)
    await asyncio.gather(many.close(), single.close())
    fast, slow = median(taken[many]), median(taken[single])
    measured = f"{(ratio := slow / fast):.1f} x ({512 / fast:,.0f} against {512 / slow:,.0f} turns/s)"
    return Row("512 chats at once, group commit against one commit a turn", measured, ">= 3 x", ratio >= 3)


def fill(path: Path, chats: int) -> list[str]:
    """Store `chats` chats of a year with four turns each, a timer for every hundredth; returns their ids."""
    ids = [new_id(NOW + n * YEAR // chats) for n in range(chats)]
    body, lines = encode_chat(a_chat(ids[0])), encode_entries(said(1))
    prepare(path, 5)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA synchronous = OFF")
        db.executemany(
            f"INSERT INTO chat (id, version, seq, tail, body) VALUES (?, {TURNS_A_CHAT}, {2 * TURNS_A_CHAT}, ?, ?)",
            ((id_, (n + 1) * TURNS_A_CHAT, body) for n, id_ in enumerate(ids)),
        )
        db.execute(
            "WITH RECURSIVE row (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM row LIMIT ?1)"
            f" INSERT INTO log SELECT n, iif(n % {TURNS_A_CHAT} = 1, 0, n - 1),"
            f" 2 * ((n - 1) % {TURNS_A_CHAT} + 1), ?2 FROM row",
            (chats * TURNS_A_CHAT, lines),
        )
        db.executemany(
            "INSERT INTO job (id, kind, due, payload, gen, attempt, state, lease, error, created, touched)"
            " VALUES (?, 'timer', ?, '{}', 1, 0, 0, 0, '', 0, 0)",
            ((f"{id_}:timer", NOW + 2 * YEAR + n) for n, id_ in enumerate(ids[::100])),
        )
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return ids


async def sizes(small: tuple[Path, list[str]], large: tuple[Path, list[str]], rounds: int) -> list[Row]:
    """The cost of a turn in the small and the large store.

    Chats that are answered are young, so the promise is for the newest; chats picked from the whole year are the worst
    case, in which no two turns of a batch share a page and every page is written out for one row.
    """
    random, rows = Random(7), []
    stores = [(SqliteStore.open(path, clock), ids) for path, ids in (small, large)]
    few, many = len(small[1]), len(large[1])
    for name, newest, target in ((f"the newest {few:,}", few, "<= 1.2 x"), ("any of a year's", many, "")):
        taken: list[list[float]] = [[], []]
        for _ in range(rounds):
            for (store, ids), seconds in zip(stores, taken, strict=True):
                picked = random.sample(ids[-newest:], min(few, newest))
                seconds.append(await turns(store, picked, 64) / len(picked))
                await tidy(store)
        ratio = median(b / a for a, b in zip(*taken, strict=True))
        cost = f"{ratio:.2f} x ({median(taken[0]) * 1e6:.0f} and {median(taken[1]) * 1e6:.0f} us)"
        what = f"a turn with {many:,} stored chats against {few:,}; chats that answer: {name}"
        rows.append(Row(what, cost, target, ratio <= 1.2 if target else None))
    for store, _ in stores:
        await store.close()
    return rows


SYNCS = (0.0, 0.005, 0.05)
"""Seconds that an fsync takes longer than it does."""


async def pauses(folder: Path, rounds: int) -> list[Row]:
    """The longest pause of a ticking loop in 64 commits: its own work for 64 turns, and what a slow disk adds to it."""
    ids = [new_id(NOW + n) for n in range(64)]
    widest = 0.0

    async def tick() -> None:
        nonlocal widest
        before = time.perf_counter()
        while True:
            await asyncio.sleep(0)
            now = time.perf_counter()
            widest, before = max(widest, now - before), now

    stores = {
        sync: SqliteStore.open(folder / f"sync{sync}.db", clock, before_sync=partial(time.sleep, sync))
        for sync in SYNCS
    }
    found: dict[float, list[float]] = {sync: [] for sync in SYNCS}
    ticking = asyncio.create_task(tick())
    for _ in range(rounds):
        for sync, store in stores.items():
            widest = 0.0
            await turns(store, ids, 64)
            found[sync].append(widest)
    ticking.cancel()
    await asyncio.gather(*(store.close() for store in stores.values()))
    usual = median(found[0.0])
    rows = [Row("longest pause of the loop in 64 commits at once", f"{usual * 1e3:.1f} ms")]
    for sync in SYNCS[1:]:
        more = median(found[sync]) - usual
        what, added = f"what an fsync {sync * 1e3:.0f} ms longer adds to it", f"{more * 1e3:+.1f} ms"
        rows.append(Row(what, added, "< half of it", more < sync / 2))
    return rows


async def groups(folder: Path, rounds: int) -> list[Row]:
    """New chats that answer four times, 64 at once: microseconds and bytes."""
    file = folder / "groups.db"
    store = SqliteStore.open(file, clock)
    seconds = []
    for round_ in range(rounds):
        ids = [new_id(NOW + round_ * 64 + n) for n in range(64)]
        for _ in range(TURNS_A_CHAT):
            seconds.append(await turns(store, ids, 64) / 64)
            await tidy(store)
    await store.close()
    size = file.stat().st_size / (64 * rounds)
    return [
        Row("a turn (load and commit), 64 at once", f"{median(seconds) * 1e6:.0f} us"),
        Row(f"on disk, a chat of {TURNS_A_CHAT} turns", f"{size:,.0f} bytes"),
    ]


def run(quick: bool) -> list[Row]:
    """All figures; about 20 s where `quick`, else two minutes and 3 GB of disk in the working folder."""
    rounds, chats = (7, 100_000) if quick else (25, 1_000_000)
    with tempfile.TemporaryDirectory(prefix=".bench-", dir=Path.cwd()) as name:
        folder = Path(name)
        few, many = [(folder / file, fill(folder / file, n)) for file, n in (("few.db", 1000), ("many.db", chats))]
        return [
            asyncio.run(grouped(folder, rounds)),
            *asyncio.run(sizes(few, many, rounds)),
            *asyncio.run(pauses(folder, 2 * rounds)),
            *asyncio.run(groups(folder, 4 * rounds)),
        ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    for row in run(parser.parse_args().quick):
        promised = f"  target {row.target}: {'met' if row.met else 'MISSED'}" if row.target else ""
        print(f"{row.what:<90} {row.measured}{promised}")


if __name__ == "__main__":
    main()
