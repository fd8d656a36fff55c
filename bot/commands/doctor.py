"""`chatsurvey doctor`: whether a messaging channel or a CRM writer can work as it is set, and what to click or type
where it cannot; whether Redis and the database can, and which processes serve.

It asks the other side and changes nothing there. Without a name it looks at everything that is set. `doctor crm
--reconcile` compares the stored responses of a period with what the CRMs have.
"""

import argparse
import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from importlib import import_module
from typing import Protocol, TypeAlias, cast

import msgspec

from bot.commands.doctor_types import Check
from bot.commands.export import moment
from bot.errors import UserMistake
from bot.records.base import Filters
from bot.settings import Settings, load

CHANNELS = ("service", "telegram", "slack", "crm")
"""Each has a module `doctor_<name>`."""

Checks: TypeAlias = Callable[[Settings], Coroutine[None, None, Sequence[Check]]]


class Doctor(Protocol):
    checks: Checks
    """The checks of one channel, in the order in which a person would put them right. Never raises for what is wrong
    on the other side."""

    def is_set(self, settings: Settings) -> bool:
        """Whether this channel is asked for."""


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("channel", nargs="?", choices=CHANNELS, help="default: everything that is set")
    parser.add_argument("--json", action="store_true", help="for scripts")
    crm = parser.add_argument_group("with crm")
    crm.add_argument("--writer", default="", metavar="WRITER", help="only this one")
    crm.add_argument("--reconcile", action="store_true", help="compare the stored responses with what the CRMs have")
    crm.add_argument("--since", metavar="TIME", help="responses from then on: 2025-11-24, or 2025-11-24T10:00")
    crm.add_argument("--until", metavar="TIME", help="responses until then, likewise")


def run(args: argparse.Namespace) -> int:
    settings = load()
    if args.channel != "crm" and (args.reconcile or args.writer or args.since or args.until):
        raise UserMistake("this is asked of CRMs", "chatsurvey doctor crm --reconcile --since 2025-11-24")
    if args.channel == "crm":
        return _crm(settings, args)
    wanted = (args.channel,) if args.channel else CHANNELS
    doctors = {name: cast("Doctor", import_module(f"bot.commands.doctor_{name}")) for name in wanted}
    if not args.channel:
        doctors = {name: doctor for name, doctor in doctors.items() if doctor.is_set(settings)}
    if not doctors:
        raise UserMistake(
            "no Redis, messaging channel or CRM writer is set, so there is nothing to check",
            "chatsurvey doctor service looks at the service itself; TELEGRAM_TOKEN, or SLACK_BOT_TOKEN and "
            "SLACK_APP_TOKEN, are set in the environment or in .env, a CRM as docs/crm.md says",
        )
    return _report({name: asyncio.run(doctor.checks(settings)) for name, doctor in doctors.items()}, args)


def _crm(settings: Settings, args: argparse.Namespace) -> int:
    from bot.commands import doctor_crm  # noqa: PLC0415 - as all doctors
    from bot.commands.crm import known  # noqa: PLC0415 - as above

    if not args.reconcile:
        return _report({"crm": asyncio.run(doctor_crm.checks(settings, args.writer))}, args)
    filters = Filters(
        since=moment(args.since, settings.timezone, "--since") if args.since else None,
        until=moment(args.until, settings.timezone, "--until", end=True) if args.until else None,
    )
    found = doctor_crm.reconcile(known(settings), filters, args.writer)
    if args.json:
        print(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        print(doctor_crm.told(found) or "no CRM writer is set")
    return 1 if doctor_crm.failed(found) else 0


def _report(found: Mapping[str, Sequence[Check]], args: argparse.Namespace) -> int:
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
