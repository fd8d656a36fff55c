"""`chatsurvey crm`: the writers that are set, what they would send, what they need, and sending a response again.

list      each writer, and whether its CRM answers and knows us
preview   what would be sent, request by request; nothing leaves this machine
setup     fields and objects that a writer needs: shown, and made where that is possible
send      chats to a writer again, by the service that runs or starts next
"""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

import msgspec

from bot.app_writers import config_of
from bot.commands.data import clock, has_data, has_key, with_store
from bot.crm.config import WriterConfig
from bot.crm.table import make, page_of
from bot.errors import DeliveryError, UserMistake
from bot.settings import Settings, load, with_secrets

if TYPE_CHECKING:
    from bot.commands.crm_example import Life
    from bot.crm.base import SetupStep, Writer
    from bot.store.base import Store

T = TypeVar("T")
EXAMPLE_KEY = "no key yet"
"""Of the links in a preview where no service ever ran here."""
STATES = {"there": "ok", "made": "made", "todo": "to do"}


def add(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(action="list", json=False)
    parser.add_argument("--json", action="store_true", help="for scripts")
    actions = parser.add_subparsers(metavar="list | preview | setup | send")
    _json(_action(actions, "list", "each writer, and whether its CRM answers (the default)"))
    preview = _json(_action(actions, "preview", "what would be sent; nothing leaves this machine", writer=True))
    preview.add_argument("chat", nargs="?", default="", metavar="CHAT", help="a stored chat (default: a made-up one)")
    preview.add_argument("--unknown", action="store_true", help="play that the person is not in the CRM")
    setup = _json(_action(actions, "setup", "what a writer needs on the other side, and make it", writer=True))
    setup.add_argument("--yes", action="store_true", help="make it without asking")
    setup.add_argument("--dry-run", action="store_true", help="only show what is missing")
    send = _action(actions, "send", "send chats to a writer again", writer=True)
    send.add_argument("chats", nargs="+", metavar="CHAT")
    send.add_argument(
        "--anew", action="store_true", help="forget what is known of their records: for those deleted over there"
    )


def _action(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, text: str, *, writer: bool = False
) -> argparse.ArgumentParser:
    made = actions.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    made.set_defaults(action=name)
    if writer:
        made.add_argument("writer", metavar="WRITER", help="its name in the settings file")
    return made


def _json(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="for scripts")
    return parser


def run(args: argparse.Namespace) -> int:
    settings = known(load())
    match args.action:
        case "preview":
            return _preview(settings, args)
        case "setup":
            return _setup(settings, args)
        case "send":
            return _send(settings, args)
        case _:
            return _list(settings, as_json=args.json)


def known(settings: Settings) -> Settings:
    """With a signing key, so that links can be shown; none is ever made here."""
    if settings.secrets or not has_key(settings):
        return replace(settings, secrets=settings.secrets or (EXAMPLE_KEY,))
    return with_secrets(settings)


def config(settings: Settings, name: str) -> WriterConfig:
    """Raises UserMistake where there is no writer of this name."""
    for one in settings.writers:
        if one.name == name:
            return config_of(one, settings)
    names = ", ".join(one.name for one in settings.writers)
    raise UserMistake(f'there is no writer "{name}" in the settings', f"writers there: {names}")


async def with_writer(made: WriterConfig, work: "Callable[[Writer], Awaitable[T]]") -> T:
    writer = make(made, clock)
    try:
        return await work(writer)
    finally:
        await writer.close()


def _list(settings: Settings, *, as_json: bool) -> int:
    async def check(made: WriterConfig) -> str:
        return await with_writer(made, lambda writer: writer.check())

    async def all_of() -> Sequence[str]:
        return await asyncio.gather(*(check(config_of(one, settings)) for one in settings.writers))

    found = list(zip(settings.writers, asyncio.run(all_of()), strict=True))
    if as_json:
        print_json([{"writer": one.name, "kind": one.kind, "ok": not wrong, "wrong": wrong} for one, wrong in found])
    width = max((len(one.name) for one, _ in found), default=0)
    for one, wrong in found if not as_json else ():
        print(
            f"{'error' if wrong else 'ok':5}  {one.name.ljust(width)}  {one.kind}"
            + (f"\n       {wrong}" if wrong else "")
        )
    if not found:
        print("no writers: name one under  writers:  in settings.yaml (docs/crm.md)", file=sys.stderr)
    return 1 if any(wrong for _, wrong in found) else 0


def _preview(settings: Settings, args: argparse.Namespace) -> int:
    from bot.commands.crm_play import play  # noqa: PLC0415 - with the stand-ins, only where something is played
    from bot.commands.crm_told import told  # noqa: PLC0415 - as above

    made = config(settings, args.writer)
    lives = (_stored(settings, args.chat, made),) if args.chat else _examples(settings)
    if not lives:
        raise UserMistake(
            "the flow asks for no score, so there is no example", f"chatsurvey crm preview {made.name} CHAT"
        )
    played = asyncio.run(play(made, lives, clock, unknown=args.unknown))
    if args.json:
        print_json(played)
    else:
        print(told(made, played))
    return 0


def _examples(settings: Settings) -> "Sequence[Life]":
    from bot.app_flows import FlowFile  # noqa: PLC0415 - not for a stored chat
    from bot.commands.crm_example import lives  # noqa: PLC0415 - as above
    from bot.flows.machine import compile_book  # noqa: PLC0415 - as above

    book, _ = FlowFile(settings.flows, settings.hours).read()
    programs = compile_book(book, settings.hours, settings.timezone)
    found = (lives(program, clock()) for program in programs.values())
    return next((one for one in found if one), ())


def _stored(settings: Settings, chat: str, made: WriterConfig) -> "Life":
    from bot.changes import response_of  # noqa: PLC0415 - not for an example
    from bot.commands.crm_example import Life  # noqa: PLC0415 - as above

    async def look(store: "Store") -> "Life | None":
        found = await store.load_id(chat)
        if found is None or not found.revision:
            return None
        response = response_of(found, await store.entries(chat) if made.transcript or made.mapping.transcript else ())
        left_out = "; it is a sample, which the service would leave out" if found.sample and not made.samples else ""
        return Life(f"chat {chat}, as if it were sent for the first time{left_out}", (response,))

    life = with_store(settings, look) if has_data(settings) else None
    if life is None:
        raise UserMistake(
            f'there is no response "{chat}" here', "chatsurvey export  lists them; without a chat an example is played"
        )
    return life


def _setup(settings: Settings, args: argparse.Namespace) -> int:
    made = config(settings, args.writer)
    steps = _steps(made, make=False)
    missing = [step for step in steps if step.state == "todo"]
    if missing and not args.dry_run and (args.yes or _agreed(missing)):
        steps = _steps(made, make=True)
        missing = [step for step in steps if step.state == "todo"]
    if args.json:
        print_json(steps)
    else:
        for step in steps:
            print(
                f"{STATES[step.state]:5}  {step.what}"
                + (f"\n       {step.how}" if step.how and step.state == "todo" else "")
            )
        print(f"{len(steps) - len(missing)} of {len(steps)} are there." if steps else "It needs nothing.")
    return 1 if missing else 0


def _steps(made: WriterConfig, *, make: bool) -> "Sequence[SetupStep]":
    from bot.crm.base import Preparing  # noqa: PLC0415 - only where something is set up

    async def work(writer: "Writer") -> "Sequence[SetupStep]":
        if not isinstance(writer, Preparing):
            raise UserMistake(
                f'"{made.name}" ({made.kind}) has no API to make fields with',
                f"{page_of(made.kind)} says what it needs",
            )
        try:
            return await writer.setup(make=make)
        except DeliveryError as error:
            raise UserMistake(str(error), f"chatsurvey crm list  says whether {made.name} can be reached") from error

    return asyncio.run(with_writer(made, work))


def _agreed(missing: "Sequence[SetupStep]") -> bool:
    """Whether a person at a terminal says yes."""
    if not sys.stdin.isatty():
        return False
    for step in missing:
        print(f"to do  {step.what}")
    return input(f"Make {'it' if len(missing) == 1 else f'these {len(missing)}'} now? [y/N] ").strip().lower() in (
        "y",
        "yes",
    )


def _send(settings: Settings, args: argparse.Namespace) -> int:
    from bot.commands.crm_send import send  # noqa: PLC0415 - only where something is sent

    made = config(settings, args.writer)
    if not has_data(settings):
        raise UserMistake(f"there is no data in {settings.data_dir} yet", "start the service first, or set DATA_DIR")
    unknown = with_store(settings, lambda store: send(store, made.name, args.chats, clock(), anew=args.anew))
    for chat in args.chats:
        print(f"{'unknown' if chat in unknown else 'queued'}  {chat}")
    if unknown:
        raise UserMistake(f"{len(unknown)} of these chats have no response here", "chatsurvey export  lists them")
    return 0


def print_json(what: object) -> None:
    print(msgspec.json.format(msgspec.json.encode(what), indent=2).decode())
