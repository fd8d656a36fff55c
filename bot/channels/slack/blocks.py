"""What a survey says, as messages of Slack. Pure.

Blocks hold nothing that is markup (`kit.py`). Only the fallback text, which is what a notification shows, is mrkdwn,
and is escaped. Everything fits: what is more than a message takes goes into a further one, and the last one holds the
question's words with its control, and nothing that settling it would lose. Limits: Slack's reference of Block Kit and
of chat.postMessage; those that an author of flows meets are in `bot/limits.py`.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

from msgspec import Struct

from bot.channels.base import Asked, Post
from bot.channels.slack.controls import COMMAND, LINK, controls, under
from bot.channels.slack.kit import PIECE, Block, actions, button, cut, encode, escape, quiet, text_blocks
from bot.channels.slack.words import word
from bot.model import Entry

LinkUrl: TypeAlias = Callable[[str, str], str]
"""The web address behind a link of a chat: (chat, ref)."""

PIECES = 3
"""Blocks of text in one message: Slack takes some 13,200 characters in all, the control included."""
FALLBACK = 2_900
"""Characters of the fallback text before it is escaped; chat.update takes 4,000."""
CHOSEN = 300
"""Of an answer as it is shown under its question."""
LINKS = 20
"""Buttons that lead away, in one block."""


class Message(Struct, frozen=True):
    """Arguments of chat.postMessage and chat.update."""

    text: str
    blocks: tuple[Block, ...]


def messages(post: Post, link: LinkUrl) -> tuple[Message, ...]:
    """What a post becomes: mostly one message."""
    if post.ask is None:
        return tuple(_messages(post.entries, post, link))
    last = max((at for at, entry in enumerate(post.entries, 1) if entry.link is not None), default=0)
    found = [*_messages(post.entries[:last], post, link)]
    said = [*_messages(post.entries[last:], post, link)] or [Message(word("choose", post.locale), ())]
    control = (*under(post.ask, post.locale), *controls(post.chat, post.ask, post.locale))
    asking = Message(said[-1].text, (*said[-1].blocks, *control) or (quiet(word("typed", post.locale)),))
    return (*found, *said[:-1], asking)


def settled(asked: Asked) -> Message:
    """A question as it was answered: its words, what was chosen, and a way to change it."""
    words = cut(asked.text, PIECE * PIECES) or "…"
    blocks = [*text_blocks(words)]
    if asked.chosen and not asked.again:
        blocks.append(quiet(word("said", asked.locale, chosen=cut(asked.chosen, CHOSEN))))
        if asked.change:
            value = encode(asked.chat, asked.fence, "back")
            blocks.append(actions([button(f"{COMMAND}/change", word("change", asked.locale), value)]))
    return Message(_fallback(words), tuple(blocks))


def revised(entry: Entry) -> Message:
    """An agent's line as it reads now."""
    text = cut(entry.text, PIECE * PIECES)
    return Message(_fallback(_named(entry)), tuple(text_blocks(text, _name(entry))))


def _messages(entries: Sequence[Entry], post: Post, link: LinkUrl) -> Iterator[Message]:
    """Lines in order, packed; links stand as buttons behind the line before them."""
    words: list[str] = []
    blocks: list[Block] = []
    texts = 0
    for said, made in _units(entries, post, link):
        is_text = made.get("type") == "rich_text"
        if blocks and texts + is_text > PIECES:
            yield Message(_fallback("\n\n".join(words)), tuple(blocks))
            words, blocks, texts = [], [], 0
        blocks.append(made)
        texts += is_text
        words += [said] if said else []
    if blocks:
        yield Message(_fallback("\n\n".join(words) or word("open", post.locale)), tuple(blocks))


def _units(entries: Sequence[Entry], post: Post, link: LinkUrl) -> Iterator[tuple[str, Block]]:
    """(words of the fallback, block)."""
    leading: list[Entry] = []
    for entry in entries:
        if entry.link is not None:
            leading.append(entry)
            continue
        yield from _links(leading, post, link)
        leading = []
        said = _named(entry)
        for made in text_blocks(entry.text, _name(entry)):
            yield said, made
            said = ""
    yield from _links(leading, post, link)


def _links(leading: Iterable[Entry], post: Post, link: LinkUrl) -> Iterator[tuple[str, Block]]:
    made = [
        button(
            f"{LINK}/{entry.seq}", entry.link.label, encode(post.chat, 0, "link"), url=link(post.chat, entry.link.ref)
        )
        for entry in leading
        if entry.link is not None
    ]
    for at in range(0, len(made), LINKS):
        yield "", actions(made[at : at + LINKS])


def _name(entry: Entry) -> str:
    """A person's message begins with their name. A line of the bot about a person names them itself."""
    return entry.name if entry.author == "agent" else ""


def _named(entry: Entry) -> str:
    return f"{entry.name}: {entry.text}" if _name(entry) else entry.text


def _fallback(text: str) -> str:
    """Escaping may make it longer: five characters for one `&`. What is cut is cut between two characters."""
    kept = cut(text, FALLBACK)
    while len(escape(kept)) > 4_000:
        kept = cut(kept, len(kept) - 200)
    return escape(kept)
