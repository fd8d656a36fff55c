"""Where things are in Redis, and what of a commit belongs to which shard.

- A shard is all keys with one hash tag, so all of it is in one slot and one script can change it atomically. A chat,
  its log, its jobs, its documents and its events are in the shard of the chat's id. Where there is one shard (a server
  that is no cluster) everything is in it.
- A job belongs to the owner in its id (`owner:key`), a document to the chat in its id (else to the first part of it).
- What a commit has for another shard is kept in the committing one (`B:o`) by the same script, landed there afterwards
  and then forgotten; whoever looks for jobs lands what a killed process has left.
- A name (an alias, an address), an event and a flow have a key and a slot of their own. Each key of ours has a hash
  tag: what is written beside it to see what replicas have (`redis_lane.py`) is in the same slot then.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias
from zlib import crc32

import msgspec

from bot.model import Doc, Job
from bot.store.codec import encode_json

pack = msgspec.msgpack.Encoder().encode
_unpack_parcel = msgspec.msgpack.Decoder(tuple[int, list[bytes]]).decode
_CHAT = 26
"""Characters of a chat's id (bot/ids.py)."""
_LARGEST = 1 << 53
"""Scores and numbers of Lua are exact up to here; 285,000 years in ms."""

Wanted: TypeAlias = tuple[str, str, int, str, bool]
"""A job as scripts read it: (id, kind, due, payload, gathers)"""
Named: TypeAlias = tuple[str, str, str]
"""(chat, name, token)"""


@dataclass(slots=True)
class Also:
    """What lands beside a chat or a document in one shard."""

    jobs: list[Wanted] = field(default_factory=list)
    cancel: list[str] = field(default_factory=list)
    docs: list[Doc] = field(default_factory=list)
    names: list[Named] = field(default_factory=list)

    def head(self) -> list[object]:
        return [self.jobs, self.cancel, [(doc.kind, doc.id, doc.version) for doc in self.docs], self.names]

    def bodies(self) -> list[bytes]:
        return [doc.body for doc in self.docs]


@dataclass(frozen=True, slots=True)
class Parcel:
    """What one shard has committed for another. Its id begins with the time, so that a late one is known as such."""

    id: str
    shard: int
    args: list[bytes]

    def packed(self) -> bytes:
        return pack((self.shard, self.args))


def left(pairs: Sequence[bytes]) -> list[Parcel]:
    """What a shard's hash of parcels holds, in the order they were made; ids and bodies by turns."""
    found = sorted(zip(pairs[::2], pairs[1::2], strict=True))
    return [Parcel(id_.decode(), *_unpack_parcel(body)) for id_, body in found]


def token() -> str:
    return os.urandom(8).hex()


class Layout:
    def __init__(self, shards: int, prefix: str) -> None:
        self.shards = shards
        self.prefix = prefix
        self.bases = tuple(f"{prefix}:{{{prefix}.{shard}}}" for shard in range(shards))
        self.words = f"{prefix}:words"
        """The channel that processes talk over."""

    def shard(self, owner: str) -> int:
        return crc32(owner.encode()) % self.shards

    def base(self, owner: str) -> str:
        return self.bases[self.shard(owner)]

    def name(self, name: str) -> str:
        return f"{self.bases[0]}:n:{name}" if self.shards == 1 else f"{self.prefix}:n:{{{name}}}"

    def event(self, event: str) -> str:
        return f"{self.prefix}:v:{{{event}}}"

    def flow(self, version: str) -> str:
        return f"{self.prefix}:f:{{{version}}}"

    def of_job(self, id: str) -> int:
        return self.shard(id.partition(":")[0])

    def of_doc(self, id: str) -> int:
        parts = id.split("\n")
        return self.shard(next((part for part in parts if len(part) == _CHAT), parts[0]))

    def split(
        self, jobs: Iterable[Job], cancel: Iterable[str], docs: Iterable[Doc], names: Iterable[Named]
    ) -> dict[int, Also]:
        """By shard. Of two words about one job or document the last counts. Raises OverflowError for a due time that
        Redis cannot hold."""
        found: dict[int, Also] = {}

        def at(shard: int) -> Also:
            return found.setdefault(shard, Also())

        latest = {job.id: job for job in jobs}
        for job in latest.values():
            at(self.of_job(job.id)).jobs.append(_wanted(job))
        for id_ in cancel:
            if id_ not in latest:
                at(self.of_job(id_)).cancel.append(id_)
        for doc in {(doc.kind, doc.id): doc for doc in docs}.values():
            at(self.of_doc(doc.id)).docs.append(doc)
        for name in names:
            at(self.shard(name[0])).names.append(name)
        return found


def parcels(shares: dict[int, Also], home: int, now: int) -> list[Parcel]:
    """What is for others than the home shard."""
    away = [(shard, also) for shard, also in shares.items() if shard != home]
    return [
        Parcel(f"{now:015}.{token()}", shard, [b"%d" % now, pack(also.head()), *also.bodies()]) for shard, also in away
    ]


def tail(also: Also, away: Sequence[Parcel]) -> list[str | bytes]:
    """The last arguments of a script that lands something."""
    return [*also.bodies(), *(part for one in away for part in (one.id, one.packed()))]


def _wanted(job: Job) -> Wanted:
    if not -_LARGEST < job.due < _LARGEST:
        raise OverflowError(f"a due time of {job.due} ms")
    return (job.id, job.kind, job.due, encode_json(job.payload) if job.payload else "{}", job.gathers)
