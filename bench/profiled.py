"""The service under a sampler: where the microseconds of a turn go. `python -m bench.profiled OUT.json`

A sample is taken each 2 ms of processor time and booked to the innermost room that is on the main thread's stack; the
other threads (the store's writer, records, the JSONL file) are booked whole, by the kernel's account of each thread.
"""

import collections
import json
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType

from bot.cli import main as command

INTERVAL = 0.002
ROOMS = {
    "bot/flows/": "engine",
    "bot/store/": "store, on the loop",
    "bot/channels/": "web channel",
    "bot/http": "web channel",
    "bot/runtime": "runtime",
    "bot/changes": "runtime",
    "bot/hub": "runtime",
    "bot/obs": "metrics",
    "bot/jobs": "jobs, records, writers",
    "bot/work": "jobs, records, writers",
    "bot/records/": "jobs, records, writers",
    "bot/crm/": "jobs, records, writers",
    "/aiohttp/": "aiohttp",
    "/redis/": "redis-py",
    "/asyncio/": "event loop",
}

samples: collections.Counter[str] = collections.Counter()


def room_of(frame: FrameType | None) -> str:
    while frame is not None:
        for part, room in ROOMS.items():
            if part in frame.f_code.co_filename:
                return room
        frame = frame.f_back
    return "other"


def sample(_signal: int, frame: FrameType | None) -> None:
    samples[room_of(frame)] += 1


def thread_seconds() -> dict[str, float]:
    """Processor seconds of each of our threads, by name (Linux)."""
    found = {}
    for thread in threading.enumerate():
        if thread.ident is not None:
            found[thread.name] = time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
    return found


def main() -> None:
    out = Path(sys.argv[1])
    threads: dict[str, float] = {}

    def watch() -> None:
        while not ended.wait(0.2):
            threads.update(thread_seconds())

    ended = threading.Event()
    threading.Thread(target=watch, name="bench", daemon=True).start()
    signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, INTERVAL, INTERVAL)
    try:
        command(["serve"])
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        ended.set()
        out.write_text(json.dumps({"samples": samples, "threads": threads}), "utf-8")


if __name__ == "__main__":
    main()
