"""Who and what is on the platform: people, chats, the messages in them, and whether the bot may write there.

A person whom the bot has never seen does not exist for it; one who never pressed Start, or blocked it, refuses it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.sandbox.bell import Bell
from bot.sandbox.telegram.errors import bad, forbidden
from bot.sandbox.telegram.types import Chat, Key, Message, User


@dataclass(slots=True)
class Room:
    """A chat with the bot, private or a group."""

    chat: Chat
    messages: list[Message] = field(default_factory=list)
    """From both sides, oldest first; a deleted one is gone, an edited one stands as it is now."""
    keys: tuple[tuple[Key, ...], ...] = ()
    """The keyboard that takes the place of the phone's own, where the bot set one."""
    started: bool = False
    """Whether the bot may write: Start was pressed, or it was added to the group."""
    blocked: bool = False
    actions: list[str] = field(default_factory=list)
    """What the bot said that it was doing: "typing"."""
    given: int = 0

    def find(self, message: int) -> Message | None:
        return next((one for one in self.messages if one.message_id == message), None)

    def number(self) -> int:
        """The id of the next message."""
        self.given += 1
        return self.given

    def put(self, message: Message) -> Message:
        """Add it, or put it in the place of the one that has its id."""
        for at, one in enumerate(self.messages):
            if one.message_id == message.message_id:
                self.messages[at] = message
                return message
        self.messages.append(message)
        return message


@dataclass(frozen=True, slots=True)
class Answered:
    """What the bot answered to a press; the person's client shows it, or only stops its spinner."""

    text: str
    alert: bool


@dataclass(slots=True)
class World:
    """`now` gives ms since the epoch."""

    bot: User
    now: Callable[[], int]
    before: int = 0
    """The number before that of the first message in each chat."""
    bell: Bell = field(default_factory=Bell)
    users: dict[int, User] = field(default_factory=dict)
    rooms: dict[int, Room] = field(default_factory=dict)
    queries: dict[str, Answered | None] = field(default_factory=dict)
    """Presses by the id of their query; None where the bot has not answered yet."""

    @property
    def seconds(self) -> int:
        return self.now() // 1_000

    def room(self, chat: int) -> Room:
        """Where the bot may write. Raises the platform's refusals."""
        room = self.rooms.get(chat)
        if room is None:
            raise bad("chat not found")
        if room.blocked:
            private = room.chat.type == "private"
            raise forbidden("bot was blocked by the user" if private else "bot was kicked from the group chat")
        if not room.started:
            raise forbidden("bot can't initiate conversation with a user")
        return room

    def mine(self, chat: int, message: int, verb: str) -> tuple[Room, Message]:
        """A message of the bot's own. Raises the platform's refusals."""
        room = self.room(chat)
        found = room.find(message)
        if found is None:
            raise bad(f"message to {verb} not found")
        if found.from_.id != self.bot.id and verb == "edit":
            raise bad("message can't be edited")
        return room, found

    def forget_queries(self) -> None:
        """Presses that were not answered in time: answering them is refused from now on."""
        self.queries.clear()

    def own(self, user: User) -> Room:
        """The private chat of this person."""
        return self.rooms[user.id]
