"""Every fault that the service outlives, and one way to see that it does: `run`.

A crowd of customers answers chats all the while. The fault strikes, goes on for some seconds and is over; from then on
each process must acknowledge answers again by itself. At the end the witnesses are held against what is kept: in Redis,
in the records, at the web hook's receiver and in the files (`witness_check.py`, read by `witness_reader.py`).
"""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from redis.asyncio import Redis
from redis.exceptions import RedisError

from tests.harness import witness_reader as reader
from tests.harness.faults_house import House, Kind, a_house
from tests.harness.postgres_server import postgres
from tests.harness.redis_server import ANSWER, until
from tests.harness.witness import Crowd
from tests.harness.witness_check import missing_events, missing_lines, missing_records, wrong_events, wrong_logs

CUSTOMERS = 9
PATIENCE = 90.0
"""Seconds until everything has recovered and arrived; a lease is 30."""
SLOWEST = 2.0
"""Answers a second that are acknowledged at least while something is away that no answer needs."""
DAY = 86_400_000
LEASE = 31.0
"""Seconds until what a killed process had in hand, or a claim whose answer got lost, is taken up by another."""
AT_ONCE = 1.5
"""Seconds in which everything arrives that waits for no lease."""

Strike: TypeAlias = Callable[[House, Crowd, float, random.Random], Awaitable[None]]
"""The fault, for so many seconds; when it returns, it is over."""


@dataclass(frozen=True)
class Result:
    """What one run came to. `wrong` is empty, else the service is at fault."""

    fault: str
    seed: int
    recovered: Sequence[float]
    """Seconds from the fault's end to the first answer that was acknowledged, by process."""
    caught_up: float
    """Seconds from the fault's end until records and receivers had everything."""
    chats: int
    answers: int
    during: int
    """Of them, those acknowledged during the fault."""
    resent: int
    longest: float
    """Seconds that somebody waited for an answer to be acknowledged."""
    wrong: Sequence[str]

    def __str__(self) -> str:
        times = " ".join(f"{seconds:.2f}" for seconds in self.recovered)
        return (
            f"{self.fault}, seed {self.seed}: answers again after {times} s, caught up after {self.caught_up:.1f} s; "
            f"{self.chats} chats, {self.answers} answers, {self.during} of them during the fault, {self.resent} sent "
            f"again, the longest wait {self.longest:.1f} s"
        )


async def run(
    house: House, name: str, seconds: float, seed: int, *, hurry: bool = False, warm: int = 30, after: int = 30
) -> Result:
    """Strike once, with `warm` answers acknowledged before it and `after` behind it. `hurry`: where something waits for
    a lease at the end, the clocks are moved behind it."""
    rng = random.Random(seed)
    crowd = Crowd(house.bases, seed, CUSTOMERS)
    pids = [process.pid for process in house.processes]
    load = asyncio.create_task(crowd.run())
    loop = asyncio.get_running_loop()
    try:
        await crowd.come(warm, PATIENCE)
        crowd.watch()
        before = crowd.answers
        await FAULTS[name].strike(house, crowd, seconds, rng)
        during = crowd.answers - before
        crowd.watch()
        over = loop.time()
        await crowd.all_answer(PATIENCE)
        await crowd.come(after, PATIENCE)
        crowd.stop()
        await asyncio.wait_for(asyncio.shield(load), PATIENCE)
        await house.revived()
    except TimeoutError:
        crowd.surprises.append(f"nothing came any more: {sorted(crowd.recovered)} answered since the fault")
        during, over = 0, loop.time()
    finally:
        load.cancel()
        with suppress(asyncio.CancelledError):  # ours, just above; what else ended it is raised
            await load
    recovered = [crowd.recovered.get(number, float("inf")) for number in range(len(house.processes))]
    wrong = [*crowd.surprises, *await _kept(house, crowd, hurry=hurry)]
    caught_up = loop.time() - over
    if FAULTS[name].strike is not killed and pids != [process.pid for process in house.processes]:
        wrong.append("a process ended by itself")
    wrong += [f"a process ended with {process.code}" for process in house.processes if process.code is not None]
    wrong += [f"the hook was sent what it refuses: {fault}" for fault in house.receiver.faults[:3]]
    return Result(
        name, seed, recovered, caught_up, len(crowd.chats), crowd.answers, during, crowd.resent, crowd.longest, wrong
    )


async def calm(house: House, answers: int, seed: int) -> Sequence[str]:
    """A crowd alone, for so many answers, until all of it has arrived. What surprised the customers."""
    crowd = Crowd(house.bases, seed, CUSTOMERS)
    load = asyncio.create_task(crowd.run())
    with suppress(TimeoutError):  # who was surprised comes no more, and is told below
        await crowd.come(answers, PATIENCE)
    crowd.stop()
    await asyncio.wait_for(load, PATIENCE)
    if not crowd.surprises:
        house.chats += crowd.chats
        await _arrived(house, crowd, PATIENCE)
    return crowd.surprises


async def _kept(house: House, crowd: Crowd, *, hurry: bool) -> list[str]:
    """What is wrong with what is kept, once there is nothing more to wait for."""
    house.chats += crowd.chats
    logs = await asyncio.to_thread(reader.logs, house.servers[0].url, cluster=house.cluster)
    if wrong := wrong_logs(house.chats, logs):
        return wrong
    late = await _arrived(house, crowd, AT_ONCE if hurry else PATIENCE)
    if late and hurry:
        await asyncio.to_thread(house.later, LEASE)
        late = await _arrived(house, crowd, PATIENCE)
    return late + wrong_events(house.receiver.events)


async def _arrived(house: House, crowd: Crowd, seconds: float) -> list[str]:
    """What is still late after so many seconds; returns as soon as nothing is."""
    late = await _late(house, crowd)
    with suppress(TimeoutError):  # what is late then is what is asked for
        async with asyncio.timeout(seconds):
            while late:
                await asyncio.sleep(0.05)
                late = await _late(house, crowd)
    return late


async def _late(house: House, crowd: Crowd) -> list[str]:
    """What is not yet where it belongs."""
    logs = await asyncio.to_thread(reader.logs, house.servers[0].url, cluster=house.cluster)
    if late := missing_events(crowd.chats, logs, house.receiver.events):
        return late
    rows = await asyncio.to_thread(reader.responses, house.database)
    return missing_records(crowd.chats, logs, rows) or missing_lines(crowd.chats, logs, reader.lines(house.files))


async def killed(house: House, crowd: Crowd, seconds: float, rng: random.Random) -> None:
    """SIGKILL of one of the processes, again and again, somewhere in its work; at once it is started anew."""
    until = asyncio.get_running_loop().time() + seconds
    while True:
        process = rng.choice(house.processes)
        await house.kill(process)
        house.revive(process)
        if asyncio.get_running_loop().time() >= until:
            return
        await house.revived()
        await asyncio.sleep(rng.random() * 0.3)  # how far it gets is what the seed decides


def _admin(house: House) -> Redis:
    return Redis.from_url(house.servers[0].url, socket_timeout=ANSWER)


async def redis_restarted(house: House, crowd: Crowd, seconds: float, rng: random.Random) -> None:
    """An orderly stop, as for an upgrade, and a start."""
    async with _admin(house) as admin:
        with suppress(RedisError):  # it hangs up in place of an answer
            await admin.shutdown()
    await asyncio.to_thread(house.servers[0].wait)
    await asyncio.sleep(seconds)
    await asyncio.to_thread(house.servers[0].start)


async def redis_killed(house: House, crowd: Crowd, seconds: float, rng: random.Random) -> None:
    await asyncio.to_thread(house.servers[0].stop)
    await asyncio.sleep(seconds)
    await asyncio.to_thread(house.servers[0].start)


async def redis_paused(house: House, crowd: Crowd, seconds: float, rng: random.Random) -> None:
    """SIGSTOP: connections stand, nothing comes; what was sent is done later, when nobody waits for it any more."""
    house.servers[0].signal(signal.SIGSTOP)
    try:
        await asyncio.sleep(seconds)
    finally:  # whoever asks a server that stands waits as long
        house.servers[0].signal(signal.SIGCONT)


async def redis_full(house: House, crowd: Crowd, seconds: float, rng: random.Random) -> None:
    """Out of memory, then there is a little, then none, then enough."""
    async with _admin(house) as admin:
        for _ in range(3):
            await admin.config_set("maxmemory", "1mb")
            await asyncio.sleep(seconds / 4)
            used = int((await admin.info("memory"))["used_memory"])
            await admin.config_set("maxmemory", str(used + rng.randrange(5_000, 60_000)))
            await asyncio.sleep(seconds / 12)
        await admin.config_set("maxmemory", "0")


async def redis_read_only(house: House, crowd: Crowd, seconds: float, rng: random.Random) -> None:
    """It has become a replica (of nobody who is there), and is a primary again."""
    async with _admin(house) as admin:
        await admin.replicaof("127.0.0.1", "1")
        await asyncio.sleep(seconds)
        await admin.replicaof("NO", "ONE")


async def redis_failed_over(house: House, crowd: Crowd, seconds: float, rng: random.Random) -> None:
    """The primary goes, in one of the ways in which they do, and sentinels make another one of a replica. The old one
    comes back as a replica, or before it knows that it is one."""
    old = house.servers[0]
    how = rng.choice(("killed", "stopped", "told"))
    if how == "killed":
        await asyncio.to_thread(old.stop)
    elif how == "stopped":
        old.signal(signal.SIGSTOP)
    else:
        await asyncio.to_thread(house.told_to_fail_over)
    try:
        await asyncio.to_thread(until, lambda: house.primary() is not old, "another primary")
        await asyncio.sleep(rng.random() * seconds)
    finally:
        if how == "killed":
            await asyncio.to_thread(old.start)
        elif how == "stopped":
            old.signal(signal.SIGCONT)


async def clock_stepped(house: House, crowd: Crowd, seconds: float, rng: random.Random) -> None:
    """One host's clock goes a day ahead, then all do, then they go back one by one; then the same a day behind."""
    for step in (DAY, -DAY):
        order = rng.sample(house.processes, len(house.processes))
        for wrong in (step, 0):
            for process in order:
                true = process.troubles.clock
                process.troubles.set(true + (step if wrong else -step), 0)
                await asyncio.sleep(seconds / 12)


async def network_slow(house: House, crowd: Crowd, seconds: float, rng: random.Random) -> None:
    """Latency that jumps, little bandwidth, and connections that are reset or cut in the middle of an answer."""
    for proxy in house.proxies:
        proxy.latency, proxy.jitter, proxy.bandwidth = 0.02, 0.06, 2_000_000.0
    for _ in range(max(4, int(seconds / 0.25))):
        await asyncio.sleep(seconds / max(4, int(seconds / 0.25)))
        proxy = rng.choice(house.proxies)
        if rng.random() < 0.5:
            proxy.cuts += rng.randrange(1, 4)
        else:
            proxy.reset(rng.random())
    for proxy in house.proxies:
        proxy.mend()


async def network_away(house: House, crowd: Crowd, seconds: float, rng: random.Random) -> None:
    """One process, then all of them, reach Redis no more: nothing is refused, nothing comes."""
    house.proxies[rng.randrange(len(house.proxies))].hole = True
    await asyncio.sleep(seconds / 2)
    for proxy in house.proxies:
        proxy.hole = True
    await asyncio.sleep(seconds / 2)
    for proxy in house.proxies:
        proxy.mend()


async def loop_blocked(house: House, crowd: Crowd, seconds: float, rng: random.Random) -> None:
    """The event loop of one process stands, while connections and leases go on."""
    process = rng.choice(house.processes)
    process.troubles.set(process.troubles.clock, int(seconds * 1_000))
    process.signal(signal.SIGUSR1)
    await asyncio.sleep(seconds)


async def postgres_away(house: House, crowd: Crowd, seconds: float, rng: random.Random) -> None:
    """Crashed, or frozen with its connections open. Turns go on as if nothing were."""
    server = postgres()
    how = rng.choice(("crashed", "frozen"))
    before = crowd.answers
    if how == "crashed":
        await asyncio.to_thread(server.stop)
    else:
        server.freeze()
    try:
        await asyncio.sleep(seconds)
        if crowd.answers - before < seconds * SLOWEST or crowd.refused:
            crowd.surprises.append(f"{crowd.answers - before} answers without PostgreSQL, {crowd.refused} refused")
    finally:
        if how == "crashed":
            await asyncio.to_thread(server.start)
        else:
            server.thaw()


@dataclass(frozen=True)
class Fault:
    strike: Strike
    house: Kind = "plain"
    long: bool = False
    """Not for `make test`."""


FAULTS: Mapping[str, Fault] = MappingProxyType(
    {
        "SIGKILL": Fault(killed),
        "Redis restarted": Fault(redis_restarted),
        "Redis killed": Fault(redis_killed),
        "Redis paused": Fault(redis_paused),
        "Redis out of memory": Fault(redis_full),
        "Redis read-only": Fault(redis_read_only),
        "Redis failed over": Fault(redis_failed_over, "watched"),
        "PostgreSQL away": Fault(postgres_away, "postgres"),
        "clock stepped": Fault(clock_stepped),
        "network slow": Fault(network_slow),
        "network away": Fault(network_away),
        "loop blocked": Fault(loop_blocked),
        "SIGKILL beside a cluster": Fault(killed, "cluster", long=True),
        "a cluster's node killed": Fault(redis_killed, "cluster", long=True),
    }
)


async def struck(
    folder: Path, lengths: Mapping[str, float], seed: int, *, hurry: bool = False
) -> AsyncIterator[Result]:
    """Strike each of these faults for so many seconds, each in a house as it needs; one house for all of a kind."""
    for kind in sorted({FAULTS[name].house for name in lengths}):
        async with a_house(folder / kind, kind) as house:
            for name, seconds in lengths.items():
                if FAULTS[name].house == kind:
                    yield await run(house, name, seconds, seed, hurry=hurry)
