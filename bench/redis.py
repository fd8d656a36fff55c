"""Turns with Redis beside SQLite and the bare echo, one process and two; round trips and bytes of a turn; the start.

    python -m bench.redis [--quick]

The service on one core; the load driver and Redis share the other, since there are two. So the processor time of each
is told too: it says what a turn costs where there are more cores. Two processes may use both cores, beside the driver
and Redis: with two cores they cannot answer much more than one, and what they cost a turn is the figure to read.
"""

import argparse
import asyncio
import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.client import Load, drive, echo_turns, survey_turns
from bench.http import DRIVER_CORE, free_port, pin, server, unpin
from bench.relay import TURN, Relay
from tests.harness.redis_server import Server

AT_ONCE = 64
SECRET = "s" * 32
QUIET = {"SECRET_KEY": SECRET, "LOG_LEVEL": "error"}
"""Without a word about what the server may lose."""
TWO = "Redis, two processes"
ALWAYS, EVERYSEC = "always", "everysec"


@contextlib.contextmanager
def valkey(fsync: str = EVERYSEC, *options: str) -> Iterator[Server]:
    """With its append-only file on the disk of the temporary folder, on the driver's core."""
    one = Server("--appendfsync", fsync, *options)
    pin(DRIVER_CORE, one.pid)
    try:
        yield one
    finally:
        one.stop()


@dataclass(frozen=True, slots=True)
class Row:
    what: str
    rate: float
    """Turns a second; medians over the rounds, as all figures here."""
    to_echo: float
    to_sqlite: float
    p50: float
    p99: float
    app: float
    """Microseconds of processor time a turn, of all processes of the service."""
    redis: float
    """The same of Redis, 0 without it."""


@dataclass(frozen=True, slots=True)
class Side:
    """What is driven in turns with the others."""

    what: str
    port: int
    pid: int
    redis: int = 0

    def driven(self, seconds: float) -> tuple[Load, float, float]:
        app, redis = processor(self.pid), processor(self.redis)
        chat = echo_turns if self.what == "echo" else survey_turns
        load = asyncio.run(drive(self.port, AT_ONCE, seconds, chat))
        each = 1e6 / load.turns
        return load, (processor(self.pid) - app) * each, (processor(self.redis) - redis) * each


def family(pid: int) -> Iterator[int]:
    """A process and those under it."""
    yield pid
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split():
        yield from family(int(child))


def processor(pid: int) -> float:
    """Seconds of processor time that a process and those under it have taken; 0 for none."""
    ticks = 0
    for one in family(pid) if pid else ():
        words = Path(f"/proc/{one}/stat").read_text("ascii").rpartition(")")[2].split()
        ticks += int(words[11]) + int(words[12])
    return ticks / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def side(what: str, folder: Path, redis: Server | None = None, *words: str) -> Iterator[Side]:
    """A service in a folder of its own."""
    here, port = folder / what, free_port()
    here.mkdir()
    environ = QUIET | ({"REDIS_URL": redis.url} if redis else {})
    command = ("-m", "bot", "serve", *words)
    with server(*command, port=port, ready="/api/v1/chats", folder=str(here), **environ) as running:
        yield Side(what, port, running.pid, redis.pid if redis else 0)


def turns(seconds: float, rounds: int) -> list[Row]:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        enter = stack.enter_context
        every, always, two = enter(valkey()), enter(valkey(ALWAYS)), enter(valkey())
        echo = free_port()
        bare = enter(server("-m", "bench.echo", str(echo), port=echo, ready="/echo", folder=str(folder)))
        sides = [
            Side("echo", echo, bare.pid),
            enter(side("SQLite", folder)),
            enter(side("Redis, appendfsync everysec", folder, every)),
            enter(side("Redis, appendfsync always", folder, always)),
            enter(side(TWO, folder, two, "--workers", "2")),
        ]
        for pid in family(sides[-1].pid):
            unpin(pid)
        found: dict[str, list[tuple[Load, float, float]]] = {one.what: [] for one in sides}
        for _ in range(rounds):
            for one in sides:
                found[one.what].append(one.driven(seconds))
    rates = {what: [load.rate for load, _, _ in some] for what, some in found.items()}

    def ratio(what: str, other: str) -> float:
        return median(mine / theirs for mine, theirs in zip(rates[what], rates[other], strict=True))

    return [
        Row(
            what,
            median(rates[what]),
            ratio(what, "echo"),
            ratio(what, "SQLite"),
            median(load.percentile(0.5) for load, _, _ in some),
            median(load.percentile(0.99) for load, _, _ in some),
            median(app for _, app, _ in some),
            median(redis for _, _, redis in some),
        )
        for what, some in found.items()
    ]


@dataclass(frozen=True, slots=True)
class Traffic:
    """What passes between a service and Redis a turn."""

    at_once: int
    trips: float
    """Round trips of the turns themselves."""
    sent: float
    """Bytes to Redis of the turns themselves."""
    all_trips: float
    """With what comes later for it: claims, settlements, and the signs of life."""
    all_sent: float
    received: float


def traffic(seconds: float) -> list[Traffic]:
    found = []
    with valkey() as redis, Relay(redis.port).running() as relay, tempfile.TemporaryDirectory() as folder:
        port = free_port()
        url = f"redis://127.0.0.1:{relay.port}"
        with server(
            *("-m", "bot", "serve"),
            port=port,
            ready="/api/v1/chats",
            folder=folder,
            REDIS_URL=url,
            **QUIET,
        ):
            for at_once in (1, AT_ONCE):
                asyncio.run(drive(port, at_once, seconds / 4, survey_turns))  # the server knows the scripts by now
                relay.begin()
                load = asyncio.run(drive(port, at_once, seconds, survey_turns))
                own = sum(relay.sent[name] for name in TURN)
                sums = (relay.of_turns, own, relay.trips, relay.sent.total(), relay.received)
                found.append(Traffic(at_once, *(number / load.turns for number in sums)))
    return found


def starts(times: int) -> list[float]:
    """Seconds from process start to the first question, Redis empty each time."""
    taken = []
    for _ in range(times):
        with valkey() as redis, tempfile.TemporaryDirectory() as folder:
            port = free_port()
            running = server(
                *("-m", "bot", "serve"),
                port=port,
                ready="/api/v1/chats",
                folder=folder,
                REDIS_URL=redis.url,
                **QUIET,
            )
            with running as one:
                taken.append(one.seconds)
    return taken


def lines(quick: bool) -> Iterator[str]:
    pin(DRIVER_CORE)
    yield "\n## Redis\n"
    yield "Valkey 9 with its append-only file on, on the driver's core; 64 chats at once, in turns A B C D E; medians."
    yield "The processor time is what a turn costs where there are more cores than here. Two processes may use both"
    yield "cores: the driver, which shares them, is the limit, so read what they cost a turn.\n"
    yield "| store | turns/s | to the echo | to SQLite | p50 ms | p99 ms | service us a turn | Redis us a turn |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    for row in turns(1.5 if quick else 5.0, 3 if quick else 5):
        yield (
            f"| {row.what} | {row.rate:,.0f} | {row.to_echo:.2f} | {row.to_sqlite:.2f} | {row.p50:.1f} "
            f"| {row.p99:.1f} | {row.app:.0f} | {row.redis:.0f} |"
        )
    yield "\n| chats at once | trips a turn (goal 2) | bytes to Redis (goal 4,000) | with what comes later | back |"
    yield "|--:|--:|--:|--:|--:|"
    for at in traffic(1.0 if quick else 3.0):
        yield (
            f"| {at.at_once} | {at.trips:.2f} | {at.sent:,.0f} | {at.all_trips:.2f} trips, {at.all_sent:,.0f} bytes "
            f"| {at.received:,.0f} |"
        )
    taken = starts(3 if quick else 7)
    yield f"\n- process start to the first question, on an empty Redis: {median(taken):.2f} s"


def printed(found: Sequence[str] | Iterator[str]) -> None:
    for line in found:
        print(line, flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    printed(lines(parser.parse_args().quick))
