"""What the page shows, whole: both sides' messages, open modals, the clock, and what was sent to the platforms.

The platforms' own JSON goes through as it is; the page draws it. Everything is in the memory of the stand-ins, so a
snapshot is a few loops and no I/O.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from msgspec import Struct, to_builtins

from bot.sandbox.clock import Clock
from bot.sandbox.crms import Crms
from bot.sandbox.slack.server import Slack
from bot.sandbox.slack.types import Json
from bot.sandbox.slack.types import User as Member
from bot.sandbox.telegram.server import Telegram
from bot.sandbox.telegram.types import User

NOT_SHOWN = ("getUpdates", "getMe", "auth.test", "apps.connections.open")
SHOWN = 100
"""Lines of what was sent; the newest first."""


class Sent(Struct, frozen=True):
    """One call of a platform. `at` in ms of the moved clock."""

    at: int
    to: str
    what: str
    words: str
    answer: str


@dataclass(frozen=True, slots=True)
class Cast:
    """Who takes part."""

    customers: tuple[User, ...]
    """In Telegram."""
    agents: tuple[Member, ...]
    members: tuple[Member, ...]
    """Who are asked in Slack."""


@dataclass(slots=True)
class Snapshots:
    telegram: Telegram
    slack: Slack
    clock: Clock
    cast: Cast
    links: dict[str, str]
    said: Callable[[], str]
    """How it stands, in a few words."""
    crms: Crms = field(default_factory=lambda: Crms({}))
    _sent: deque[Sent] = field(default_factory=lambda: deque(maxlen=SHOWN))
    _read: list[int] = field(default_factory=lambda: [0, 0])
    calls: int = 0

    def take(self) -> Json:
        self._note()
        return {
            "now": self.clock(),
            "links": self.links,
            "said": self.said(),
            "telegram": self._telegram(),
            "slack": self._slack(),
            "crm": self.crms.view(),
            "sent": [to_builtins(one) for one in reversed(self._sent)],
            "calls": self.calls,
        }

    def _telegram(self) -> Json:
        people = []
        for user in self.cast.customers:
            room = self.telegram.room(user)
            shown = {"id": user.id, "name": f"{user.first_name} ({user.language_code})", "blocked": room.blocked}
            people.append(shown | {"messages": to_builtins(room.messages), "keys": to_builtins(room.keys)})
        return {"bot": self.telegram.world.bot.id, "people": people}

    def _slack(self) -> Json:
        world = self.slack.world
        both = (*self.cast.agents, *self.cast.members)
        rooms = [room for room in world.channels.values() if room.kind != "im" and self._has_an_agent(room.members)]
        rooms.sort(key=lambda room: self.slack.team.bot.id not in room.members)  # the app's own ones come first
        modals = {user.id: self.slack.modal(user.id) for user in both}
        direct = {user.id: self.slack.channel("dm", user.id).id for user in both}
        return {
            "people": {user.id: user.real_name or user.name for user in world.users.values()},
            "agents": [user.id for user in self.cast.agents],
            "members": [user.id for user in self.cast.members],
            "direct": direct,
            "channels": [{"id": one.id, "name": one.name} for one in rooms],
            "messages": {
                channel.id: [message.json() | {"channel": channel.id} for message in channel.messages.values()]
                for channel in world.channels.values()
            },
            "ephemeral": [one.json() | {"channel": one.channel, "to": one.ephemeral} for one in world.ephemeral],
            "modals": {
                user: view.json() | {"blocks": list(view.blocks), "errors": view.errors}
                for user, view in modals.items()
                if view is not None
            },
        }

    def _has_an_agent(self, members: set[str]) -> bool:
        return any(agent.id in members for agent in self.cast.agents)

    def _note(self) -> None:
        """Keep what was called since the last time, by the time that the clock shows now."""
        calls: Sequence[tuple[str, str, str, str]] = [
            ("Telegram", call.method, call.text, "ok" if call.answer == 200 else call.description or "no answer")
            for call in list(self.telegram.calls)[self._new_calls() :]
        ]
        requests = self.slack.requests[self._read[1] :]
        self._read[1] += len(requests)
        calls = [*calls, *(("Slack", one.method, str(one.args.get("text", "")), one.error or "ok") for one in requests)]
        for to, what, words, answer in calls:
            if what not in NOT_SHOWN:
                self.calls += 1
                self._sent.append(Sent(self.clock(), to, what, words, answer))

    def _new_calls(self) -> int:
        """Where in the kept calls the new ones begin: old ones fall out at the front."""
        fresh = self.telegram.served - self._read[0]
        self._read[0] = self.telegram.served
        return max(0, len(self.telegram.calls) - fresh)
