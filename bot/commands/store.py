"""`chatsurvey store`: what is in the store, its move from a folder into Redis or back, and that of the records.

What a move guarantees is said in `bot/store/copying.py`. Here are its two ends, the folder's lock, and words.
"""

import argparse
import asyncio
import platform
import sqlite3
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TypeVar

import msgspec

from bot.app_opening import place_of
from bot.commands.data import clock, has_data, told_time
from bot.errors import StoreUnavailable, UserMistake
from bot.settings import Settings, load
from bot.store.copy_rows import Figures
from bot.store.copying import End, Moved, move, reopen
from bot.store.lock import FolderLock

T = TypeVar("T")

_EPILOG = """\
to move to Redis (back: --to folder):
  stop the service, set REDIS_URL beside DATA_DIR, then
    chatsurvey store move --to redis
  and start it again with REDIS_URL, on as many hosts as wanted. Each of them needs the same
  signing key (SECRET_KEY, or a copy of DATA_DIR/secret.key). The folder keeps its chats as they
  were; it is not served any more until `chatsurvey store reopen`.
  A move that was cut off is repeated by the same command.
"""


def add(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.set_defaults(action="info")
    parser.add_argument("--json", action="store_true")
    actions = parser.add_subparsers(metavar="info | move | records | reopen")
    info = actions.add_parser("info", help="count what is in the store, also while it is served (the default)")
    info.set_defaults(action="info")
    moving = actions.add_parser("move", help="copy all chats and jobs between DATA_DIR and REDIS_URL, nothing served")
    moving.add_argument("--to", choices=("redis", "folder"), required=True, help="the end that gets them")
    moving.add_argument(
        "--records", action="store_true", help="copy the records too, between DATA_DIR and DATABASE_URL"
    )
    moving.set_defaults(action="move")
    copying = actions.add_parser("records", help="copy the records alone, also while they are served")
    copying.add_argument("--to", choices=("database", "folder"), required=True, help="DATABASE_URL, or DATA_DIR")
    copying.set_defaults(action="records")
    again = actions.add_parser("reopen", help="serve a store again whose chats were moved away, as they were then")
    again.set_defaults(action="reopen")
    for action in (info, moving, copying, again):
        action.add_argument("--json", action="store_true", default=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    settings = load()
    match args.action:
        case "move":
            return _move(settings, args)
        case "records":
            return _copy_records(settings, args)
        case "reopen":
            return _reopen(settings, as_json=args.json)
        case _:
            return _info(settings, as_json=args.json)


def _move(settings: Settings, args: argparse.Namespace) -> int:
    to_redis = args.to == "redis"
    if not settings.redis_url:
        raise UserMistake(
            "REDIS_URL is not set", "It names one end of the move, DATA_DIR the other: REDIS_URL=redis://host:6379/0"
        )
    if to_redis and not settings.store_file.is_file():
        raise UserMistake(f"there are no chats in {settings.data_dir}", "Set DATA_DIR to the folder that has them.")
    lock = FolderLock(settings.data_dir)
    try:
        records = _records(settings, outward=to_redis) if args.records else {}
        moved, source, target = asyncio.run(_moved(settings, to_redis=to_redis))
    except sqlite3.Error as error:
        hint = "Nothing is lost: mend it, and run the same command again."
        raise UserMistake(f"cannot read or write {settings.store_file}: {error}", hint) from error
    finally:
        lock.release()
    _tell_moved(moved, source, target, records, as_json=args.json)
    return 0


def _copy_records(settings: Settings, args: argparse.Namespace) -> int:
    records = _records(settings, outward=args.to == "database")
    if args.json:
        print(_json({"records": records}))
    else:
        _tell_records(records)
    return 0


def _records(settings: Settings, *, outward: bool) -> Mapping[str, int]:
    """How many of each kind were copied. They go before chats: what is newer in the target stays, so it can be
    repeated."""
    from bot.records.copying import copy  # noqa: PLC0415 - SQLAlchemy, only where it is used

    if not settings.database:
        raise UserMistake("DATABASE_URL is not set", "It names one end of the copy; the other is the file in DATA_DIR.")
    file, database = replace(settings, database="").database_url, settings.database_url
    counts = copy(file, database) if outward else copy(database, file)
    return {"responses": counts.responses, "deliveries": counts.deliveries}


def _tell_records(records: Mapping[str, int]) -> None:
    for thing, number in records.items():
        print(f"  {thing:<10} {number:>12,}   records")


async def _moved(settings: Settings, *, to_redis: bool) -> tuple[Moved, str, str]:
    name = f"{platform.node()} {settings.data_dir}"
    async with _folder(settings) as folder, _redis(settings, loud=to_redis) as redis:
        source, target = (folder, redis) if to_redis else (redis, folder)
        moved = await move(source, target, clock, _progress(), name)
        return moved, source.place, target.place


def _tell_moved(moved: Moved, source: str, target: str, records: Mapping[str, int], *, as_json: bool) -> None:
    if as_json:
        before = told_time(moved.before) if moved.before else None
        found = {"from": source, "to": target, "rows": moved.counts, "records": records, "before": before}
        print(_json({**found, "kept": moved.kept or None, "unkept_flows": moved.unkept}))
        return
    _tell_records(records)
    if moved.before:
        rest = "They were left alone." if records else "Nothing was done."
        print(f"The chats of {source} were moved to {target} before, on {told_time(moved.before)}. {rest}")
        return
    print(f"Moved from {source} to {target}, and read back:")
    for thing, number in moved.counts.items():
        print(f"  {thing:<10} {number:>12,}")
    for version, chats in moved.unkept.items():
        lacks = f"{source} has not the text of version {version[:7]} of the flows, which {chats:,} of its chats need"
        print(f"warning  {lacks}: start one process with the flow file as it was then, which keeps it", file=sys.stderr)
    if moved.kept:
        print(f"What was there before is kept in {moved.kept}")
    print(f"{source} keeps its copy, and is not served any more (to undo: chatsurvey store reopen).")


def _info(settings: Settings, *, as_json: bool) -> int:
    if not has_data(settings):
        raise UserMistake(f"there is no data in {settings.data_dir} yet", "start the service first, or set DATA_DIR")
    figures, place = asyncio.run(_with_store(settings, _figures))
    if as_json:
        print(_json({"store": place, **msgspec.to_builtins(figures)}))
        return 0
    print(place)
    print(f"  chats      {figures.chats:>12,}   {figures.open_chats:,} open")
    for kind, states in sorted(figures.jobs.items()):
        print(f"  jobs       {sum(states.values()):>12,}   {kind}: {_listed(states)}")
    for kind, number in sorted(figures.documents.items()):
        print(f"  documents  {number:>12,}   {kind}")
    print(f"  flows      {figures.flows:>12,}   versions")
    print(f"  bytes      {figures.bytes:>12,}   {'of the server' if settings.redis_url else 'of the file'}")
    return 0


async def _figures(end: End) -> tuple[Figures, str]:
    return await end.rows.figures(), end.place


def _reopen(settings: Settings, *, as_json: bool) -> int:
    gone = asyncio.run(_with_store(settings, reopen))
    if as_json:
        print(_json({"was": None if gone is None else gone.place}))
    elif gone is None:
        print("These chats were not moved away. Nothing was done.")
    else:
        print(f"Serves again what was here when the chats were moved to {gone.place} ({told_time(gone.at)}).")
        print("Do not serve both: a chat would be answered in two places that do not know of each other.")
    return 0


async def _with_store(settings: Settings, work: Callable[[End], Awaitable[T]]) -> T:
    """The configured store, whatever it says of moves."""
    async with _redis(settings) if settings.redis_url else _folder(settings) as end:
        return await work(end)


@asynccontextmanager
async def _folder(settings: Settings) -> AsyncIterator[End]:
    from bot.store.sqlite import SqliteStore  # noqa: PLC0415 - only where it is an end
    from bot.store.sqlite_copy import SqliteCopy  # noqa: PLC0415 - the same

    store = SqliteStore.open(settings.store_file, clock)
    rows = SqliteCopy(settings.store_file, clock())

    def keep_aside() -> str:
        return str(rows.keep_aside(told_time(clock()).replace(":", "")))

    try:
        yield End(store, rows, str(settings.data_dir), keep_aside)
    finally:
        await store.close()
        await rows.close()


@asynccontextmanager
async def _redis(settings: Settings, *, loud: bool = False) -> AsyncIterator[End]:
    """`loud`: what its operator should know is told."""
    from bot.store.redis_check import open_redis  # noqa: PLC0415 - only where it is an end
    from bot.store.redis_copy import RedisCopy  # noqa: PLC0415 - the same

    try:
        opened = await open_redis(settings.redis_url, clock)
    except StoreUnavailable as error:
        raise UserMistake(f"{error}: {place_of(settings.redis_url)}", "start it, or put REDIS_URL right") from error
    rows = RedisCopy(opened.store, clock())
    for line in opened.warnings if loud else ():
        print(f"warning  {line}", file=sys.stderr)
    try:
        yield End(opened.store, rows, place_of(settings.redis_url))
    finally:
        await rows.close()
        await opened.store.close()


def _progress() -> Callable[[str, int, int], None]:
    """One line on a terminal, nothing elsewhere."""
    if not sys.stderr.isatty():
        return lambda _what, _done, _of: None

    def tell(what: str, done: int, of: int) -> None:
        end = "\n" if done >= of else ""
        print(f"\r{what:<24} {done:>12,} of {of:,}\x1b[K", end=end, file=sys.stderr, flush=True)

    return tell


def _listed(states: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {state}" for state, number in sorted(states.items()))


def _json(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
