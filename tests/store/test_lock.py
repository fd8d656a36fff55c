"""One server a data folder, however its process ends and whatever the file system can do."""

import errno
import os
import stat
from pathlib import Path

import pytest

from bot.errors import UserMistake
from bot.store.lock import FolderLock
from tests.store.stores import child, told


def no_flock(handle: int) -> None:
    raise OSError(errno.ENOLCK, "No locks available")


def test_a_second_server_is_told_who_has_the_folder(tmp_path: Path) -> None:
    with child("hold", tmp_path / "chats.db") as process:
        assert told(process) == "held"
        with pytest.raises(UserMistake) as caught:
            FolderLock(tmp_path)
        assert str(tmp_path) in str(caught.value)
        assert str(process.pid) in str(caught.value)
        process.kill()
        process.wait()
        FolderLock(tmp_path).release()


def test_a_lock_is_free_again_after_release(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "on demand"
    lock = FolderLock(folder)
    assert lock.guarded
    assert (folder / ".lock").read_text().strip() == str(os.getpid())
    assert stat.S_IMODE((folder / ".lock").stat().st_mode) == 0o600
    with pytest.raises(UserMistake, match=str(os.getpid())):
        FolderLock(folder)
    lock.release()
    lock.release()
    FolderLock(folder).release()


def test_without_flock_a_living_holder_refuses_and_a_dead_one_does_not(tmp_path: Path) -> None:
    with child("hold", tmp_path / "chats.db") as process:
        assert told(process) == "held"
        with pytest.raises(UserMistake, match=str(process.pid)):
            FolderLock(tmp_path, flock=no_flock)
        process.kill()
        process.wait()
        lock = FolderLock(tmp_path, flock=no_flock)
        assert not lock.guarded
        lock.release()


@pytest.mark.parametrize("left", ["", "no number", "0", "9" * 19, "our own"])
def test_without_flock_what_another_run_left_does_not_matter(tmp_path: Path, left: str) -> None:
    (tmp_path / ".lock").write_text(str(os.getpid()) if left == "our own" else left)
    FolderLock(tmp_path, flock=no_flock).release()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UserMistake, match="cannot write"):
        FolderLock(tmp_path / "file")


def test_a_lock_that_the_disk_does_not_take_is_told(tmp_path: Path) -> None:
    (tmp_path / ".lock").symlink_to("/dev/full")
    with pytest.raises(UserMistake, match="cannot write"):
        FolderLock(tmp_path)
