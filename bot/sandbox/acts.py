"""What a person at the page can do, as it is posted: one type an act, told apart by `on` and `do`.

An act that makes no sense (a button that is gone, a modal that wants more) raises LookupError or ValueError, whose
words are for the person.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from bot.sandbox.crms import Crms, OnCrm
from bot.sandbox.slack import quirks as slack_quirks
from bot.sandbox.slack.delivery import Ack
from bot.sandbox.slack.server import Slack
from bot.sandbox.slack.types import Message, View
from bot.sandbox.telegram.server import Telegram
from bot.sandbox.telegram.troubles import ANY, broken, lost, throttled

SECONDS = 3
"""That a platform asks to wait, where it throttles."""
TELEGRAM_TROUBLES = {"throttled": throttled(SECONDS), "broken": broken(), "lost": lost()}
SLACK_TROUBLES = {
    "throttled": slack_quirks.throttled(SECONDS),
    "broken": slack_quirks.broken(),
    "lost": slack_quirks.lost(),
}
FILES = ("photo", "voice", "sticker")
LONGEST = 4_096


class OnTelegram(Struct, frozen=True, tag_field="on", tag="telegram"):
    """`do`: start, say, press (`text` is the words or the data), block (or unblock), photo, voice, sticker."""

    do: str
    who: int
    text: str = ""
    message: int = 0


class OnSlack(Struct, frozen=True, tag_field="on", tag="slack"):
    """`do`: say, press, choose, command, submit, close. `ts` names a message, `view` a modal."""

    do: str
    who: str
    channel: str = ""
    text: str = ""
    thread: str = ""
    ts: str = ""
    view: str = ""
    action: str = ""
    value: str | None = None
    values: Mapping[str, str | tuple[str, ...] | None] = {}


class Trouble(Struct, frozen=True, tag_field="on", tag="trouble"):
    """Let the next call of a platform go wrong, or the next thing that a person does there be told twice."""

    to: Literal["telegram", "slack"]
    what: Literal["throttled", "broken", "lost", "twice"]


Act: TypeAlias = OnTelegram | OnSlack | OnCrm | Trouble


class Move(Struct, frozen=True):
    """Let time pass: `by` in ms."""

    by: Annotated[int, Meta(le=366 * 86_400_000)]
    """A year at most: moments have an end, in dates and in the store."""


def decode(body: bytes) -> Act:
    """Raises ValueError."""
    found: Act = msgspec.json.decode(body, type=Act)
    return found


async def perform(telegram: Telegram, slack: Slack, crms: Crms, act: Act) -> None:
    """Raises LookupError and ValueError; RuntimeError where the app did not take it in time."""
    if isinstance(act, OnTelegram):
        on_telegram(telegram, act)
    elif isinstance(act, OnSlack):
        await on_slack(slack, act)
    elif isinstance(act, OnCrm):
        await crms.perform(act)
    else:
        trouble(telegram, slack, act)


def on_telegram(telegram: Telegram, act: OnTelegram) -> None:
    user = telegram.world.users.get(act.who)
    if user is None:
        raise LookupError("there is no such person")
    room = telegram.room(user)
    if room.blocked and act.do not in ("block", "start"):
        raise ValueError(f"{user.first_name} has blocked the bot: press Start")
    if act.do == "start":
        telegram.starts(user, act.text)
    elif act.do == "say":
        telegram.says(user, act.text[:LONGEST])
    elif act.do == "press":
        telegram.presses(user, act.text, room.find(act.message))
    elif act.do == "block":
        (telegram.unblocks if room.blocked else telegram.blocks)(user)
    elif act.do in FILES:
        telegram.sends(user, act.do)
    else:
        raise ValueError(f"nobody can {act.do}")


async def on_slack(slack: Slack, act: OnSlack) -> None:
    if act.do == "say":
        slack.says(act.who, act.channel, act.text, act.thread)
    elif act.do == "command":
        command, _, text = act.text.partition(" ")
        _taken(await slack.runs_command(act.who, command, text.strip(), act.channel))
    elif act.do == "press":
        _taken(await slack.presses(act.who, _on(slack, act), act.action, act.value))
    elif act.do == "choose":
        _taken(await slack.chooses(act.who, _on(slack, act), act.action, act.value))
    elif act.do == "submit":
        _taken(await slack.submits(act.who, act.values, _view(slack, act)))
    elif act.do == "close":
        await slack.closes(act.who)
    else:
        raise ValueError(f"nobody can {act.do}")


def trouble(telegram: Telegram, slack: Slack, act: Trouble) -> None:
    if act.to == "telegram":
        if act.what == "twice":
            telegram.updates.twice()
        else:
            telegram.fails(ANY, TELEGRAM_TROUBLES[act.what])
    elif act.what == "twice":
        slack.dispatcher.twice()
    else:
        slack.quirks.order("*", SLACK_TROUBLES[act.what])


def _taken(ack: Ack) -> None:
    if not ack.ok:
        raise RuntimeError(f"the app did not take it: {ack.reason}")


def _on(slack: Slack, act: OnSlack) -> Message | View:
    if act.view:
        return _view(slack, act)
    found = slack.world.channels[act.channel].messages.get(act.ts) if act.channel in slack.world.channels else None
    only = (one for one in slack.world.ephemeral if one.ts == act.ts)
    message = found or next(only, None)
    if message is None:
        raise LookupError("this message is gone")
    return message


def _view(slack: Slack, act: OnSlack) -> View:
    view = slack.world.view(act.view)
    if view is None:
        raise LookupError("this window is closed")
    return view
