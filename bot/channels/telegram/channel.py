"""The receiving side of Telegram: from an update to one committed turn.

- What was taken is committed when `take` returns; nothing of the Bot API is called before. What a person sees is sent
  by the chat's delivery job; the few answers that are no part of a chat (a button that shall stop turning, a group that
  is refused) are sent beside it, once, and may be lost.
- An update that comes again is known by its id; one that is late meets the fence of its question.
- An update that makes our own code fail is given up after three attempts, so that it never holds up the others.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.channels.base import Front, Reply
from bot.channels.telegram import types as seen
from bot.channels.telegram.aside import Asides
from bot.channels.telegram.keyboard import hashed, keyboard
from bot.channels.telegram.links import DOC, DeepLink, read_payload, unpacked
from bot.channels.telegram.render import Edit, Send
from bot.channels.telegram.sender import Calls
from bot.channels.telegram.words import words
from bot.errors import StoreUnavailable, Unknown
from bot.model import Address, Doc, DocChange, Fact, Inbound, InboundKind, Start
from bot.store.base import Commit, Store

log = logging.getLogger(__name__)

CHANNEL = "telegram"
ATTEMPTS = 3
DOUBLE_TAP = 3_000
"""Milliseconds after a turn in which another tap on an old button is no wish to see the question again."""
_NO_ENTRIES = 2**53
_OWNERS = 4_096


@dataclass(frozen=True, slots=True)
class Options:
    """`bot` is the bot's own number, the first part of its token."""

    bot: int
    username: str = ""
    start: str = "any"
    """`any` first message begins a chat, or /start alone (`command`)."""
    flow: str = ""
    """The one that begins; empty: the file's first."""
    secrets: tuple[str, ...] = field(default=(), repr=False)


class TelegramChannel:
    """Takes updates, however they come."""

    def __init__(self, front: Front, store: Store, calls: Calls, options: Options, clock: Callable[[], int]) -> None:
        self._front, self._store, self._calls, self._clock = front, store, calls, clock
        self.options = options
        self._failed: dict[int, int] = {}
        self._owners: OrderedDict[str, str] = OrderedDict()
        self.asides = Asides()

    async def take(self, update: seen.Update) -> bool:
        """Whether it is done with: committed, nothing to commit, or given up. False: it shall come again."""
        try:
            await self._handle(update)
        except StoreUnavailable:
            return False
        except Exception:
            attempt = self._failed[update.id] = self._failed.get(update.id, 0) + 1
            log.exception("an update of Telegram could not be handled (attempt %d of %d)", attempt, ATTEMPTS)
            if attempt < ATTEMPTS:
                return False
        self._failed.pop(update.id, None)
        return True

    async def _handle(self, update: seen.Update) -> None:
        match update.meaning:
            case seen.Tap() as tap:
                await self._tap(update, tap)
            case seen.Begin(person, payload):
                await self._begin(update, person, payload)
            case seen.Words(person, text):
                await self._said(update, person, Inbound(_id(update), self._clock(), "text", text=text, late=True))
            case seen.Action(person, action):
                inbound = Inbound(_id(update), self._clock(), "action", action, late=action == "stop")
                await self._said(update, person, inbound, anew=action == "restart")
            case seen.Media(person):
                inbound = Inbound(_id(update), self._clock(), "action", "unread")
                reply = await self._said(update, person, inbound)
                if reply is not None and reply.conversation.handoff:
                    self._tell(person.peer, words("no_files", reply.conversation.locale))
            case seen.Gone(person):
                await self._gone(update, person)
            case seen.Group(peer, language):
                await self._refuse(peer, language)
            case seen.Odd(person, query):
                self.asides.soon(self._calls.answer(query, words("stale", person.language)))
            case seen.Nothing(why):
                if why == "malformed":
                    log.warning("an update of Telegram is not what its contract says; it is left out")

    async def _begin(self, update: seen.Update, person: seen.Person, payload: str) -> None:
        """/start: a new chat, or the question once more where one is open."""
        link = await self._link(payload) if payload else DeepLink()
        inbound = Inbound(_id(update), self._clock(), "action", "repeat")
        await self._open(update, person, inbound, link)

    async def _said(
        self, update: seen.Update, person: seen.Person, inbound: Inbound, *, anew: bool = False
    ) -> Reply | None:
        """To the open chat. A first message begins one where the settings say so."""
        if anew:
            return await self._open(update, person, inbound, DeepLink())
        try:
            reply = await self._front.receive_at(_address(person), inbound, events=self._events(update))
        except Unknown:
            if self.options.start == "any" and inbound.value != "stop":
                return await self._open(update, person, inbound, DeepLink())
            self._tell(person.peer, words("none", person.language))
            return None
        if reply.ignored == "ended":
            self._tell(person.peer, words("ended", reply.conversation.locale))
        return reply

    async def _open(self, update: seen.Update, person: seen.Person, inbound: Inbound, link: DeepLink) -> Reply | None:
        start = _start(person, link, inbound.at)
        address, events = _address(person), self._events(update)
        for flow in dict.fromkeys((link.flow or self.options.flow, self.options.flow, "")):
            try:
                return await self._front.receive_at(address, inbound, events=events, opening=start, flow=flow)
            except Unknown:
                log.warning('there is no flow "%s" to begin in Telegram; another one begins', flow)
        return None

    async def _tap(self, update: seen.Update, tap: seen.Tap) -> None:
        person = tap.person
        if not await self._is_theirs(tap):
            return self.asides.soon(self._calls.answer(tap.query, words("stale", person.language)))
        if tap.view:
            return await self._view(tap)
        value: int | str = tap.action or tap.value
        if tap.hashed:
            ask = (await self._front.look(tap.chat, _NO_ENTRIES)).ask
            offered = () if ask is None or ask.fence != tap.fence else (*ask.options, *ask.suggest)
            value = next((choice.value for choice in offered if hashed(choice.value) == tap.hashed), "")
        kind: InboundKind = "action" if tap.action else "value"
        inbound = Inbound(_id(update), self._clock(), kind, value, fence=tap.fence)
        reply = await self._front.receive(tap.chat, inbound, _NO_ENTRIES, self._events(update))
        if reply.ignored in ("stale", "ended"):
            return await self._stale(update, tap, reply)
        return self.asides.soon(self._calls.answer(tap.query))

    async def _stale(self, update: seen.Update, tap: seen.Tap, reply: Reply) -> None:
        """A short notice, and the question as it stands: in this chat, or in a newer one of this person."""
        chat, ended = reply.conversation, reply.ignored == "ended"
        if not ended and self._clock() - chat.updated < DOUBLE_TAP:
            self.asides.soon(self._calls.answer(tap.query))
            return
        inbound = Inbound(_id(update), self._clock(), "action", "repeat")
        now = await self._front.receive_at(_address(tap.person), inbound, events=self._events(update))
        key = "ended" if now.ignored == "ended" else "stale"
        self.asides.soon(self._calls.answer(tap.query, words(key, chat.locale)))

    async def _view(self, tap: seen.Tap) -> None:
        """More buttons under the same message: nothing of the chat changes."""
        reply = await self._front.look(tap.chat, _NO_ENTRIES)
        ask, locale = reply.ask, reply.conversation.locale
        if ask is None or ask.fence != tap.fence:
            self.asides.soon(self._calls.answer(tap.query, words("stale", locale)))
            return
        rows = keyboard(tap.chat, locale, ask, tap.page, whole=True)
        edit = Edit(tap.message, None, markup={"inline_keyboard": rows})
        self.asides.soon(self._calls.edit(tap.person.peer, edit), self._calls.answer(tap.query))

    async def _is_theirs(self, tap: seen.Tap) -> bool:
        """Whether the chat that a button names is this person's: what a client sends back can be made up."""
        peer = self._owners.get(tap.chat)
        if peer is None:
            try:
                address = (await self._front.look(tap.chat, _NO_ENTRIES)).conversation.address
            except Unknown:
                return False
            peer = address.peer if address.channel == CHANNEL else ""
            self._owners[tap.chat] = peer
            if len(self._owners) > _OWNERS:
                self._owners.popitem(last=False)
        return peer == tap.person.peer

    async def _gone(self, update: seen.Update, person: seen.Person) -> None:
        inbound = Inbound(_id(update), self._clock(), "gone")
        try:
            await self._front.receive_at(_address(person), inbound, events=self._events(update))
        except Unknown:
            log.debug("someone without a chat blocked the bot")

    async def _refuse(self, peer: str, language: str) -> None:
        """Say once in a group that surveys are between two."""
        mark = Doc("telegram.group", peer, 1, b"{}")
        if await self._store.put(DocChange(mark, 0)) is Commit.DONE:
            link = f"https://t.me/{self.options.username}" if self.options.username else "@"
            self._tell(peer, words("group", language, link=link))

    async def _link(self, payload: str) -> DeepLink:
        found = read_payload(payload, self.options.secrets)
        if isinstance(found, str):
            doc = await self._store.doc(DOC, found)
            found = None if doc is None else unpacked(doc.body)
        return found or DeepLink()

    def _tell(self, peer: str, text: str) -> None:
        self.asides.soon(self._calls.send(peer, Send(text)))

    def _events(self, update: seen.Update) -> tuple[str, ...]:
        return (f"{CHANNEL}:{self.options.bot}:{update.id}",) if update.id else ()


def _id(update: seen.Update) -> str:
    return f"{CHANNEL}:{update.id}"


def _address(person: seen.Person) -> Address:
    return Address(CHANNEL, person.peer)


def _start(person: seen.Person, link: DeepLink, at: int) -> Start:
    """What their profile says is claimed; what a link of ours says is proven."""
    profile = {"first_name": person.first_name, "last_name": person.last_name, "telegram": person.username}
    claimed = {name: Fact(text) for name, text in profile.items() if text}
    proven = {name: Fact(text, proven=True) for name, text in link.contact.items()}
    context = {"campaign": link.campaign} if link.campaign else {}
    locale = ",".join(tag for tag in (link.locale, person.language) if tag)
    return Start("", _address(person), at, locale=locale, context=context, contact={**claimed, **proven})
