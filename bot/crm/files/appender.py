"""Lines appended to files of our own and synced before they count as written: what JSONL and CSV share.

- Lines that are written at the same time share one write and one fsync, in the appender's own thread.
- A crash may leave half a last line: it is cut off by the next who appends, since nobody was told that it is there.
- A crash may also come after the line and before anybody was told. So a revision is looked for before it is appended:
  in what this process wrote, in what others appended since, and in the last 8 MB of the file as it was opened and of
  the one before it. What a crash can leave unsettled is at most the few batches before it, a few hundred lines.
- Several processes may append to one file and begin its next one (`files/line_file.py`).
- A file that was moved away (logrotate) is begun anew. It holds what people said: only its owner can read it.
- Rotation is part of the name, so that a file that is closed never changes again: `responses-2026-11.csv` by month,
  `responses-2026-11-22.csv` by day (UTC, when the line is written). A file that is full, or that begins with other
  columns than those of now, is followed by its next part: `responses.2.csv`.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from bot.crm.config import WriterConfig
from bot.crm.files.line_file import Form, Line, LineFile
from bot.crm.spec import Key

__all__ = ["Appender", "Form", "Line", "keys"]

MEGABYTE = 1_000_000

ROTATIONS = ("never", "daily", "monthly", "size")
PERIODS: dict[str, str] = {"daily": "-%Y-%m-%d", "monthly": "-%Y-%m"}


def keys(rotate: str) -> tuple[Key, ...]:
    """What can be set of every file."""
    return (
        Key("rotate", "choice", rotate, choices=ROTATIONS),
        Key("megabytes", "integer", 100, low=1, high=100_000),
    )


@dataclass(slots=True)
class _Batch:
    lines: list[Line] = field(default_factory=list)
    done: bool = False
    error: str = ""


class Appender:
    """Appends to `responses<_name><period><part><suffix>` in DATA_DIR; `_name` where the writer has one of its own."""

    def __init__(self, config: WriterConfig, form: Form, clock: Callable[[], int], rotate: str) -> None:
        """`rotate` is what counts where the settings do not say."""
        rotate = config.text("rotate") or rotate
        self._file = LineFile(
            config.folder,
            "responses" if config.name == config.kind else f"responses_{config.name}",
            form,
            clock,
            period=PERIODS.get(rotate, ""),
            full=int(config.options.get("megabytes", 100)) * MEGABYTE if rotate == "size" else 0,
        )
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
            await asyncio.get_running_loop().run_in_executor(self._thread, self._file.check)
        except OSError as error:
            return f"{self._file.path} cannot be written: {error.strerror}"
        return ""

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._file.close)
        self._thread.shutdown()

    async def _flush(self, batch: _Batch) -> None:
        batch.done, batch.error = True, "interrupted"  # should the await be cancelled, the others are told so
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._file.append, batch.lines)
        except OSError as error:
            batch.error = f"{self._file.path.name} cannot be written: {error.strerror}"
        else:
            batch.error = ""
