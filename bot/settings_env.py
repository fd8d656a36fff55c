"""The environment as a person set it: typed getters that collect every problem, with the line where it is in `.env`.

A variable that is empty counts as not set. `.env` is read with python-dotenv and never overrides a real variable.
"""

import ipaddress
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

from bot.errors import Mark, Problem

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

SHORTEST_KEY = 32
"""Of a signing key, in characters (RFC 7518, 3.2: at least as long as the hash of HS256)."""


class Environment:
    """Values by name, and the problems found so far. `lines` knows which names come from `.env`, and where."""

    def __init__(self, environ: Mapping[str, str], dotenv: Path) -> None:
        self.problems: list[Problem] = []
        self._values = {name: value.strip() for name, value in environ.items() if value.strip()}
        self._file = dotenv.name
        self._lines: dict[str, int] = {}
        if dotenv.is_file():
            self._read(dotenv)

    def _read(self, dotenv: Path) -> None:
        # Imported here because it costs 40 ms and most installations have no such file.
        from dotenv.parser import parse_stream  # noqa: PLC0415
        from dotenv.variables import parse_variables  # noqa: PLC0415

        try:
            with dotenv.open(encoding="utf-8") as stream:
                bindings = list(parse_stream(stream))
        except (OSError, UnicodeDecodeError) as error:
            self.problems.append(Problem(self._mark(1), "", f"cannot be read: {type(error).__name__}"))
            return
        for binding in bindings:
            # The parser gives the line where the blanks before a binding begin.
            text = binding.original.string
            line = binding.original.line + len(text[: len(text) - len(text.lstrip())].splitlines())
            if binding.error:
                message = "this is not a line of the form NAME=value"
                self.problems.append(Problem(self._mark(line), "", message))
            if not binding.key or not binding.value or binding.key in self._values:
                continue
            value = "".join(atom.resolve(self._values) for atom in parse_variables(binding.value)).strip()
            if value:
                self._values[binding.key], self._lines[binding.key] = value, line

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def get(self, name: str, default: str = "") -> str:
        return self._values.get(name, default)

    def problem(self, name: str, message: str, hint: str = "") -> None:
        """Report one."""
        self.problems.append(Problem(self._mark(self._lines.get(name, 0)), name, message, hint))

    def _mark(self, line: int) -> Mark:
        """The place in words, as a mark without a line: a report then shows no excerpt, which would hold secrets."""
        return Mark(f"{self._file}:{line}" if line else "environment", 0, 0)

    def path(self, name: str, here: Path) -> Path | None:
        """Absolute; a relative one starts at `here`."""
        value = self.get(name)
        return here / Path(value).expanduser() if value else None

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        value = self.get(name)
        if not value:
            return default
        if re.fullmatch(r"[0-9]{1,9}", value) and low <= int(value) <= high:
            return int(value)
        self.problem(name, f'"{value}" is not a whole number from {low} to {high}', f"for example {name}={default}")
        return default

    def word(self, name: str, known: Collection[str], default: str) -> str:
        value = self.get(name, default).lower()
        if value in known:
            return value
        self.problem(name, f'"{value}" is none of {", ".join(known)}', f"for example {name}={default}")
        return default

    def url(self, name: str) -> str:
        """An http(s) address without path, query and last slash; empty where it is not set."""
        value = self.get(name).rstrip("/")
        if value and not is_url(value, bare=True):
            self.problem(name, f'"{value}" is not a web address', f"for example {name}=https://survey.example.com")
            return ""
        if value.count("/") > 2:
            hint = f"give the service a host of its own, for example {name}=https://survey.example.com"
            self.problem(name, f'"{value}" has a path, and our pages live at the top of a host', hint)
            return ""
        return value

    def networks(self, name: str) -> tuple[Network, ...]:
        """Addresses and networks, separated by commas."""
        found: list[Network] = []
        for word in re.split(r"[\s,]+", self.get(name)):
            try:
                found += [ipaddress.ip_network(word, strict=False)] if word else []
            except ValueError:
                hint = f"for example {name}=10.0.0.0/8,192.0.2.7"
                self.problem(name, f'"{word}" is neither an address nor a network', hint)
        return tuple(found)

    def secrets(self, name: str) -> tuple[str, ...]:
        """Keys separated by commas; the first signs. Problems do not quote them."""
        keys = tuple(re.findall(r"[^\s,]+", self.get(name)))
        if any(len(key) < SHORTEST_KEY for key in keys):
            hint = "make one with:  openssl rand -hex 32"
            self.problem(name, f"a key has fewer than {SHORTEST_KEY} characters and could be guessed", hint)
        return keys


def is_url(value: str, bare: bool = False) -> bool:
    """Whether this is an absolute http(s) address; a `bare` one has neither query nor fragment nor user."""
    try:
        parts = urlsplit(value)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    if re.search(r"[\s\x00-\x1f]", value):
        return False
    return whole and not (bare and (parts.query or parts.fragment or parts.username))
