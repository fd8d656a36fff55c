"""One growing file of lines, of ours alone but shared by the processes that serve from one folder. Synchronous.

Each append holds an flock on the file: in it, what others have appended meanwhile is read (a revision is there once,
whoever wrote it), half a line of a killed process is cut off, the new lines are written and synced. Whoever stands
still with the lock delays the others for `PATIENCE` seconds. Where the file system has no locks, one process must do.
"""

import errno
import os
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, TypeAlias

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]  # a module or nothing

TAIL = 8_000_000
REMEMBERED = 50_000
"""Chats whose newest line is remembered."""
PATIENCE, PAUSE = 5.0, 0.001
"""Seconds for the lock, and between two tries."""

Line: TypeAlias = tuple[str, int, bytes]
"""Chat, revision, and the line itself, its end included."""


class Form(Protocol):
    """How the lines of a file look. `head` is what a file begins with, `end` what every line ends with and nothing
    else in it is."""

    suffix: str
    head: bytes
    end: bytes

    def read(self, line: bytes) -> tuple[str, int] | None:
        """Chat and revision of a line without its end; None for one that is not ours."""

    def ours(self, start: bytes) -> bool:
        """Whether a file that begins like this was written by us, be it with other columns."""


class LineFile:
    """Appends to `<stem><period><part><suffix>` in `folder`. `period` is of strftime, `full` in bytes, 0 for never.
    Methods raise OSError; `path` is then what could not be written."""

    def __init__(
        self, folder: Path, stem: str, form: Form, clock: Callable[[], int], *, period: str = "", full: int = 0
    ) -> None:
        self._folder, self._stem, self._form, self._clock = folder, stem, form, clock
        self._period, self._full = period, full
        self.path = Path()
        self._file = -1
        self._end = 0  # of what is known of the open file
        self._fresh = True  # nothing was opened yet: the file before the newest may hold what nobody was told of
        self._last: OrderedDict[str, int] = OrderedDict()

    def append(self, lines: list[Line]) -> None:
        self._open()
        try:
            new = [(chat, revision, line) for chat, revision, line in lines if revision > self._last.get(chat, 0)]
            _write(self._file, b"".join(line for _, _, line in new))
            os.fsync(self._file)
        except OSError:
            self._undo()
            raise
        self._end = os.fstat(self._file).st_size
        _unlock(self._file)
        for chat, revision, _ in new:
            self._remember(chat, revision)

    def check(self) -> None:
        self._open()
        _unlock(self._file)

    def close(self) -> None:
        handle, self._file = self._file, -1
        if handle >= 0:
            os.close(handle)

    def _undo(self) -> None:
        """Leave no half batch; opening the file again finds out what is there."""
        try:
            os.ftruncate(self._file, self._end)
        finally:
            self.close()

    def _remember(self, chat: str, revision: int) -> None:
        self._last[chat] = max(revision, self._last.pop(chat, 0))
        if len(self._last) > REMEMBERED:
            self._last.popitem(last=False)

    def _open(self) -> None:
        """The file to append to now: open, locked, whole and with its head, and all in it that is new is known."""
        try:
            self._find()
        except OSError:
            self.close()  # and the lock with it
            raise

    def _find(self) -> None:
        name = self._stem + datetime.fromtimestamp(self._clock() / 1000, UTC).strftime(self._period)
        known = 0
        if self._file >= 0:
            _lock(self._file)
            self._catch_up()
            if self.path.name.startswith(f"{name}.") and self._is_in_place() and not self._is_full(self._end):
                return
            known = next((number for number, path in self._parts(name) if path == self.path), 0)
            self.close()
        self.path = self._part(name, 1)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._fresh:
            self._look_back()
        # Others may be some parts ahead: each is read on the way.
        part = known or max((number for number, _ in self._parts(name)), default=1)
        while not self._take(self._part(name, part)):
            part += 1
        _sync_folder(self._folder)

    def _catch_up(self) -> None:
        """What others have appended; a file that became shorter was emptied by somebody, and is read anew."""
        size = os.fstat(self._file).st_size
        if size != self._end:
            self._mend(self._file, self._end if size > self._end else 0)

    def _part(self, name: str, number: int) -> Path:
        return self._folder / f"{name}{'' if number == 1 else f'.{number}'}{self._form.suffix}"

    def _parts(self, name: str, anything: str = "") -> Iterator[tuple[int, Path]]:
        pattern = re.compile(rf"{re.escape(name)}{anything}(?:\.(\d{{1,6}}))?{re.escape(self._form.suffix)}")
        for path in self._folder.iterdir():
            if (match := pattern.fullmatch(path.name)) is not None:
                yield int(match[1] or 1), path

    def _look_back(self) -> None:
        """Mend the files that were written last, whatever their period, and remember what is at their ends."""
        found = [path for _, path in self._parts(self._stem, r"(?:-[\d-]+)?") if path.is_file()]
        for path in sorted(found, key=lambda path: path.stat().st_mtime_ns)[-2:]:
            handle = os.open(path, os.O_RDWR | os.O_APPEND)
            try:
                _lock(handle)
                if self._form.ours(os.pread(handle, 100_000, 0)):
                    self._mend(handle)
            finally:
                os.close(handle)
        self._fresh = False

    def _is_in_place(self) -> bool:
        """Whether the open file is still the one at the path."""
        try:
            return os.path.samestat(os.fstat(self._file), self.path.stat())
        except FileNotFoundError:
            return False

    def _is_full(self, size: int) -> bool:
        return bool(self._full) and size >= self._full

    def _take(self, path: Path) -> bool:
        """Whether this is the file to go on with; then it is open."""
        self.path, head = path, self._form.head
        try:
            self._lock_at(path)
            size, start = os.fstat(self._file).st_size, os.pread(self._file, len(head), 0)
            torn = size < len(head) and head.startswith(start)
            if torn:  # or new
                os.ftruncate(self._file, 0)
                _write(self._file, head)
                os.fsync(self._file)
            taken = (torn or start == head) and self._mend(self._file) and not self._is_full(size)
        except OSError:
            self.close()
            raise
        if not taken:
            self.close()
        return taken

    def _lock_at(self, path: Path) -> None:
        """Open and lock what is at this path: it may be moved away before the lock is ours."""
        while True:
            self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            _lock(self._file)
            if self._is_in_place():
                return
            self.close()

    def _mend(self, handle: int, known: int = 0) -> bool:
        """Cut off a torn last line and remember which revisions are near the end, behind what is `known`; False: these
        are no lines of ours. The lock is held, so what is torn belongs to nobody who lives."""
        size, end = os.fstat(handle).st_size, self._form.end
        start = max(known, size - TAIL)
        tail = os.pread(handle, size - start, start)
        at = tail.rfind(end)
        if at < 0 and start > known:
            return False
        whole = 0 if at < 0 else at + len(end)
        self._end = start + whole
        if self._end < size:
            os.ftruncate(handle, self._end)
            os.fsync(handle)
        for line in tail[:whole].split(end):
            if (found := self._form.read(line)) is not None:
                self._remember(*found)
        return True


def _lock(handle: int) -> None:
    """Raises OSError where another process does not let it go."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            _flock(handle)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                return  # a file system without locks
            if time.monotonic() > until:
                raise OSError(error.errno, "another process holds it") from None
        else:
            return
        time.sleep(PAUSE)


def _flock(handle: int) -> None:
    if fcntl is None:
        raise OSError(errno.ENOSYS, "no flock")
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _unlock(handle: int) -> None:
    with suppress(OSError, AttributeError):  # a file system without locks, or no fcntl: there was none to begin with
        fcntl.flock(handle, fcntl.LOCK_UN)


def _write(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
