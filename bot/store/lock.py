"""One server a data folder: two would run each other's jobs and answer for chats that they do not see change.

The lock is an flock on `DATA_DIR/.lock`, so the kernel frees it with the process, however that ends; the file's text is
the holder's process id. Where the file system has no flock (some network mounts) or Python no fcntl (Windows), the
process id alone must do: a holder that is alive on this machine refuses the second server. That cannot see a server on
another machine; `guarded` tells which of the two holds. Commands beside the server take no lock: the store serves them.
"""

import errno
import os
from collections.abc import Callable
from pathlib import Path

from bot.errors import UserMistake

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]  # a module or nothing

_NO_FLOCK = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}


def _flock(handle: int) -> None:
    if fcntl is None:
        raise OSError(errno.ENOSYS, "no flock")
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


class FolderLock:
    """Held from creation to `release`. Raises UserMistake naming the folder and the process that has it."""

    def __init__(self, folder: Path, flock: Callable[[int], None] = _flock) -> None:
        self._path = folder / ".lock"
        self.guarded = True
        """False where the file system has no flock and only the process id guards the folder."""
        make(folder)
        try:
            self._handle = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise _closed(folder, error) from error
        try:
            self._take(folder, flock)
        except BaseException:
            os.close(self._handle)
            raise

    def _take(self, folder: Path, flock: Callable[[int], None]) -> None:
        holder = os.pread(self._handle, 20, 0).decode("ascii", "replace").strip()
        try:
            flock(self._handle)
        except OSError as error:
            if error.errno not in _NO_FLOCK:
                raise _taken(folder, holder) from error
            self.guarded = False
            if _alive(holder):
                raise _taken(folder, holder) from error
        try:
            os.ftruncate(self._handle, 0)
            os.pwrite(self._handle, f"{os.getpid()}\n".encode(), 0)
        except OSError as error:
            raise UserMistake(f"cannot write in {folder}: {error.strerror}", "Is the disk full?") from error

    def release(self) -> None:
        """Free the folder; a second call does nothing. The file stays: removing it would let two processes lock two."""
        if self._handle >= 0:
            os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = -1


def holder(folder: Path) -> str:
    """The process that serves from this folder, as its lock file and this machine know it; empty where none does.
    Nothing is locked. Raises UserMistake where this user may not look."""
    try:
        named = (folder / ".lock").read_text("ascii", "replace").strip()
    except FileNotFoundError:
        return ""
    except OSError as error:
        hint = "run the command as the user that the service runs as"
        raise UserMistake(f"cannot read {folder}: {error.strerror}", hint) from error
    return named if _alive(named) else ""


def make(folder: Path) -> None:
    """Make the folder where it is not there, for its owner alone. Raises UserMistake."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise _closed(folder, error) from error


def _closed(folder: Path, error: OSError) -> UserMistake:
    return UserMistake(f"cannot write in {folder}: {error.strerror}", "Set DATA_DIR to a folder of its own.")


def _taken(folder: Path, holder: str) -> UserMistake:
    return UserMistake(
        f"another chatsurvey serves from {folder} (process {holder or 'unknown'})",
        "Stop it first, or set DATA_DIR to another folder.",
    )


def _alive(holder: str) -> bool:
    if not holder.isdecimal() or int(holder) in (0, os.getpid()):
        return False  # left by a process that had our number before, as in a container, where it is always the same
    try:
        os.kill(int(holder), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
