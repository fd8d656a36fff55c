"""One archive of everything in the data folder, taken while the service runs.

- Each database is copied in one read transaction, so the copy is a state that the service was in. The store comes
  first: whatever it has settled by then had been recorded before, and what it had not is a job in it that runs again
  and is idempotent. Nothing can be missing in between.
- A growing file (`responses.jsonl`) is copied up to its last whole line.
- The archive appears under its name whole or not at all, and is readable by its owner only: it holds what people said
  and the signing key. Every database copy passes SQLite's integrity check, and the archive is read back.
"""

import hashlib
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bot.errors import UserMistake

_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Saved:
    """What an archive holds: names, and its size in bytes."""

    names: tuple[str, ...]
    size: int


def databases_of(first: Path) -> tuple[Path, ...]:
    """The store `first`, and every other database beside it. Raises UserMistake where the store is not there."""
    try:
        there = first.is_file()
    except OSError as error:
        hint = "Run the command as the user that the service runs as."
        raise UserMistake(f"cannot read {first.parent}: {error.strerror}", hint) from error
    if not there:
        raise UserMistake(f"there is no database in {first.parent}", "Run the service first, or set DATA_DIR.")
    return (first, *(path for path in sorted(first.parent.glob("*.db")) if path != first))


def save(databases: tuple[Path, ...], others: tuple[Path, ...], target: Path, *, force: bool = False) -> Saved:
    """Archive these databases in this order, and those of `others` that exist, into `target`.

    Raises UserMistake where `target` exists (unless `force`), a copy is damaged or the disk refuses; then nothing new
    stays behind.
    """
    if target.exists() and not force:
        raise UserMistake(f"{target} exists", "Choose another name, or say --force to replace it.")
    try:
        with tempfile.TemporaryDirectory(prefix=".backup-", dir=target.parent) as name:
            folder = Path(name)
            copies = [_copy_database(path, folder / path.name) for path in databases]
            copies += [_copy_lines(path, folder / path.name) for path in others if path.is_file()]
            draft = folder / "archive.tar.gz"
            _pack(copies, draft)
            _check(copies, draft)
            draft.replace(target)
            _sync_folder(target.parent)
    except OSError as error:
        raise UserMistake(
            f"cannot write {target}: {error.strerror}", "Is there room, and may this user write there?"
        ) from error
    except (sqlite3.Error, tarfile.TarError) as error:
        raise UserMistake(f"cannot back up: {error}", "Nothing was written; try again.") from error
    return Saved(tuple(copy.name for copy in copies), target.stat().st_size)


def _copy_database(source: Path, copy: Path) -> Path:
    with closing(sqlite3.connect(source, timeout=30, isolation_level=None)) as db:
        db.execute("VACUUM INTO ?", (str(copy),))
    with closing(sqlite3.connect(copy)) as db:
        verdict = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if verdict != "ok":
        raise UserMistake(f"{source} is damaged: {verdict}", "Restore it from an earlier backup.")
    return copy


def _copy_lines(source: Path, copy: Path) -> Path:
    """A line that is being written is left out; a file without any line end is copied whole."""
    with source.open("rb") as old, copy.open("wb") as new:
        left, end = os.fstat(old.fileno()).st_size, 0
        while left and (chunk := old.read(min(left, _CHUNK))):
            cut = chunk.rfind(b"\n")
            end = new.tell() + cut + 1 if cut >= 0 else end
            new.write(chunk)
            left -= len(chunk)
        new.truncate(end or new.tell())
    return copy


def _pack(copies: list[Path], archive: Path) -> None:
    with os.fdopen(os.open(archive, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        with tarfile.open(fileobj=out, mode="w:gz", compresslevel=6) as tar:
            for copy in copies:
                tar.add(copy, copy.name, filter=_private)
        out.flush()
        os.fsync(out.fileno())


def _private(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Names of this machine's users say nothing elsewhere."""
    member.mode, member.uid, member.gid, member.uname, member.gname = 0o600, 0, 0, "", ""
    return member


def _check(copies: list[Path], archive: Path) -> None:
    """Read the archive back: the same files with the same bytes."""
    with tarfile.open(archive, "r:gz") as tar:
        for copy, member in zip(copies, tar, strict=True):
            packed = tar.extractfile(member)
            with copy.open("rb") as original:
                if packed is None or _digest(packed.read) != _digest(original.read):
                    raise tarfile.ReadError(f"{copy.name} reads back differently")


def _digest(read: Callable[[int], bytes]) -> bytes:
    digest = hashlib.sha256()
    while chunk := read(_CHUNK):
        digest.update(chunk)
    return digest.digest()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
