"""The Bot API's objects as they travel, in the part that a text survey meets (core.telegram.org/bots/api, 10.1).

Times are seconds since the epoch, as on the wire. Objects are frozen: an edit puts a new message in the old one's
place, so what a test or a person saw earlier stays as it was seen.
"""

from typing import TypeAlias

from msgspec import Struct


class User(Struct, frozen=True, omit_defaults=True):
    id: int
    is_bot: bool
    first_name: str
    last_name: str = ""
    username: str = ""
    language_code: str = ""
    can_join_groups: bool | None = None
    can_read_all_group_messages: bool | None = None
    supports_inline_queries: bool | None = None


class Chat(Struct, frozen=True, omit_defaults=True):
    id: int
    type: str
    """private, group"""
    title: str = ""
    first_name: str = ""
    last_name: str = ""
    username: str = ""


class Entity(Struct, frozen=True, omit_defaults=True):
    """A stretch of text with a meaning. Offset and length in UTF-16 units."""

    type: str
    offset: int
    length: int
    url: str = ""


class Button(Struct, frozen=True, omit_defaults=True):
    """A button of an inline keyboard."""

    text: str
    callback_data: str | None = None
    url: str | None = None


class InlineKeyboard(Struct, frozen=True):
    inline_keyboard: tuple[tuple[Button, ...], ...]


class Key(Struct, frozen=True, omit_defaults=True):
    """A key of the keyboard that takes the place of the phone's own."""

    text: str
    request_contact: bool = False


class Contact(Struct, frozen=True, omit_defaults=True):
    phone_number: str
    first_name: str
    user_id: int = 0


class File(Struct, frozen=True, omit_defaults=True):
    """A photo's size, a voice message or a sticker: none of them is ever opened here."""

    file_id: str
    file_unique_id: str
    width: int | None = None
    height: int | None = None
    duration: int | None = None
    type: str | None = None
    is_animated: bool | None = None
    is_video: bool | None = None


class Message(Struct, frozen=True, omit_defaults=True, rename={"from_": "from"}):
    message_id: int
    date: int
    chat: Chat
    from_: User
    edit_date: int = 0
    text: str = ""
    entities: tuple[Entity, ...] = ()
    caption: str = ""
    reply_markup: InlineKeyboard | None = None
    contact: Contact | None = None
    photo: tuple[File, ...] = ()
    voice: File | None = None
    sticker: File | None = None
    new_chat_members: tuple[User, ...] = ()

    @property
    def buttons(self) -> tuple[str, ...]:
        """What stands on its buttons, row by row."""
        return tuple(button.text for button in self.flat)

    @property
    def flat(self) -> tuple[Button, ...]:
        rows = self.reply_markup.inline_keyboard if self.reply_markup else ()
        return tuple(button for row in rows for button in row)


class CallbackQuery(Struct, frozen=True, omit_defaults=True, rename={"from_": "from"}):
    id: str
    from_: User
    chat_instance: str
    data: str
    message: Message


class Member(Struct, frozen=True, omit_defaults=True):
    user: User
    status: str
    """member, left, kicked: of a private chat, `kicked` means that the user blocked the bot."""
    until_date: int | None = None


class MemberChanged(Struct, frozen=True, rename={"from_": "from"}):
    chat: Chat
    from_: User
    date: int
    old_chat_member: Member
    new_chat_member: Member


class Update(Struct, frozen=True, omit_defaults=True):
    """Exactly one field beside the id is there."""

    update_id: int
    message: Message | None = None
    edited_message: Message | None = None
    callback_query: CallbackQuery | None = None
    my_chat_member: MemberChanged | None = None

    @property
    def kind(self) -> str:
        kinds = ("message", "edited_message", "callback_query", "my_chat_member")
        return next(kind for kind in kinds if getattr(self, kind) is not None)

    @property
    def chat(self) -> int:
        if self.callback_query is not None:
            return self.callback_query.message.chat.id
        inside = self.message or self.edited_message or self.my_chat_member
        return inside.chat.id if inside is not None else 0


class Command(Struct, frozen=True):
    command: str
    description: str


class WebhookInfo(Struct, frozen=True, omit_defaults=True):
    url: str
    has_custom_certificate: bool
    pending_update_count: int
    last_error_date: int = 0
    last_error_message: str = ""
    max_connections: int = 0
    allowed_updates: tuple[str, ...] = ()


Result: TypeAlias = bool | User | Message | WebhookInfo | tuple[Update, ...] | tuple[Command, ...]
