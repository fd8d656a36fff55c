"""Between the model and the wire of the web chat: pure converters, no I/O.

Decoding raises Malformed, with a sentence that names the place, for everything that is not a request of the contract.
"""

import re
import time
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import TypeVar
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import UNSET, UnsetType

from bot.channels.base import Reply
from bot.channels.verify import MOST_FACTS, Tokens, fact_text, is_fact_name
from bot.channels.web import types as wire
from bot.errors import ChatsurveyError
from bot.model import Ask, Entry, Fact, Inbound, Value

T = TypeVar("T")

encode = msgspec.json.Encoder().encode

_TAG = re.compile(r"[A-Za-z0-9,;=.*_ -]{1,200}")
_ZONE = re.compile(r"[A-Za-z0-9_+-]{1,32}(/[A-Za-z0-9_+-]{1,32}){0,2}")


class Malformed(ChatsurveyError):
    """The body is not what the contract says; the text says where."""


def decode(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    try:
        try:
            decoded = decoder.decode(body)
        except msgspec.ValidationError:
            # JSON Schema has 9.0 be an integer, which the decoder does not: some languages write numbers like that.
            decoded = msgspec.convert(_whole(msgspec.json.decode(body)), decoder.type)
    except msgspec.ValidationError as error:
        raise Malformed(f"{error}.") from None
    except RecursionError:
        raise Malformed("The JSON is nested too deeply.") from None
    except ValueError:  # the library's own DecodeError, and UnicodeDecodeError
        raise Malformed("The body is not JSON in UTF-8.") from None
    # Looked for in the raw bytes first, which costs a fraction of a walk through the decoded fields.
    if b"\\u0000" in body and _holds_nul(msgspec.to_builtins(decoded)):
        raise Malformed("A text holds the character U+0000.")
    return decoded


_FACTS = ("contact", "context")


def _holds_nul(decoded: object) -> bool:
    """In what is read: what the contract does not know was not decoded, and a fact that cannot be kept is passed over
    (`named`), so that of facts only the names count."""
    if isinstance(decoded, str):
        return "\0" in decoded
    if isinstance(decoded, dict):
        facts = {name: list(decoded[name]) for name in _FACTS if isinstance(decoded.get(name), dict)}
        return any(_holds_nul(key) or _holds_nul(value) for key, value in (decoded | facts).items())
    return isinstance(decoded, list) and any(map(_holds_nul, decoded))


def _whole(decoded: object) -> object:
    if isinstance(decoded, float) and decoded.is_integer():
        return int(decoded)
    if isinstance(decoded, list):
        return [_whole(item) for item in decoded]
    if isinstance(decoded, dict):
        return {name: _whole(item) for name, item in decoded.items()}
    return decoded


def inbound(message: wire.Message, now: int) -> Inbound:
    if message.value is not None:
        if message.text is not None or message.action is not None:
            raise Malformed("Send one of `value`, `text` and `action`.")
        if message.fence is None:
            raise Malformed("`fence` is required with `value`.")
        return Inbound(message.id, now, "value", value=value(message.value), fence=message.fence)
    if message.text is not None:
        if message.action is not None:
            raise Malformed("Send one of `value`, `text` and `action`.")
        return Inbound(message.id, now, "text", text=message.text, fence=message.fence)
    if message.action is None:
        raise Malformed("One of `value`, `text` and `action` is required.")
    return Inbound(message.id, now, "action", value=message.action)


def value(raw: int | str | list[str]) -> Value:
    return tuple(raw) if isinstance(raw, list) else raw


def claims(raw: Mapping[str, object] | None) -> dict[str, Fact]:
    """What a page says of the person: facts that nobody has proven."""
    return {name: Fact(text) for name, text in named(raw).items()}


def named(raw: Mapping[str, object] | None) -> dict[str, str]:
    """Facts under names that can be one, as texts; others are passed over."""
    said = {name: fact_text(fact) for name, fact in islice((raw or {}).items(), MOST_FACTS) if is_fact_name(name)}
    return {name: text for name, text in said.items() if text}


def context(page: wire.Page | None) -> dict[str, str]:
    if page is None:
        return {}
    facts = {"page_url": page.url[:1000], "page_title": page.title[:300], "referrer": page.referrer[:1000]}
    return {name: text for name, text in facts.items() if text}


def locale(asked: str, header: str) -> str:
    """A BCP 47 tag or an Accept-Language list; empty where neither is one."""
    return next((text for text in (asked.strip(), header.strip()) if _TAG.fullmatch(text)), "")


@lru_cache(maxsize=1024)
def timezone(name: str) -> str:
    """The name of a time zone that exists here, else empty: a browser may know a newer or a made-up one."""
    if not _ZONE.fullmatch(name):
        return ""
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ""


def is_demo(url: str, hosts: tuple[str, ...]) -> bool:
    """Whether this is the demo page: `/#demo` of one of these hosts. The page marks itself so, since a shop may serve
    its own front page and this service under one name."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.netloc.lower() in hosts and parts.path in ("", "/") and parts.fragment == "demo"


def state(reply: Reply, tokens: Tokens) -> wire.State:
    conversation = reply.conversation
    entries = tuple([entry(line, conversation.id, tokens) for line in reply.entries])
    cursor = entries[-1].seq if entries else conversation.seq
    question = None if reply.ask is None else ask(reply.ask)
    return wire.State(cursor, entries, question, conversation.status)


def chat(reply: Reply, tokens: Tokens) -> wire.Chat:
    name, now = reply.conversation.id, state(reply, tokens)
    return wire.Chat(name, tokens.token(name), now.cursor, now.entries, now.ask, now.status)


def entry(line: Entry, chat: str, tokens: Tokens) -> wire.Entry:
    link: wire.Link | UnsetType = UNSET
    if line.link is not None:
        ref = line.link.ref
        link = wire.Link(line.link.label, f"/l/{chat}/{tokens.signature(chat, ref)}/{_quoted(ref)}")
    return wire.Entry(line.seq, rfc3339(line.at), line.author, line.text, link, line.name, line.replaces)


_quoted = lru_cache(maxsize=1024)(quote)
"""References of links: a few a flow."""


def ask(question: Ask) -> wire.Ask:
    return wire.Ask(
        question.step,
        question.fence,
        question.kind,
        question.options,
        question.low,
        question.high,
        question.skip,
        question.suggest,
        UNSET if question.prefill is None else question.prefill,
        question.placeholder,
        question.note,
        question.back,
        question.progress or UNSET,
    )


@lru_cache(maxsize=256)  # the lines of a turn have one time
def rfc3339(ms: int) -> str:
    return f"{_second(ms // 1000)}.{ms % 1000:03d}Z"


@lru_cache(maxsize=256)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
