"""Typed reading of a YAML file that a person wrote: flows and settings.

A `Table` is one mapping of the file. Its getters convert the text that was written, and where a value is wrong or
missing they report a `Problem` (place, path, hint), return the default and go on, so that one reading finds every
problem. What nobody asked for is reported by `finish`, with the nearest known word.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from bot.errors import Mark, Problem
from bot.flows.spec import Option, Text
from bot.flows.tree import Items, Node, Pairs, Scalar, decode, read_tree

__all__ = ["Scalar", "Table", "nearest", "read_yaml"]

_UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}
_LONGEST = 366 * 86_400_000
_FLAGS = {"true": True, "yes": True, "false": False, "no": False}
_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,39}")


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that `word` was probably meant to be; empty where none is near."""
    from difflib import get_close_matches  # noqa: PLC0415 - only where something is wrong

    if len(word) > 60:
        return ""
    return next(iter(get_close_matches(word, [k for k in known if k != word], n=1, cutoff=0.6)), "")


@dataclass(slots=True)
class _Reading:
    """Shared by all tables of one file."""

    file: str
    problems: list[Problem]
    languages: tuple[str, ...] = ()


def read_yaml(source: str | bytes, file: str, problems: list[Problem]) -> "Table | None":
    """The mapping that the file is, or None, with a problem, where it is none. Never raises for what is in it."""
    text = decode(source, file, problems) if isinstance(source, bytes) else source
    node = None if text is None else read_tree(text, file, problems)
    if node is None:
        return None
    if not isinstance(node, Pairs):
        problems.append(Problem(node.mark, "", "the file is not a table of `key: value` lines"))
        return None
    return Table(_Reading(file, problems), node, Mark(file, 1, 1), "")


class Table:
    """One mapping of the file. `path` says where it is in the file's meaning and may be set by its reader."""

    __slots__ = ("_asked", "_nodes", "_reading", "mark", "path")

    def __init__(self, reading: _Reading, node: Pairs, mark: Mark, path: str) -> None:
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
            self.problem(f'"{_show(found)}" is not a whole number', f"for example  {key}: {example}", key)
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
            self.problem(f'"{_show(found)}" is neither true nor false', f"{key}: true   or   {key}: false", key)
            return default
        return _FLAGS[found.value.lower()]

    def duration(self, key: str, default: int = 0) -> int:
        """Milliseconds of `30s`, `15m`, `20h`, `3d`, `1h30m`; at most 366 days."""
        found = self.scalar(key, example="20h")
        if found is None:
            return default
        text = found.value.replace(" ", "")
        if not re.fullmatch(r"(?:[0-9]{1,9}(?:ms|[smhdw]))+", text):
            self.problem(f'"{_show(found)}" is not a length of time', f"for example  {key}: 15m   (s, m, h, d, w)", key)
            return default
        total = sum(int(n) * _UNITS[unit] for n, unit in re.findall(r"([0-9]+)(ms|[smhdw])", text))
        if total > _LONGEST:
            self.problem(f'"{_show(found)}" is longer than a year', f"for example  {key}: 30d", key)
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

    def table(self, key: str, required: bool = False) -> "Table | None":
        node = self._node(key, required, "{...}")
        if node is None:
            return None
        if not isinstance(node, Pairs):
            self.problem("a table is expected here", f"for example  {key}: {{name: value}}", key)
            return None
        return Table(self._reading, node, self.key_mark(key), self.path_of(key))

    def tables(self, key: str) -> "tuple[Table, ...]":
        """A list of tables."""
        node = self._node(key, False, "[{...}]")
        if node is None:
            return ()
        nodes = node.nodes if isinstance(node, Items) else (node,)
        found = []
        for number, item in enumerate(nodes, 1):
            if isinstance(item, Pairs):
                mark = item.nodes[0][0].mark if item.nodes else item.mark
                found.append(Table(self._reading, item, mark, f"{self.path_of(key)} / {number}"))
            else:
                self.problem(
                    "a list of tables is expected here", f"for example  {key}: [{{name: value}}]", key, mark=item.mark
                )
        return tuple(found)

    def text(self, key: str, required: bool = False) -> Text | None:
        """Words for a person: one string for all languages of the file, or a table by language with all of them."""
        languages = self._reading.languages
        example = "{" + ", ".join(f'{language}: "..."' for language in languages or ("en",)) + "}"
        node = self._node(key, required, example)
        if node is None:
            return None
        path = self.path_of(key)
        if isinstance(node, Scalar):
            everywhere = dict.fromkeys(languages or ("",), node.value)
            return Text(everywhere, node.mark, path, dict.fromkeys(everywhere, node.mark))
        if isinstance(node, Items):
            self.problem("a text is expected here, not a list", f"for example  {key}: {example}", key)
            return None
        inner = Table(self._reading, node, self.key_mark(key), path)
        return inner.translations(self.key_mark(key))

    def options(self, key: str) -> tuple[Option, ...]:
        """A table of keys, each with its label: `no: {en: "No, thanks"}`, or with more: `a: {label: ..., url: ...}`."""
        if self.shape(key) == "list":
            self._asked.add(key)
            self.problem("each entry needs a key of its own, which is stored", f'{key}: {{yes: "Yes", no: "No"}}', key)
            return ()
        inner = self.table(key)
        found = [] if inner is None else [inner.option(name) for name in inner.keys()]  # noqa: SIM118 - a Table is no dict
        return tuple(option for option in found if option is not None)

    def translations(self, mark: Mark) -> Text | None:
        """This table itself as a text by language; `mark` is its key's."""
        languages = self._reading.languages
        found: dict[str, Scalar] = {}
        for key in self.keys():
            scalar = self.scalar(key, example='"..."')
            if languages and key not in languages:
                near = nearest(key, languages)
                hint = f'did you mean "{near}"?' if near else f"or add it:  languages: [{', '.join((*languages, key))}]"
                message = f'"{_show(self._nodes[key][0])}" is not one of the languages of this file'
                self.problem(message, hint, mark=self.key_mark(key))
            elif scalar is not None:
                found[key] = scalar
        missing = [language for language in languages if language not in self._nodes]
        if missing:
            hint = "add it:  " + ", ".join(f'{language}: "..."' for language in missing)
            self.problem(f"the text in {' and '.join(missing)} is missing", hint, mark=mark)
        if not found:
            return None
        filler = next(iter(found.values()))
        whole = {language: found.get(language, filler) for language in languages or found}
        return Text({k: s.value for k, s in whole.items()}, mark, self.path, {k: s.mark for k, s in whole.items()})

    def option(self, key: str) -> Option | None:
        """One entry of `options`."""
        if not _KEY.fullmatch(key):
            message = f'"{_show(self._nodes[key][0])}" cannot be a key: letters, digits, _ and - (40 at most)'
            self.problem(message, mark=self.key_mark(key))
        long = self.shape(key) == "table" and {"label", "url"} & {k.value for k, _ in self._pairs(key)}
        inner = self.table(key) if long else None
        if inner is None:
            label = self.text(key)
            return None if label is None else Option(key, label, self.key_mark(key))
        label, url = inner.text("label", required=True), inner.text("url")
        inner.finish()
        return None if label is None else Option(key, label, self.key_mark(key), url)

    def finish(self, *also_known: str) -> None:
        """Report every key that nobody asked for."""
        known = self._asked | set(also_known)
        for key in self._nodes:
            if key not in known:
                near = nearest(key, sorted(known)) if len(self._reading.problems) < 200 else ""
                hint = f'did you mean "{near}"?' if near else "known here: " + ", ".join(sorted(known))
                self.problem(f'"{_show(self._nodes[key][0])}" is not known here', hint, mark=self.key_mark(key))

    # Inner parts

    def _node(self, key: str, required: bool, example: str) -> Node | None:
        self._asked.add(key)
        if self.shape(key) != "missing":
            return self._nodes[key][1]
        if key in self._nodes:
            self.problem(f'"{_show(self._nodes[key][0])}" is empty', f"for example  {key}: {example}", key)
        elif required:
            self.problem(f'"{key}" is missing', f"add it:  {key}: {example}")
        return None

    def _pairs(self, key: str) -> tuple[tuple[Scalar, Node], ...]:
        node = self._nodes[key][1]
        return node.nodes if isinstance(node, Pairs) else ()


def _show(scalar: Scalar) -> str:
    text = " ".join(scalar.value.split())
    return text if len(text) <= 40 else text[:37] + "..."
