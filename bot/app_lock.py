"""One server a data folder: a lock of the operating system on `DATA_DIR/server.lock`, which ends with its process.

The kernel lets go of it however the process ends, so a killed server leaves nothing to clean up. The file holds the
process id, for the person who wonders which one it is. Commands that only read, or that write one row, need no lock.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot.errors import UserMistake

LOCK_FILE = "server.lock"


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Raises UserMistake where another server holds the folder, or where it cannot be written."""
    path = folder / LOCK_FILE
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise UserMistake(f"the data folder {folder} cannot be written: {error.strerror}", "set DATA_DIR") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.read(handle, 20).decode("ascii", "replace").strip()
            raise UserMistake(
                f"another server (process {owner or 'unknown'}) uses the data folder {folder}",
                "stop it, or give this one a folder of its own:  DATA_DIR=./data2",
            ) from error
        os.truncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode("ascii"), 0)
        yield
    finally:
        os.close(handle)
