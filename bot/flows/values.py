"""The plain values of one mapping of a file, converted from the text that was written (see `nodes`)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from bot.errors import Mark, Problem
from bot.flows.tree import Items, Node, Pairs, Scalar

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}
_LONGEST = 366 * 86_400_000
_FLAGS = {"true": True, "yes": True, "false": False, "no": False}


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that `word` was probably meant to be; empty where none is near."""
    from difflib import get_close_matches  # noqa: PLC0415 - only where something is wrong

    if len(word) > 60:
        return ""
    lower = {name.lower(): name for name in known if name != word}
    return lower.get(next(iter(get_close_matches(word.lower(), lower, n=1, cutoff=0.6)), ""), "")


@dataclass(slots=True)
class Reading:
    """Shared by all tables of one file."""

    file: str
    problems: list[Problem]
    languages: tuple[str, ...] = ()


class Values:
    """The plain values of one mapping. `path` says where it is in the file's meaning and may be set by its reader."""

    __slots__ = ("_asked", "_nodes", "_reading", "mark", "path")

    def __init__(self, reading: Reading, node: Pairs, mark: Mark, path: str) -> None:
        self._reading = reading
        self._nodes = {key.value: (key, value) for key, value in node.nodes}
        self._asked: set[str] = set()
        self.mark = mark
        """Of the key that holds this table."""
        self.path = path

    def keys(self) -> tuple[str, ...]:
        return tuple(self._nodes)

    def speak(self, languages: tuple[str, ...]) -> None:
        """From now on every text of the file must be in these languages, and a plain one stands for all of them."""
        self._reading.languages = languages

    # Where things are

    def mark_of(self, key: str) -> Mark:
        """Of the value where it is written on its own, else of the key, else of the table."""
        if key not in self._nodes:
            return self.mark
        name, value = self._nodes[key]
        return value.mark if isinstance(value, Scalar) and not value.blank else name.mark

    def key_mark(self, key: str) -> Mark:
        return self._nodes[key][0].mark if key in self._nodes else self.mark

    def path_of(self, key: str) -> str:
        return f"{self.path} / {key}" if self.path else key

    def problem(
        self,
        message: str,
        hint: str = "",
        key: str | None = None,
        level: Literal["error", "warning"] = "error",
        mark: Mark | None = None,
    ) -> None:
        """Report something wrong with `key`, or with the table. `mark` is a finer place, where there is one."""
        place = mark or (self.mark if key is None else self.mark_of(key))
        path = self.path if key is None else self.path_of(key)
        self._reading.problems.append(Problem(place, path, message, hint, level))

    def shape(self, key: str) -> Literal["missing", "text", "list", "table"]:
        """What is written under `key`; a key with nothing behind it is missing. Does not count as asked."""
        node = self._nodes[key][1] if key in self._nodes else None
        if node is None or (isinstance(node, Scalar) and node.blank):
            return "missing"
        return "text" if isinstance(node, Scalar) else "list" if isinstance(node, Items) else "table"

    # Values

    def scalar(self, key: str, required: bool = False, example: str = "...") -> Scalar | None:
        """The text under `key` with its place."""
        node = self._node(key, required, example)
        if node is None or isinstance(node, Scalar):
            return node
        self.problem("one value is expected here, not a list or table", f"for example  {key}: {example}", key)
        return None

    def string(self, key: str, default: str = "", required: bool = False) -> str:
        found = self.scalar(key, required)
        return default if found is None else found.value

    def integer(self, key: str, default: int = 0, low: int | None = None, high: int | None = None) -> int:
        example = str(low if default == 0 and low else default)
        found = self.scalar(key, example=example)
        if found is None:
            return default
        if not re.fullmatch(r"[+-]?[0-9]{1,15}", found.value):
            self.problem(f'"{show(found)}" is not a whole number', f"for example  {key}: {example}", key)
            return default
        number = int(found.value)
        if (low is not None and number < low) or (high is not None and number > high):
            allowed = (
                f"from {low} to {high}"
                if None not in (low, high)
                else f"{low} or more"
                if high is None
                else f"at most {high}"
            )
            self.problem(f"{number} is not allowed here", f"{key} is {allowed}", key)
            return default
        return number

    def flag(self, key: str, default: bool = False) -> bool:
        found = self.scalar(key, example="true")
        if found is None:
            return default
        if found.value.lower() not in _FLAGS:
            self.problem(f'"{show(found)}" is neither true nor false', f"{key}: true   or   {key}: false", key)
            return default
        return _FLAGS[found.value.lower()]

    def duration(self, key: str, default: int = 0) -> int:
        """Milliseconds of `30s`, `15m`, `20h`, `3d`, `1h30m`; at most 366 days."""
        found = self.scalar(key, example="20h")
        if found is None:
            return default
        text = found.value.replace(" ", "")
        if not re.fullmatch(r"(?:[0-9]{1,9}(?:ms|[smhdw]))+", text):
            self.problem(f'"{show(found)}" is not a length of time', f"for example  {key}: 15m   (s, m, h, d, w)", key)
            return default
        total = sum(int(n) * _UNITS[unit] for n, unit in re.findall(r"([0-9]+)(ms|[smhdw])", text))
        if total > _LONGEST:
            self.problem(f'"{show(found)}" is longer than a year', f"for example  {key}: 30d", key)
            return default
        return total

    def scalars(self, key: str, required: bool = False) -> tuple[Scalar, ...]:
        """A list of values, or one value that stands for a list of one."""
        node = self._node(key, required, "[a, b]")
        nodes = node.nodes if isinstance(node, Items) else () if node is None else (node,)
        found = tuple(n for n in nodes if isinstance(n, Scalar) and not n.blank)
        if len(found) < len(nodes):
            self.problem("a list of plain values is expected here", f"for example  {key}: [a, b]", key)
        return found

    def words(self, key: str) -> tuple[str, ...]:
        return tuple(found.value for found in self.scalars(key))

    def _node(self, key: str, required: bool, example: str) -> Node | None:
        self._asked.add(key)
        if self.shape(key) != "missing":
            return self._nodes[key][1]
        if key in self._nodes:
            self.problem(f'"{show(self._nodes[key][0])}" is empty', f"for example  {key}: {example}", key)
        elif required:
            self.problem(f'"{key}" is missing', f"add it:  {key}: {example}")
        return None


def show(scalar: Scalar) -> str:
    """What was written, short enough for a message."""
    text = " ".join(scalar.value.split())
    return text if len(text) <= 40 else text[:37] + "..."
