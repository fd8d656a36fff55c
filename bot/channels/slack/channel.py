"""The receiving side of the Slack channel: direct messages, taps, the window, /survey and the shortcut.

One person is one address, `team:user`, whatever brings them here. Every listener parses, commits through `Front` and
returns; bolt acknowledges after that (`app.py`). What comes twice, with the same event id or as the same message
under another one, is known by the ids that the commit keeps. The two calls that cannot be jobs are errands: the window
must open within 3 s of the tap, and somebody who writes without having been asked is told how to begin.
"""

import asyncio
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot.channels.base import Front, Reply
from bot.channels.slack import read
from bot.channels.slack.api import SlackApi
from bot.channels.slack.app import Errands
from bot.channels.slack.controls import COMMAND, INPUT, KEY, LINK, MODAL, NUMBER, WRITE, window
from bot.channels.slack.words import word
from bot.channels.web.wire import timezone
from bot.errors import StoreUnavailable, Unknown
from bot.model import Address, Fact, Inbound, InboundKind, Start

log = logging.getLogger(__name__)

TAPS = re.compile(rf"^({NUMBER}|{KEY}|{COMMAND})(/|$)")
LINKS = re.compile(rf"^{LINK}(/|$)")


@dataclass(frozen=True, slots=True)
class SlackOptions:
    """Choices of the settings."""

    flow: str = ""
    """That /survey and the shortcut begin where none is named; empty: the file's first."""
    first_message: bool = False
    """Whether whoever writes without having been asked is asked."""
    command: str = "/survey"
    shortcut: str = "survey_start"


class SlackChannel:
    """Turns what people do in Slack into turns of their chats."""

    name = "slack"

    def __init__(
        self,
        front: Front,
        api: SlackApi,
        errands: Errands,
        options: SlackOptions,
        *,
        flows: Callable[[], Sequence[str]],
        clock: Callable[[], int],
    ) -> None:
        """`flows` names those of the live file; `clock` gives milliseconds since the epoch."""
        self._front, self._api, self._errands, self._options = front, api, errands, options
        self._flows, self._clock = flows, clock

    def register(self, app: AsyncApp) -> None:
        """Listens to what belongs to the survey and to nothing else."""
        app.event("message", matchers=[_direct])(self._said)
        app.action(TAPS)(self._tapped)
        app.action(WRITE)(self._write)
        app.action(LINKS)(_followed)
        app.view(MODAL)(self._wrote)
        app.command(self._options.command)(self._wished)
        app.shortcut(self._options.shortcut)(self._wished)

    async def _said(self, body: Mapping[str, object], context: AsyncBoltContext) -> None:
        heard = read.words(body)
        if heard is None:
            return
        address = _address(context, heard.user)
        inbound = Inbound(heard.events[0], self._clock(), "text", text=heard.text)
        if not heard.text.strip():
            if not heard.files:
                return
            inbound = Inbound(heard.events[0], self._clock(), "action", value="unread")
        try:
            reply = await self._front.receive_at(address, inbound, events=heard.events)
        except Unknown:
            await self._unasked(address, heard)
            return
        if heard.files and reply.conversation.handoff and reply.ignored in ("", "repeated"):
            await self._pass_on(reply, heard)

    async def _pass_on(self, reply: Reply, heard: read.Words) -> None:
        """Files, while a person is on the line: where they lie, for whoever may see them."""
        name = f"{heard.events[0]}:files"
        inbound = Inbound(name, self._clock(), "text", text="\n".join(heard.files))
        await self._front.receive(reply.conversation.id, inbound, events=(name,))

    async def _unasked(self, address: Address, heard: read.Words) -> None:
        if self._options.first_message:
            await self._begin(address, read.Wish(heard.user, heard.events[0]), heard.events)
            return
        text = word("begin", "", command=self._options.command)
        team = address.peer.partition(":")[0]
        self._errands.run("hint", self._api.call(team, "chat.postMessage", channel=heard.channel, text=text))

    async def _tapped(self, body: Mapping[str, object], context: AsyncBoltContext, ack: AsyncAck) -> None:
        tap = read.tap(body)
        if tap is not None:
            kind: InboundKind = "action" if tap.command else "value"
            inbound = Inbound(tap.id, self._clock(), kind, value=tap.value, fence=tap.tapped.fence)
            await self._turn(_address(context, tap.user), tap.tapped.chat, inbound)
        await ack()

    async def _wrote(self, body: Mapping[str, object], context: AsyncBoltContext, ack: AsyncAck) -> None:
        sent = read.written(body)
        if sent is not None and sent.text.strip():
            inbound = Inbound(sent.id, self._clock(), "text", text=sent.text, fence=sent.tapped.fence)
            if await self._turn(_address(context, sent.user), sent.tapped.chat, inbound) in ("stale", "ended"):
                await ack(response_action="errors", errors={INPUT: word("answered", sent.tapped.value)})
                return
        await ack()

    async def _turn(self, address: Address, chat: str, inbound: Inbound) -> str:
        """Why nothing changed. A control counts in the chat that it was made for and for the person it was sent to."""
        try:
            if (await self._front.look(chat, 1 << 62)).conversation.address != address:
                return "stale"
            return (await self._front.receive(chat, inbound, 1 << 62, events=(inbound.id,))).ignored
        except Unknown:
            return "stale"

    async def _write(self, body: Mapping[str, object], context: AsyncBoltContext, ack: AsyncAck) -> None:
        await ack()
        tapped, trigger = read.carried(read.action(body)), body.get("trigger_id")
        if tapped is None or not isinstance(trigger, str):
            return
        view = window(tapped.chat, tapped.fence, read.question(body) or word("title", tapped.value), tapped.value)
        self._errands.run(
            "window", self._api.call(context.team_id or "", "views.open", trigger_id=trigger, view=dict(view))
        )

    async def _wished(self, body: Mapping[str, object], context: AsyncBoltContext, ack: AsyncAck) -> None:
        wish = read.wish(body, self._flows())
        if wish is None:
            await ack()
            return
        address = _address(context, wish.user)
        try:
            reply = await self._begin(address, wish, (wish.id,))
        except Unknown:
            said = word("no_flow", wish.locale)
        else:
            said = word("look", reply.conversation.locale)
        # A command is answered to whoever gave it; a shortcut cannot be.
        await (ack(said) if "command" in body else ack())

    async def _begin(self, address: Address, wish: read.Wish, events: tuple[str, ...]) -> Reply:
        """Begin a chat; where one is open, its question once more."""
        now = self._clock()
        contact = {"username": Fact(wish.name, True)} if wish.name else {}
        reply = await self._front.receive_at(
            address,
            Inbound(wish.id, now, "action", value="repeat"),
            events=events,
            opening=Start("", address, now, wish.locale, contact=contact),
            flow=wish.flow or self._options.flow,
        )
        if "name" not in reply.conversation.contact:
            self._errands.run("person", self._introduce(address, reply.conversation.id))
        return reply

    async def _introduce(self, address: Address, chat: str) -> None:
        """Slack names who gave the command by their user name alone; their profile says what they are called."""
        team, _, user = address.peer.partition(":")
        person = read.person(await self._api.call(team, "users.info", user=user))
        contact = {name: Fact(value, True) for name, value in person.contact.items()}
        zone = await asyncio.to_thread(timezone, person.timezone)
        inbound = Inbound(f"slack:person:{user}", self._clock(), "person", value=zone, contact=contact)
        with suppress(Unknown, StoreUnavailable):  # the next command finds them still without a name
            await self._front.receive(chat, inbound, 1 << 62)


def _address(context: AsyncBoltContext, user: str) -> Address:
    return Address("slack", f"{context.team_id or ''}:{user}")


async def _direct(body: Mapping[str, object]) -> bool:
    return read.is_direct(body)


async def _followed(ack: AsyncAck) -> None:
    """Slack tells of a button that leads away; the click is recorded where it leads."""
    await ack()
