"""Opening a Redis: what must be so, and what its operator should know.

Refused, since chats would be lost without a word: an eviction policy other than `noeviction`, a server older than 6.2,
a replica; on a cluster each primary is looked at. Refused too: a user who lacks a right that would be missed only when
somebody waits for an answer. Told as a warning: no persistence, or what the one there is can lose, and replicas that
nobody waits for. `INFO` is asked, which managed services and modest ACL users allow; where `CONFIG GET` is forbidden,
what only it knows stays unsaid.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, MovedError, NoPermissionError, RedisError

from bot.errors import StoreUnavailable, UserMistake
from bot.store.redis import RedisStore
from bot.store.redis_cluster import Cluster
from bot.store.redis_lane import told
from bot.store.redis_layout import Layout
from bot.store.redis_url import TIMEOUT, Place, command, hang_up, place
from bot.store.redis_wire import Direct, Way, Wire

CLUSTER_SHARDS = 16
"""Hash tags that chats of a cluster are spread over: as many nodes at most can
share the load, and a claim asks each of them."""
_OLDEST = (6, 2)
_DEAF = (
    "Redis does not let this user talk over its channel (+@pubsub, &chatsurvey:*): what one process hears reaches a"
    " page at another only when that one looks, up to a second later."
)


@dataclass(frozen=True, slots=True)
class Opened:
    store: RedisStore
    warnings: tuple[str, ...]


async def open_redis(url: str, clock: Callable[[], int], *, prefix: str = "chatsurvey", shards: int = 0) -> Opened:
    """Connect, look at the server and open what is kept there under `prefix`. Whether it is a cluster is found out.
    `shards` holds where nothing is kept yet (0: one, or 16 on a cluster). Raises UserMistake for a server that can lose
    chats or a URL that cannot be read, StoreUnavailable where there is none that answers."""
    found = place(url)
    replicas = int(found.watched) if found.replicas is None else found.replicas
    way: Way | None = None
    try:
        way, warnings = await _looked_at(found, replicas, prefix)
        wire, layout = Wire(way), f"{prefix}:layout"
        await wire.send("HSETNX", layout, "shards", shards or (CLUSTER_SHARDS if isinstance(way, Cluster) else 1))
        kept = await wire.send("HGET", layout, "shards")
    except (RedisError, OSError, UserMistake, StoreUnavailable) as error:
        if way is not None:
            await way.close()
        raise _as_mistake(error) from None
    return Opened(RedisStore(way, clock, shards=int(kept), prefix=prefix, leases="server"), warnings)


async def _looked_at(found: Place, replicas: int, prefix: str) -> tuple[Way, tuple[str, ...]]:
    client = found.client()
    try:
        facts: dict[str, Any] = await client.info("cluster")
        if not facts.get("cluster_enabled"):
            return Direct(found, replicas), tuple(await _seen(client, replicas, Layout(1, prefix)))
    finally:
        await hang_up(client)
    way, lines = Cluster(found, replicas), []
    try:
        for node in await way.primaries():
            lines += await _seen(node, replicas, Layout(1, prefix))
    except BaseException:
        await way.close()
        raise
    return way, tuple(dict.fromkeys(lines))


async def _seen(client: Redis, replicas: int, layout: Layout) -> list[str]:
    """Warnings about one server, and about what the user may do there."""
    lines = judged(await _facts(client), replicas=replicas)
    await _allowed(client, replicas, layout)
    return lines if await _heard(client, layout) else [*lines, _DEAF]


def judged(facts: Mapping[str, Any], *, replicas: int = 0) -> list[str]:
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
    return [*_persistence(facts), *_replication(int(facts.get("connected_slaves", 0)), replicas)]


def _persistence(facts: Mapping[str, Any]) -> list[str]:
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


def _replication(there: int, asked: int) -> list[str]:
    if there and not asked:
        return ["Redis has replicas, but no commit waits for them: a failover loses the last ones. Add ?replicas=1."]
    if there < asked:
        return [
            f"A commit waits for {asked} replica{'s' if asked > 1 else ''} of Redis, and there {_are(there)}:"
            " nothing can be kept meanwhile. Start more, or lower ?replicas= in REDIS_URL."
        ]
    return []


def _are(there: int) -> str:
    return "are none" if not there else "is one" if there == 1 else f"are {there}"


async def _allowed(client: Redis, replicas: int, layout: Layout) -> None:
    """Raises NoPermissionError where the user may not do something that the store needs."""
    with suppress(MovedError):  # another node of the cluster has that key; whether it may be written is asked before
        await command(client, "SET", f"{layout.bases[0]}:p", "1", "PX", "1000")
    for words in (("EVAL", "return 1", "0"), ("TIME",), *([("WAIT", "0", "0")] if replicas else [])):
        await command(client, *words)


async def _heard(client: Redis, layout: Layout) -> bool:
    """Whether the user may tell words to other processes, and listen to theirs."""
    try:
        await command(client, "PUBLISH", layout.words, "")
        async with client.pubsub() as listening:
            await listening.subscribe(layout.words)
            await listening.get_message(timeout=TIMEOUT)
    except NoPermissionError:
        return False
    return True


async def _facts(client: Redis) -> dict[str, Any]:
    """What a server says of itself, its settings among it where they may be read."""
    facts: dict[str, Any] = await client.info()
    try:
        for setting in ("appendfsync", "save"):  # one at a time, which Redis 6.2 takes too
            facts.update(await command(client, "CONFIG GET", setting))
    except RedisError:  # forbidden
        return facts
    return facts


def _as_mistake(error: Exception) -> Exception:
    if isinstance(error, UserMistake):
        return error
    if isinstance(error, AuthenticationError | NoPermissionError):
        return UserMistake(
            f"Redis does not let this user in or do its work ({type(error).__name__})",
            "Look at user and password in REDIS_URL, and at its ACL; docs/redis.md has the rights that are needed.",
        )
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return UserMistake(
            "nobody here vouches for the certificate of Redis",
            "Add ?ssl_ca_certs=/path/to/ca.pem to REDIS_URL, and see that it is made out for that host.",
        )
    if "DB index" in str(error) or "SELECT is not allowed" in str(error):
        return UserMistake(
            "Redis has no database of this number",
            "The number at the end of REDIS_URL is 0 to 15 where the server says nothing else; a cluster has 0 alone.",
        )
    ours = told(error)
    return ours if isinstance(ours, StoreUnavailable) else StoreUnavailable(f"Redis refuses ({type(error).__name__})")
