"""Reads what is kept, as it is: Redis by plain commands, records by plain SQL, lines of files. None of the service's
own code is asked, so that what it gets wrong in writing and reading alike is found too.

The layout is told by the head of `bot/store/lua/lib.lua`: `B:c:<chat>` is "version seq\\n" and the chat, `B:l:<chat>` a
list of turns, each "last seq\\n" and its lines, both in MessagePack by field name.
"""

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote

import msgspec
from redis import Redis
from redis.cluster import RedisCluster
from redis.exceptions import ClusterDownError
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.harness.redis_server import reaching

Fields: TypeAlias = dict[str, Any]
"""Whatever was kept, by name."""

_CHUNK = 500
PATIENCE = 20.0
"""Seconds."""


@dataclass(frozen=True)
class Log:
    """One chat as Redis has it."""

    version: int
    seq: int
    chat: Fields
    turns: tuple[tuple[int, tuple[Fields, ...]], ...]
    """Each turn's last number as its head says, and its lines."""

    @property
    def lines(self) -> list[Fields]:
        return [line for _, lines in self.turns for line in lines]

    @property
    def said(self) -> list[str]:
        return [line["text"] for line in self.lines if line["author"] == "visitor"]


@dataclass(frozen=True)
class Row:
    """One response as the records have it."""

    revision: int
    score: int | None
    ended: bool
    answers: int


def logs(url: str, *, cluster: bool = False) -> dict[str, Log]:
    """Every chat that is kept, by id. A cluster whose nodes lose sight of each other once more, as they do on a machine
    that is too busy, is asked again."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return _read(url, cluster=cluster)
        except (RedisConnectionError, ClusterDownError):
            if time.monotonic() > until:
                raise
        time.sleep(0.2)


def _read(url: str, *, cluster: bool) -> dict[str, Log]:
    with closing(RedisCluster.from_url(url) if cluster else reaching(url)) as client:
        keys = [bytes(key) for key in client.scan_iter(match="chatsurvey:{*}:c:*", count=10_000)]
        return dict(_logs(client, keys))


def _logs(client: "Redis | RedisCluster", keys: Sequence[bytes]) -> Iterator[tuple[str, Log]]:
    for at in range(0, len(keys), _CHUNK):
        pipeline = client.pipeline(transaction=False)
        for key in keys[at : at + _CHUNK]:
            pipeline.get(key)
            pipeline.lrange(key.replace(b":c:", b":l:", 1), 0, -1)
        found: list[Any] = pipeline.execute()
        for key, raw, turns in zip(keys[at : at + _CHUNK], found[::2], found[1::2], strict=True):
            head, _, body = raw.partition(b"\n")
            version, seq = head.split()
            yield (
                key.split(b":c:", 1)[1].decode(),
                Log(int(version), int(seq), msgspec.msgpack.decode(body), tuple(map(_turn, turns))),
            )


def _turn(raw: bytes) -> tuple[int, tuple[Fields, ...]]:
    head, _, body = raw.partition(b"\n")
    return int(head), tuple(msgspec.msgpack.decode(body))


def responses(database: str) -> dict[str, Row]:
    """Every response in the records, by chat."""
    asked = (
        "SELECT r.chat, r.revision, r.score, r.ended_at IS NOT NULL, count(a.chat) FROM responses r "
        "LEFT JOIN answers a ON a.chat = r.chat GROUP BY r.chat, r.revision, r.score, r.ended_at"
    )
    rows = _sqlite(database, asked) if database.startswith("sqlite:///") else _postgres(database, asked)
    return {chat: Row(revision, score, bool(ended), answers) for chat, revision, score, ended, answers in rows}


def _sqlite(database: str, asked: str) -> list[Any]:
    with closing(sqlite3.connect(f"file:{unquote(database.removeprefix('sqlite:///'))}?mode=ro", uri=True)) as file:
        return file.execute(asked).fetchall()


def _postgres(database: str, asked: str) -> list[Any]:
    import psycopg  # noqa: PLC0415 - only where there is one

    with psycopg.connect(database) as connection:
        return connection.execute(asked).fetchall()


def lines(files: Sequence[Path]) -> list[Mapping[str, Any]]:
    """Every line of these response files; a torn one raises ValueError."""
    return [json.loads(line) for file in files if file.exists() for line in file.read_text("utf-8").splitlines()]
