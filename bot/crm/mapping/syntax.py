"""How a value of a mapping is written: `source | filter | filter(a, key: b)`. Read into what was written, with places.

Nothing is evaluated and nothing nests. An argument is a number, true, false, words as they are, or a text in quotes;
a pair is `key: value` or, where YAML would misread a colon, `key=value`.
"""

import re
from dataclasses import dataclass
from typing import TypeAlias

Constant: TypeAlias = str | int | float | bool

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_BARE = re.compile(r"[^,():=|\"']+")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})\.[0-9]{1,9}")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"|\'((?:[^\'\\]|\\.)*)\'', re.DOTALL)
LONGEST = 2_000
CUT = "in { } a comma ends the value, so write this field on a line of its own"
"""The usual way to a value without its end: it was written whole, and YAML has cut it."""


@dataclass(frozen=True, slots=True)
class Arg:
    value: Constant
    key: str = ""
    at: int = 0
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A filter as written; `at` counts characters from the start of the text."""

    name: str
    args: tuple[Arg, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Pipeline:
    source: str
    at: int
    calls: tuple[Call, ...] = ()


class Fault(Exception):
    """One thing wrong in a value; caught where values are read."""

    def __init__(self, at: int, message: str, hint: str = "", width: int = 1) -> None:
        super().__init__(message)
        self.at, self.message, self.hint, self.width = at, message, hint, width


def constant(word: str) -> Constant:
    """What an unquoted word stands for."""
    if _INTEGER.fullmatch(word):
        return int(word)
    if _NUMBER.fullmatch(word):
        return float(word)
    return {"true": True, "false": False}.get(word, word)


def pipeline(text: str, start: int = 0) -> Pipeline:
    """Read it whole; `start` is added to every place. Raises Fault."""
    return _Scanner(text, start).pipeline()


class _Scanner:
    """One reading of one pipeline."""

    def __init__(self, text: str, start: int) -> None:
        self.text, self.start, self.at = text, start, 0

    def fault(self, message: str, hint: str = "", at: int | None = None, width: int = 1) -> Fault:
        return Fault(self.start + (self.at if at is None else at), message, hint, width)

    def blanks(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def sees(self, char: str) -> bool:
        """Whether the next thing is this character, which is then passed."""
        self.blanks()
        if self.text[self.at : self.at + 1] != char:
            return False
        self.at += 1
        return True

    def name(self, what: str) -> tuple[str, int]:
        self.blanks()
        found = _NAME.match(self.text, self.at)
        if found is None:
            raise self.fault(f"{what} is expected here", "for example  answers.reason | truncate(255)")
        self.at = found.end()
        return found[0], found.start()

    def pipeline(self) -> Pipeline:
        source, at = self.name("a source")
        calls = []
        self.blanks()
        while self.at < len(self.text):
            if not self.sees("|"):
                rest = self.text[self.at :].strip()[:40]
                hint = f'filters follow a |, and constant text is in quotes:  "{self.text.strip()[:60]}"'
                raise self.fault(f'"{rest}" is not understood', hint, width=len(rest))
            calls.append(self.call())
            self.blanks()
        return Pipeline(source, self.start + at, tuple(calls))

    def call(self) -> Call:
        name, at = self.name("a filter")
        args: list[Arg] = []
        if self.sees("("):
            while not self.sees(")"):
                if args and not self.sees(","):
                    if self.at >= len(self.text):
                        raise self.fault("a ) is missing", f"for example  {name}(...); {CUT}")
                    raise self.fault("a comma or ) is expected here", f'for example  {name}(a, "b c")')
                args.append(self.arg(name))
        return Call(name, tuple(args), self.start + at)

    def arg(self, name: str) -> Arg:
        word, at, quoted = self.word(name)
        key = ""
        if self.sees(":") or self.sees("="):
            key = word
            word, _, quoted = self.word(name)
        return Arg(word if quoted else constant(word), key, self.start + at, quoted)

    def word(self, name: str) -> tuple[str, int, bool]:
        """A text in quotes, or words as they are."""
        self.blanks()
        at = self.at
        if self.text[at : at + 1] in ('"', "'"):
            found = _QUOTED.match(self.text, at)
            if found is None:
                raise self.fault("these quotes are never closed", f'for example  {name}("...")')
            self.at = found.end()
            inner = found[1] if found[1] is not None else found[2]
            return re.sub(r"\\(.)", r"\1", inner), at, True
        bare = _BARE.match(self.text, at)
        if bare is None or not bare[0].strip():
            closed = at >= len(self.text)
            raise self.fault("a ) is missing" if closed else "a value is expected here", f"for example  {name}(...)")
        self.at = bare.end()
        return bare[0].strip(), at, False
