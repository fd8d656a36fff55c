"""What `check` prints: at most 78 columns, the verdict first, the place, the lines with carets, a hint to paste.

Colour helps and says nothing alone. What a file holds is shown, never obeyed: control characters become a mark, so a
file cannot write to the terminal of the person who checks it.
"""

import unicodedata
from collections.abc import Iterable, Mapping
from textwrap import wrap

from bot.errors import Mark, Problem

WIDTH = 78
MOST = 50
"""Problems shown in full; the rest is counted."""

_COLORS = {"ok": "32", "!!": "33", "error": "31", "hint": "36", "dim": "2"}


class Paint:
    """Colours words for a terminal, or leaves them as they are."""

    def __init__(self, on: bool) -> None:
        self.on = on

    def __call__(self, word: str, color: str) -> str:
        return f"\x1b[{_COLORS[color]}m{word}\x1b[0m" if self.on else word


def counted(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def place_of(mark: Mark) -> str:
    """`flows.yaml:31:13`; a mark without a line (an environment variable) is its name alone."""
    return f"{mark.file}:{mark.line}:{mark.column}" if mark.line else mark.file


def tell(problems: Iterable[Problem], sources: Mapping[str, str], paint: Paint) -> str:
    """Problems in full, errors before warnings. `sources` holds the text of each file, by name."""
    ordered = sorted(problems, key=lambda problem: problem.level != "error")
    blocks = [_block(problem, sources.get(problem.mark.file, ""), paint) for problem in ordered[:MOST]]
    if len(ordered) > MOST:
        blocks.append(f"... and {counted(len(ordered) - MOST, 'more problem')}")
    return "\n\n".join(blocks)


def _block(problem: Problem, source: str, paint: Paint) -> str:
    word = "error" if problem.level == "error" else "!!"
    head = f"{word}  {shown(place_of(problem.mark))}"
    path = shown(problem.path)
    lines = [f"{head}  {path}" if path and len(head) + len(path) + 2 <= WIDTH else head]
    if lines[0] == head and path:
        lines.append(f"       {_cut(path, WIDTH - 7)}")
    lines[0] = paint(word, word) + lines[0][len(word) :]
    excerpt = _excerpt(problem, source.splitlines(), paint, word)
    lines += excerpt or _wrapped(shown(problem.message), "  ")
    for number, hint in enumerate(problem.hint.splitlines()):
        folded = _wrapped(shown(hint), "        ")
        lines += [f"  {paint('hint', 'hint')}  {folded[0].strip()}", *folded[1:]] if number == 0 else folded
    return "\n".join(lines)


def _excerpt(problem: Problem, lines: list[str], paint: Paint, word: str) -> list[str]:
    """The line that is wrong with the line it belongs to above it, carets below, and the message beside them."""
    mark = problem.mark
    if not 1 <= mark.line <= len(lines):
        return []
    numbers = _context(lines, mark.line)
    left = min(_indent(lines[number - 1]) for number in numbers)
    gutter = max(3, len(str(mark.line)) + 1)
    room = WIDTH - gutter - 6
    bare = lines[mark.line - 1][left:]
    at = min(max(mark.column - 1 - left, 0), len(bare))
    skip = _skip(bare, at, room)
    told = []
    for number in numbers:
        text = shown(lines[number - 1][left:])
        if number == mark.line:
            text = ("…" if skip else "") + shown(bare[skip:])
        told.append(paint(f"{number:>{gutter + 1}} |", "dim") + f"   {_cut(text, room)}".rstrip())
    before = _columns(shown(bare[skip:at])) + (1 if skip else 0)
    carets = "^" * max(1, min(_columns(shown(bare[at : at + mark.width])) or 1, room - before))
    bar = paint(" " * (gutter + 2) + "|", "dim")
    message = shown(problem.message)
    if before + len(carets) + 1 + _columns(message) <= room:
        told.append(f"{bar}   {' ' * before}{paint(f'{carets} {message}', word)}")
    else:
        told.append(f"{bar}   {' ' * before}{paint(carets, word)}")
        told += [f"{bar}   {paint(line, word)}" for line in wrap(message, room)]
    return told


def _context(lines: list[str], line: int) -> list[int]:
    """The numbers of the lines to show: at most three above, up to the one that this line belongs to."""
    numbers = [line]
    indent = _indent(lines[line - 1])
    for number in range(line - 1, max(line - 4, 0), -1):
        text = lines[number - 1]
        if not text.strip():
            continue
        if _indent(text) > indent:
            break
        numbers.insert(0, number)
        if _indent(text) < indent:
            break
    return numbers


def _skip(text: str, at: int, room: int) -> int:
    """How much to leave out at the left so that the caret is seen."""
    if _columns(shown(text[:at])) < room - 20:
        return 0
    skip = max(at - room // 2, 0)
    while _columns(shown(text[skip:at])) > room // 2:
        skip += 1
    return skip


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def shown(text: str) -> str:
    """Text of a file on one line, harmless to a terminal."""
    return "".join(
        char if char.isprintable() else " " if char.isspace() or unicodedata.category(char) == "Zs" else "�"
        for char in text
    )


def _columns(text: str) -> int:
    """How wide a text is on a terminal."""
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    none = sum(unicodedata.combining(char) > 0 or unicodedata.category(char) in ("Mn", "Cf") for char in text)
    return len(text) + wide - none


def _cut(text: str, room: int) -> str:
    if _columns(text) <= room:
        return text
    while _columns(text) > room - 1:
        text = text[: -max(1, (_columns(text) - room) // 2)]
    return text + "…"


def _wrapped(text: str, indent: str) -> list[str]:
    if len(indent) + _columns(text) <= WIDTH:
        return [indent + text]
    return wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
