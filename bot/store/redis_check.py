"""Opening a Redis: what must be so, and what its operator should know.

Refused, since chats would be lost without a word: an eviction policy other than `noeviction`, a server older than 6.2,
a replica. Told as a warning: no persistence, or what the one there is can lose. `INFO` is asked, which managed services
and modest ACL users allow; where `CONFIG GET` is forbidden, what only it knows stays unsaid.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from redis.asyncio import RedisCluster
from redis.exceptions import RedisError

from bot.errors import StoreUnavailable, UserMistake
from bot.store.redis import RedisStore
from bot.store.redis_wire import Client, connected, hang_up, told

CLUSTER_SHARDS = 16
"""Hash tags that chats of a cluster are spread over: as many nodes at most can
share the load, and a claim asks each of them."""
_OLDEST = (6, 2)


@dataclass(frozen=True, slots=True)
class Opened:
    store: RedisStore
    warnings: tuple[str, ...]


async def open_redis(url: str, clock: Callable[[], int], *, prefix: str = "chatsurvey", shards: int = 0) -> Opened:
    """Connect, look at the server and open what is kept there under `prefix`. Whether it is a cluster is found out.
    `shards` holds where nothing is kept yet (0: one, or 16 on a cluster). Raises UserMistake for a server that can lose
    chats or a URL that cannot be read, StoreUnavailable where there is none that answers."""
    client = connected(url)
    try:
        if await _clustered(client):
            await hang_up(client)
            client = connected(url, cluster=True)
            shards = shards or CLUSTER_SHARDS
        warnings = tuple(dict.fromkeys([line for facts in await _facts(client) for line in judged(facts)]))
        layout = f"{prefix}:layout"
        await client.hsetnx(layout, "shards", str(shards or 1))
        kept = await client.hget(layout, "shards")
    except (RedisError, OSError) as error:
        await hang_up(client)
        raise _as_mistake(error) from error
    except UserMistake:
        await hang_up(client)
        raise
    return Opened(RedisStore(client, clock, shards=int(kept or 1), prefix=prefix), warnings)


def judged(facts: Mapping[str, Any]) -> list[str]:
    """Warnings about one server. Raises UserMistake where it cannot be used."""
    version = str(facts.get("redis_version", "0"))
    if tuple(int(part) for part in version.split(".")[:2]) < _OLDEST:
        raise UserMistake(f"Redis {version} is too old", "Redis 6.2 or newer is needed, or any Valkey.")
    if facts.get("role") == "slave":
        raise UserMistake("REDIS_URL leads to a replica, which takes no writes", "Give the primary's, or a sentinel's.")
    policy = facts.get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        raise UserMistake(
            f"Redis may throw chats away: its maxmemory-policy is {policy}", "Set maxmemory-policy noeviction."
        )
    found = []
    if not int(facts.get("aof_enabled", 0)):
        if facts.get("save") == "":
            found.append("Redis keeps nothing on disk: a restart loses every chat. Set appendonly yes.")
        else:
            found.append(
                "Redis has no append-only file: a crash loses all since its last snapshot. Set appendonly yes."
            )
    elif facts.get("appendfsync") == "everysec":
        found.append("Redis syncs its file once a second: a power failure loses the last second or two.")
    elif facts.get("appendfsync") == "no":
        found.append("Redis never syncs its file itself (appendfsync no): a power failure loses some 30 s of answers.")
    if facts.get("rdb_last_bgsave_status") == "err" or facts.get("aof_last_write_status") == "err":
        found.append("Redis could not write to its disk the last time it tried.")
    return found


async def _clustered(client: Client) -> bool:
    facts: dict[str, Any] = await client.info("cluster")
    return bool(facts.get("cluster_enabled"))


async def _facts(client: Client) -> list[dict[str, Any]]:
    """What each primary says of itself, its settings among it where they may be read."""
    if not isinstance(client, RedisCluster):
        return [{**await client.info(), **await _settings(client)}]
    primaries = {"target_nodes": RedisCluster.PRIMARIES}
    told_by: dict[str, Any] = await client.execute_command("INFO", **primaries)
    settings = await _settings(client, **primaries)
    if "redis_version" in told_by:  # one primary alone
        return [{**told_by, **settings}]
    return [{**facts, **settings.get(node, {})} for node, facts in told_by.items()]


async def _settings(client: Client, **where: Any) -> dict[str, Any]:
    try:
        found: dict[str, Any] = await client.execute_command("CONFIG GET", "appendfsync", "save", **where)
    except RedisError:  # forbidden, or not one setting at a time before Redis 7
        return {}
    return found


def _as_mistake(error: Exception) -> Exception:
    name = type(error).__name__
    if name.startswith(("Authentication", "NoPermission")):
        return UserMistake(
            f"Redis does not let this user in or do its work ({name})", "Look at user and ACL in REDIS_URL."
        )
    ours = told(error)
    return ours if isinstance(ours, StoreUnavailable) else StoreUnavailable(f"Redis refuses ({name})")
