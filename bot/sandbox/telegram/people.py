"""What people do on the platform, for a test or the sandbox's page: everything happens at once and reaches the bot as
updates. Nobody awaits anything here; a test that wants to see what the bot makes of it uses `Telegram.until`.
"""

import itertools
import re
from collections.abc import Mapping

import msgspec

from bot.sandbox.telegram.types import (
    CallbackQuery,
    Chat,
    Contact,
    File,
    Member,
    MemberChanged,
    Message,
    Update,
    User,
)
from bot.sandbox.telegram.updates import Updates
from bot.sandbox.telegram.world import Room, World

PAYLOAD = re.compile(r"[A-Za-z0-9_-]{0,64}\Z")
FILES: Mapping[str, Mapping[str, object]] = {
    "photo": {"photo": (File("AgACphoto", "photo1", width=90, height=67),)},
    "voice": {"voice": File("AwACvoice", "voice1", duration=3)},
    "sticker": {
        "sticker": File(
            "CAACsticker", "sticker1", width=512, height=512, type="regular", is_animated=False, is_video=False
        )
    },
}


class People:
    """Acts of people. Every act returns the update that the bot gets, or would get (a group's privacy)."""

    def __init__(self, world: World, updates: Updates) -> None:
        self.world = world
        self.updates = updates
        self._ids = itertools.count(50_001)

    def person(self, first_name: str, language: str = "en", *, last_name: str = "", username: str = "") -> User:
        """Somebody with Telegram, whom the bot has not met."""
        user = User(next(self._ids), False, first_name, last_name, username, language)
        self.world.users[user.id] = user
        chat = Chat(user.id, "private", first_name=first_name, last_name=last_name, username=username)
        self.world.rooms[user.id] = Room(chat, given=self.world.before)
        return user

    def room(self, user: User) -> Room:
        """The private chat of this person with the bot."""
        return self.world.own(user)

    def starts(self, user: User, payload: str = "") -> Update:
        """Press Start, or open t.me/<bot>?start=<payload>. Raises ValueError for a payload that no link can carry."""
        if not PAYLOAD.match(payload):
            raise ValueError(f"a deep link carries 1 to 64 of A-Z a-z 0-9 _ -, not {payload!r}")
        room = self.room(user)
        if room.blocked:
            self.unblocks(user)
        room.started = True
        return self.says(user, f"/start {payload}".strip())

    def says(self, user: User, text: str, group: Chat | None = None) -> Update:
        """Write a message, in private or in a group. Typing into a private chat has pressed Start before."""
        room = self.world.rooms[group.id if group else user.id]
        if room.chat.type == "private":
            room.started = True
        message = self._put(room, user, {"text": text})
        heard = room.chat.type == "private" or text.startswith("/") or f"@{self.world.bot.username}" in text
        return self._tell(Update(self.updates.number(), message=message), heard=heard and not room.blocked)

    def sends(self, user: User, what: str, caption: str = "") -> Update:
        """Send a photo, a voice message or a sticker."""
        changes = {**FILES[what], "caption": caption}
        return self._tell(Update(self.updates.number(), message=self._put(self.room(user), user, changes)))

    def shares_contact(self, user: User, phone: str, of: str = "") -> Update:
        """Press the contact button: one's own number; or, with a name, somebody's from the address book."""
        room = self.room(user)
        contact = Contact(phone, of or user.first_name, 0 if of else user.id)
        return self._tell(Update(self.updates.number(), message=self._put(room, user, {"contact": contact})))

    def edits(self, user: User, message: Message, text: str) -> Update:
        """Change the words of an own message."""
        new = msgspec.structs.replace(message, text=text, edit_date=self.world.seconds)
        self.world.rooms[message.chat.id].put(new)
        return self._tell(Update(self.updates.number(), edited_message=new))

    def presses(self, user: User, what: str, message: Message | None = None) -> Update:
        """Press the button with these words or this data: on `message` as it was seen, else on the newest message that
        has it, else on the keyboard below. Raises LookupError where there is no such button."""
        room = self.world.rooms[message.chat.id] if message else self.room(user)
        for shown in (message,) if message else tuple(reversed(room.messages)):
            for button in shown.flat:
                if what in (button.text, button.callback_data) and button.callback_data is not None:
                    return self._query(user, shown, button.callback_data)
        for key in (key for row in room.keys for key in row if key.text == what):
            return self.shares_contact(user, f"+336123{user.id}") if key.request_contact else self.says(user, what)
        shown_buttons = [text for one in room.messages for text in one.buttons]
        raise LookupError(f"no button {what!r}; there are {shown_buttons}")

    def _query(self, user: User, message: Message, data: str) -> Update:
        number = self.updates.number()
        query = CallbackQuery(f"{user.id}{number}", user, f"{message.chat.id}", data, message)
        self.world.queries[query.id] = None
        return self._tell(Update(number, callback_query=query))

    def blocks(self, user: User) -> Update:
        """Stop and block the bot."""
        self.room(user).blocked = True
        return self._member(user, self.room(user).chat, "member", "kicked")

    def unblocks(self, user: User) -> Update:
        self.room(user).blocked = False
        return self._member(user, self.room(user).chat, "kicked", "member")

    def adds_bot(self, user: User, title: str) -> Chat:
        """Make a group with the bot in it."""
        group = Chat(-next(self._ids), "group", title=title)
        room = self.world.rooms[group.id] = Room(group, started=True, given=self.world.before)
        self._member(user, group, "left", "member")
        message = self._put(room, user, {"new_chat_members": (self.world.bot,)})
        self._tell(Update(self.updates.number(), message=message))
        return group

    def _member(self, user: User, chat: Chat, old: str, new: str) -> Update:
        def member(status: str) -> Member:
            return Member(self.world.bot, status, 0 if status == "kicked" else None)

        changed = MemberChanged(chat, user, self.world.seconds, member(old), member(new))
        return self._tell(Update(self.updates.number(), my_chat_member=changed))

    def _put(self, room: Room, user: User, body: Mapping[str, object]) -> Message:
        plain = Message(room.number(), self.world.seconds, room.chat, user)
        return room.put(msgspec.structs.replace(plain, **body))

    def _tell(self, update: Update, *, heard: bool = True) -> Update:
        if heard:
            self.updates.add(update)
        self.world.bell.ring()
        return update
