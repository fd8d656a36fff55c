"""What was asked of the other side, told without a secret and without anything of a person. Pure.

Names stay (of keys, of parameters, of the path), and so do numbers of a score's size, dates, yes and no. Any other
string is cut to its first character: `e•••`. A secret is `***`, whatever its length. The other side's own words may
quote what it was sent, in whole or in part: what they share with the strings of the request is taken out of them.
"""

import html
import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar
from urllib.parse import SplitResult, parse_qsl, quote, quote_plus, unquote, urlsplit

import msgspec

from bot.errors import DeliveryError

E = TypeVar("E", bound=DeliveryError)
Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None

HIDDEN = "***"
CUT = "•••"
LONGEST = 4_000
"""Characters of a request as it is told."""
WORDS = 400
"""Characters of the other side's own words."""
PIECE = 8
"""As many characters in a row, shared with a string of the request, are taken for a quotation of it."""
FEW = 64
"""So many pieces are looked for one by one, which is faster."""
NAMES = 4
"""A string of up to so many words may be a name or an address: its single words are taken out too."""

_HARMLESS = re.compile(r"-?\d{1,3}(?:\.\d{1,3})?|true|false|\d{4}-\d\d-\d\d(?:[T ][\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?|")
_SEGMENT = re.compile(r"[\w.~:$-]*")
_QUOTED = re.compile(r"'(?:\\.|[^'\\])*'?", re.DOTALL)
_WORD = re.compile(r"\w{3,}")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_PERCENT = re.compile(r"(?:%[0-9a-fA-F]{2})+")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What makes a terminal or a page show something else than what is there."""
_SECRET_KEYS = re.compile(r"secret|password|assertion|token|api.?key|authorization", re.IGNORECASE)
_LOOKS = re.compile(
    r"(?i:bearer)\s+\S+"
    r"|eyJ[\w-]+\.[\w-]+\.[\w-]*"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
    r"|[\w.+%-]+(?:@|%40)[\w-]+\.[\w.-]+"
    r"|(?<![\w:.-])\+?\d(?:[ ().-]?\d){8,}(?![\w:])"
)
"""Bearer tokens, JWTs, passwords in addresses, e-mail addresses, phone numbers."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. Nothing is worked out before it is told."""

    method: str
    url: str = field(repr=False)
    body: bytes = field(default=b"", repr=False)
    """JSON, or a form where `form` is set."""
    form: bool = False
    secrets: Collection[str] = field(default=(), repr=False)
    personal: Collection[str] = field(default=(), repr=False)
    """Parts of the path that say who somebody is, though they look like names of the API."""

    def text(self) -> str:
        """Method, URL and body, masked; at most LONGEST characters."""
        url = _split(self.url)
        path = "/".join(_segment(part, self.personal) for part in url.path.split("/"))
        query = "&".join(f"{name}={self._parameter(name, value)}" for name, value in _pairs(url.query))
        host = url.netloc.rpartition("@")[2]
        lines = [f"{self.method} {url.scheme}://{host}{path}" + (f"?{query}" if query else ""), self._body()]
        told = hide("\n".join(lines).rstrip("\n"), self.secrets)
        return told if len(told) <= LONGEST else told[: LONGEST - 1] + "…"

    def noted(self, error: E) -> E:
        """The same error, with this request; for words that are ours alone."""
        error.request = error.request or self.text()
        return error

    def told(self, error: E) -> E:
        """The same error: with this request, and with words that quote nothing of it."""
        error.args = (self.words(str(error)),)
        return self.noted(error)

    def words(self, text: str) -> str:
        """Words of the other side without what the request said of a person, in one line of at most WORDS."""
        text = " ".join(hide(_plain(hide(text[: 4 * WORDS], self.secrets)), self.secrets).split())
        kept, values = self._strings()
        mine = [unicodedata.normalize("NFC", value) for value in values if value.lower() not in kept]
        text = _unquoted(text, mine, kept)
        return text if len(text) <= WORDS else text[: WORDS - 1] + "…"

    def _parameter(self, name: str, value: str) -> str:
        if _SECRET_KEYS.search(name):
            return HIDDEN
        if name == "q" and value.upper().startswith("SELECT "):  # a query of ours: only its literals are data
            return _QUOTED.sub(lambda found: f"'{cut(found[0].strip(chr(39)))}'", value)
        return cut(value)

    def _body(self) -> str:
        if self.form:
            return "&".join(f"{name}={self._parameter(name, value)}" for name, value in _pairs(self.body.decode()))
        found = self._json()
        names = {name.lower() for name, _ in _walk(found)}
        return "" if found is None else msgspec.json.encode(_masked(found, names)).decode()

    def _json(self) -> Json:
        if self.form or not self.body:
            return None
        try:
            found: Json = msgspec.json.decode(self.body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        return found

    def _strings(self) -> tuple[Collection[str], Sequence[str]]:
        """Names in lower case, and the strings that came with them."""
        url = _split(self.url)
        pairs = [*_pairs(url.query), *(_pairs(self.body.decode()) if self.form else ())]
        names = {name.lower() for name, _ in pairs}
        values = [value for _, value in pairs]
        for name, value in _walk(self._json()):
            names.add(name.lower())
            values.append(value)
        segments = [unquote(part) for part in url.path.split("/")]
        personal = [part for part in segments if part in self.personal or not _SEGMENT.fullmatch(part)]
        values += personal
        names |= {part.lower() for part in segments if part not in personal}
        return names, [value for value in values if not _HARMLESS.fullmatch(value)]


def hide(text: str, secrets: Collection[str]) -> str:
    """Without these secrets and without what looks like one, or like an address or a number of a person."""
    long = [one for one in secrets if len(one) >= 4]
    spelt = {*long, *(way(one, errors="replace") for one in long for way in (quote, quote_plus))}
    for secret in sorted(spelt, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return _LOOKS.sub(HIDDEN, text)


def cut(value: str) -> str:
    return value if _HARMLESS.fullmatch(value) else f"{value[0]}{CUT}"


def _segment(part: str, personal: Collection[str]) -> str:
    plain = unquote(part)
    return part if _SEGMENT.fullmatch(plain) and plain not in personal else cut(plain)


def _plain(text: str) -> str:
    """Their words as one reads them: what is escaped in them is not, so that a quotation is known as one."""
    text = _PERCENT.sub(lambda found: unquote(found[0], errors="replace"), text)
    text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), html.unescape(text))
    return unicodedata.normalize("NFC", _CONTROL.sub(" ", text))


def _split(url: str) -> SplitResult:
    """Of a text that is no address, nothing."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _pairs(query: str) -> Sequence[tuple[str, str]]:
    return parse_qsl(query, keep_blank_values=True)


def _masked(value: Json, names: Collection[str], secret: bool = False) -> Json:
    """A string that is also a name in there (`idProperty: email`) is a word of the other side's and stays."""
    if isinstance(value, str):
        return HIDDEN if secret else value if value.lower() in names else cut(value)
    if isinstance(value, list):
        return [_masked(one, names, secret) for one in value]
    if isinstance(value, dict):
        return {name: _masked(one, names, bool(_SECRET_KEYS.search(name))) for name, one in value.items()}
    if isinstance(value, int | float) and abs(value) >= 100_000_000:  # a phone number can be one
        return CUT
    return value


def _walk(value: Json, name: str = "") -> Iterator[tuple[str, str]]:
    """Every string with the name it has; every name at least once."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, list):
        for one in value:
            yield from _walk(one, name)
    elif isinstance(value, dict):
        for key, one in value.items():
            yield key, ""
            yield from _walk(one, key)


def _small(text: str) -> str:
    """In small letters and as long as before, so that an index of the one is one of the other: U+0130 is the only
    letter that would become two."""
    return text.replace("\u0130", "i").lower()


def _unquoted(text: str, values: Sequence[str], kept: Collection[str]) -> str:
    low = _small(text)
    taken = bytearray(len(text))
    places = range(len(low) - PIECE + 1)
    pieces = {low[at : at + PIECE] for at in places}
    shared: set[str] = set()
    for value in values:
        flat = " ".join(_small(value).split())
        if len(pieces) < FEW:
            shared |= {piece for piece in pieces if piece in flat}
        else:  # each piece of a value once: to look for each of a long text in all of a batch takes seconds
            shared |= pieces.intersection(flat[at : at + PIECE] for at in range(len(flat) - PIECE + 1))
    for at in places:
        if low[at : at + PIECE] in shared:
            taken[at : at + PIECE] = b"\x01" * PIECE
    short = {value.lower() for value in values if len(value) > 2 and len(value.split()) <= NAMES}
    for value in short:  # of a name of a few letters, no part may be long enough to be told apart alone
        if len(value) < PIECE and " " in value:
            for found in re.finditer(rf"(?<!\w){re.escape(value)}(?!\w)", low):
                taken[found.start() : found.end()] = b"\x01" * len(found[0])
    words = short | {word for value in short for word in _WORD.findall(value)}
    for found in re.finditer(r"\w+", text):
        if found[0].lower() in words and found[0].lower() not in kept:
            taken[found.start() : found.end()] = b"\x01" * len(found[0])
    return re.sub("\0+", CUT, "".join("\0" if hidden else char for char, hidden in zip(text, taken, strict=True)))
