"""From meaning to the calls of the Bot API, as values. Pure.

- A bot's words travel as plain text, so nothing in them can be markup. An agent's line is HTML with all but its bold
  name escaped.
- A text has at most 4,096 characters (counted as UTF-16, the strictest reading of the limit); a longer one is split at
  paragraphs, else at sentences, words, or anywhere.
- The phone is asked with a keyboard in place of the person's own (`request_contact`). A message that has one cannot be
  edited, so its id is marked: what settles it is a new message that takes the keyboard away. A question without any
  button is left as it is, which spares a call of the few that a chat may make a second.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import TypeAlias
from urllib.parse import urlsplit

from bot.channels.base import Asked, Post, words_of
from bot.channels.telegram.keyboard import Button, Markup, contact, is_scale, keyboard, rows_of
from bot.channels.telegram.words import words
from bot.model import Ask, Entry

LONGEST = 4096
LONGEST_CHOSEN = 120
KEYBOARD = "k"
"""Ends the id of a question that put up a keyboard."""

Url: TypeAlias = Callable[[str, str], str]
"""Of a link, by chat and `step/link key`."""


@dataclass(frozen=True, slots=True)
class Send:
    """sendMessage. `markup` is its reply_markup."""

    text: str
    html: bool = False
    markup: Markup | None = None
    quiet: bool = False
    """Without a sound: nobody is called back to a chat for it."""


@dataclass(frozen=True, slots=True)
class Edit:
    """editMessageText, or editMessageReplyMarkup where the text stays as it is (None)."""

    message: int
    text: str | None
    html: bool = False
    markup: Markup | None = None


def posts(post: Post, url: Url) -> tuple[Send, ...]:
    """The messages of a post, in order; what can be answered stands under the last."""
    if any(entry.author == "agent" for entry in post.entries):
        return tuple(send for entry in post.entries for send in agents(entry))
    sends = [] if post.ask is None else _question(post, post.ask)
    after = max((at for at, entry in enumerate(post.entries, 1) if entry.link is not None), default=0)
    if after:
        return (*_links(post, post.entries[:after], url), *sends, *([] if sends else _plain(words_of(post.entries))))
    return tuple(sends) or tuple(_plain(words_of(post.entries)))


def agents(entry: Entry) -> Iterator[Send]:
    """A person's line: their name in bold, then their words."""
    head = f"<b>{escape(entry.name[:100], quote=False)}</b>\n" if entry.name else ""
    for part in split(entry.text, LONGEST - 110):
        yield Send(f"{head}{escape(part, quote=False)}", html=True)


def sent_as(number: int, send: Send, *, asks: bool) -> str:
    """The id of a message as it is remembered; none of a question without any button, which needs no edit."""
    if asks and send.markup is None:
        return ""
    return f"{number}{KEYBOARD if send.markup is not None and 'keyboard' in send.markup else ''}"


def number_of(message: str) -> int:
    """The platform's own number of a message; 0 where nothing was sent."""
    return int(message.rstrip(KEYBOARD) or 0)


def settled(asked: Asked) -> Send | Edit | None:
    """What makes the control of an answered question go; None where nothing is to be done."""
    said, message = _said(asked), number_of(asked.message)
    if not message:
        return None
    if asked.message.endswith(KEYBOARD):
        if asked.again:
            return None
        # A keyboard goes only with a message, also days later where the chat ends in silence.
        last = "ended" if asked.over else "ok"
        return Send(said or words(last, asked.locale), markup={"remove_keyboard": True}, quiet=not said and asked.over)
    if not said:
        return Edit(message, None, markup=_change(asked))
    *_, kept = split(asked.text, LONGEST - 2 * LONGEST_CHOSEN) or [""]
    return Edit(message, f"{kept}\n\n{said}".lstrip(), markup=_change(asked))


def tidied(message: str) -> Edit | None:
    """What takes the Change button of a settled question away; None where it has none."""
    return None if message.endswith(KEYBOARD) or not message else Edit(number_of(message), None)


def split(text: str, longest: int = LONGEST) -> list[str]:
    """Parts of at most `longest` UTF-16 characters, cut where it hurts least. Nothing of an empty text."""
    parts, rest = [], text.strip()
    while _length(rest) > longest:
        room = longest if rest[:longest].isascii() else _fitting(rest, longest)
        cuts = (rest.rfind(mark, room // 3, room) for mark in ("\n\n", "\n", ". ", " "))
        at = next((cut + 1 for cut in cuts if cut >= 0), room)
        parts.append(rest[:at].strip())
        rest = rest[at:].strip()
    return [part for part in (*parts, rest) if part]


def _length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "replace")) // 2


def _fitting(text: str, longest: int) -> int:
    """How many characters of the text fit into that many of UTF-16."""
    return len(text[:longest].encode("utf-16-le", "replace")[: 2 * longest].decode("utf-16-le", "ignore"))


def _question(post: Post, ask: Ask) -> list[Send]:
    text = words_of(post.entries)
    if ask.note:
        text = f"{text} {ask.note}" if text else ask.note
    if is_scale(ask) and ask.low and ask.high and not ask.suggest:
        first, last = (str(choice.value) for choice in (ask.options[0], ask.options[-1]))
        ends = words("ends", post.locale, first=first, last=last, low=_small(ask.low), high=_small(ask.high))
        text = f"{text}\n\n{ends}"
    if ask.kind == "phone":
        markup: Markup | None = contact(post.locale, ask)
    else:
        rows = keyboard(post.chat, post.locale, ask)
        markup = {"inline_keyboard": rows} if rows else None
    *early, last_part = split(text) or ["…"]
    return [*(Send(part) for part in early), Send(last_part, markup=markup)]


def _links(post: Post, entries: Sequence[Entry], url: Url) -> Iterator[Send]:
    """The words before the links, and the links as buttons; as plain text where the address is no public one, which
    the platform refuses in a button."""
    found = [(entry.link.label, url(post.chat, entry.link.ref)) for entry in entries if entry.link is not None]
    text = "\n\n".join(entry.text for entry in entries if entry.link is None and entry.text)
    if all(_public(address) for _, address in found):
        rows = rows_of([{"text": label[:64], "url": address} for label, address in found])
        *early, last = split(text) or [" · ".join(label for label, _ in found)[:LONGEST]]
        yield from (Send(part) for part in early)
        yield Send(last, markup={"inline_keyboard": rows})
    else:
        lines = "\n".join(f"{label}: {address}" for label, address in found)
        yield from _plain(f"{text}\n\n{lines}")


def _public(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    return "." in host and not re.fullmatch(r"[\d.]+", host) and not host.endswith((".local", ".localhost"))


def _plain(text: str) -> Iterator[Send]:
    yield from (Send(part) for part in split(text))


def _change(asked: Asked) -> Markup | None:
    if not asked.change or not asked.fence or asked.again:
        return None
    button: Button = {"text": words("change", asked.locale), "callback_data": f"{asked.chat}:{asked.fence}:back"}
    return {"inline_keyboard": [[button]]}


def _said(asked: Asked) -> str:
    chosen = " ".join(asked.chosen.split())
    if not chosen or asked.again:
        return ""
    short = chosen if len(chosen) <= LONGEST_CHOSEN else f"{chosen[: LONGEST_CHOSEN - 1].rstrip()}…"
    return words("said", asked.locale, chosen=short.rstrip("."))


def _small(label: str) -> str:
    """How a label goes on within a sentence: its first letter small, unless it begins with an abbreviation."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]
