"""SOQL as far as a survey needs it: SELECT a, b FROM object WHERE c = 'd' AND e IN ('f', 'g') ORDER BY h DESC LIMIT n.

Read strictly, with Salesforce's own escapes, so that a value which was not quoted well is a malformed query here too,
and a query that somebody typed into an e-mail address shows.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

Literal: TypeAlias = str | float | bool | None

_TOKEN = re.compile(r"\s*(?:'((?:\\.|[^'\\])*)'|([A-Za-z_][\w.]*)|(-?\d+(?:\.\d+)?)|([(),=]))", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "\\": "\\", "'": "'", '"': '"'}
_WORDS: dict[str, Literal] = {"true": True, "false": False, "null": None}


class Malformed(Exception):
    """MALFORMED_QUERY."""


@dataclass(frozen=True, slots=True)
class Test:
    field: str
    values: tuple[Literal, ...]
    __test__ = False  # no test of pytest's


@dataclass(frozen=True, slots=True)
class Query:
    fields: tuple[str, ...]
    sobject: str
    tests: tuple[Test, ...] = ()
    order: str = ""
    descending: bool = False
    limit: int = 2_000


def parse(text: str) -> Query:
    return _Reader(_tokens(text)).query()


def _tokens(text: str) -> Sequence[tuple[str, str]]:
    """(kind, text): a `string`, a `word`, a `number` or a `sign`."""
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise Malformed(f"unexpected token: {text[at : at + 10]!r}")
        at = token.end()
        kind = ("string", "word", "number", "sign")[(token.lastindex or 1) - 1]
        found.append((kind, token[token.lastindex or 1]))
    return found


def _unescaped(text: str) -> str:
    def one(found: re.Match[str]) -> str:
        if found[1] not in _ESCAPES:
            raise Malformed(f"illegal escape: \\{found[1]}")
        return _ESCAPES[found[1]]

    return _ESCAPE.sub(one, text)


class _Reader:
    def __init__(self, tokens: Sequence[tuple[str, str]]) -> None:
        self._tokens, self._at = tokens, 0

    def query(self) -> Query:
        self._word("SELECT")
        fields = [self._name()]
        while self._is(","):
            fields.append(self._name())
        self._word("FROM")
        sobject, tests, order, descending, limit = self._name(), [], "", False, 2_000
        if self._is("WHERE"):
            tests.append(self._test())
            while self._is("AND"):
                tests.append(self._test())
        if self._is("ORDER"):
            self._word("BY")
            order, descending = self._name(), self._is("DESC")
        if self._is("LIMIT"):
            limit = int(self._next("number"))
        if self._at < len(self._tokens):
            raise Malformed(f"unexpected token: {self._tokens[self._at][1]}")
        return Query(tuple(fields), sobject, tuple(tests), order, descending, limit)

    def _test(self) -> Test:
        field = self._name()
        if self._is("="):
            return Test(field, (self._literal(),))
        self._word("IN")
        self._word("(")
        values = [self._literal()]
        while self._is(","):
            values.append(self._literal())
        self._word(")")
        return Test(field, tuple(values))

    def _literal(self) -> Literal:
        kind, text = self._peek()
        self._at += 1
        if kind == "string":
            return _unescaped(text)
        if kind == "number":
            return float(text)
        if kind == "word" and text.lower() in _WORDS:
            return _WORDS[text.lower()]
        raise Malformed(f"a value is expected, not {text}")

    def _peek(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise Malformed("unexpected end")
        return self._tokens[self._at]

    def _next(self, kind: str) -> str:
        found, text = self._peek()
        if found != kind:
            raise Malformed(f"unexpected token: {text}")
        self._at += 1
        return text

    def _name(self) -> str:
        return self._next("word")

    def _is(self, text: str) -> bool:
        found = self._at < len(self._tokens) and self._tokens[self._at][0] in ("word", "sign")
        if found and self._tokens[self._at][1].upper() == text:
            self._at += 1
            return True
        return False

    def _word(self, text: str) -> None:
        if not self._is(text):
            raise Malformed(f"{text} is expected")
