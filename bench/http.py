"""Turns a second over HTTP beside a bare aiohttp echo, in turns A B A B; the server on one core, the driver on another.

The service runs as shipped: limits, metrics, synchronous=FULL, timers and records on. (The driver comes from loopback,
which is never limited as an address; each chat stays below its own burst.)
"""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.client import Load, drive, echo_turns, survey_turns

ROOT = Path(__file__).parent.parent
SERVER_CORE, DRIVER_CORE = 0, 1


def pin(core: int, process: int = 0) -> None:
    """Keep a process (0: this one) on one core, where the machine has a second one and lets us choose."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(process, {core})


def unpin(process: int = 0) -> None:
    """Let a process (0: this one) run on any core again."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(process, range(os.cpu_count() or 1))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Running:
    pid: int
    seconds: float
    """From process start to the first good answer."""


@contextlib.contextmanager
def server(*command: str, port: int, ready: str, folder: str, **environment: str) -> Iterator[Running]:
    """Run a server on its core until it gives a first good answer; stop it at the end."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PORT": str(port), "LOG_LEVEL": "warning", **environment},
        stdout=subprocess.DEVNULL,
    )
    pin(SERVER_CORE, process.pid)
    try:
        while True:
            with contextlib.suppress(OSError):
                request = urllib.request.Request(
                    f"http://127.0.0.1:{port}{ready}", data=b"{}", headers={"Content-Type": "application/json"}
                )
                urllib.request.urlopen(request, timeout=5).read()
                break
            if process.poll() is not None or time.perf_counter() - began > 60:
                raise SystemExit(f"{command}: did not start (exit {process.poll()})")
            time.sleep(0.005)
        yield Running(process.pid, time.perf_counter() - began)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@dataclass(frozen=True, slots=True)
class Row:
    """One size of load: medians over the rounds."""

    at_once: int
    service: float
    echo: float
    ratio: float
    p50: float
    p99: float
    echo_p99: float


def pairs(service_port: int, echo_port: int, at_once: int, seconds: float, rounds: int) -> Row:
    """Many short rounds: the machine's own pace changes within seconds, and both of a round should see the same."""
    service: list[Load] = []
    echo: list[Load] = []
    for _ in range(rounds):
        service.append(asyncio.run(drive(service_port, at_once, seconds, survey_turns)))
        echo.append(asyncio.run(drive(echo_port, at_once, seconds, echo_turns)))
    ratios = [a.rate / b.rate for a, b in zip(service, echo, strict=True)]
    return Row(
        at_once,
        median(load.rate for load in service),
        median(load.rate for load in echo),
        median(ratios),
        median(load.percentile(0.5) for load in service),
        median(load.percentile(0.99) for load in service),
        median(load.percentile(0.99) for load in echo),
    )


def first_question(times: int) -> list[float]:
    """Seconds from process start to the first question, in an empty folder each time."""
    taken = []
    for _ in range(times):
        with tempfile.TemporaryDirectory() as folder:
            port = free_port()
            with server("-m", "bot", "serve", port=port, ready="/api/v1/chats", folder=folder) as running:
                taken.append(running.seconds)
    return taken


def run(quick: bool = False) -> tuple[list[Row], list[float]]:
    """All sizes of load, and the start-up times."""
    pin(DRIVER_CORE)
    starts = first_question(3 if quick else 7)
    service_port, echo_port = free_port(), free_port()
    with (
        tempfile.TemporaryDirectory() as folder,
        server("-m", "bot", "serve", port=service_port, ready="/api/v1/chats", folder=folder),
        server("-m", "bench.echo", str(echo_port), port=echo_port, ready="/echo", folder=folder),
    ):
        rows = [
            pairs(service_port, echo_port, at_once, 1.5 if quick else 2.0, 3 if quick else 15)
            for at_once in (1, 64, 512)
        ]
    return rows, starts


if __name__ == "__main__":
    for row in run(quick=True)[0]:
        print(row)
