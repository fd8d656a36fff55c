"""How one section of the settings file is read: values that are no secret, secrets by name, time zones.

A secret is written as `${NAME}` and read from the environment; anything else where one is expected is a problem, and so
is `${NAME}` where none is.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.errors import Problem
from bot.flows.nodes import Scalar, Table
from bot.settings_env import Environment

NAMED = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
# YAML reads `{` in a flow table as the start of another one. While the file is read, the braces of ${NAME} are two
# characters of the private use area, which keeps every column where it is.
OPEN, CLOSE = "\ue000", "\ue001"

IN_CLEAR = "a secret stands here in clear"
"""The message; whoever prints the line must mask what the mark covers (`texts_of`)."""


def texts_of(problems: Sequence[Problem], known: str = "") -> dict[str, str]:
    """The texts of the files that problems are in, by name, save the known one. Secrets that stand there in clear are
    masked: what is printed may end in a log."""
    names = {problem.mark.file for problem in problems if problem.mark.line} - {known}
    return {name: _masked(name, problems) for name in names if Path(name).is_file()}


def _masked(name: str, problems: Sequence[Problem]) -> str:
    lines = Path(name).read_text("utf-8", "replace").splitlines()
    for mark in (problem.mark for problem in problems if problem.message == IN_CLEAR):
        if mark.file == name and 1 <= mark.line <= len(lines):
            line, start = lines[mark.line - 1], mark.column - 1
            end = min(start + mark.width, len(line))
            lines[mark.line - 1] = line[:start] + "•" * (end - start) + line[end:]
    return "\n".join(lines)


class Reader:
    """One reading of one file."""

    def __init__(self, table: Table, env: Environment) -> None:
        self.table = table
        self.env = env

    def string(self, table: Table, key: str, required: bool = False) -> str:
        """A value that is no secret."""
        value = table.string(key, required=required)
        if OPEN in value:
            table.problem(f'"{value}" is only read where a secret is expected', "write the value itself", key)
            return ""
        return value

    def secret(self, table: Table, key: str, required: bool = False) -> str:
        found = table.scalar(key, required, f"${{{key.upper()}}}")
        return self.named(table, key, found) if found is not None else ""

    def named(self, table: Table, key: str, found: Scalar, usual: str = "") -> str:
        """The value of the variable that `${NAME}` names. `usual` is its usual name."""
        match = re.fullmatch(rf"\${OPEN}(\w+){CLOSE}", found.value)
        if match is None:
            name = usual or key.upper()
            hint = f"write  {key}: ${{{name}}}  and set {name} in the environment or in .env"
            table.problem(IN_CLEAR, hint, key, mark=found.mark)
            return ""
        if match[1] not in self.env:
            hint = f"set {match[1]} in the environment or in .env"
            table.problem(f"{match[1]} is not set", hint, key, mark=found.mark)
        return self.env.get(match[1])

    def zone(self, table: Table, key: str, default: str) -> str:
        value = self.string(table, key)
        try:
            return ZoneInfo(value).key if value else default
        except (KeyError, ValueError, OSError):
            table.problem(f'there is no time zone "{value}"', "for example  timezone: Europe/Paris", key)
            return default
