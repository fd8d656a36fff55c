"""The service for tests: a real process in a folder of its own, or the same parts in the test's own loop."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.error import URLError
from urllib.request import urlopen

from bot import app
from bot.settings import load
from tests.harness.flows import SMALL

TOP = Path(__file__).resolve().parent.parent.parent
PATIENCE = 30.0
"""Seconds that a test waits for something that takes one: a busy machine is no failure."""


def wait_until(holds: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Return as soon as `holds()` is true; fail with `what` after `patience` seconds."""
    until = time.monotonic() + patience
    while not holds():
        assert time.monotonic() < until, f"waited {patience} s in vain: {what}"
        time.sleep(0.01)


@asynccontextmanager
async def within(seconds: float, what: str) -> AsyncIterator[None]:
    """Fail with `what` where the body takes longer: what waits for ever tells nothing."""
    try:
        async with asyncio.timeout(seconds) as limit:
            yield
    except TimeoutError:
        assert not limit.expired(), f"waited {seconds} s in vain: {what}"
        raise


class Service:
    """`python -m bot serve` in `folder`, which gets `flows` as its flow file (None: the shipped one serves); `words`
    stand behind it.

    The first start takes a free port; later ones of the same object take it again. As a context it is started, and
    stopped at the end whatever happened.
    """

    module = "bot"
    """What Python runs."""
    says = "wb"
    """How the file of its stderr is opened: each start begins it anew."""
    stdin = subprocess.DEVNULL
    """Or a terminal's file descriptor."""

    def __init__(self, folder: Path, flows: str | None = SMALL, words: Sequence[str] = (), **environ: str) -> None:
        self.folder, self.words = folder, words
        self.port = int(environ.pop("PORT", "0"))
        self.environ = environ
        self._process: subprocess.Popen[bytes] | None = None
        lay(folder, flows)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def launch(self) -> None:
        """Start the process without waiting for anything but the process."""
        with (self.folder / "out.txt").open("wb") as out, (self.folder / "err.txt").open(self.says) as err:
            environ = clean(self.environ | {"PORT": str(self.port)})
            words = [sys.executable, "-m", self.module, "serve", *self.words]
            self._process = subprocess.Popen(
                words, cwd=self.folder, env=environ, stdin=self.stdin, stdout=out, stderr=err
            )

    def start(self) -> Self:
        """Start and wait until /readyz says that it can serve."""
        self.launch()
        try:
            wait_until(self._ready, "the service to be ready")
        except BaseException:
            self.kill()
            raise
        return self

    def _ready(self) -> bool:
        assert self.code is None, f"the service ended with {self.code}: {self.out}{self.err}"
        if self.port == 0:
            told = re.search(r"answers at \S+:(\d+)", self.out)
            self.port = int(told[1]) if told else 0
        try:
            return bool(self.port) and get(f"{self.url}/readyz") == 200
        except OSError:
            return False

    @property
    def code(self) -> int | None:
        """The exit code; None while it runs."""
        assert self._process is not None
        return self._process.poll()

    @property
    def out(self) -> str:
        return (self.folder / "out.txt").read_text("utf-8")

    @property
    def err(self) -> str:
        return (self.folder / "err.txt").read_text("utf-8")

    def signal(self, number: signal.Signals = signal.SIGTERM) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def wait(self, patience: float = PATIENCE) -> int:
        """Wait for the end and return the exit code."""
        assert self._process is not None
        return self._process.wait(patience)

    def stop(self) -> int:
        """Stop gracefully."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """As a power failure would, the machine apart."""
        self.signal(signal.SIGKILL)
        self.wait()

    def end(self) -> None:
        """Whatever state it is in, it does not outlive its test."""
        if self._process is not None and self.code is None:
            self.signal(signal.SIGCONT)
            self.kill()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is None and self.code is None:
            self.stop()
        self.end()


def lay(folder: Path, flows: str | None) -> None:
    """Make the folder, with this flow file in it."""
    folder.mkdir(parents=True, exist_ok=True)
    if flows is not None:
        (folder / "flows.yaml").write_text(flows, "utf-8")


def clean(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment for a process of ours: nothing of the developer's own settings reaches it."""
    keep = ("PATH", "HOME", "LANG", "TMPDIR")
    base = {name: value for name, value in os.environ.items() if name in keep or name.startswith("COVERAGE_")}
    return {**base, "PYTHONPATH": str(TOP), "PYTHONWARNINGS": "error", **environ}


def get(url: str) -> int:
    """The status of a GET; errors that are answers are answers too."""
    try:
        with urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except URLError as error:
        return int(getattr(error, "code", 0))


def command(folder: Path, *words: str, input: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    """Run `chatsurvey` with these words in `folder` until it ends."""
    return subprocess.run(
        [sys.executable, "-m", "bot", *words],
        cwd=folder,
        env=clean(environ),
        input=input,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=2 * PATIENCE,
        check=False,
    )


@asynccontextmanager
async def serving(
    folder: Path, flows: str | None = SMALL, now: Callable[[], int] = app.clock, **environ: str
) -> AsyncIterator[app.Service]:
    """The whole service in this loop, on a free port of loopback. `now` may be a clock that the test moves."""
    lay(folder, flows)
    settings = load({"HOST": "127.0.0.1", "PORT": "0", "LOG_LEVEL": "warning"} | environ, folder)
    async with within(2 * PATIENCE, "the service to start"):
        service = await app.start(settings, now=now)
    try:
        yield service
    finally:
        async with within(2 * PATIENCE, "the service to stop"):
            await service.stop()
