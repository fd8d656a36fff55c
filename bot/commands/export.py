"""`chatsurvey export`: the responses as JSON, JSONL or CSV.

What still waits to be recorded is recorded first, also while a server runs on the same data. Where Redis is away, what
is recorded is exported all the same, and it is told that some may be missing. Everything streams.
JSON has the shape of the web hook's `data` (`bot.crm.shape`). CSV has fixed columns first, then one column an answer,
contact fact, context fact and fact of a case that occurs, sorted.
"""

import argparse
import asyncio
import csv
import io
import os
import random
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from functools import partial
from pathlib import Path
from typing import TextIO
from zoneinfo import ZoneInfo

import msgspec

from bot.app_members import refuse_elsewhere
from bot.app_opening import at, away
from bot.app_store import open_store
from bot.app_writers import configs
from bot.commands.data import clock, has_data
from bot.crm.files.csv_cells import cell
from bot.crm.shape import CONTACT, case_of, contact_of, data_of
from bot.errors import StoreUnavailable, UserMistake
from bot.jobs import Worker
from bot.model import Response, Value
from bot.records.base import Filters
from bot.records.sql import SqlRecords
from bot.settings import Settings, load
from bot.work import recording

FIXED = (
    *("chat", "revision", "flow", "flow_version", "channel", "locale", "timezone"),
    *("score", "segment", "outcome", "sample", "visitor"),
    *("started_at", "scored_at", "updated_at", "ended_at"),
)


def add(parser: argparse.ArgumentParser) -> None:
    when = "a day (2026-11-30, counted whole) or a time (2026-11-30T18:00, with or without a zone)"
    parser.add_argument("--format", choices=("json", "jsonl", "csv"), default="json", help="default: json")
    parser.add_argument("--since", metavar="TIME", help=f"scored from then on: {when}")
    parser.add_argument("--until", metavar="TIME", help="scored until then, likewise")
    parser.add_argument("--flow", default="", help="of this flow only")
    parser.add_argument("--segment", choices=("detractor", "passive", "promoter"), default="")
    parser.add_argument("--channel", default="", help="of this channel only, e.g. web")
    parser.add_argument(
        "--samples",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="with or without the responses of the demo page (they are marked as samples)",
    )
    parser.add_argument("-o", "--output", metavar="FILE", type=Path, help="write there, not to standard output")


def run(args: argparse.Namespace) -> int:
    settings = load()
    filters = Filters(
        since=moment(args.since, settings.timezone, "--since") if args.since else None,
        until=moment(args.until, settings.timezone, "--until", end=True) if args.until else None,
        flow=args.flow,
        segment=args.segment,
        channel=args.channel,
        sample=None if args.samples else False,
    )
    if not has_data(settings) and not (settings.database and _recorded(settings)):
        print(f"note   there is no data in {settings.data_dir} yet", file=sys.stderr)
        with output(args.output) as out:
            write(args.format, lambda: (), out)
        return 0

    async def work() -> None:
        records = SqlRecords(settings.database_url)
        try:
            await _catch_up(settings, records)
            with output(args.output) as out:
                write(args.format, partial(records.responses, filters), out)
        finally:
            await records.close()

    asyncio.run(work())
    return 0


async def _catch_up(settings: Settings, records: SqlRecords) -> None:
    """Record what waits. Where that cannot be done, what is recorded is still worth printing."""
    if not has_data(settings):
        _tell_missing(f"there are no chats in {settings.data_dir}, and REDIS_URL is not set")
        return
    try:
        store = await open_store(settings, clock)
    except StoreUnavailable as error:
        if not _recorded(settings):
            raise away(error, settings) from error
        _tell_missing(f"{error}{at(settings)}")
        return
    handlers = recording(store, records, configs(settings), clock)
    try:
        if settings.redis_url:
            await refuse_elsewhere(store, settings)
        left = await Worker(store, handlers, clock, random.random).drain(tuple(handlers))
        left += sum([len(await store.jobs("waiting", kind)) for kind in handlers])
    except StoreUnavailable as error:
        _tell_missing(str(error))
        return
    finally:
        await store.close()
    if left:
        print(f"note   {left} {'response is' if left == 1 else 'responses are'} not recorded yet", file=sys.stderr)


def _recorded(settings: Settings) -> bool:
    """Whether there may be anything to read: a file of records would be made by opening it."""
    return settings.records_file is None or settings.records_file.is_file()


def _tell_missing(why: str) -> None:
    print(f"note   responses that wait to be recorded are missing here: {why}", file=sys.stderr)


def moment(said: str, zone: str, option: str, *, end: bool = False) -> int:
    """Milliseconds for a day or a time as a person writes it; without a zone it is in `zone`. With `end`, a day means
    its end. Raises UserMistake."""
    try:
        if len(said) == len("2026-11-30"):
            day = date.fromisoformat(said) + timedelta(days=1 if end else 0)
            found = datetime.combine(day, time(), ZoneInfo(zone))
        else:
            found = datetime.fromisoformat(said)
            found = found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))
        return int(found.timestamp() * 1000)
    except (ValueError, OverflowError):
        raise UserMistake(
            f'{option}: "{said}" is no time', "for example 2026-11-30 or 2026-11-30T18:00+01:00"
        ) from None


@contextmanager
def output(path: Path | None) -> Iterator[TextIO]:
    """Where to write, as UTF-8. A file appears whole or not at all; a device or a pipe is written to as it is."""
    try:
        with _standard_output() if path is None else _file(path) as out:
            yield out
    except BrokenPipeError:
        raise  # the reader has what it wanted; `bot.cli` ends quietly
    except OSError as error:
        raise UserMistake(f"cannot write {path or 'the output'}: {error.strerror}") from error


@contextmanager
def _standard_output() -> Iterator[TextIO]:
    out = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
    try:
        yield out
        out.flush()
    except OSError:
        # What is left in the buffers cannot be written either, and Python would try once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise
    finally:
        out.detach()


@contextmanager
def _file(path: Path) -> Iterator[TextIO]:
    whole = path.is_file() or not path.exists()
    part = path.with_name(f"{path.name}.part") if whole else path
    try:
        with part.open("w", encoding="utf-8", newline="") as out:
            yield out
        if whole:
            part.replace(path)
    finally:
        if whole:
            part.unlink(missing_ok=True)


def write(form: str, read: Callable[[], Iterable[Response]], out: TextIO) -> None:
    """Write what `read` yields. CSV reads twice: its columns must be known before its first line."""
    match form:
        case "json":
            lines = (_json(response) for response in read())
            out.write("[" + next(lines, ""))
            out.writelines(f",\n{line}" for line in lines)
            out.write("]\n")
        case "jsonl":
            out.writelines(f"{_json(response)}\n" for response in read())
        case _:
            more: set[str] = set()
            for response in read():
                more.update(_facts(response))
            table = csv.writer(out, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
            columns = (*FIXED, *sorted(more))
            table.writerow([cell(column) for column in columns])
            for response in read():
                found = {**data_of(response), **_facts(response)}
                table.writerow([cell(found.get(column)) for column in columns])


def _json(response: Response) -> str:
    return msgspec.json.encode(data_of(response)).decode()


def _facts(response: Response) -> Mapping[str, object]:
    """The columns that depend on the flow and the page."""
    return {
        **{f"answers.{a.key}": _plain(a.value) for a in response.answers if not a.key.startswith(CONTACT)},
        **{f"contact.{key}": value for key, (value, _) in contact_of(response).items()},
        **{f"context.{key}": value for key, value in response.context.items()},
        **({f"case.{key}": value for key, value in case_of(response.case).items()} if response.case else {}),
    }


def _plain(value: Value) -> str:
    return "; ".join(value) if isinstance(value, tuple) else str(value)
