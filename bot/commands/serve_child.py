"""The side of a process that a supervisor (`serve_many.py`) has started: its place, and the line to it.

Over the line come one letter a command and go one line a message. Where the line breaks, the supervisor is dead: then
the process stops by itself, gracefully, since nobody would replace it or pass a signal on. Signals of the terminal are
the supervisor's; SIGTERM, which a service manager may send to all at once, stops it as the supervisor would.
"""

import asyncio
import json
import logging
import os
import signal
import socket
from dataclasses import dataclass
from pathlib import Path

from bot.app_place import Place

log = logging.getLogger(__name__)

WORKER = "CHATSURVEY_WORKER"
"""In a child's environment: its place. Not a setting."""
STOP, LEAVE, NOW = b"s", b"l", b"n"
"""The whole service stops; or this process alone goes, and others have the port; or somebody pressed Ctrl-C."""
READY, MISTAKEN, ALIVE = "ready", "mistaken", "alive"
BEAT = 5.0
"""Seconds from one ALIVE to the next."""


@dataclass(frozen=True, slots=True)
class Post:
    """What a child is told at its start."""

    line: int
    number: int
    of: int
    speaks: bool
    """Whether it prints what becomes of the flow file; each process follows it, and one says so."""
    folder: str
    sockets: tuple[int, ...]

    @property
    def place(self) -> Place:
        return Place(self.number, self.of, self.sockets, Path(self.folder))

    def dump(self) -> str:
        words = (self.line, self.number, self.of, int(self.speaks), ",".join(map(str, self.sockets)), self.folder)
        return " ".join(map(str, words))


def post() -> Post | None:
    """Of this process; taken out of the environment, for it is meant for nobody else."""
    found = os.environ.pop(WORKER, "")
    if not found:
        return None
    line, number, of, speaks, sockets, folder = found.split(" ", 5)
    handles = tuple(int(one) for one in sockets.split(","))
    return Post(int(line), int(number), int(of), speaks == "1", folder, handles)


class Line:
    """The child's end. `word` is the command, once there is one."""

    def __init__(self, handle: int) -> None:
        self._end = socket.socket(fileno=handle)
        os.set_inheritable(handle, False)
        self.word = STOP

    def say(self, word: str, text: str = "") -> None:
        """A supervisor that is gone is noticed by `obey`."""
        try:
            self._end.sendall(json.dumps([word, text]).encode() + b"\n")
        except OSError:
            return

    def beat(self) -> None:
        """Say from now on that the event loop runs."""
        self.say(ALIVE)
        asyncio.get_running_loop().call_later(BEAT, self.beat)

    def close(self) -> None:
        self._end.close()

    def obey(self, stop: asyncio.Event) -> None:
        """From now on: set `stop` at the first word, the end of the line or SIGTERM."""
        loop = asyncio.get_running_loop()

        def heard() -> None:
            word = self._end.recv(1)
            if not word:
                log.error("the supervisor has died; this process stops")
            self.word = word or STOP
            loop.remove_reader(self._end)
            stop.set()

        self._end.setblocking(True)
        loop.add_reader(self._end, heard)
        for number in (signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        loop.add_signal_handler(signal.SIGTERM, stop.set)
