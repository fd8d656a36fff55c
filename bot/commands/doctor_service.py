"""The checks of the service itself: who serves, and what several processes share: Redis and the records' database."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from bot.app_members import living, told
from bot.app_opening import place_of
from bot.commands.data import clock, told_time
from bot.commands.doctor_types import Check
from bot.errors import ChatsurveyError, StoreUnavailable, UserMistake
from bot.settings import Settings
from bot.store.base import Store
from bot.store.lock import holder

ROUNDS = 5
SLOW = 5.0
"""Ms of a round trip: a turn has two."""


def is_set(settings: Settings) -> bool:
    return bool(settings.redis_url or settings.database)


async def checks(settings: Settings) -> Sequence[Check]:
    found = await _redis(settings) if settings.redis_url else [_process(settings)]
    return [*found, await _records(settings)]


def _process(settings: Settings) -> Check:
    try:
        found = holder(settings.data_dir)
    except UserMistake as wrong:
        return Check("process", "error", str(wrong), wrong.hint)
    if not found:
        return _nobody(f"nobody on this machine serves from the folder {settings.data_dir}")
    return Check("process", "ok", f"{found} serves from the folder {settings.data_dir}; REDIS_URL is not set")


def _nobody(why: str) -> Check:
    return Check("process", "error", why, "chatsurvey serve")


async def _redis(settings: Settings) -> Sequence[Check]:
    """As a start would find it."""
    from bot.store.redis_check import open_redis  # noqa: PLC0415 - only where it is set

    try:
        server = await _server(settings.redis_url)
        found = await open_redis(settings.redis_url, clock)
    except ChatsurveyError as wrong:
        hint = wrong.hint if isinstance(wrong, UserMistake) else "is it running, and is REDIS_URL right?"
        return [Check("redis", "error", f"{wrong} ({place_of(settings.redis_url)})", hint)]
    try:
        return [server, *(Check("redis", "!!", line) for line in found.warnings), *await _processes(found.store)]
    except StoreUnavailable as error:
        return [server, Check("processes", "error", str(error))]
    finally:
        await found.store.close()


async def _server(url: str) -> Check:
    """Its version and how far it is. Raises UserMistake, StoreUnavailable."""
    from redis.exceptions import RedisError  # noqa: PLC0415 - as above

    from bot.store.redis_url import hang_up, place  # noqa: PLC0415 - as above

    client = place(url).client()
    try:
        facts: Mapping[str, Any] = await client.info()
        began = time.perf_counter()
        for _ in range(ROUNDS):
            await client.info("server")
        ms = (time.perf_counter() - began) * 1_000 / ROUNDS
    except (RedisError, OSError) as error:
        raise StoreUnavailable(f"Redis cannot be asked ({type(error).__name__})") from None
    finally:
        await hang_up(client)
    name = f"Valkey {facts['valkey_version']}" if "valkey_version" in facts else f"Redis {facts.get('redis_version')}"
    policy = facts.get("maxmemory_policy", "unknown")
    kept = "append-only file" if facts.get("aof_enabled") else "no append-only file"
    words = f"{name} at {place_of(url)}, {kept}, {policy}, {facts.get('used_memory_human', '?')}, {ms:.1f} ms away"
    hint = "each answer waits for two round trips: put Redis nearer" if ms > SLOW else ""
    return Check("redis", "!!" if ms > SLOW else "ok", words, hint)


async def _processes(store: Store) -> Sequence[Check]:
    members = told(await living(store))
    if not members:
        return [_nobody("nobody serves from this Redis now")]
    return [
        Check("process", "ok", f"{one.pid} on {one.host}, since {told_time(one.started)}, chatsurvey {one.version}")
        for one in members
    ]


async def _records(settings: Settings) -> Check:
    if settings.records_file is not None:
        return Check("records", "ok", f"{settings.records_file}: one host; several need a PostgreSQL (DATABASE_URL)")
    where = place_of(settings.database)
    try:
        return await asyncio.to_thread(_database, settings.database, where)
    except ChatsurveyError as error:
        return Check("records", "error", f"{error} ({where})", "is it running, and is DATABASE_URL right?")


def _database(url: str, where: str) -> Check:
    """Nothing is made or migrated there. Raises Retryable."""
    from sqlalchemy import make_url  # noqa: PLC0415 - only where it is set, for it takes a while

    from bot.records.database import open_engine  # noqa: PLC0415 - as above
    from bot.records.faults import translated  # noqa: PLC0415 - as above
    from bot.records.migrations import HEAD, version_of  # noqa: PLC0415 - as above

    engine = open_engine(make_url(url))
    try:
        with translated(), engine.connect() as connection:
            found = version_of(connection)
            version = ".".join(map(str, engine.dialect.server_version_info or ()))
    finally:
        engine.dispose()
    if found > HEAD:
        return Check(
            "records", "error", f"{where} has tables of a newer chatsurvey ({found}; this one: {HEAD})", "upgrade"
        )
    state = "" if found == HEAD else f", tables at {found}" if found else ", no tables yet"
    return Check("records", "ok", f"{where}, PostgreSQL {version}{state}")
