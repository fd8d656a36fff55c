"""What REDIS_URL says, and clients for the servers that it leads to.

redis://, rediss:// (TLS), unix://, and redis+sentinel:// or rediss+sentinel:// with `host:port,host:port/name/number`,
each with user and password of an ACL. Behind `?` stands what redis-py takes (`ssl_ca_certs=`, `socket_timeout=`), and
`replicas=N`, which is ours: how many replicas must have a commit before it counts.

- A client here tries each thing once: redis-py's own retries would send a script again whose answer was lost, and keep
  a visitor waiting. It speaks RESP2 and says nothing but what is asked of it.
- No error says anything of the URL, which holds a password; also not a part of it that was taken for a port.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit, urlunsplit

from redis.asyncio import Redis, Sentinel
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from bot.errors import UserMistake

TIMEOUT = 2.0
"""Seconds for connecting, and for the answer to a pipeline."""
_SETTLED = {"protocol", "decode_responses", "encoding", "encoding_errors"}
"""Options of redis-py that say how answers are read, which nobody else can choose."""
_SENTINELS = ("redis+sentinel", "rediss+sentinel")
_SENTINEL_PORT = 26379
_SENTINEL_TIMEOUT = TIMEOUT / 4
"""Seconds for one of them, so that there is time to ask another where it says nothing."""


@dataclass(frozen=True, slots=True, repr=False)
class Place:
    url: str
    """As redis-py reads it; it holds a password."""
    watched: bool
    """By sentinels."""
    replicas: int | None
    """None: not said."""

    def client(self) -> Redis:
        """Nothing is sent yet."""
        return _watched(self.url) if self.watched else Redis.from_url(self.url, **_options())

    def at(self, host: str, port: int) -> Redis:
        """Another node of the same cluster, by the same user."""
        parts = urlsplit(self.url)
        login, at, _ = parts.netloc.rpartition("@")
        name = f"[{host}]" if ":" in host else host
        return Redis.from_url(urlunsplit(parts._replace(netloc=f"{login}{at}{name}:{port}")), **_options())


def place(url: str) -> Place:
    """Raises UserMistake for a URL that is none."""
    try:
        parts = urlsplit(url)
        _told_apart(parts)
        words = parse_qsl(parts.query, keep_blank_values=True)
        said = [value for name, value in words if name == "replicas"]
        replicas = int(said[-1]) if said else None
        if (replicas is not None and not 0 <= replicas <= 9) or not _SETTLED.isdisjoint(dict(words)):
            raise ValueError
        rest = urlencode([(name, value) for name, value in words if name != "replicas"], quote_via=quote, safe="/")
        found = Place(urlunsplit(parts._replace(query=rest)), parts.scheme in _SENTINELS, replicas)
        _tried(found)
    except (ValueError, TypeError):
        raise UserMistake(
            "REDIS_URL cannot be read",
            "For example redis://user:secret@host:6379/0 with a database's number at its end, rediss:// for TLS,"
            " ?replicas=1 behind it for a number of replicas. In a password / is written %2F, # %23, @ %40, : %3A and"
            " ? %3F.",
        ) from None
    return found


async def hang_up(client: Redis) -> None:
    """Close a client's connections, those to sentinels too, which it leaves open itself."""
    await client.aclose()
    manager = getattr(client.connection_pool, "sentinel_manager", None)
    for sentinel in manager.sentinels if manager else ():
        await sentinel.aclose()


async def command(client: Redis, *words: str) -> Any:  # an answer is of its command's own shape
    return await client.execute_command(*words)  # type: ignore[no-untyped-call] # redis-py leaves it open


def _told_apart(parts: SplitResult) -> None:
    """Raises ValueError where a password has broken the URL into other parts than were meant, of which one would be
    shown as its path; and for a database that is no number, for which redis-py would take the first."""
    strayed = "@" in parts.path or ("@" in parts.query and "@" not in parts.netloc)
    number = parts.path.strip("/")
    if parts.fragment or strayed or (number and not number.isdecimal() and parts.scheme in ("redis", "rediss")):
        raise ValueError


def _tried(found: Place) -> None:
    """Options that nobody knows, and files that are not there, raise where a connection is made."""
    found.client().connection_pool.make_connection()  # type: ignore[no-untyped-call] # redis-py leaves it open


def _options() -> dict[str, Any]:
    """What the URL says counts before it."""
    return {
        "socket_timeout": TIMEOUT,
        "socket_connect_timeout": TIMEOUT,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
        "driver_info": None,
    }


def _watched(url: str) -> Redis:
    """The primary that the sentinels name, asked again at each new connection."""
    parts = urlsplit(url)
    scheme = parts.scheme.removesuffix("+sentinel")
    login, at, hosts = parts.netloc.rpartition("@")
    name, _, number = parts.path.strip("/").partition("/")
    said: dict[str, Any] = {**parse_url(f"{scheme}://{login}{at}sentinel/{int(number or 0)}?{parts.query}")}
    for mine in ("host", "port", "connection_class"):
        said.pop(mine, None)
    secure = {"ssl": True} if scheme == "rediss" else {}
    sentinels = [
        (split.hostname or "localhost", split.port or _SENTINEL_PORT)
        for split in (urlsplit(f"//{one}") for one in hosts.split(","))
    ]
    files = {key: value for key, value in said.items() if key.startswith("ssl_")}
    theirs = {key.removeprefix("sentinel_"): said.pop(key) for key in list(said) if key.startswith("sentinel_")}
    common = _options()
    brief = {"socket_timeout": _SENTINEL_TIMEOUT, "socket_connect_timeout": _SENTINEL_TIMEOUT}
    watch = Sentinel(  # type: ignore[no-untyped-call] # redis-py leaves it open
        sentinels, sentinel_kwargs={**common, **brief, **secure, **files, **theirs}, **{**common, **secure, **said}
    )
    client: Redis = watch.master_for(name or "mymaster")
    return client
