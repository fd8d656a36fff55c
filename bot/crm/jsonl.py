"""`responses.jsonl`: one line a revision, appended and synced before it counts as written.

- Lines that are written at the same time share one write and one fsync, in this writer's own thread.
- A crash may leave half a last line: it is cut off when the file is opened, since nobody was told that it is there.
- A crash may also come after the line and before anybody was told. So a revision is looked for before it is appended:
  in what this process wrote and in the last 8 MB of the file as it was opened. What a crash can leave unsettled is at
  most the few batches before it, a few hundred lines.
- A file that was moved away (logrotate) is begun anew. It holds what people said: only its owner can read it.
"""

import asyncio
import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import msgspec

from bot.crm.base import Event, Parcel, Receipt
from bot.crm.config import WriterConfig
from bot.crm.shape import data_of
from bot.errors import DeliveryError, Permanent, Retryable
from bot.model import Response

TAIL = 8_000_000
REMEMBERED = 50_000
"""Chats whose newest line is remembered."""


class _Written(msgspec.Struct):
    chat: str
    revision: int


_written = msgspec.json.Decoder(_Written)


_Line: TypeAlias = tuple[str, int, bytes]
"""Chat, revision, and the line itself."""


@dataclass(slots=True)
class _Batch:
    lines: list[_Line] = field(default_factory=list)
    done: bool = False
    error: str = ""


class JsonlWriter:
    """See `bot.crm.base.FileWriter`. Demo responses are written too and say `"sample": true`."""

    samples = True
    transcript = False
    batch = 256
    parallel = 1

    def __init__(self, path: Path, name: str = "jsonl") -> None:
        self.name = name
        self._path = path
        self._file = -1
        self._end = 0
        self._last: OrderedDict[str, int] = OrderedDict()
        self._batch = _Batch()
        self._turn = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="jsonl")

    def wants(self, response: Response) -> Sequence[Event]:
        """Every revision."""
        return ("answered",)

    async def write(self, parcels: Sequence[Parcel]) -> Sequence[Receipt]:
        return [Receipt(error=error) for error in await self.write_all([parcel.response for parcel in parcels])]

    async def write_all(self, responses: Sequence[Response]) -> Sequence[DeliveryError | None]:
        lines: list[_Line] = []
        errors: list[DeliveryError | None] = []
        for response in responses:
            try:
                lines.append((response.chat, response.revision, msgspec.json.encode(data_of(response)) + b"\n"))
                errors.append(None)
            except (UnicodeEncodeError, msgspec.MsgspecError):
                errors.append(Permanent("it cannot be written as JSON", "json"))
        failed = await self._write(lines) if lines else ""
        return [Retryable(failed) if failed and error is None else error for error in errors]

    async def check(self) -> str:
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._open)
        except OSError as error:
            return f"{self._path} cannot be written: {error.strerror}"
        return ""

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._shut)
        self._thread.shutdown()

    async def _write(self, lines: list[_Line]) -> str:
        """Append them together with what others are writing now; what went wrong."""
        batch = self._batch
        batch.lines += lines
        async with self._turn:
            if not batch.done:
                self._batch = _Batch()
                await self._flush(batch)
        return batch.error

    async def _flush(self, batch: _Batch) -> None:
        batch.done, batch.error = True, "interrupted"  # should the await be cancelled, the others are told so
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._append, batch.lines)
        except OSError as error:
            batch.error = f"{self._path.name} cannot be written: {error.strerror}"
        else:
            batch.error = ""

    def _append(self, lines: list[_Line]) -> None:
        self._open()
        new = [(chat, revision, line) for chat, revision, line in lines if revision > self._last.get(chat, 0)]
        data = b"".join(line for _, _, line in new)
        try:
            while data:
                data = data[os.write(self._file, data) :]
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
        if self._file >= 0:
            if self._is_in_place():
                return
            self._shut()
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            self._mend()
            _sync_folder(self._path.parent)
        except OSError:
            self._shut()
            raise

    def _is_in_place(self) -> bool:
        """Whether the open file is still the one at the path."""
        try:
            return os.path.samestat(os.fstat(self._file), self._path.stat())
        except FileNotFoundError:
            return False

    def _mend(self) -> None:
        """Cut off a torn last line and remember which revisions are near the end."""
        size = os.fstat(self._file).st_size
        start = max(0, size - TAIL)
        tail = os.pread(self._file, size - start, start)
        whole = tail.rfind(b"\n") + 1
        self._end = start + whole
        if self._end < size:
            os.ftruncate(self._file, self._end)
            os.fsync(self._file)
        for line in tail[:whole].splitlines():
            try:
                found = _written.decode(line)
            except msgspec.MsgspecError:
                continue  # the first one may be cut by the window; others are not ours
            self._remember(found.chat, found.revision)

    def _shut(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make(config: WriterConfig, clock: Callable[[], int]) -> JsonlWriter:
    return JsonlWriter(config.folder / "responses.jsonl", config.name)
