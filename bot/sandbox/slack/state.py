"""What the stand-in for Slack remembers: teams, people, rooms, messages, open views, tokens. Nothing here does I/O.

Ids and time stamps are unique in the whole stand-in. A `ts` is the moved clock's time and always later than the last
one. Everything is in memory: a stand-in that starts again starts empty.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

from msgspec.structs import replace

from bot.sandbox.bell import Bell
from bot.sandbox.slack.types import Json, Message, User, View

APP_ID = "A0SANDBOX"
SCOPES = (
    *("app_mentions:read", "channels:history", "channels:join", "channels:read", "chat:write"),
    *("chat:write.customize", "commands"),
    *("files:read", "files:write", "groups:history", "groups:read", "im:history", "im:read", "im:write"),
    *("mpim:history", "mpim:read", "reactions:read", "reactions:write", "users:read", "users:read.email"),
)
"""What the app may do where nothing else is said: all that the stand-in knows, chat:write.public apart."""


@dataclass(slots=True)
class Channel:
    id: str
    team: str
    name: str
    kind: str = "channel"
    """channel, group (private) or im."""
    members: set[str] = field(default_factory=set)
    archived: bool = False
    messages: dict[str, Message] = field(default_factory=dict)
    """By ts, in order."""

    @property
    def replies(self) -> dict[str, list[Message]]:
        """Replies by the ts of the message they are under."""
        found: dict[str, list[Message]] = {}
        for message in self.messages.values():
            if message.is_reply:
                found.setdefault(message.thread_ts, []).append(message)
        return found

    def json(self, reader: str) -> Json:
        found: Json = {"id": self.id, "is_archived": self.archived, "context_team_id": self.team}
        if self.kind == "im":
            other = next(iter(self.members - {reader}), reader)
            return found | {"is_im": True, "user": other, "is_open": True}
        found |= {"name": self.name, "is_channel": self.kind == "channel", "is_group": self.kind == "group"}
        found |= {"is_im": False, "is_private": self.kind == "group", "is_member": reader in self.members}
        return found | {"num_members": len(self.members)}


@dataclass(slots=True)
class Team:
    id: str
    name: str
    bot: User
    bot_id: str

    @property
    def domain(self) -> str:
        return self.name.lower().replace(" ", "-")


@dataclass(slots=True)
class Grant:
    """What a bot token opens."""

    token: str
    team: str
    scopes: tuple[str, ...]
    revoked: str = ""
    """The error that it answers now: token_revoked, account_inactive."""


@dataclass(slots=True)
class Trigger:
    """Permission to open a modal, for a few seconds after a person did something."""

    user: str
    team: str
    until: float
    view: str = ""
    used: bool = False


class World:
    """All of it. `bell` rings at every change."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._last = 0
        self._ids = count(1)
        self.bell = Bell()
        self.teams: dict[str, Team] = {}
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self._direct: dict[frozenset[str], Channel] = {}
        self.grants: dict[str, Grant] = {}
        self.ephemeral: list[Message] = []
        self.modals: dict[str, list[View]] = {}
        """By user, the topmost last: at most three."""
        self.homes: dict[str, View] = {}
        self.triggers: dict[str, Trigger] = {}
        self.files: dict[str, tuple[Json, bytes]] = {}
        self.trigger_seconds = 3.0

    def new_id(self, prefix: str) -> str:
        return f"{prefix}0SB{next(self._ids):06d}"

    def event_id(self) -> str:
        """By the time, so that an app that remembers events of an earlier stand-in takes it for a new one."""
        return f"Ev{self.ts().replace('.', '')}"

    def now(self) -> int:
        """Seconds since the epoch."""
        return self._now() // 1000

    def ts(self) -> str:
        self._last = max(self._now() * 1000, self._last + 1)
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"

    def trigger(self, user: User, view: str = "") -> str:
        name = f"{self.ts()}.{self.new_id('trigger')}"
        until = asyncio.get_running_loop().time() + self.trigger_seconds
        self.triggers[name] = Trigger(user.id, user.team, until, view)
        return name

    def user(self, name: str, team: str = "") -> User:
        """By id or name. Raises LookupError."""
        known = self.users.get(name)
        for user in [known] if known else self.users.values():
            if name in (user.id, user.name) and team in ("", user.team):
                return user
        raise LookupError(f"nobody in the sandbox's Slack is called {name}")

    def channel(self, name: str, team: str = "") -> Channel:
        """By id or name, with or without `#`. Raises LookupError."""
        known = self.channels.get(name)
        for channel in [known] if known else self.channels.values():
            called = channel.kind != "im" and channel.name == name.removeprefix("#")
            if (channel is known or called) and team in ("", channel.team):
                return channel
        raise LookupError(f"the sandbox's Slack has no channel {name}")

    def direct(self, user: User, other: User) -> Channel:
        """The direct messages of the two, made where they had none."""
        both = frozenset((user.id, other.id))
        if (known := self._direct.get(both)) is None:
            known = self._direct[both] = Channel(self.new_id("D"), user.team, "directmessage", "im", set(both))
            self.channels[known.id] = known
        return known

    def token_of(self, team: str) -> Grant | None:
        return next((grant for grant in self.grants.values() if grant.team == team and not grant.revoked), None)

    def keep(self, message: Message) -> Message:
        """New or changed, in its place."""
        if message.ephemeral:
            self.ephemeral.append(message)
        else:
            self.channels[message.channel].messages[message.ts] = message
        self.bell.ring()
        return message

    def thread(self, channel: str, ts: str) -> Iterator[Message]:
        """The message and what was replied to it."""
        for message in self.channels[channel].messages.values():
            if ts in (message.ts, message.thread_ts):
                yield message

    def with_ids(self, blocks: list[Json]) -> tuple[Json, ...]:
        """Slack names the blocks and elements that the app left nameless."""
        named = []
        for number, given in enumerate(blocks):
            block: Json = {"block_id": f"b{number}{next(self._ids):04d}"} | given
            for name in ("accessory", "element"):
                if name in block and block[name].get("type") != "image":
                    block[name] = {"action_id": f"a{next(self._ids):05d}"} | block[name]
            if block["type"] in ("actions", "context_actions"):
                block["elements"] = [{"action_id": f"a{next(self._ids):05d}"} | one for one in block["elements"]]
            named.append(block)
        return tuple(named)

    def show(self, view: View) -> View:
        """Put a view in the place of its earlier self, or on top of the person's others."""
        stack = self.modals.setdefault(view.user, [])
        if view.body["type"] == "home":
            self.homes[view.user] = view
        elif any(one.id == view.id for one in stack):
            stack[:] = [view if one.id == view.id else one for one in stack]
        else:
            stack.append(view)
        self.bell.ring()
        return view

    def new_view(self, user: User, body: Json, under: View | None = None) -> View:
        """On top of `under`, as part of its chain of modals."""
        name = self.new_id("V")
        root, previous = (under.root, under.id) if under else (name, "")
        body = {**body, "blocks": list(self.with_ids(body["blocks"]))}
        return self.show(
            View(id=name, team=user.team, user=user.id, body=body, hash=self.ts(), root=root, previous=previous)
        )

    def changed_view(self, view: View, body: Json) -> View:
        body = {**body, "blocks": list(self.with_ids(body["blocks"]))}
        return self.show(replace(view, body=body, hash=self.ts(), errors={}))

    def view(self, name: str) -> View | None:
        """An open modal or a home, by id or external_id."""
        for view in [*self.homes.values(), *(one for stack in self.modals.values() for one in stack)]:
            if name and name in (view.id, view.body.get("external_id")):
                return view
        return None
