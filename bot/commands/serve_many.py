"""`chatsurvey serve --workers N`: the supervisor, which holds the port and N processes that answer at it.

- A child is this very command once more, with its place in the environment; it inherits the listening sockets. So
  nobody is refused while one of them is replaced, and a child that is started later is of the version installed then.
- The first child starts alone: what it cannot do (a file with errors, a Redis that is away) is told once and ends all.
  After that whatever happens to a child is logged, and another one takes its place, later and later (30 s at most)
  where they die young. One whose event loop stands still for a minute is killed.
- SIGTERM: all drain and stop; SIGINT: without the drain; the second one kills. SIGHUP: one after the other is replaced,
  and an old one goes when the new one is ready; where it does not become ready the old ones stay.

It holds no chat, opens no store and loads nothing that serves, so what brings a child down leaves it standing. Should
it be killed all the same, its children notice at once and stop gracefully (`serve_child.py`).
"""

import json
import logging
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from subprocess import Popen

from bot.app_figures import fold
from bot.commands.serve_child import LEAVE, MISTAKEN, NOW, READY, STOP, WORKER, Post
from bot.commands.serve_children import Child

log = logging.getLogger(__name__)

HEARD = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
YOUNG = 10.0
"""Seconds: a child that died before is started again later than the one before it."""
FIRST_PAUSE, LONGEST_PAUSE = 0.25, 30.0
TO_START, TO_STOP = 90.0, 40.0
"""Seconds until a child that does not become ready, or does not end (its drain apart), is killed."""
LOOK, LONG = 0.5, 5.0
"""Seconds between looks at the clock; where it was longer, this process itself had stood still."""


class Supervisor:
    """`workers` children on `sockets`. `drain`: seconds, as the children have it. `folder` is for their figures.
    `command` starts a child: without it, the one that started this process."""

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        workers: int,
        drain: float,
        folder: Path,
        command: Sequence[str] = (),
    ) -> None:
        self._command = command or (sys.executable, *sys.orig_argv[1:])
        self._sockets, self._workers, self._drain, self._folder = list(sockets), workers, drain, folder
        self._children: list[Child] = []
        self._numbers = 0
        self._again: dict[int, float] = {}
        """Slot -> when a child is to be started in it."""
        self._pause = FIRST_PAUSE
        self._old: list[Child] = []
        """Still to be replaced."""
        self._heard: list[int] = []
        self._settled = False
        """All have been ready."""
        self._stopping = False
        self._looked = time.monotonic()
        self._code = 0
        self._selector = selectors.DefaultSelector()

    def run(self) -> int:
        """Until told to stop; the exit code."""
        ours, theirs = socket.socketpair()
        for end in (ours, theirs):
            end.setblocking(False)
        signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        before = {number: signal.signal(number, lambda got, _frame: self._heard.append(got)) for number in HEARD}
        self._selector.register(ours, selectors.EVENT_READ)
        self._begin(0)
        while self._children or self._again:
            for key, _ in self._selector.select(LOOK):
                if isinstance(key.data, Child):
                    self._listen(key.data)
                else:
                    ours.recv(4096)
            while self._heard:
                self._obey(self._heard.pop(0))
            for child in [one for one in self._children if one.process.poll() is not None]:
                self._ended(child)
            self._keep_time()
        signal.set_wakeup_fd(-1)
        for number, handler in before.items():
            signal.signal(number, handler)
        self._selector.close()
        ours.close()
        theirs.close()
        return self._code

    # What is to be done

    def _begin(self, slot: int, instead_of: Child | None = None) -> None:
        number = self._numbers + 1
        ours, theirs = socket.socketpair()
        handles = tuple(one.fileno() for one in self._sockets)
        post = Post(theirs.fileno(), number, self._workers, slot == 0, str(self._folder), handles)
        now = time.monotonic()
        environ = {**os.environ, WORKER: post.dump()}
        try:
            process = Popen(self._command, env=environ, pass_fds=(theirs.fileno(), *handles))  # noqa: S603 - our own command
        except OSError as error:
            ours.close()
            log.warning("no process can be started now: %s", error.strerror)
            if instead_of is not None:
                self._keep_old("the new process was not started")
            elif self._numbers:
                self._again[slot] = now + LONGEST_PAUSE
            else:
                self._code = 1
            return
        finally:
            theirs.close()
        self._numbers = number
        child = Child(number, slot, process, ours, now + TO_START, now, instead_of)
        self._children.append(child)
        self._selector.register(ours, selectors.EVENT_READ, child)

    def _listen(self, child: Child) -> None:
        """Whole lines that a child says. Its end is found by its process."""
        try:
            heard = child.line.recv(65_536)
        except OSError:
            heard = b""
        if not heard:
            self._selector.unregister(child.line)
            return
        child.heard = time.monotonic()
        *lines, child.said = (child.said + heard).split(b"\n")
        for line in lines:
            word, text = json.loads(line)
            if word == READY and not child.going:  # else it was told to stop before it said so
                self._is_ready(child, str(text))
            child.mistaken = child.mistaken or word == MISTAKEN

    def _is_ready(self, child: Child, banner: str) -> None:
        child.ready, child.kill_at = True, 0.0
        if child.number == 1:
            print(banner, flush=True)
            for slot in range(1, self._workers):
                self._begin(slot)
        if child.instead_of in self._children:
            self._send_away(child.instead_of, LEAVE)
        ready = sum(one.ready and not one.going for one in self._children)
        self._settled = self._settled or ready >= self._workers
        if child.number > self._workers:
            log.info("process %d is ready (%d of %d)", child.process.pid, ready, self._workers)

    def _send_away(self, child: Child, word: bytes) -> None:
        child.going, child.kill_at = True, time.monotonic() + self._drain + TO_STOP
        try:
            child.line.sendall(word)
        except OSError:
            child.process.terminate()

    def _obey(self, number: int) -> None:
        if number == signal.SIGHUP and not self._stopping:
            log.info("the processes are replaced one after the other")
            self._old = [one for one in self._children if not one.going]
        elif number in (signal.SIGTERM, signal.SIGINT) and not self._stopping:
            print("stopping: requests in hand are finished first", flush=True)
            self._stop(NOW if number == signal.SIGINT else STOP)
        elif number in (signal.SIGTERM, signal.SIGINT):
            self._code = 128 + number
            for child in self._children:
                child.process.kill()

    def _stop(self, word: bytes = NOW) -> None:
        """The port is the children's alone from now on: they leave it when they have drained."""
        self._stopping = True
        self._old, self._again = [], {}
        for one in self._sockets:
            one.close()
        for child in self._children:
            self._send_away(child, word)

    # What happened

    def _ended(self, child: Child) -> None:
        self._children.remove(child)
        if child.line.fileno() in self._selector.get_map():
            self._listen(child)
        if child.line.fileno() in self._selector.get_map():
            self._selector.unregister(child.line)
        child.line.close()
        fold(self._folder, child.number)
        code = child.process.returncode
        if self._stopping or child.going:
            return
        why = f"signal {-code}" if code < 0 else f"exit code {code}"
        if not self._settled and (child.mistaken or self._numbers == 1):
            self._code = code if code > 0 else 1
            if not child.mistaken:
                log.error("process %d ended before it was ready: %s", child.process.pid, why)
            self._stop()
        elif child.instead_of in self._children and not child.ready:
            self._keep_old(f"the new process did not become ready ({why})")
        else:
            self._replace(child, why)

    def _replace(self, child: Child, why: str) -> None:
        if any(one.instead_of is child for one in self._children):
            return  # another one is on its way
        now = time.monotonic()
        young = not child.ready or now - child.began < YOUNG
        pause = self._pause if young else 0.0
        self._pause = min(self._pause * 2, LONGEST_PAUSE) if young else FIRST_PAUSE
        self._again[child.slot] = now + pause
        log.error("process %d ended: %s; another one starts in %.2g s", child.process.pid, why, pause)

    def _keep_old(self, why: str) -> None:
        log.error("%s: the old ones go on", why)
        self._old = []

    def _keep_time(self) -> None:
        now = time.monotonic()
        stood_still, self._looked = now > self._looked + LONG, now
        for child in self._children:
            if stood_still:  # what was said meanwhile is still to be heard
                child.heard = now
            if fault := child.fault(now):
                log.error("process %d %s: killed", child.process.pid, fault)
                child.kill_at = now + TO_STOP
                child.process.kill()
        for slot in [slot for slot, at in self._again.items() if at <= now]:
            del self._again[slot]
            self._begin(slot)
        self._old = [one for one in self._old if one in self._children and not one.going]
        busy = any(one.going or one.instead_of in self._children for one in self._children)
        if self._old and self._settled and not busy:
            self._begin(self._old[0].slot, self._old[0])
