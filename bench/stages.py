"""Where the microseconds of a turn go at 64 chats at once, and what an open chat costs the server in memory."""

import asyncio
import json
import tempfile
from pathlib import Path

from bench.client import Connection, drive, survey_turns
from bench.http import free_port, server

IDLE = 5_000
"""Open chats for the memory figure."""


def where(seconds: float) -> list[tuple[str, float]]:
    """(room, microseconds a turn), the largest first; the sum is the whole processor time of the server a turn."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "profile.json"
        with server("-m", "bench.profiled", str(out), port=port, ready="/api/v1/chats", folder=folder):
            load = asyncio.run(drive(port, 64, seconds, survey_turns))
        found = json.loads(out.read_text("utf-8"))
    threads: dict[str, float] = found["threads"]
    samples: dict[str, int] = found["samples"]
    main = threads.pop("MainThread")
    threads.pop("bench", None)
    writer = sum(value for name, value in threads.items() if name.startswith("store"))
    rest = sum(threads.values()) - writer
    each = main / sum(samples.values())
    rows = {room: count * each for room, count in samples.items()}
    rows["store, its writer thread"] = writer
    rows["threads of records and writers"] = rest
    return sorted(((room, 1e6 * cost / load.turns) for room, cost in rows.items()), key=lambda row: -row[1])


async def _open(port: int, chats: int) -> None:
    connections = [await Connection.open("127.0.0.1", port) for _ in range(50)]

    async def some(connection: Connection) -> None:
        for _ in range(chats // len(connections)):
            opened = json.loads(await connection.post("/api/v1/chats", b"{}"))
            body = json.dumps({"id": "m", "cursor": opened["cursor"], "fence": opened["ask"]["fence"], "value": 3})
            await connection.post(f"/api/v1/chats/{opened['chat']}/messages", body.encode(), opened["token"])

    await asyncio.gather(*(some(connection) for connection in connections))
    for connection in connections:
        connection.close()


def memory() -> float:
    """Bytes of resident memory that an open, answered chat adds to the server."""
    port = free_port()
    with (
        tempfile.TemporaryDirectory() as folder,
        server("-m", "bot", "serve", port=port, ready="/api/v1/chats", folder=folder) as running,
    ):
        asyncio.run(_open(port, IDLE))  # caches and libraries are loaded by now
        before = _resident(running.pid)
        asyncio.run(_open(port, IDLE))
        return (_resident(running.pid) - before) / IDLE


def _resident(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise SystemExit("no VmRSS in /proc: the memory figure needs Linux")
