"""Shorter names for the variables of a script as it is served; pure.

No scope has to be understood for that: a name is changed everywhere in its file at once, to one that stands nowhere in
it. This keeps the meaning where every place of the name is a variable that the script declares, and so a name is left
alone

- that is anywhere, in whatever scope, a property, a key, a method, a label, or what might be one of them;
- that stands at the top of the file, where other files may mean it, or that no declaration tells of;
- of which a window has something: a script may mean that.

No script of ours uses `eval` or `with`, which could tell the difference.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from itertools import chain

_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_KEYWORDS = frozenset(
    re.findall(
        r"\w+",
        """arguments async await break case catch class const constructor continue debugger default delete do else eval
        export extends false finally for from function get if import in instanceof let new null of return set static
        super switch this throw true try typeof undefined var void while with yield""",
    )
)
_DECLARING = frozenset(("const", "let", "var", "function"))
OF_WINDOW = frozenset(
    re.findall(
        r"\w+",
        """blur caches close closed crypto document event external fetch find focus frames history length location name
        navigator open opener origin parent performance print screen scroll self status stop top window""",
    )
)
"""The words of a window that are also good names for a variable. A test asks a browser for any that is missing."""
_LETTERS = "etnraoisldcumpfhgbvyxwkjqzETNRAOISLDCUMPFHGBVYXWKJQZ"
_OPENING, _CLOSING = frozenset(("(", "[", "{", "${")), frozenset(")]}")


def shorten(pieces: Sequence[str], raw: Set[int]) -> list[str]:
    """The same pieces with shorter names; `raw` are the places of those that are words of a template."""
    short = shorter(pieces, raw)
    return [piece if i in raw else short.get(piece, piece) for i, piece in enumerate(pieces)]


def shorter(pieces: Sequence[str], raw: Set[int]) -> dict[str, str]:
    """What each name becomes: those that weigh most get the shortest."""
    tokens = _Tokens([piece for i, piece in enumerate(pieces) if i not in raw and not piece.isspace()])
    counts = Counter(tokens.all)
    kept = {tokens.all[i] for i in range(len(tokens.all)) if tokens.may_be_more(i)} | OF_WINDOW | _KEYWORDS
    names = {name for name in tokens.declared() if len(name) > 1 and name not in kept and _NAME.fullmatch(name)}
    fresh = (name for name in _fresh() if name not in counts and name not in kept)
    ranked = sorted(names, key=lambda name: (-counts[name] * (len(name) - 1), name))
    return {name: new for name, new in zip(ranked, fresh, strict=False) if len(new) < len(name)}


def _fresh() -> Iterator[str]:
    return chain(_LETTERS, (a + b for a in _LETTERS for b in _LETTERS))


class _Tokens:
    """A script as tokens. `inside[i]` is the place of the bracket that token i stands in, -1 at the top."""

    def __init__(self, tokens: list[str]) -> None:
        self.all = tokens
        self.inside: list[int] = []
        self._closes: dict[int, int] = {}
        self._classes: set[int] = set()
        open_: list[int] = []
        for i, piece in enumerate(tokens):
            if piece in _CLOSING and open_:
                self._closes[open_.pop()] = i
            self.inside.append(open_[-1] if open_ else -1)
            if piece in _OPENING:
                open_.append(i)
                if piece == "{" and self._heads_class(i):
                    self._classes.add(i)

    def _heads_class(self, brace: int) -> bool:
        """Whether this opens the body of a class: `class`, and no other body between them."""
        for i in range(brace - 1, -1, -1):
            if self.inside[i] == self.inside[brace]:
                if self.all[i] == "class":
                    return self._at(i - 1) != "."
                if self.all[i] in ("{", "}", ";"):
                    return False
        return False

    def _at(self, i: int) -> str:
        return self.all[i] if 0 <= i < len(self.all) else ""

    def _spread(self, i: int) -> bool:
        return self._at(i - 1) == self._at(i - 2) == self._at(i - 3) == "."

    def may_be_more(self, i: int) -> bool:
        """Whether this place of a name may be something else than a variable of a function."""
        before, after, around = self._at(i - 1), self._at(i + 1), self._at(self.inside[i])
        if self.inside[i] < 0 or (before == "." and not self._spread(i)):
            return True
        if after == ":" and before != "?":
            return True  # a key or a label; between `?` and `:` it can only be a variable
        if around == "{" and (before in ("{", ",") and after in (",", "}", "=", ";")):
            return True  # shorthand for a key, with or without a default
        if before in ("get", "set", "async", "static", "class", "as", "break", "continue") or after == "as":
            return True
        if after == "(" and before != "function" and self._at(self._closes.get(i + 1, -2) + 1) == "{":
            return True  # a method
        return self.inside[i] in self._classes  # a field

    def declared(self) -> Iterator[str]:
        """The names that declarations and parameters tell of; what they are besides is not looked at."""
        for i, piece in enumerate(self.all):
            if piece in _DECLARING or (piece == "(" and self._at(i - 1) == "catch"):
                yield self._at(i + 1)
            elif piece == "=>":
                yield self._at(i - 1)
            if i in self._closes and self._binds(i):
                for j in range(i + 1, self._closes[i]):
                    if self.inside[j] == i and (j == i + 1 or self._at(j - 1) == "," or self._spread(j)):
                        yield self.all[j]

    def _binds(self, i: int) -> bool:
        """Whether the bracket holds parameters, or the names of a list that is taken apart."""
        if self.all[i] == "[":
            return self._at(i - 1) in _DECLARING
        return self.all[i] == "(" and (
            self._at(self._closes[i] + 1) == "=>" or "function" in (self._at(i - 1), self._at(i - 2))
        )
