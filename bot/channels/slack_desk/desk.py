"""The board of the desk on Slack: cards, threads, marks and homes by the Web API.

A place is `team:channel:ts`, an agent `team:user`, a line the `ts` of its message. Each message of ours carries its
key as metadata, by which it is found again where nobody knows whether it went out; for that the app needs to read the
history of the channels it is in.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime

from bot.channels.slack.api import SlackApi
from bot.channels.slack.kit import escape
from bot.channels.slack_desk import alarms, blocks, forms
from bot.desk.alarms import Alarm
from bot.desk.base import Card, Colleague, Home, Mark, Notice
from bot.errors import Permanent

EVENT = "chatsurvey_desk"
"""The type of our metadata: https://docs.slack.dev/messaging/message-metadata"""
PAGE = 200
PAGES = 10
"""Of a history that are looked through: more messages than a channel gets between a crash and the next start."""
DONE_ALREADY = ("already_reacted", "message_not_found", "no_item_specified", "thread_not_found")
"""Codes of a mark that is there, or whose line is not."""


class SlackBoard:
    """Implements `desk.base.Board` and `desk.alarms.AlarmBoard`."""

    def __init__(self, api: SlackApi) -> None:
        self._api = api
        self._homes: dict[str, tuple[str, str]] = {}
        """Team as it was named -> (its id, its web address)."""
        self._channels: dict[tuple[str, str], str] = {}

    async def post(self, to: str, key: str, card: Card) -> str:
        team, channel = _where(to)
        text, shown = blocks.message(card)
        answer = await self._say(team, key, channel=channel, text=text, blocks=shown)
        real, _ = await self._team(team)
        return f"{real}:{answer.get('channel')}:{answer.get('ts')}"

    async def update(self, place: str, key: str, card: Card) -> None:
        team, channel, ts = _place(place)
        text, shown = blocks.message(card)
        await self._api.call(
            team, "chat.update", channel=channel, ts=ts, text=text, blocks=shown, metadata=_metadata(key)
        )

    async def find(self, to: str, key: str, since: int) -> str:
        team, channel = _where(to)
        known = await self._channel(team, channel)
        real, _ = await self._team(team)
        async for one in self._pages(team, "conversations.history", channel=known, oldest=_ts(since)):
            if _key(one) == key:
                return f"{real}:{known}:{one.get('ts')}"
        return ""

    async def tell(self, place: str, key: str, notice: Notice) -> str:
        team, channel, ts = _place(place)
        text, shown, name = blocks.notice(notice)
        as_whom: dict[str, object] = {"username": name[:80]} if name else {}
        # In a thread @here calls nobody, and only those who follow it hear of a line.
        if notice.loud or notice.mention.startswith("@"):
            as_whom["reply_broadcast"] = True
        answer = await self._say(team, key, channel=channel, thread_ts=ts, text=text, blocks=shown, **as_whom)
        return str(answer.get("ts", ""))

    async def said(self, place: str, since: int) -> frozenset[str]:
        team, channel, ts = _place(place)
        found = self._pages(team, "conversations.replies", channel=channel, ts=ts, oldest=_ts(since))
        return frozenset([key async for one in found if (key := _key(one))])

    async def shout(self, to: str, key: str, notice: Notice) -> None:
        team, channel = _where(to)
        link = await self.link(notice.card) if notice.card else ""
        text, shown, _ = blocks.notice(notice, link)
        await self._say(team, key, channel=channel, text=text, blocks=shown)

    async def alarm(self, to: str, place: str, key: str, alarm: Alarm) -> str:
        text, shown = alarms.message(alarm)
        if not place:
            team, channel = _where(to)
            answer = await self._say(team, key, channel=channel, text=text, blocks=shown)
            real, _ = await self._team(team)
            return f"{real}:{answer.get('channel')}:{answer.get('ts')}"
        team, channel, ts = _place(place)
        await self._api.call(
            team, "chat.update", channel=channel, ts=ts, text=text, blocks=shown, metadata=_metadata(key)
        )
        return place

    async def whisper(self, place: str, agent: str, text: str) -> None:
        team, channel, ts = _place(place)
        user = agent.rpartition(":")[2]
        escaped = escape(text)
        try:
            await self._api.call(team, "chat.postEphemeral", channel=channel, user=user, thread_ts=ts, text=escaped)
        except Permanent as error:
            if error.code != "user_not_in_channel":
                raise

    async def mark(self, place: str, ref: str, mark: Mark) -> None:
        team, channel, _ = _place(place)
        try:
            await self._api.call(team, "reactions.add", channel=channel, timestamp=ref, name=blocks.MARKS[mark])
        except Permanent as error:
            if error.code not in DONE_ALREADY:
                raise

    async def colleague(self, agent: str) -> Colleague:
        team, _, user = agent.partition(":")
        try:
            answer = await self._api.call(team, "users.info", user=user)
        except Permanent:
            return Colleague("Support", "Support")  # somebody from another workspace, or without a profile
        found = _table(answer, "user")
        profile = _table(found, "profile")
        names = (profile.get("real_name"), found.get("real_name"), profile.get("display_name"), found.get("name"))
        name = next((" ".join(one.split()) for one in names if isinstance(one, str) and one.strip()), "Support")
        first = profile.get("first_name")
        called = first if isinstance(first, str) and first.strip() else name
        return Colleague(name[:80], called.split(maxsplit=1)[0][:40])

    async def belongs(self, to: str, agent: str) -> bool:
        team, channel = _where(to)
        home, _, user = agent.partition(":")
        real, _ = await self._team(team)
        if real != home:
            return False
        members = self._pages(team, "conversations.members", "members", channel=await self._channel(team, channel))
        return any([one.get("id") == user async for one in members])

    async def home(self, agent: str, home: Home | None) -> None:
        team, _, user = agent.partition(":")
        shown = forms.nothing() if home is None else None
        if home is not None:
            links = [await self.link(one.place) if one.place else "" for one in (*home.waiting, *home.yours)]
            shown = forms.home(home, links)
        await self._api.call(team, "views.publish", user_id=user, view=shown)

    def alias(self, place: str) -> str:
        return f"slack:{place}"

    async def link(self, place: str) -> str:
        team, channel, ts = _place(place)
        _, url = await self._team(team)
        return f"{url.rstrip('/')}/archives/{channel}/p{ts.replace('.', '')}"

    async def _say(self, team: str, key: str, **arguments: object) -> Mapping[str, object]:
        return await self._api.call(
            team, "chat.postMessage", metadata=_metadata(key), unfurl_links=False, unfurl_media=False, **arguments
        )

    async def _team(self, team: str) -> tuple[str, str]:
        if team not in self._homes:
            answer = await self._api.call(team, "auth.test")
            self._homes[team] = (str(answer.get("team_id", "")), str(answer.get("url", "https://slack.com/")))
        return self._homes[team]

    async def _channel(self, team: str, channel: str) -> str:
        """The id of a channel that the settings may name."""
        if not channel.startswith("#"):
            return channel
        if (team, channel) not in self._channels:
            kinds = "public_channel,private_channel"
            pages = self._pages(team, "conversations.list", "channels", types=kinds, exclude_archived=True)
            async for one in pages:
                self._channels[team, f"#{one.get('name')}"] = str(one.get("id"))
        try:
            return self._channels[team, channel]
        except KeyError:
            raise Permanent("there is no such channel, or the app is not in it", "channel_not_found") from None

    async def _pages(
        self, team: str, method: str, inside: str = "messages", **arguments: object
    ) -> AsyncIterator[Mapping[str, object]]:
        cursor = ""
        more = {"include_all_metadata": True} if inside == "messages" else {}
        for _ in range(PAGES):
            at = {"cursor": cursor} if cursor else {}
            answer = await self._api.call(team, method, limit=PAGE, **arguments, **more, **at)
            found = answer.get(inside)
            for one in found if isinstance(found, list) else ():
                yield one if isinstance(one, dict) else {"id": one}
            cursor = str(_table(answer, "response_metadata").get("next_cursor") or "")
            if not cursor:
                return


def _where(to: str) -> tuple[str, str]:
    """`#nps-alerts`, `C0123`, or with its workspace `T0123/#nps-alerts`."""
    team, slash, channel = to.rpartition("/")
    return (team, channel) if slash else ("", to)


def _place(place: str) -> Sequence[str]:
    team, channel, ts = place.split(":")
    return team, channel, ts


def _metadata(key: str) -> Mapping[str, object]:
    return {"event_type": EVENT, "event_payload": {"key": key}}


def _key(message: Mapping[str, object]) -> str:
    found = _table(message, "metadata")
    return str(_table(found, "event_payload").get("key", "")) if found.get("event_type") == EVENT else ""


def _table(found: Mapping[str, object], key: str) -> Mapping[str, object]:
    inner = found.get(key)
    return inner if isinstance(inner, dict) else {}


def _ts(at: int) -> str:
    """A moment as Slack writes those of messages."""
    return f"{datetime.fromtimestamp(max(at, 0) / 1000, UTC).timestamp():.6f}"
