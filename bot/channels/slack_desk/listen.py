"""Listens to what agents do in Slack. Parses, commits through `Agents`, returns; bolt acknowledges after that.

The only call that cannot wait for a job opens a form: it must reach Slack within 3 s of the press, so it is an errand
after the listener.
"""

import asyncio
import re
from collections.abc import Mapping

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot.channels.slack.api import SlackApi
from bot.channels.slack.app import Errands
from bot.channels.slack.kit import Block
from bot.channels.slack.read import is_direct
from bot.channels.slack_desk import blocks, forms, read
from bot.desk.base import Agents, Result

OURS = re.compile("^(case|home)_")
YOUNG = 120.0
"""Seconds: a thread that is older is known, or none of ours."""
LOOK, LOOKS = 0.1, 10
SNOOZES = {"snooze_1h": "1h", "snooze_tomorrow": "tomorrow"}


class SlackDesk:
    def __init__(self, agents: Agents, api: SlackApi, errands: Errands) -> None:
        self._agents, self._api, self._errands = agents, api, errands

    def register(self, app: AsyncApp) -> None:
        """Listens to threads of channels, to the cards and their forms, and to the home tab."""
        app.event("message", matchers=[_in_a_channel])(self._heard)
        app.event("app_home_opened")(self._home)
        app.action(OURS)(self._pressed)
        app.view(blocks.OUTCOME)(self._resolved)
        app.view(blocks.HAND_OVER)(self._handed_over)

    async def _heard(self, body: Mapping[str, object], context: AsyncBoltContext) -> None:
        found = read.heard(body, context.team_id or "")
        chat = None if found is None else await self._chat_of(found)
        if found is None or chat is None:
            return
        for number, line in enumerate(found.lines):
            # What is said twice under one event are two things: each has names of its own.
            events = found.events if not number else tuple(f"{one}:{number}" for one in found.events)
            await self._agents.line(chat, line, events)

    async def _chat_of(self, found: read.Heard) -> str | None:
        """A line may come sooner than the answer that says where the card is."""
        chat = await self._agents.chat_at(found.alias)
        for _ in range(LOOKS if chat is None and found.age < YOUNG else 0):
            await asyncio.sleep(LOOK)
            chat = await self._agents.chat_at(found.alias)
            if chat is not None:
                break
        return chat

    async def _home(self, event: Mapping[str, object], context: AsyncBoltContext) -> None:
        user = event.get("user")
        if event.get("tab") == "home" and isinstance(user, str):
            await self._agents.home(f"{context.team_id}:{user}")

    async def _pressed(self, body: Mapping[str, object], context: AsyncBoltContext, ack: AsyncAck) -> None:
        press = read.press(body, context.team_id or "")
        if press is not None and press.chat:
            await self._act(press.chat, press)
        await ack()

    async def _act(self, chat: str, press: read.Press) -> None:
        agents, agent, events = self._agents, press.agent, (press.event,)
        result = Result(True)
        match press.action:
            case blocks.CLAIM:
                result = await agents.claim(chat, agent, events)
            case blocks.RELEASE:
                result = await agents.release(chat, agent, events)
            case blocks.OUTCOME:
                offered = await agents.choices(chat, agent)
                if isinstance(offered, str):
                    result = Result(False, offered)
                else:
                    self._open(press, forms.form(chat, offered))
            case "handover":
                self._open(press, forms.hand_over_form(chat))
            case "link":
                await agents.link(chat, agent, events)
            case "snooze_1h" | "snooze_tomorrow":
                result = await agents.snooze(chat, agent, SNOOZES[press.action], events)
            case _:
                pass  # a link: Slack has opened it
        if not result.done:
            await agents.whisper(chat, agent, result.words, (f"{press.event}:told",))

    def _open(self, press: read.Press, view: Block) -> None:
        team = press.agent.partition(":")[0]
        self._errands.run("form", self._api.call(team, "views.open", trigger_id=press.trigger, view=dict(view)))

    async def _resolved(self, body: Mapping[str, object], context: AsyncBoltContext, ack: AsyncAck) -> None:
        form = read.filled(body, context.team_id or "")
        if form is None:
            await ack()
            return
        await _answer(ack, await self._agents.resolve(form.chat, form.agent, form.verdict, (form.event,)), "outcome")

    async def _handed_over(self, body: Mapping[str, object], context: AsyncBoltContext, ack: AsyncAck) -> None:
        form = read.filled(body, context.team_id or "")
        if form is None or not form.to:
            await ack()
            return
        await _answer(ack, await self._agents.hand_over(form.chat, form.agent, form.to, (form.event,)), "to")


async def _answer(ack: AsyncAck, result: Result, field: str) -> None:
    """A form that is refused stays open and says why."""
    if result.done:
        await ack()
    else:
        await ack(response_action="errors", errors={field: result.words})


async def _in_a_channel(body: Mapping[str, object]) -> bool:
    return not is_direct(body)
