"""The same script in fewer marks and words; pure. Every rule holds by the grammar alone, whatever the script does."""

from collections.abc import Iterator, Sequence, Set
from itertools import islice

_CLOSING = frozenset(("}", ")", "]"))
_OPENING = frozenset(("{", "(", "[", "${"))
_HEADED = frozenset(("if", "for", "await", "while", "with"))
"""What a bracket follows that heads a statement, which may be empty: its semicolon is then the statement."""


def fewer(pieces: Sequence[str], raw: Set[int]) -> Iterator[str]:
    """`pieces` are tokens with the blanks they need, `raw` the places of those that are words of a template."""
    needless = set(_ends(pieces, raw)) | set(_brackets(pieces, raw))
    kept = [i for i in range(len(pieces)) if i not in needless]
    return _joined([pieces[i] for i in kept], {place for place, i in enumerate(kept) if i in raw})


def _ends(pieces: Sequence[str], raw: Set[int]) -> Iterator[int]:
    """The last semicolon of a block, and the last comma of what stands in `{}` or `()`."""
    heads: list[bool] = []
    headed = False  # whether the bracket that closed last heads a statement
    for i, piece in enumerate(pieces):
        if i in raw:
            continue
        if piece in _OPENING:
            heads.append(i > 0 and _before(pieces, i) in _HEADED)
        elif piece in _CLOSING and heads:
            last = i - 1
            if pieces[last] == "," and piece != "]":
                yield last
            elif pieces[last] == ";" and piece == "}":
                word = _before(pieces, last)
                if word not in ("{", ";", ":", "else", "do", "") and not (word == ")" and headed):
                    yield last
            headed = heads.pop()


def _brackets(pieces: Sequence[str], raw: Set[int]) -> Iterator[int]:
    """Those around the one parameter of an arrow function."""
    for i in range(1, len(pieces) - 3):
        if not raw.isdisjoint(range(i, i + 4)) or pieces[i] != "(":
            continue
        alone = pieces[i + 2] == ")" and pieces[i + 3] == "=>" and pieces[i + 1].isidentifier()
        if alone and pieces[i - 1] in ("=", "(", ",", ":", "=>", "?", "["):
            yield from (i, i + 2)


def _before(pieces: Sequence[str], at: int) -> str:
    return next((pieces[i] for i in range(at - 1, -1, -1) if not pieces[i].isspace()), "")


def _joined(pieces: Sequence[str], raw: Set[int]) -> Iterator[str]:
    """Declarations that follow one another become one: `const a = 1; const b = 2` is `const a = 1, b = 2`.

    Only where the first ends with a semicolon of its own: a line end in it might end it too. `raw`: words of templates.
    """
    starts, opened = [""], ["{"]  # the first word of the statement, and the bracket, on every level of brackets
    dropped = False
    for i, piece in enumerate(pieces):
        if i in raw:
            yield piece
        elif dropped and piece.isspace():
            continue  # the blank after the word that was left out
        elif piece == ";" and opened[-1] == "{" and _declares(starts[-1]) and _next(pieces, i) == starts[-1]:
            yield ","
            dropped = True
            continue
        elif dropped and piece == starts[-1]:
            continue
        else:
            if piece == "\n":
                starts[-1] = piece if _declares(starts[-1]) else starts[-1]
            elif piece in ("{", "(", "[", "${"):
                starts[-1] = starts[-1] or piece
                starts.append("")
                opened.append(piece)
            elif piece in ("}", ")", "]") and len(opened) > 1:
                starts.pop()
                opened.pop()
            elif piece == ";":
                starts[-1] = ""
            else:
                starts[-1] = starts[-1] or piece
            yield piece
        dropped = False


def _declares(word: str) -> bool:
    return word in ("const", "let")


def _next(pieces: Sequence[str], at: int) -> str:
    return next((piece for piece in islice(pieces, at + 1, None) if not piece.isspace()), "")
