"""The message about a writer that needs a person, and its button. What the other side said is text, never markup."""

from collections.abc import Mapping, Sequence

from slack_bolt.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.context.async_context import AsyncBoltContext

from bot.channels.slack.kit import Block, actions, button, cut, escape
from bot.channels.slack_desk import read
from bot.channels.slack_desk.blocks import agent, bold, context, mrkdwn, quoted
from bot.desk.alarms import Alarm, Operators

REPLAY = "alarm_replay"


def message(alarm: Alarm) -> tuple[str, Sequence[Block]]:
    """(text, blocks)."""
    shown: list[Block] = []
    sign = ":white_check_mark:" if alarm.over else ":rotating_light:"
    shown.append({"type": "section", "text": mrkdwn(f"{sign} *{bold(alarm.text)}*")})
    if alarm.error:
        shown.append(quoted(cut(alarm.error, 1_000)))
    if alarm.hint:
        shown.append(context(escape(alarm.hint)))
    if alarm.by:
        shown.append(context(f"{agent(alarm.by)} had it sent again"))
    if alarm.button:
        shown.append(actions([button(REPLAY, alarm.button, alarm.writer, style="primary")]))
    return escape(alarm.text), tuple(shown)


class SlackAlarms:
    """Listens to the button. Commits, then acknowledges."""

    def __init__(self, operators: Operators) -> None:
        self._operators = operators

    def register(self, app: AsyncApp) -> None:
        app.action(REPLAY)(self._pressed)

    async def _pressed(self, body: Mapping[str, object], context: AsyncBoltContext, ack: AsyncAck) -> None:
        press = read.press(body, context.team_id or "")
        if press is not None and press.chat:
            await self._operators.replay(press.chat, press.agent, (press.event,))
        await ack()
