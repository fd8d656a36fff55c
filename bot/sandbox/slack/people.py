"""What people do in the stand-in for Slack with words: say, change, take back, mark, join; and what they see.

A person is named by id or name, a channel by id or `#name`; `dm` is that person's direct messages with the app. What
makes no sense for a person (a channel one is not in, another's message) raises LookupError.
"""

import mimetypes
from collections.abc import Callable, Sequence
from typing import TypeVar

from msgspec.structs import replace

from bot.sandbox.bell import PATIENCE
from bot.sandbox.slack.delivery import Dispatcher
from bot.sandbox.slack.events import (
    changed_event,
    deleted_event,
    joined_event,
    mention_event,
    message_event,
    reaction_event,
)
from bot.sandbox.slack.files import file
from bot.sandbox.slack.state import Channel, World
from bot.sandbox.slack.text import as_blocks, typed
from bot.sandbox.slack.types import Message, User, View

T = TypeVar("T")


class People:
    """Shares its world with the server."""

    def __init__(self, world: World, dispatcher: Dispatcher) -> None:
        self.world = world
        self.dispatcher = dispatcher
        self.url = ""

    def user(self, name: str) -> User:
        return self.world.user(name)

    def channel(self, name: str, user: str = "") -> Channel:
        """`dm` needs the user."""
        if name != "dm":
            return self.world.channel(name, self.user(user).team if user else "")
        person = self.user(user)
        return self.world.direct(person, self.world.teams[person.team].bot)

    def says(
        self, user: str, channel: str, text: str, thread_ts: str = "", files: Sequence[str] = (), *, raw: bool = False
    ) -> Message:
        """`files` are names of files that come with it. `raw` text is not escaped and linked."""
        person, where = self._inside(user, channel)
        sent = text if raw else typed(self.world, person.team, text)
        guess = [mimetypes.guess_type(name)[0] or "" for name in files]
        message = Message(
            team=person.team,
            channel=where.id,
            ts=self.world.ts(),
            user=person.id,
            text=sent,
            blocks=self.world.with_ids([as_blocks(text)]) if text else (),
            thread_ts=thread_ts,
            files=tuple(
                file(self.world, self.url, person.id, name, body=b"sandbox", kind=kind)
                for name, kind in zip(files, guess, strict=True)
            ),
            subtype="file_share" if files else "",
            client_msg_id=self.world.new_id("msg"),
        )
        self.world.keep(message)
        self.dispatcher.emit(person.team, message_event(self.world, message))
        if f"<@{self.world.teams[person.team].bot.id}>" in sent and where.kind != "im":
            self.dispatcher.emit(person.team, mention_event(message))
        return message

    def edits(self, user: str, message: Message, text: str) -> Message:
        person, old = self._own(user, message)
        blocks = self.world.with_ids([as_blocks(text)])
        sent, at = typed(self.world, person.team, text), self.world.ts()
        new = self.world.keep(replace(old, text=sent, blocks=blocks, edited=at))
        self.dispatcher.emit(person.team, changed_event(self.world, old, new))
        return new

    def deletes(self, user: str, message: Message) -> None:
        person, old = self._own(user, message)
        del self.world.channels[old.channel].messages[old.ts]
        self.world.bell.ring()
        self.dispatcher.emit(person.team, deleted_event(self.world, old))

    def unfurls(self, message: Message) -> None:
        """Slack adds a preview to a link in it: told like an edit, of a message that nobody edited."""
        old = self.world.channels[message.channel].messages[message.ts]
        event = changed_event(self.world, old, old)
        event["message"] |= {"attachments": [{"id": 1, "title": "A page", "from_url": "https://acme.example/"}]}
        self.dispatcher.emit(old.team, event)

    def reacts(self, user: str, message: Message, name: str) -> None:
        person = self.user(user)
        old = self.world.channels[message.channel].messages[message.ts]
        users = (*old.reactions.get(name, ()), person.id)
        self.world.keep(replace(old, reactions={**old.reactions, name: users}))
        self.dispatcher.emit(person.team, reaction_event(self.world, old, person.id, name, "reaction_added"))

    def joins(self, user: str, channel: str) -> None:
        """Also for the app's own bot user, whom a person invites."""
        person, where = self.user(user), self.channel(channel)
        where.members.add(person.id)
        self.world.bell.ring()
        self.dispatcher.emit(person.team, joined_event(self.world, where, person.id))

    def opens_home(self, user: str, tab: str = "home") -> None:
        """`tab` is home or messages."""
        person = self.user(user)
        event = {"type": "app_home_opened", "user": person.id, "channel": self.channel("dm", user).id, "tab": tab}
        self.dispatcher.emit(person.team, event | {"event_ts": self.world.ts()})

    def archives(self, channel: str) -> None:
        where = self.channel(channel)
        where.archived = True
        self.world.bell.ring()
        event = {"type": "channel_archive", "channel": where.id, "event_ts": self.world.ts()}
        self.dispatcher.emit(where.team, event)

    def messages(self, channel: str, user: str = "") -> list[Message]:
        """Those of a channel that are no replies, in order; `dm` needs the user."""
        return [message for message in self.channel(channel, user).messages.values() if not message.is_reply]

    def thread(self, message: Message) -> list[Message]:
        """The replies to it, in order."""
        return self.channel(message.channel).replies.get(message.ts, [])

    def now(self, message: Message) -> Message | None:
        """The same message as it stands; None where it was deleted."""
        return self.channel(message.channel).messages.get(message.ts)

    def ephemerals(self, user: str) -> list[Message]:
        """What only this person sees, in order."""
        person = self.user(user)
        return [message for message in self.world.ephemeral if message.ephemeral == person.id]

    def modal(self, user: str) -> View | None:
        """The topmost open one."""
        stack = self.world.modals.get(self.user(user).id)
        return stack[-1] if stack else None

    def home(self, user: str) -> View | None:
        return self.world.homes.get(self.user(user).id)

    async def wait_for(self, look: Callable[[], T | None], what: str = "", seconds: float = PATIENCE) -> T:
        """What `look` gives as soon as that is true. Raises TimeoutError."""
        return await self.world.bell.until(look, what or "something in Slack", seconds)

    async def message(self, channel: str, words: str, user: str = "", seconds: float = PATIENCE) -> Message:
        """The last message of a channel, replies included, that shows `words`; waits for it."""

        def look() -> Message | None:
            all_ = reversed(self.channel(channel, user).messages.values())
            return next((message for message in all_ if words in message.shown or words in message.text), None)

        return await self.wait_for(look, f"a message in {channel} with {words!r}", seconds)

    async def opened(self, user: str, seconds: float = PATIENCE) -> View:
        """The modal that is open at this person; waits for it."""
        return await self.wait_for(lambda: self.modal(user), f"a modal at {user}", seconds)

    async def settled(self, seconds: float = PATIENCE) -> None:
        """Until every event was acknowledged or given up."""
        await self.wait_for(lambda: self.dispatcher.pending == 0, "events to be acknowledged", seconds)

    def _inside(self, user: str, channel: str) -> tuple[User, Channel]:
        person, where = self.user(user), self.channel(channel, user)
        if person.id not in where.members or where.archived:
            raise LookupError(f"{person.name} cannot write in {where.name}")
        return person, where

    def _own(self, user: str, message: Message) -> tuple[User, Message]:
        person, old = self.user(user), self.world.channels[message.channel].messages.get(message.ts)
        if old is None or old.user != person.id:
            raise LookupError(f"{person.name} has no such message")
        return person, old
