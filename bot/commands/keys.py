"""`chatsurvey keys`: who may use the HTTP API that invites people. Works beside a running server, at once."""

import argparse
import re
import sys

import msgspec

from bot.commands.data import clock, has_data, told_time, with_store
from bot.errors import UserMistake
from bot.keys import ApiKey, Keys
from bot.settings import load

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def add(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(action="list", name="")
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
    actions = parser.add_subparsers(metavar="add | list | revoke")
    for action, text in (
        ("add", "make a key and show it, this once"),
        ("list", "names of the keys and when they were made (the default)"),
        ("revoke", "refuse a key from now on"),
    ):
        one = actions.add_parser(action, help=text)
        one.set_defaults(action=action)
        one.add_argument("--json", action="store_true", default=argparse.SUPPRESS)
        if action != "list":
            one.add_argument("name", metavar="NAME", help="what it is for, e.g. the shop that uses it")


def run(args: argparse.Namespace) -> int:
    as_json = getattr(args, "json", False)
    match args.action:
        case "add":
            return _add(args.name, as_json=as_json)
        case "revoke":
            return _revoke(args.name, as_json=as_json)
        case _:
            return _list(as_json=as_json)


def _add(name: str, *, as_json: bool) -> int:
    if not NAME.fullmatch(name):
        raise UserMistake(f'"{name}" is no name for a key', "letters, digits, dots, dashes; 64 at most")
    key = with_store(load(), lambda store: Keys(store).add(name, clock()))
    if as_json:
        _print_json({"name": name, "key": key})
        return 0
    print(key)
    print("note   it is not shown again; send it as  Authorization: Bearer KEY", file=sys.stderr)
    return 0


def _list(*, as_json: bool) -> int:
    settings = load()
    keys: tuple[ApiKey, ...] = with_store(settings, lambda store: Keys(store).all()) if has_data(settings) else ()
    if as_json:
        _print_json([{"name": key.name, "created": told_time(key.created), "ends_in": key.hint} for key in keys])
        return 0
    if not keys:
        print("no keys", file=sys.stderr)
        return 0
    width = max(len("NAME"), *(len(key.name) for key in keys))
    print(f"{'NAME':{width}}  {'CREATED':20}  ENDS IN")
    for key in keys:
        print(f"{key.name:{width}}  {told_time(key.created):20}  {key.hint}")
    return 0


def _revoke(name: str, *, as_json: bool) -> int:
    settings = load()
    if not has_data(settings) or not with_store(settings, lambda store: Keys(store).revoke(name)):
        raise UserMistake(f'there is no key named "{name}"', "chatsurvey keys lists them")
    if as_json:
        _print_json({"name": name, "revoked": True})
    else:
        print(f"revoked  {name}")
    return 0


def _print_json(what: object) -> None:
    print(msgspec.json.format(msgspec.json.encode(what), indent=2).decode())
