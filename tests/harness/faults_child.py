"""`python -m tests.harness.faults_child serve`: the service as it is, on a clock and a loop that a test can trouble.

The file FAULT_FILE holds two numbers, which its owner changes at any time: by how many ms this process's clock goes
wrong, and for how many ms its event loop is blocked when SIGUSR1 comes.
"""

import asyncio
import mmap
import os
import signal
import struct
import sys
import time
from pathlib import Path
from typing import Any

from bot import app, cli
from bot.settings import Settings

FORM = "qq"


class Troubles:
    """The numbers of a process, in a file of its own that both sides map."""

    def __init__(self, file: Path) -> None:
        self.file = file
        if not file.exists():
            file.write_bytes(struct.pack(FORM, 0, 0))
        with file.open("r+b") as opened:
            self._map = mmap.mmap(opened.fileno(), struct.calcsize(FORM))

    def set(self, clock: int, block: int) -> None:
        self._map[:] = struct.pack(FORM, clock, block)

    @property
    def clock(self) -> int:
        return int(struct.unpack_from(FORM, self._map)[0])

    @property
    def block(self) -> int:
        return int(struct.unpack_from(FORM, self._map)[1])


def main() -> int:
    troubles = Troubles(Path(os.environ["FAULT_FILE"]))
    start, true = app.start, app.clock

    def now() -> int:
        return true() + troubles.clock

    # Any: whatever the command gives, is given on.
    async def started(settings: Settings, *args: Any, **more: Any) -> app.Service:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, lambda: time.sleep(troubles.block / 1_000))
        return await start(settings, *args, **{**more, "now": now})

    app.start = started
    return cli.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
