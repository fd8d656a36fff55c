"""How typed text is cleaned before anything reads it. Pure, total: any string is taken, none raises."""

import re
import unicodedata

LONGEST = 4000
LIMIT = 200
"""Characters of a message that a reader may see: parsers get slow, and wrong, on long texts."""

_APOSTROPHES = {ord(mark): "'" for mark in "’‘ʼ´`′＇"}
_INVISIBLE = {ord(mark): None for mark in "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\ufe0e\ufe0f"}
_NOT_WORD = re.compile(r"[^\w']|_")
_PLAIN = {ord("ß"): "ss", ord("ø"): "o", ord("ı"): "i"}


def kept(text: str) -> str:
    """What is kept of a message: 4,000 characters, without halves of characters and NULs, which no store can keep."""
    text = text[:LONGEST].replace("\x00", "")
    return text if text.isascii() else text.encode("utf-8", "ignore").decode("utf-8")


def cut(text: str, limit: int = LIMIT) -> str:
    """The first `limit` characters."""
    return text[:limit]


def fold(text: str) -> str:
    """For comparing: NFKC, casefolded, one kind of apostrophe, no invisible marks, single spaces."""
    if text.isascii():  # most messages are, and then all but case, apostrophes and spaces is as it should be
        return " ".join(text.lower().replace("`", "'").split())
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return " ".join(folded.translate(_APOSTROPHES).translate(_INVISIBLE).split())


def plain(text: str) -> str:
    """Folded, and without accents: phones and hurried people leave them out."""
    folded = fold(text)
    if folded.isascii():
        return folded
    apart = unicodedata.normalize("NFD", folded.translate(_PLAIN))
    return unicodedata.normalize("NFC", "".join(mark for mark in apart if not unicodedata.combining(mark)))


def bare(text: str) -> str:
    """Plain, and without anything but letters, digits, apostrophes and single spaces: the words of a short message."""
    return " ".join(_NOT_WORD.sub(" ", plain(text)).split())


def language_of(locale: str) -> str:
    """`fr` of `fr-CA`; `en` where nothing is known."""
    return locale.replace("_", "-").split("-", 1)[0].strip().lower() or "en"
