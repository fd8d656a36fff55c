"""The CRM writers: deliveries a second, what waiting ones cost a visitor, and how soon a score is there.

The stand-ins run in the driver's loop and on its core, so what they take is in the figures; the service has the other
core. A backlog is put into a folder by the store itself, and a server started on it.
"""

import asyncio
import contextlib
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter

import jwt
import yaml
from msgspec.json import decode, encode
from msgspec.structs import replace

from bench.client import Connection, Load, drive, survey_turns
from bench.http import DRIVER_CORE, free_port, pin, server
from bench.store import a_chat, clock, said
from bot.changes import response_id, write_job
from bot.ids import new_id
from bot.model import Answer, Change, Conversation, Fact, Job
from bot.sandbox.crm.exchange import Exchange
from bot.sandbox.crm.standin import StandIn
from bot.sandbox.crms import HEAD, stand_in
from bot.store.sqlite import SqliteStore

KINDS = ("salesforce", "adobe", "hubspot", "sellsy", "sheets")
"""Those with a stand-in."""
SECRET = "a-secret-of-the-benchmark-0123456789"
WAITING = 10_000
"""Deliveries, of all writers together."""
AT_ONCE = 8
"""Visitors beside them: those of a shop, for in a storm their own queue would hide what is measured."""
SETTLED = 3.0
"""Seconds after which the service has loaded what it loads after its start, and has greeted the CRMs."""
ENOUGH = 120.0
"""Seconds after which a backlog that has not gone out ends the run."""


@dataclass(frozen=True, slots=True)
class Rate:
    writers: str
    a_second: float
    requests: float
    """A delivery."""


@dataclass(frozen=True, slots=True)
class Soon:
    """Milliseconds from a visitor's score to the first request at the CRM."""

    writer: str
    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class Beside:
    """Milliseconds of a visitor's turn with nothing waiting and with everything; medians of the rounds."""

    none: float
    waiting: float
    ratio: float


@dataclass
class Crms:
    """Stand-ins, and what leads to them."""

    running: Mapping[str, StandIn]
    settings: str
    environ: Mapping[str, str]
    arrived: list[float] = field(default_factory=list)
    """When requests came."""


@contextlib.asynccontextmanager
async def crms(kinds: Sequence[str]) -> AsyncIterator[Crms]:
    async with contextlib.AsyncExitStack() as stack:
        arrived: list[float] = []

        def note(_exchange: Exchange) -> Sequence[str]:
            arrived.append(perf_counter())
            return ()

        running: dict[str, StandIn] = {}
        for kind in kinds:
            crm = stand_in(kind)
            assert crm is not None, kind
            crm.check = note
            running[kind] = await stack.enter_async_context(crm)
        parts = "".join(one.settings().removeprefix(HEAD).rstrip("\n") + "\n" for one in running.values())
        environ = {"SECRET_KEY": SECRET}
        for one in running.values():
            environ |= one.environment()
        yield Crms(running, f"{HEAD}  jsonl: {{enabled: false}}\n{parts}", environ, arrived)


@contextlib.asynccontextmanager
async def _serving(folder: str, found: Crms) -> AsyncIterator[int]:
    """The service on this folder; its port."""
    _write(folder, found.settings)
    port = free_port()
    with contextlib.ExitStack() as stack:
        running = server(*("-m", "bot", "serve"), port=port, ready="/api/v1/chats", folder=folder, **found.environ)
        await asyncio.to_thread(stack.enter_context, running)
        yield port
        await asyncio.to_thread(stack.close)


def _write(folder: str, settings: str = "") -> Path:
    """The settings where there are some; the folder of the data."""
    data = Path(folder, "data")
    data.mkdir(exist_ok=True)
    if settings:
        Path(folder, "settings.yaml").write_text(settings, "utf-8")
    return data


def _names(found: Crms) -> list[str]:
    return [name for name in yaml.safe_load(found.settings)["writers"] if name != "jsonl"]


def _person(number: int) -> Conversation:
    chat = a_chat(new_id(clock()))
    email = Answer("contact.email", f"person{number}@example.com", "", "email", clock())
    contact = {"last_name": Fact(f"Person {number}", proven=True)}
    return replace(chat, version=1, seq=2, contact=contact, answers={**chat.answers, "email": email})


async def _backlog(folder: str, chats: int, writers: Sequence[str] = ()) -> None:
    """Responses that wait: to be recorded and delivered, or where `writers` are named, for these alone."""
    store = SqliteStore.open(_write(folder) / "chats.db", clock)
    for number in range(chats):
        chat = _person(number)
        jobs = [write_job(chat.id, name, clock()) for name in writers]
        first = Job(response_id(chat.id), "response", clock(), {"chat": chat.id})
        await store.commit(Change(chat, 0, said(1), tuple(jobs) or (first,)))
    await store.close()


def _left(folder: str) -> int:
    """Deliveries, and responses that will become some."""
    with contextlib.closing(sqlite3.connect(Path(folder, "data", "chats.db"))) as db:
        row = db.execute("SELECT count(*) FROM job WHERE state < 2 AND (kind LIKE 'write.%' OR kind = 'response')")
        return int(row.fetchone()[0])


async def _rate(kinds: Sequence[str], chats: int) -> Rate:
    async with crms(kinds) as found:
        with tempfile.TemporaryDirectory() as folder:
            await _backlog(folder, chats)
            async with _serving(folder, found):
                until = perf_counter() + ENOUGH
                while await asyncio.to_thread(_left, folder):
                    if perf_counter() > until:
                        raise SystemExit(f"{kinds}: {_left(folder)} deliveries did not go out")
                    await asyncio.sleep(0.05)
    taken = found.arrived[-1] - found.arrived[0]
    count = chats * len(kinds)
    name = kinds[0] if len(kinds) == 1 else f"all {len(kinds)}"
    return Rate(name, count / taken, len(found.arrived) / count)


async def _soon(kind: str, chats: int) -> Soon:
    """One visitor after the other, on a machine that does nothing else."""
    async with crms((kind,)) as found:
        with tempfile.TemporaryDirectory() as folder:
            async with _serving(folder, found) as port:
                await asyncio.sleep(SETTLED)
                taken = [1000 * await _one(port, number, found) for number in range(chats)]
    taken.sort()
    return Soon(kind, median(taken), taken[min(len(taken) - 1, int(0.99 * len(taken)))])


async def _one(port: int, number: int, found: Crms) -> float:
    contact = {"email": f"person{number}@example.com", "last_name": f"Person {number}"}
    proof = jwt.encode({"contact": contact, "exp": clock() // 1000 + 600}, SECRET, "HS256")
    connection = await Connection.open("127.0.0.1", port)
    begun = decode(await connection.post("/api/v1/chats", encode({"locale": "en", "identity": proof})))
    score = {"id": "1", "cursor": begun["cursor"], "fence": begun["ask"]["fence"], "value": number % 11}
    (crm,), before, began = found.running.values(), len(found.arrived), perf_counter()
    await connection.post(f"/api/v1/chats/{begun['chat']}/messages", encode(score), begun["token"])
    await crm.until(lambda: len(found.arrived) > before)
    first = found.arrived[before]
    while await asyncio.sleep(0.05, len(found.arrived)) != len(found.arrived):
        pass  # let the rest of this delivery go through, so that the next one starts on an idle machine
    connection.close()
    return first - began


async def _beside(rounds: int, seconds: float) -> Beside:
    """Every CRM down: connections are refused."""
    async with crms(KINDS) as found:
        for one in found.running.values():
            await one.down()
        loads: dict[int, list[Load]] = {0: [], WAITING: []}
        with tempfile.TemporaryDirectory() as quiet, tempfile.TemporaryDirectory() as busy:
            names = _names(found)
            await _backlog(quiet, 0)
            await _backlog(busy, WAITING // len(names), names)
            async with _serving(quiet, found) as none, _serving(busy, found) as many:
                for _ in range(rounds):
                    for waiting, port in ((0, none), (WAITING, many)):
                        loads[waiting].append(await drive(port, AT_ONCE, seconds, survey_turns))
            assert _left(busy) >= WAITING
    p99 = {waiting: [load.percentile(0.99) for load in some] for waiting, some in loads.items()}
    ratios = [b / a for a, b in zip(p99[0], p99[WAITING], strict=True)]
    return Beside(median(p99[0]), median(p99[WAITING]), median(ratios))


@dataclass(frozen=True, slots=True)
class Found:
    rates: Sequence[Rate]
    beside: Beside
    soon: Sequence[Soon]


def run(quick: bool = False) -> Found:
    pin(DRIVER_CORE)
    chats = 200 if quick else 2_000
    rates = [asyncio.run(_rate(kinds, chats)) for kinds in (*((kind,) for kind in KINDS), KINDS)]
    beside = asyncio.run(_beside(3 if quick else 9, 2 if quick else 3))
    return Found(rates, beside, [asyncio.run(_soon(kind, 20 if quick else 100)) for kind in KINDS])


if __name__ == "__main__":
    print(run(quick=True))
