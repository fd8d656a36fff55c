"""Reads which of the offered options a person typed, and yes or no. Never raises.

An option is taken where the whole message names it and no other: its label or key, some of its words and no word
besides, its place in the list, or a label with a slip of the keys. What merely resembles options is offered again.
"""

from collections.abc import Mapping

from bot.flows.answers.clean import bare, cut, language_of
from bot.flows.answers.words_yesno import EMPTY, NO, NOT, PLACES, YES

_CLOSE = 72
"""Of 100: from here on a message resembles a label (rapidfuzz WRatio)."""


def read_choice(text: str, labels: Mapping[str, str], locale: str) -> str | tuple[str, ...] | None:
    """The key of the option that was named; the keys of those that come near; or None."""
    said = bare(cut(text))
    if not said:
        return None
    plain = {key: bare(label) for key, label in labels.items()}
    exact = [key for key, label in plain.items() if said in (label, bare(key))]
    if exact:
        return exact[0] if len(exact) == 1 else tuple(exact)
    answer = read_yesno(text, locale)
    if answer is not None:
        agreeing = [key for key in labels if _agrees(key, plain[key], locale) is answer]
        if agreeing:
            return agreeing[0] if len(agreeing) == 1 else tuple(agreeing)
    if place := _place(said, labels, plain):
        return place
    return _by_words(said, plain) or _by_likeness(said, plain)


def read_yesno(text: str, locale: str) -> bool | None:
    """Whether the whole message says yes, or no, in any language (the person's own first); None for neither."""
    cleaned = cut(text)
    said = bare(cleaned)
    if not said:
        thumbs = {thumb for thumb in "👍👎✅❌" if thumb in cleaned}
        return thumbs <= set("👍✅") if thumbs and len(thumbs) == 1 else None
    language = language_of(locale)
    own = _said_in(language, said)
    if own is not None:
        return own
    found = {answer for other in YES if (answer := _said_in(other, said)) is not None}
    return found.pop() if len(found) == 1 else None


def _said_in(language: str, said: str) -> bool | None:
    for short in dict.fromkeys((said, _unstretched(said))):
        yes, no = short in YES.get(language, ()), short in NO.get(language, ())
        if yes != no:
            return yes
    return None


def _unstretched(said: str) -> str:
    """`yeeesss` is `yes`, `nooo` is `no`."""
    return "".join(mark for at, mark in enumerate(said) if at == 0 or mark != said[at - 1])


def _agrees(key: str, label: str, locale: str) -> bool | None:
    """Whether an option is the yes or the no of its list: by its key, else by its label."""
    by_key = {"yes": True, "no": False}.get(key)
    if by_key is not None:
        return by_key
    return read_yesno(label, locale)


def _place(said: str, labels: Mapping[str, str], plain: Mapping[str, str]) -> str | None:
    """`2`, `the second one`, `the last`: only where no label has digits of its own."""
    if not labels or any(mark.isdigit() for label in plain.values() for mark in label):
        return None
    place = PLACES.get(said) if not said.isdecimal() else int(said[:3])
    keys = list(labels)
    if place == -1:
        return keys[-1]
    return keys[place - 1] if place and 1 <= place <= len(keys) else None


def _by_words(said: str, plain: Mapping[str, str]) -> str | tuple[str, ...] | None:
    """`call` for `Call me back`, `call me back please`; a `not` on one side only makes it no answer."""
    words = frozenset(said.split())
    telling = words - EMPTY
    if not telling:
        return None
    found = [
        key
        for key, label in plain.items()
        if telling <= frozenset(label.split()) and bool(words & NOT) == bool(frozenset(label.split()) & NOT)
    ]
    if len(found) == 1 and max(len(word) for word in telling) >= 3:
        return found[0]
    return tuple(found) or None


def _by_likeness(said: str, plain: Mapping[str, str]) -> str | tuple[str, ...] | None:
    from rapidfuzz import fuzz  # noqa: PLC0415 - 26 ms that only a message that names no option pays
    from rapidfuzz.distance import OSA  # noqa: PLC0415 - likewise

    slips = [key for key, label in plain.items() if len(label) >= 5 and OSA.distance(said, label) <= len(label) // 5]
    if len(slips) == 1 and not frozenset(said.split()) & NOT:
        return slips[0]
    if len(said) < 3:
        return None
    scored = [(fuzz.WRatio(said, label), key) for key, label in plain.items()]
    return tuple(key for score, key in scored if score >= _CLOSE) or None
