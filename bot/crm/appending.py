"""Lines appended to files of our own and synced before they count as written: what JSONL and CSV share.

- Lines that are written at the same time share one write and one fsync, in the appender's own thread.
- A crash may leave half a last line: it is cut off when the file is opened, since nobody was told that it is there.
- A crash may also come after the line and before anybody was told. So a revision is looked for before it is appended:
  in what this process wrote, and in the last 8 MB of the file as it was opened and of the one before it. What a crash
  can leave unsettled is at most the few batches before it, a few hundred lines.
- A file that was moved away (logrotate) is begun anew. It holds what people said: only its owner can read it.
- Rotation is part of the name, so that a file that is closed never changes again: `responses-2026-11.csv` by month,
  `responses-2026-11-22.csv` by day (UTC, when the line is written). A file that is full, or that begins with other
  columns than those of now, is followed by its next part: `responses.2.csv`.
"""

import asyncio
import os
import re
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol, TypeAlias

from bot.crm.config import WriterConfig
from bot.crm.spec import Key

TAIL = 8_000_000
REMEMBERED = 50_000
"""Chats whose newest line is remembered."""
MEGABYTE = 1_000_000

ROTATIONS = ("never", "daily", "monthly", "size")
PERIODS: dict[str, str] = {"daily": "-%Y-%m-%d", "monthly": "-%Y-%m"}


def keys(rotate: str) -> tuple[Key, ...]:
    """What can be set of every file."""
    return (
        Key("rotate", "choice", rotate, choices=ROTATIONS),
        Key("megabytes", "integer", 100, low=1, high=100_000),
    )


Line: TypeAlias = tuple[str, int, bytes]
"""Chat, revision, and the line itself, its end included."""


class Form(Protocol):
    """How the lines of a file look."""

    suffix: str
    head: bytes
    """What a file begins with."""
    end: bytes
    """What every line ends with, and what is nowhere else in it."""

    def read(self, line: bytes) -> tuple[str, int] | None:
        """Chat and revision of a line without its end; None for one that is not ours."""

    def ours(self, start: bytes) -> bool:
        """Whether a file that begins like this was written by us, be it with other columns."""


@dataclass(slots=True)
class _Batch:
    lines: list[Line] = field(default_factory=list)
    done: bool = False
    error: str = ""


class Appender:
    """Appends to `responses<_name><period><part><suffix>` in DATA_DIR; `_name` where the writer has one of its own."""

    def __init__(self, config: WriterConfig, form: Form, clock: Callable[[], int], rotate: str) -> None:
        """`rotate` is what counts where the settings do not say."""
        self._folder, self._form, self._clock = config.folder, form, clock
        self._stem = "responses" if config.name == config.kind else f"responses_{config.name}"
        rotate = config.text("rotate") or rotate
        self._period = PERIODS.get(rotate, "")
        self._full = int(config.options.get("megabytes", 100)) * MEGABYTE if rotate == "size" else 0
        self._path = Path()
        self._file = -1
        self._end = 0
        self._fresh = True
        """Nothing was opened yet, so the file before the newest one may hold what nobody was told of."""
        self._last: OrderedDict[str, int] = OrderedDict()
        self._batch = _Batch()
        self._turn = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=config.name)

    async def append(self, lines: list[Line]) -> str:
        """Append them together with what others are writing now; what went wrong, in words without personal data."""
        batch = self._batch
        batch.lines += lines
        async with self._turn:
            if not batch.done:
                self._batch = _Batch()
                await self._flush(batch)
        return batch.error

    async def check(self) -> str:
        """Empty where it can be written."""
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._open)
        except OSError as error:
            return f"{self._path} cannot be written: {error.strerror}"
        return ""

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._shut)
        self._thread.shutdown()

    async def _flush(self, batch: _Batch) -> None:
        batch.done, batch.error = True, "interrupted"  # should the await be cancelled, the others are told so
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._append, batch.lines)
        except OSError as error:
            batch.error = f"{self._path.name} cannot be written: {error.strerror}"
        else:
            batch.error = ""

    def _append(self, lines: list[Line]) -> None:
        self._open()
        new = [(chat, revision, line) for chat, revision, line in lines if revision > self._last.get(chat, 0)]
        data = b"".join(line for _, _, line in new)
        try:
            _write(self._file, data)
            os.fsync(self._file)
        except OSError:
            self._undo()
            raise
        self._end = os.fstat(self._file).st_size
        for chat, revision, _ in new:
            self._remember(chat, revision)

    def _undo(self) -> None:
        """Leave no half batch; opening the file again finds out what is there."""
        try:
            os.ftruncate(self._file, self._end)
        finally:
            self._shut()

    def _remember(self, chat: str, revision: int) -> None:
        self._last[chat] = max(revision, self._last.pop(chat, 0))
        if len(self._last) > REMEMBERED:
            self._last.popitem(last=False)

    def _open(self) -> None:
        """The file to append to now, open, whole and with its head."""
        name = self._stem + datetime.fromtimestamp(self._clock() / 1000, UTC).strftime(self._period)
        if self._file >= 0:
            if self._path.name.startswith(f"{name}.") and self._is_in_place() and not self._is_full(self._end):
                return
            self._shut()
        self._path = self._part(name, 1)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._fresh:
            self._look_back()
        part = max((number for number, _ in self._parts(name)), default=1)
        while not self._take(self._part(name, part)):
            part += 1
        _sync_folder(self._folder)

    def _part(self, name: str, number: int) -> Path:
        return self._folder / f"{name}{'' if number == 1 else f'.{number}'}{self._form.suffix}"

    def _parts(self, name: str, anything: str = "") -> Iterator[tuple[int, Path]]:
        pattern = re.compile(rf"{re.escape(name)}{anything}(?:\.(\d{{1,6}}))?{re.escape(self._form.suffix)}")
        for path in self._folder.iterdir():
            if (match := pattern.fullmatch(path.name)) is not None:
                yield int(match[1] or 1), path

    def _look_back(self) -> None:
        """Mend the file that was written last, whatever its period, and remember what is at its end."""
        found = [path for _, path in self._parts(self._stem, r"(?:-[\d-]+)?") if path.is_file()]
        if found:
            handle = os.open(max(found, key=lambda path: path.stat().st_mtime_ns), os.O_RDWR | os.O_APPEND)
            try:
                if self._form.ours(os.pread(handle, 100_000, 0)):
                    self._mend(handle)
            finally:
                os.close(handle)
        self._fresh = False

    def _is_in_place(self) -> bool:
        """Whether the open file is still the one at the path."""
        try:
            return os.path.samestat(os.fstat(self._file), self._path.stat())
        except FileNotFoundError:
            return False

    def _is_full(self, size: int) -> bool:
        return bool(self._full) and size >= self._full

    def _take(self, path: Path) -> bool:
        """Whether this is the file to go on with; then it is open."""
        self._path, head = path, self._form.head
        self._file = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            size, start = os.fstat(self._file).st_size, os.pread(self._file, len(head), 0)
            torn = size < len(head) and head.startswith(start)
            if torn:  # or new
                os.ftruncate(self._file, 0)
                _write(self._file, head)
                os.fsync(self._file)
            taken = (torn or start == head) and not self._is_full(size) and self._mend(self._file)
        except OSError:
            self._shut()
            raise
        if not taken:
            self._shut()
        return taken

    def _mend(self, handle: int) -> bool:
        """Cut off a torn last line and remember which revisions are near the end; False: these are no lines of ours."""
        size, end = os.fstat(handle).st_size, self._form.end
        start = max(0, size - TAIL)
        tail = os.pread(handle, size - start, start)
        at = tail.rfind(end)
        if at < 0 and start:
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

    def _shut(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _write(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
