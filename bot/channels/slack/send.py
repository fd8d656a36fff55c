"""The sending side of the Slack channel: a post becomes chat.postMessage in the person's direct messages.

A peer is `team:user`. The direct messages of a person have a channel of their own, which conversations.open names, the
same each time; it is remembered for those lately written to. A message's id here is `channel:ts`, which is all that
chat.update needs.
"""

from collections import OrderedDict
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from bot.channels.base import Asked, Found, Post
from bot.channels.slack.api import SlackApi
from bot.channels.slack.blocks import LinkUrl, Message, messages, revised, settled
from bot.errors import Permanent, Retryable
from bot.model import Entry

GONE = frozenset(
    (
        *(
            "user_not_found",
            "users_not_found",
            "user_disabled",
            "user_not_visible",
            "cannot_dm_bot",
            "channel_not_found",
        ),
        *("is_archived", "not_in_channel", "no_permission_to_dm", "cannot_message_user", "not_installed"),
    )
)
"""Slack's codes for: this person cannot be reached here any more."""
PAST = frozenset(
    ("message_not_found", "cant_update_message", "cant_delete_message", "edit_window_closed", "is_inactive")
)
"""Slack's codes for: this message cannot be changed any more."""
EVENT = "chatsurvey_post"
"""The type of our metadata: https://docs.slack.dev/messaging/message-metadata"""
RECENT = 50
"""Messages in which the one in doubt is looked for."""
MOST = 10_000
"""Channels that are remembered."""


class _Kept(Struct):
    chat: str
    seq: int
    step: str = ""
    fence: int = 0


class _Metadata(Struct):
    event_type: str
    event_payload: _Kept


class _Shown(Struct):
    """What is read of a message in the history."""

    ts: str
    metadata: _Metadata


class SlackMessenger:
    """Implements `channels.base.Messenger` and `Traceable`."""

    name = "slack"

    def __init__(self, api: SlackApi, link: LinkUrl) -> None:
        self._api = api
        self._link = link
        self._direct: OrderedDict[str, str] = OrderedDict()

    async def post(self, peer: str, post: Post) -> str:
        team = peer.partition(":")[0]
        channel, ts = await self._channel(peer), ""
        parts = messages(post, self._link)
        for at, message in enumerate(parts, 1):
            more = {"metadata": _metadata(post)} if at == len(parts) else {}
            said = await self._call(team, "chat.postMessage", peer, channel, message, **more)
            ts = str(said.get("ts", ""))
        return f"{channel}:{ts}"

    async def find(self, peer: str, chat: str) -> Found | None:
        channel = await self._channel(peer)
        said = await self._api.call(
            peer.partition(":")[0], "conversations.history", channel=channel, limit=RECENT, include_all_metadata=True
        )
        shown = said.get("messages")
        posts = [_found(message, channel, chat) for message in shown] if isinstance(shown, list) else []
        return max((post for post in posts if post is not None), key=lambda post: post.seq, default=None)

    async def settle(self, peer: str, asked: Asked) -> None:
        await self._update(peer, asked.message, settled(asked))

    async def revise(self, peer: str, message: str, entry: Entry, locale: str) -> None:
        if entry.text:
            await self._update(peer, message, revised(entry))
            return
        channel, _, ts = message.partition(":")
        try:
            await self._api.call(peer.partition(":")[0], "chat.delete", channel=channel, ts=ts)
        except Permanent as error:
            _forgive(error)

    async def close(self) -> None:
        """The connections are those of the API, which its maker closes."""

    async def _update(self, peer: str, message: str, new: Message) -> None:
        channel, _, ts = message.partition(":")
        try:
            await self._call(peer.partition(":")[0], "chat.update", peer, channel, new, ts=ts)
        except Permanent as error:
            _forgive(error)

    async def _channel(self, peer: str) -> str:
        """Of the person's direct messages with the app."""
        known = self._direct.get(peer)
        if known is not None:
            self._direct.move_to_end(peer)
            return known
        team, _, user = peer.partition(":")
        try:
            said = await self._api.call(team, "conversations.open", users=user)
        except Permanent as error:
            raise _reached(error) from None
        channel = said.get("channel")
        found = str(channel.get("id", "")) if isinstance(channel, dict) else ""
        if not found:
            raise Retryable("Slack names no channel for direct messages")
        self._direct[peer] = found
        if len(self._direct) > MOST:
            self._direct.popitem(last=False)
        return found

    async def _call(
        self, team: str, method: str, peer: str, channel: str, message: Message, **more: object
    ) -> Mapping[str, object]:
        blocks = [dict(block) for block in message.blocks]
        quiet = {} if "ts" in more else {"unfurl_links": False, "unfurl_media": False}
        try:
            return await self._api.call(
                team, method, channel=channel, text=message.text, blocks=blocks, **quiet, **more
            )
        except Permanent as error:
            self._direct.pop(peer, None)
            raise _reached(error) from None


def _metadata(post: Post) -> Mapping[str, object]:
    """By this a post is found again where nobody knows whether it went out."""
    ask = post.ask
    said = {"chat": post.chat, "seq": post.entries[-1].seq}
    return {
        "event_type": EVENT,
        "event_payload": said if ask is None else {**said, "step": ask.step, "fence": ask.fence},
    }


def _found(message: object, channel: str, chat: str) -> Found | None:
    """A message of the history as a post of this chat; None where it is none."""
    try:
        said = msgspec.convert(message, _Shown)
    except msgspec.ValidationError:
        return None
    kept = said.metadata.event_payload
    if said.metadata.event_type != EVENT or kept.chat != chat:
        return None
    return Found(f"{channel}:{said.ts}", kept.seq, kept.step, kept.fence)


def _reached(error: Permanent) -> Permanent:
    return Permanent(str(error), "gone") if error.code in GONE else error


def _forgive(error: Permanent) -> None:
    """A message that cannot be changed any more stays as it is."""
    if error.code not in PAST and error.code != "gone":
        raise error
