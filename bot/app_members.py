"""The processes that serve from one Redis: each keeps a sign of life there that says what it is, and one that does not
fit the others does not begin.

- Links, tokens and ids of chats are made with SECRET_KEY, so the key that one signs with must be one that the others
  accept. Hashes are compared; the key is nowhere. (A key is rotated by steps: known to all first, then the first.)
- The records are read as one table, so all keep them in one database: that of DATABASE_URL, or one SQLite file, which
  processes on one machine may share. The file is known by its folder, the same inode under the same running kernel.

A sign that a killed process left behind ends by itself within 15 s; where the same kernel counts processes, it is known
to be dead at once. A host's name says nothing of that: machines made from one image, and containers, may share it.
Of two that begin at the same time and do not fit, the one with the smaller name stays.
"""

import asyncio
import hashlib
import hmac
import logging
import os
import socket
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace

from bot import __version__
from bot.app_work import background, cancel
from bot.errors import StoreUnavailable, UserMistake
from bot.obs import Meters
from bot.settings_types import Settings
from bot.store.base import Store

log = logging.getLogger(__name__)

GROUP = "processes"
ALIVE = 15_000
"""Milliseconds that a sign of life is believed."""
REFRESH = 4.0
"""Seconds."""
FAREWELL = 1.0
_THERE = "run this where it serves, with the same DATA_DIR and DATABASE_URL"
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_PIDS = Path("/proc/self/ns/pid")
_FILE, _SERVER = "file:", "server:"


class Member(msgspec.Struct, frozen=True):
    host: str
    pid: int
    started: int
    """Ms since the epoch, by its own clock: for people."""
    version: str
    records: str
    """Which file, or which database server."""
    keys: tuple[str, ...]
    """Hashes of its signing keys, the one that signs first."""
    pids: str = ""
    """Where `pid` counts: which kernel that runs, and which of its name spaces."""
    does: tuple[str, ...] = ()
    """The kinds of jobs that it does."""
    serving: bool = False
    """False while it compares itself with the others."""


_read = msgspec.json.Decoder(Member).decode


class Membership:
    """Of this process, kept up until `leave`."""

    def __init__(self, store: Store, name: str, member: Member, meters: Meters) -> None:
        self._store, self._name, self._member = store, name, member
        self._alive = 1
        meters.before.append(self._count)
        meters.gauge("chatsurvey_processes", "Processes that serve from this Redis", lambda: float(self._alive))
        self._keeping = background(self._keep(), "sign of life")

    def does(self, kinds: Iterable[str]) -> None:
        """Told with the next sign."""
        self._member = replace(self._member, does=tuple(kinds))

    async def done_elsewhere(self) -> Collection[str]:
        """The kinds of jobs that others do. Raises StoreUnavailable."""
        others = (one for name, one in (await living(self._store)).items() if name != self._name)
        return {kind for one in others for kind in one.does}

    async def leave(self) -> None:
        await cancel(self._keeping)
        with suppress(StoreUnavailable, TimeoutError):  # it ends by itself
            async with asyncio.timeout(FAREWELL):
                await self._store.unmark(GROUP, self._name)

    async def _keep(self) -> None:
        while True:
            with suppress(StoreUnavailable):  # the store tells it, and the next sign comes soon
                await sign(self._store, self._name, self._member)
            await asyncio.sleep(REFRESH)

    async def _count(self) -> None:
        with suppress(StoreUnavailable):  # as many as were there last
            self._alive = len(await self._store.marks(GROUP))


async def join(store: Store, settings: Settings, name: str, now: int, meters: Meters) -> Membership:
    """Raises UserMistake where this process does not fit those that live, StoreUnavailable."""
    mine = member_of(settings, now)
    await sign(store, name, mine)
    try:
        for other, theirs in (await living(store)).items():
            if other == name or _dead(theirs) or not (theirs.serving or other < name):
                continue
            refuse(mine, theirs)
            if mine.records != theirs.records:
                log.warning("%s has another DATABASE_URL: see that both lead to one database", _who(theirs))
    except BaseException:
        await store.unmark(GROUP, name)
        raise
    mine = replace(mine, serving=True)
    await sign(store, name, mine)
    return Membership(store, name, mine, meters)


async def sign(store: Store, name: str, member: Member) -> None:
    await store.mark(GROUP, name, msgspec.json.encode(member), ALIVE)


async def living(store: Store) -> Mapping[str, Member]:
    """By name. Signs of a version that writes them differently are passed over."""
    found: dict[str, Member] = {}
    for name, value in sorted((await store.marks(GROUP)).items()):
        with suppress(msgspec.MsgspecError):
            found[name] = _read(value)
    return found


def member_of(settings: Settings, now: int) -> Member:
    """This process. Its settings have their signing keys, and DATA_DIR is there."""
    keys = tuple(
        hmac.new(key.encode(), b"chatsurvey member", hashlib.sha256).hexdigest()[:16] for key in settings.secrets
    )
    return Member(socket.gethostname(), os.getpid(), now, __version__, records_of(settings), keys, pids_of())


def refuse(mine: Member, theirs: Member) -> None:
    """Raises UserMistake where the two cannot serve together."""
    if mine.keys[0] not in theirs.keys or theirs.keys[0] not in mine.keys:
        raise UserMistake(
            f"{_who(theirs)} serves from this Redis with another SECRET_KEY, so neither would take the other's chats",
            "set one SECRET_KEY for all; where none is set, each DATA_DIR has its own in secret.key",
        )
    if _apart(mine.records, theirs.records):
        here, there = _place(mine.records), _place(theirs.records)
        raise UserMistake(
            f"{_who(theirs)} serves from this Redis and keeps its records in {there}, this one in {here}: "
            "each would have a part of them",
            "several hosts need one database for them: set the same DATABASE_URL (PostgreSQL) for all",
        )


async def refuse_elsewhere(store: Store, settings: Settings) -> None:
    """For a command that reads and fills the records: raises UserMistake where it would not be those of who serves.
    StoreUnavailable."""
    file = settings.records_file
    mine = records_of(settings) if file is None or file.parent.is_dir() else _FILE
    served = [one for one in (await living(store)).values() if not _dead(one)]
    for theirs in served:
        if _apart(mine, theirs.records):
            raise UserMistake(f"{_who(theirs)} keeps its records in {_place(theirs.records)}, not in this one", _THERE)
    if not served and file is not None and not file.is_file():
        raise UserMistake(f"nobody serves from this Redis, and {file} is not there", f"start the service, or {_THERE}")


def _apart(mine: str, theirs: str) -> bool:
    """Two addresses of servers may lead to one database."""
    return mine != theirs and not (mine.startswith(_SERVER) and theirs.startswith(_SERVER))


def records_of(settings: Settings) -> str:
    """Which database: the same words where it is the same one. No password is in them, nor what they were made of."""
    file = settings.records_file
    if file is None:
        parts = urlsplit(settings.database_url)
        return _SERVER + _short(f"{parts.hostname}:{parts.port}{parts.path}")
    folder = file.parent
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.stat()
    except OSError as error:
        raise UserMistake(
            f"cannot look into {folder}: {error.strerror}", "set DATA_DIR to a folder of its own"
        ) from error
    return _FILE + _short(f"{_kernel()} {found.st_dev} {found.st_ino} {file.name}")


def _kernel() -> str:
    """Containers on one machine share it, machines do not, even where they share a file system: SQLite's file may not
    be shared over a network."""
    try:
        return _BOOT.read_text("ascii").strip()
    except OSError:
        return socket.gethostname()


def pids_of() -> str:
    """Where this process is counted: two that find the same can look for each other by process id."""
    try:
        return _short(f"{_kernel()} {_PIDS.readlink()}")
    except OSError:
        return _short(_kernel())


def _short(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _place(records: str) -> str:
    return "a file of its own" if records.startswith(_FILE) else "the database of DATABASE_URL"


def _who(member: Member) -> str:
    return f"process {member.pid} on {member.host}"


def _dead(member: Member) -> bool:
    """A sign of a process that is no more, as far as can be seen from here."""
    if member.pids != pids_of():
        return False
    if member.pid == os.getpid():
        return True  # left by a process that had our number before, as in a container, where it is always the same
    try:
        os.kill(member.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return False


def told(members: Mapping[str, Member]) -> Sequence[Member]:
    """For people: the oldest first."""
    return sorted(members.values(), key=lambda member: member.started)
