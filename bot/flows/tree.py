"""YAML text to a plain tree of what was written, each piece with its place; never an exception for what is in the file.

The tree is built from the parser's events, not by a loader, so that
- every scalar stays the text that was written: `no`, `22:00`, `1.10` and `0x1F` are strings (`nodes` converts);
- two equal keys are both seen and reported, where a loader silently keeps the last;
- anchors, aliases, merge keys and tags are refused before anything is expanded (no "billion laughs");
- depth and size are bounded before any recursion could be.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import yaml

from bot.errors import Mark, Problem
from bot.flows.syntax import short, told

MAX_CHARS = 1_000_000
MAX_DEPTH = 32

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value, exactly as written (after YAML's quoting and folding)."""

    value: str
    mark: Mark
    quoted: bool = False

    @property
    def blank(self) -> bool:
        """Nothing was written: `key:` alone."""
        return not self.value and not self.quoted


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    nodes: "tuple[Node, ...]"
    mark: Mark


@dataclass(frozen=True, slots=True)
class Pairs:
    """A mapping, in the order of the file. Keys are unique: a second one was reported and dropped."""

    nodes: "tuple[tuple[Scalar, Node], ...]"
    mark: Mark


Node: TypeAlias = Scalar | Items | Pairs


def decode(raw: bytes, file: str, problems: list[Problem]) -> str | None:
    """Text of a file's bytes; None, with a problem, where they are no UTF-8."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        mark = Mark(file, before.count(b"\n") + 1, column)
        problems.append(Problem(mark, "", "this is not UTF-8 text", "save the file as UTF-8"))
        return None


def read_tree(source: str, file: str, problems: list[Problem]) -> Node | None:
    """The one document in `source`. None, with a problem, where it cannot be read at all."""
    source = source.removeprefix("\ufeff")
    start = Mark(file, 1, 1)
    if len(source) > MAX_CHARS:
        hint = "split it, or move long texts out"
        problems.append(Problem(start, "", f"the file is longer than {MAX_CHARS:,} characters", hint))
        return None
    bad = re.search("[\ud800-\udfff]", source)
    if bad:
        line = source.count("\n", 0, bad.start()) + 1
        column = bad.start() - source.rfind("\n", 0, bad.start())
        problems.append(Problem(Mark(file, line, column), "", "this is not valid text (half a character)"))
        return None
    try:
        node = _Builder(source, file, problems).document()
    except yaml.YAMLError as error:
        problems.append(told(error, source, file))
        return None
    except _TooDeep as error:
        hint = "a flow needs no more than ten levels"
        problems.append(Problem(error.mark, "", f"more than {MAX_DEPTH} levels deep", hint))
        return None
    if node is None and not problems:
        problems.append(Problem(start, "", "the file is empty"))
    return node


class _TooDeep(Exception):
    def __init__(self, mark: Mark) -> None:
        super().__init__()
        self.mark = mark


class _Builder:
    """Turns events into nodes. Recursion is bounded by MAX_DEPTH."""

    def __init__(self, source: str, file: str, problems: list[Problem]) -> None:
        self.file = file
        self.problems = problems
        self.events: Iterator[yaml.Event] = iter(yaml.parse(source, Loader=_LOADER))

    def document(self) -> Node | None:
        node: Node | None = None
        count = 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                count += 1
                if count == 2:
                    message = "a second document begins here; a file holds one"
                    self.report(self.mark(event), message, 'remove the line "---"')
                read = self.node(next(self.events), 0)
                node = node or read
        return node

    def node(self, event: yaml.Event, depth: int) -> Node:
        mark = self.mark(event)
        if depth > MAX_DEPTH:
            raise _TooDeep(mark)
        self.refuse(event, mark)
        if isinstance(event, yaml.ScalarEvent):
            return Scalar(event.value, mark, bool(event.style))
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Node] = []
            while not isinstance(inner := next(self.events), yaml.SequenceEndEvent):
                items.append(self.node(inner, depth + 1))
            return Items(tuple(items), mark)
        if isinstance(event, yaml.MappingStartEvent):
            return self.pairs(mark, depth)
        return Scalar("", mark)  # an alias, already refused

    def pairs(self, mark: Mark, depth: int) -> Pairs:
        found: dict[str, tuple[Scalar, Node]] = {}
        while not isinstance(inner := next(self.events), yaml.MappingEndEvent):
            key = self.node(inner, depth + 1)
            value = self.node(next(self.events), depth + 1)
            if not isinstance(key, Scalar):
                message = "a text that begins with { or [ must be in quotes"
                self.report(key.mark, message, 'for example  say: "{{ brand.name }} asks ..."')
            elif key.value == "<<" and not key.quoted:
                self.report(key.mark, 'merge keys ("<<") are not read here', "write the keys out")
            elif key.value in found:
                first = found[key.value][0].mark.line
                hint = "keep one of the two, or rename one"
                self.report(key.mark, f'"{short(key.value)}" is written twice (first in line {first})', hint)
            else:
                found[key.value] = (key, value)
        return Pairs(tuple(found.values()), mark)

    def refuse(self, event: yaml.Event, mark: Mark) -> None:
        quotes = "if it is text, put it in quotes"
        if isinstance(event, yaml.AliasEvent):
            self.report(mark, f'"*{short(str(event.anchor))}" is a YAML alias, which is not read here', quotes)
        elif getattr(event, "anchor", None):
            anchor = short(str(getattr(event, "anchor", "")))
            self.report(mark, f'"&{anchor}" is a YAML anchor, which is not read here', quotes)
        if getattr(event, "tag", None):
            tag = short(str(getattr(event, "tag", "")))
            self.report(mark, f'"{tag}" is a YAML tag, which is not read here', quotes)

    def mark(self, event: yaml.Event) -> Mark:
        start, end = event.start_mark, event.end_mark
        if start is None or end is None:  # only in the types: a parser's events have both
            return Mark(self.file, 1, 1)
        width = end.column - start.column if end.line == start.line else 1
        return Mark(self.file, start.line + 1, start.column + 1, max(width, 1))

    def report(self, mark: Mark, message: str, hint: str) -> None:
        self.problems.append(Problem(mark, "", message, hint))
