"""`chatsurvey jobs`: what is to be done later, what failed, and where each response went.

Works beside a running server, which notices within two seconds. What a job carries is shown only where it is a name
of ours; the rest is masked.
"""

import argparse
import sys
from collections.abc import Sequence

import msgspec

from bot.alarms import Alarms
from bot.alarms_state import states
from bot.commands.data import clock, has_data, told_time, with_store
from bot.errors import Retryable, UserMistake
from bot.records.base import Delivery
from bot.records.sql import SqlRecords
from bot.settings import Settings, load
from bot.store.base import JobState, JobView, Store

STATES = ("waiting", "running", "dead")
PLAIN = frozenset({"chat", "writer", "flow"})
"""Keys of a payload whose values are names."""
EVERY = 1_000_000
SHOWN = 100
"""Jobs that a list shows where it is not told how many."""


def add(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(action="list", ids=[], all=False)
    _filters(parser)
    actions = parser.add_subparsers(metavar="list | show | doubts | retry | drop")
    table = actions.add_parser("list", help="what waits, runs or is dead (the default)")
    table.set_defaults(action="list")
    _filters(table)
    show = actions.add_parser("show", help="one job, or all of a chat, with its deliveries")
    show.add_argument("ids", nargs=1, metavar="ID", help="of a job or of a chat")
    show.add_argument("--json", action="store_true")
    show.set_defaults(action="show")
    doubts = actions.add_parser("doubts", help="what may have been sent or written twice, or not at all")
    doubts.set_defaults(action="doubts")
    doubts.add_argument("--limit", type=int, default=argparse.SUPPRESS, metavar="N", help=f"{SHOWN} by default")
    doubts.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
    for action, text in (("retry", "run now, with a fresh count of attempts"), ("drop", "never run")):
        change = actions.add_parser(action, help=text)
        change.add_argument("ids", nargs="*", metavar="ID")
        change.add_argument(
            "--all",
            action="store_true",
            help="all dead ones, or all that --state and --kind name (retry: --kind alone will do)",
        )
        _filters(change)
        change.set_defaults(action=action)


def _filters(parser: argparse.ArgumentParser) -> None:
    # Given before or after the action: what one parser was not told must not undo what the other was.
    parser.add_argument("--state", choices=STATES, default=argparse.SUPPRESS)
    parser.add_argument("--kind", default=argparse.SUPPRESS, help="response, timer, write (all writers), write.NAME")
    parser.add_argument(
        "--limit", type=int, default=argparse.SUPPRESS, metavar="N", help=f"a list has {SHOWN} by default"
    )
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    settings = load()
    if not has_data(settings):
        if args.action in ("list", "doubts"):
            return _list(args, ())
        raise UserMistake(f"there is no data in {settings.data_dir} yet", "start the service first, or set DATA_DIR")
    match args.action:
        case "list":
            return _list(args, with_store(settings, lambda store: _find(store, args, SHOWN)), _parked(settings))
        case "doubts":
            return _doubts(settings, args)
        case "show":
            return _show(settings, args.ids[0], as_json=args.json)
        case _:
            return _change(settings, args)


async def _find(store: Store, args: argparse.Namespace, most: int, state: JobState | None = None) -> Sequence[JobView]:
    """By state and kind; `write` stands for every writer. `most` and `state` are for where the words name none."""
    kind, limit = getattr(args, "kind", ""), getattr(args, "limit", most)
    found = await store.jobs(getattr(args, "state", state), "", EVERY if kind else limit)
    return [v for v in found if not kind or v.job.kind == kind or v.job.kind.startswith(f"{kind}.")][:limit]


def _parked(settings: Settings) -> Sequence[str]:
    """Why deliveries wait that have no error of their own: nobody lets their writer in."""

    async def look(store: Store) -> Sequence[str]:
        return [
            f"{writer} does not let us in ({state.error}); it is tried again every five minutes\n"
            f"hint   chatsurvey jobs retry --kind write.{writer}  tries it now"
            for writer, state in await states(store)
            if state.parked
        ]

    return with_store(settings, look)


def _list(args: argparse.Namespace, views: Sequence[JobView], notes: Sequence[str] = ()) -> int:
    if getattr(args, "json", False):
        _print_json([_plain(view) for view in views])
        return 0
    if not views:
        print("no jobs", file=sys.stderr)
        return 0
    rows = [("STATE", "DUE", "ATTEMPTS", "KIND", "ID", "ERROR")]
    rows += [(v.state, told_time(v.job.due), str(v.job.attempt), v.job.kind, v.job.id, v.error) for v in views]
    widths = [max(len(row[at]) for row in rows) for at in range(5)]
    for row in rows:
        print("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[5]]).rstrip())
    for note in notes:
        print(f"note   {note}", file=sys.stderr)
    if len(views) == getattr(args, "limit", SHOWN):
        print(f"note   the first {len(views)}; --limit N shows more", file=sys.stderr)
    return 0


def _show(settings: Settings, id: str, *, as_json: bool) -> int:
    chat = id.partition(":")[0]

    async def look(store: Store) -> tuple[Sequence[JobView], Sequence[Delivery]]:
        views = [v for v in await store.jobs(None, "", EVERY) if v.job.id == id or v.job.payload.get("chat") == id]
        records = SqlRecords(settings.database_url)
        try:
            return views, records.deliveries(chat)
        finally:
            await records.close()

    try:
        views, deliveries = with_store(settings, look)
    except Retryable as error:
        raise UserMistake(str(error)) from error
    if not views and not deliveries:
        raise UserMistake(f'there is no job or delivery "{id}"', "chatsurvey jobs lists what there is")
    found = [_plain(view) for view in views], [_delivery(delivery) for delivery in deliveries]
    if as_json:
        _print_json({"jobs": found[0], "deliveries": found[1]})
        return 0
    for title, rows in zip(("job", "delivery"), found, strict=True):
        for row in rows:
            print(title)
            for name, value in row.items():
                print(f"  {name:10} {value if value not in ('', None) else '-'}")
    return 0


def _doubts(settings: Settings, args: argparse.Namespace) -> int:
    async def look(_store: Store) -> Sequence[Delivery]:
        records = SqlRecords(settings.database_url)
        try:
            return records.doubts(getattr(args, "limit", SHOWN))
        finally:
            await records.close()

    try:
        found = with_store(settings, look)
    except Retryable as error:
        raise UserMistake(str(error)) from error
    if getattr(args, "json", False):
        _print_json([_delivery(delivery) for delivery in found])
        return 0
    if not found:
        print("nothing is in doubt", file=sys.stderr)
    for delivery in found:
        print(f"{told_time(delivery.at)}  {delivery.writer:10}  {delivery.chat}  {delivery.doubt or delivery.error}")
    if any(delivery.doubt for delivery in found):
        print("note   what a CRM got may be there or not, and is not sent again: look it up there", file=sys.stderr)
    return 0


def _change(settings: Settings, args: argparse.Namespace) -> int:
    retry = args.action == "retry"
    every = args.all or (retry and not args.ids and "kind" in args)
    if every == bool(args.ids):
        raise UserMistake(f"which jobs to {args.action}?", f"chatsurvey jobs {args.action} ID..., or --all")

    async def work(store: Store) -> list[str]:
        ids = args.ids or [view.job.id for view in await _find(store, args, EVERY, "dead")]
        unknown = []
        for job in ids:
            done = await (store.retry_job(job, clock()) if retry else store.drop_job(job))
            print(f"{'retried' if retry else 'dropped'}  {job}" if done else f"left     {job}")
            if not done:
                unknown.append(job)
        kind = getattr(args, "kind", "")
        if retry and not args.ids and kind.startswith("write.") and await Alarms(store, clock).try_now(kind[6:]):
            print(f"tried    {kind[6:]}, which did not let us in")
        elif not ids:
            print(
                f"no {getattr(args, 'state', 'dead')} jobs{' of this kind' if 'kind' in args else ''}", file=sys.stderr
            )
        return unknown

    unknown = with_store(settings, work)
    if unknown:
        raise UserMistake(f"{len(unknown)} of these jobs are not there, or are running", "chatsurvey jobs lists them")
    return 0


def _plain(view: JobView) -> dict[str, str | int | None]:
    job = view.job
    return {
        "id": job.id,
        "kind": job.kind,
        "state": view.state,
        "due": told_time(job.due),
        "attempts": job.attempt,
        "error": view.error,
        "created": told_time(view.created),
        "touched": told_time(view.touched),
        **{key: value if key in PLAIN else masked(value) for key, value in job.payload.items()},
    }


def _delivery(delivery: Delivery) -> dict[str, str | int | None]:
    return {
        "writer": delivery.writer,
        "chat": delivery.chat,
        "state": delivery.state,
        "revision": delivery.revision,
        "delivered": delivery.delivered,
        "attempts": delivery.attempts,
        "tried": told_time(delivery.at),
        "error": delivery.error,
        "remote": delivery.remote,
        "request": delivery.request,
        "doubt": delivery.doubt,
    }


def masked(text: str) -> str:
    """Enough to tell two apart, not enough to know a person."""
    return f"{text[:1]}{'•' * 3}" if text else ""


def _print_json(what: object) -> None:
    print(msgspec.json.format(msgspec.json.encode(what), indent=2).decode())
