"""`GET /responses/{chat}?key=...`: the page of one response, which records in a CRM link to.

It is rendered here, whole, without a script; its template is `http_response.html`. Everything a person wrote is escaped
and never a link. Whoever has no key for this chat is told what they would be told of a chat that is not there. It is
kept by no cache and found by no search engine, tells no other site where it was, and is shown in no frame.
"""

import asyncio
import logging
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from aiohttp import web

from bot.changes import response_of
from bot.channels.web.errors import Refused, problem
from bot.crm.link import ROUTE, opens
from bot.crm.shape import CONTACT, contact_of
from bot.errors import Retryable
from bot.model import CaseFacts, Conversation, Entry, Response
from bot.records.base import Delivery

if TYPE_CHECKING:
    from jinja2 import Template

log = logging.getLogger(__name__)

CSP = "default-src 'none'; style-src 'sha256-{style}'; img-src data:; base-uri 'none'; form-action 'none'; "
CSP += "frame-ancestors 'none'"
TEMPLATE = Path(__file__).with_name("http_response.html")
SOURCES = {"typed": "typed in the chat", "proven": "vouched for", "claimed": "as the page said"}
STATES = {
    "delivered": ("arrived", "ok"),
    "retrying": ("will be tried again", "wait"),
    "dead": ("given up", "bad"),
    "in_doubt": ("in doubt: it may be there twice", "bad"),
    "parked": ("waits for a person to mend the access", "wait"),
    "skipped": ("not meant for it", "quiet"),
}
"""State of a delivery -> words, and how they look."""
OUTCOMES = {"": "still open", "completed": "answered to the end", "abandoned": "left midway", "stopped": "stopped"}
COUNTS = {"recovered": "won back", "lost": "lost", "no_action": "nothing to do"}


class Chats(Protocol):
    """What is asked of the store."""

    async def load_id(self, chat: str) -> Conversation | None: ...

    async def entries(self, chat: str, after: int = 0) -> tuple[Entry, ...]: ...


class Deliveries(Protocol):
    """What is asked of the records."""

    def deliveries(self, chat: str) -> Sequence[Delivery]: ...


@dataclass
class ResponsePage:
    """`secrets` are the installation's; `timezone` is the team's, in which times are told."""

    chats: Chats
    records: Deliveries
    secrets: Sequence[str] = field(repr=False)
    timezone: str = "UTC"

    def routes(self) -> list[web.RouteDef]:
        return [web.get(ROUTE, self._answer)]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        chat = request.match_info["chat"]
        if not opens(request.query.get("key", ""), chat, self.secrets):
            return _nothing()
        conversation = await self.chats.load_id(chat)
        if conversation is None:
            return _nothing()
        response = response_of(conversation, await self.chats.entries(chat))
        text = self._template.render(view(response, await self._deliveries(chat), ZoneInfo(self.timezone)))
        return web.Response(text=text, content_type="text/html", charset="utf-8", headers=self._headers)

    async def _deliveries(self, chat: str) -> Sequence[Delivery] | None:
        try:
            return await asyncio.to_thread(self.records.deliveries, chat)
        except Retryable as error:
            log.warning("the page of a response cannot say where it went: %s", error)
            return None

    @cached_property
    def _template(self) -> "Template":
        from jinja2 import Environment, StrictUndefined  # noqa: PLC0415 - no start needs it

        environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
        return environment.from_string(TEMPLATE.read_text("utf-8"))

    @cached_property
    def _headers(self) -> Mapping[str, str]:
        style = TEMPLATE.read_text("utf-8").partition("<style>")[2].partition("</style>")[0]
        return {
            "Content-Security-Policy": CSP.format(style=b64encode(sha256(style.encode()).digest()).decode()),
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
            **PRIVATE,
        }


PRIVATE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
}


def _nothing() -> web.StreamResponse:
    answer = problem(Refused(404, "unknown", "There is nothing at this address."))
    answer.headers.update(PRIVATE)
    return answer


def view(response: Response, deliveries: Sequence[Delivery] | None, zone: ZoneInfo) -> dict[str, object]:
    """What the template shows; texts as people wrote them."""
    r = response

    def when(ms: int) -> str:
        return datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone).strftime("%-d %b %Y, %H:%M") if ms else ""

    quote = next((answer.label for answer in r.answers if answer.kind == "text" and answer.label), "")
    contact = [(key, value, SOURCES[source]) for key, (value, source) in contact_of(r).items()]
    about = [
        *(("Chat", r.chat), ("Revision", str(r.revision)), ("Flow", f"{r.flow}, version {r.flow_version[:7]}")),
        *(("Language", r.locale), ("Time zone", r.timezone), ("Visitor", r.visitor)),
        *r.context.items(),
        *((f"Link followed: {click.step}/{click.link}", when(click.at)) for click in r.clicks),
    ]
    return {
        "name": _name(r),
        "score": r.score,
        "segment": r.segment or "",
        "line": " · ".join(filter(None, (when(r.scored or r.started), r.channel, OUTCOMES.get(r.outcome, r.outcome)))),
        "sample": r.sample,
        "quote": quote,
        "answers": [(a.key, a.label, when(a.at)) for a in r.answers if not a.key.startswith(CONTACT)],
        "contact": contact,
        "case": _case(r.case, when) if r.case is not None else (),
        "transcript": [(entry.author, entry.name, when(entry.at), text) for entry, text in _said(r.transcript)],
        "deliveries": None if deliveries is None else [_delivery(one, r.revision, when) for one in deliveries],
        "about": [(key, value) for key, value in about if value],
        "zone": zone.key,
    }


def _name(response: Response) -> str:
    """What to call the person; empty where nobody said."""
    known = contact_of(response)
    return next((known[key][0] for key in ("name", "first_name", "email") if key in known), "")


def _case(case: CaseFacts, when: Callable[[int], str]) -> Sequence[tuple[str, str]]:
    rows = (
        ("State", case.state),
        ("Opened by", case.rule),
        ("Opened", when(case.opened)),
        ("Due", when(case.due) if case.state != "resolved" else ""),
        ("Owner", case.owner),
        ("Resolved", when(case.resolved)),
        ("Outcome", ", ".join(filter(None, (case.outcome, COUNTS.get(case.counts, ""))))),
        ("Cause", case.cause),
        ("Note", case.note),
    )
    return [(name, value) for name, value in rows if value]


def _said(log: Sequence[Entry]) -> Iterator[tuple[Entry, str]]:
    """Each line as it reads now: what an agent wrote anew stands where it stood, what was taken back is gone."""
    newest = {entry.replaces: entry.text for entry in log if entry.replaces}
    for entry in log:
        text = newest.get(entry.seq, entry.text)
        if text and not entry.replaces:
            yield entry, f"{text} [{entry.link.label}]" if entry.link is not None else text


def _delivery(one: Delivery, newest: int, when: Callable[[int], str]) -> dict[str, str]:
    words, look = STATES.get(one.state, (one.state, "wait"))
    if one.state == "delivered" and one.delivered < newest:
        words, look = "an older state arrived; the newest is on its way", "wait"
    doubt = f"in doubt: {one.doubt}" if one.doubt else ""
    return {
        "writer": one.writer,
        "words": words,
        "look": look,
        "at": when(one.at),
        "error": "; ".join(filter(None, (one.error, doubt))),
        "id": one.remote,
    }
