"""Another process on the same store, for tests: `python -m tests.store.child TASK FILE`. Speaks in lines on stdout."""

import asyncio
import sys
import time
from itertools import count
from pathlib import Path

from bot.store.base import Commit, Done
from bot.store.lock import FolderLock
from bot.store.sqlite import SqliteStore
from tests.store.stores import a_turn


def clock() -> int:
    return time.time_ns() // 1_000_000


def say(*words: object) -> None:
    print(*words, flush=True)  # noqa: T201 - this is what the test reads


async def write(file: Path) -> None:
    """Sixteen chats answer until this process is killed; each acknowledged turn is told as `chat version`."""
    store = SqliteStore.open(file, clock)

    async def visitor(id: str) -> None:
        for version in count(1):
            if await store.commit(a_turn(id, version)) is Commit.DONE:
                say(id, version)

    await asyncio.gather(*(visitor(f"chat{n:02}") for n in range(16)))


async def claim(file: Path) -> None:
    """Claim and settle whatever is due, one by one, until nothing is left; each job is told."""
    store = SqliteStore.open(file, clock)
    say("ready")
    sys.stdin.readline()
    while jobs := await store.claim(1000, 1, 60_000):
        await store.settle([(job, Done()) for job in jobs], 1000)
        say(jobs[0].id)
    await store.close()


async def hold(file: Path) -> None:
    """Hold the folder's lock until this process is killed."""
    lock = FolderLock(file.parent)
    say("held")
    await asyncio.Event().wait()
    lock.release()


if __name__ == "__main__":
    asyncio.run({"write": write, "claim": claim, "hold": hold}[sys.argv[1]](Path(sys.argv[2])))
