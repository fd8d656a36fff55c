"""`chatsurvey doctor`: whether a messaging channel can work as it is set, and what to click or type where it cannot.

It asks the platform and changes nothing there. Without a name it looks at every channel that is set.
"""

import argparse
import asyncio
from collections.abc import Callable, Coroutine, Sequence
from importlib import import_module
from typing import Protocol, TypeAlias, cast

import msgspec

from bot.commands.doctor_types import Check
from bot.errors import UserMistake
from bot.settings import Settings, load

CHANNELS = ("telegram", "slack")
"""Each has a module `doctor_<name>`."""

Checks: TypeAlias = Callable[[Settings], Coroutine[None, None, Sequence[Check]]]


class Doctor(Protocol):
    checks: Checks
    """The checks of one channel, in the order in which a person would put them right. Never raises for what is wrong
    on the other side."""

    def is_set(self, settings: Settings) -> bool:
        """Whether this channel is asked for."""


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("channel", nargs="?", choices=CHANNELS, help="default: each one that is set")
    parser.add_argument("--json", action="store_true", help="for scripts")


def run(args: argparse.Namespace) -> int:
    settings = load()
    wanted = (args.channel,) if args.channel else CHANNELS
    doctors = {name: cast("Doctor", import_module(f"bot.commands.doctor_{name}")) for name in wanted}
    if not args.channel:
        doctors = {name: doctor for name, doctor in doctors.items() if doctor.is_set(settings)}
    if not doctors:
        raise UserMistake(
            "no messaging channel is set, so there is nothing to check",
            "set TELEGRAM_TOKEN, or SLACK_BOT_TOKEN and SLACK_APP_TOKEN, in the environment or in .env",
        )
    found = {name: asyncio.run(doctor.checks(settings)) for name, doctor in doctors.items()}
    if args.json:
        print(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        for name, checks in found.items():
            print(f"{name}\n{told(checks)}")
    return 1 if any(check.verdict == "error" for checks in found.values() for check in checks) else 0


def told(checks: Sequence[Check]) -> str:
    """The verdict first, then what was looked at; a hint stands below."""
    width = max(len(check.name) for check in checks)
    lines = []
    for check in checks:
        lines.append(f"  {check.verdict:5}  {check.name.ljust(width)}  {check.found}".rstrip())
        if check.hint:
            lines.append(f"  hint   {' ' * width}  {check.hint}")
    return "\n".join(lines)
