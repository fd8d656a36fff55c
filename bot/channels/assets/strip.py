"""Scripts and styles as they are served: without comments and blanks, and scripts in fewer words; pure.

The scripts are cut into tokens, so that what looks like a comment or a blank inside a string, a template or a regular
expression is left alone. Line ends stay wherever JavaScript might put a semicolon for them. What cannot be read for
sure is served as it was written.
"""

import re

from bot.channels.assets.fewer import fewer
from bot.channels.assets.names import shorten, shorter

_JS = re.compile(
    r"""
    (?P<blank>(?:[ \t\r\n]+|//[^\n]*|/\*[\s\S]*?\*/)+)
  | (?P<string>"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*')
  | (?P<word>[\w$#@]+)
  | (?P<mark>=>|\$\{|[\s\S])
    """,
    re.VERBOSE,
)
_REGEX = re.compile(r"/(?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+/[a-z]*")
_TEMPLATE = re.compile(r"(?:[^`\\$]|\\[\s\S]|\$(?!\{))*")
_REGEX_AFTER = re.compile(
    r"[(,=:\[!&|?{};+\-*%~^<>]|=>|\$\{|return|typeof|case|in|of|delete|void|throw|new|instanceof|do|else|yield|await"
)
_JOINING = frozenset("+-<>!/")
"""Marks of which two that come to stand together can mean another thing: `a + +b`, `a < !--b`."""
_NO_LINE_AFTER = frozenset("{;,([")
_NO_LINE_BEFORE = frozenset("})]")


class Unreadable(ValueError):
    """The source ends inside a string, a template or a regular expression."""


def strip_js(source: str) -> str:
    try:
        script = _Script(source)
        pieces = script.pieces()
        return "".join(fewer(shorten(pieces, script.raw), script.raw))
    except Unreadable:
        return source


def short_names(source: str) -> dict[str, str]:
    """The variables of a script by the names that they are served with."""
    script = _Script(source)
    return shorter(script.pieces(), script.raw)


class _Script:
    """One pass over a script. `depths` counts open braces in each `${` that is open."""

    def __init__(self, source: str) -> None:
        self.raw: set[int] = set()
        """The places of the pieces that are words of a template."""
        self._source = source
        self._out: list[str] = []
        self._depths: list[int] = []

    def pieces(self) -> list[str]:
        source, out, at, blank = self._source, self._out, 0, ""
        while at < len(source):
            match = _take(_JS, source, at)
            at, piece = match.end(), match[0]
            if match.lastgroup == "blank":
                blank = piece
                continue
            if piece in ('"', "'"):
                raise Unreadable
            if out and blank:
                self._add(_between(out[-1], piece[0], "\n" in blank))
            blank = ""
            if piece == "/" and self._may_be_regex():
                match = _take(_REGEX, source, match.start())
                at, piece = match.end(), match[0]
            out.append(piece)
            if piece == "`" or (piece == "}" and self._leaves_expression()):
                at = self._template(at)
            elif piece == "{" and self._depths:
                self._depths[-1] += 1
        if self._depths:
            raise Unreadable
        return out

    def _add(self, piece: str) -> None:
        if piece:
            self._out.append(piece)

    def _may_be_regex(self) -> bool:
        before = next((piece for piece in reversed(self._out) if not piece.isspace()), "")
        return not before or _REGEX_AFTER.fullmatch(before) is not None

    def _leaves_expression(self) -> bool:
        """A closing brace: whether it ends a `${` and the template goes on."""
        if not self._depths:
            return False
        if self._depths[-1]:
            self._depths[-1] -= 1
            return False
        self._depths.pop()
        return True

    def _template(self, at: int) -> int:
        """Copy the words of a template up to its end or its next `${`; returns where the script goes on."""
        words = _take(_TEMPLATE, self._source, at)
        self.raw.add(len(self._out))
        self._out.append(words[0])
        end = words.end()
        if self._source.startswith("${", end):
            self._out.append("${")
            self._depths.append(0)
            return end + 2
        if not self._source.startswith("`", end):
            raise Unreadable
        self._out.append("`")
        return end + 1


def _take(pattern: re.Pattern[str], source: str, at: int) -> re.Match[str]:
    match = pattern.match(source, at)
    if match is None:
        raise Unreadable
    return match


def _between(before: str, after: str, line: bool) -> str:
    """What must stand between two pieces that a blank is between."""
    # A regular expression ends like a word: letters that follow it would be its flags.
    last = "a" if len(before) > 1 and before[0] == "/" else "=" if before == "=>" else before[-1]
    if line:
        return "" if last in _NO_LINE_AFTER or after in _NO_LINE_BEFORE else "\n"
    words = _is_word(last) + _is_word(after)
    apart = words == 2 or (words == 1 and "." in (last, after)) or (last in _JOINING and after in _JOINING)
    return " " if apart else ""


def _is_word(mark: str) -> bool:
    return mark.isalnum() or mark in "_$#@\\"


_CSS = re.compile(
    r"""
    (?P<kept>"(?:[^"\\\n]|\\[\s\S])*"|'(?:[^'\\\n]|\\[\s\S])*'|url\([^)"']*\))
  | (?P<blank>(?:\s+|/\*[\s\S]*?\*/)+)
  | (?P<other>[^\s"'/u{};,]+|[\s\S])
    """,
    re.VERBOSE,
)


def strip_css(source: str) -> str:
    out: list[str] = []
    blank = False
    for match in _CSS.finditer(source):
        piece = match[0]
        if match.lastgroup == "blank":
            blank = True
            continue
        # A space before a colon or a bracket has a meaning in selectors and in media queries; after a colon none.
        if blank and out and out[-1][-1] not in "{};,:" and piece[0] not in "{};,":
            out.append(" ")
        blank = False
        out.append(piece)
    return "".join(out)
