"""The command line: a table of commands, each in its own module that is imported only when it is used.

Exit codes: 0 done, 1 a mistake that the user can mend (told in words, never a traceback), 2 wrong usage,
130 interrupted. A reader that closes the pipe early (`| head`) is no error.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Protocol, cast

from bot import __version__
from bot.errors import ChatsurveyError, FileProblems, UserMistake

COMMANDS = {
    "serve": ("serve", "start the service: web chat, widget, jobs"),
    "check": ("check", "prove a flow file before it goes live"),
    "try": ("try_", "play a flow in this terminal"),
    "test": ("test", "run recorded conversations against a flow"),
    "sandbox": ("sandbox", "try everything on this machine: stand-ins of Slack, Telegram and the CRMs on one page"),
    "doctor": ("doctor", "check that Redis, Telegram, Slack and the CRMs can work as they are set, and see who serves"),
    "crm": ("crm", "list CRM writers, preview what they send, set up their fields, send responses again"),
    "slack": ("slack", "print the manifest of the Slack app"),
    "invite": ("invite", "ask a list of members of Slack"),
    "link": ("link", "make a link that begins a chat in Telegram"),
    "jobs": ("jobs", "list, show, retry or drop what is to be done later"),
    "keys": ("keys", "make, list or revoke keys of the HTTP API that invites people"),
    "export": ("export", "print responses as JSON, JSONL or CSV"),
    "store": ("store", "count what is in the store, or move it into Redis and back"),
    "backup": ("backup", "copy database and secret into one file while serving"),
}
"""Command -> module in `bot.commands`, and what `--help` says of it."""


class Command(Protocol):
    def add(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, args: argparse.Namespace) -> int: ...


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    name = next((word for word in words if not word.startswith("-")), "")
    try:
        return _run(name, words)
    except FileProblems as problems:
        _tell_problems(problems)
        return 1
    except ChatsurveyError as mistake:
        hint = mistake.hint if isinstance(mistake, UserMistake) else ""
        _say(f"error  {mistake}" + (f"\nhint   {hint}" if hint else ""))
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader has what it wanted. Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(name: str, words: list[str]) -> int:
    parser, commands = _parser()
    command: Command | None = None
    if name in COMMANDS:
        command = cast("Command", import_module(f"bot.commands.{COMMANDS[name][0]}"))
        command.add(commands[name])
    args = parser.parse_args(words)
    if command is None:
        parser.print_help()
        return 2
    code = command.run(args)
    sys.stdout.flush()
    return code


def _parser() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    parser = argparse.ArgumentParser(
        prog="chatsurvey",
        description="Ask 0-10 as a chat, follow up by segment, act on every answer.",
        epilog="chatsurvey COMMAND --help tells more. Settings: settings.example.yaml. Flows: flows.yaml.",
    )
    parser.add_argument("--version", action="version", version=f"chatsurvey {__version__}")
    table = parser.add_subparsers(metavar="COMMAND", title="commands")
    return parser, {
        name: table.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
        for name, (_, text) in COMMANDS.items()
    }


def _tell_problems(problems: FileProblems) -> None:
    """Each with its place, the lines it is in, and a hint."""
    from bot.flows.report import Paint, tell  # noqa: PLC0415 - only where something is wrong
    from bot.settings_reader import texts_of  # noqa: PLC0415 - likewise

    color = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    _say(tell(problems.problems, texts_of(problems.problems), Paint(color)))


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201 - a command line
