"""What an update of the Bot API means. Pure: from JSON to values; nothing is looked up here.

Only fields that a survey reads are decoded; whatever else an update holds is skipped unread. An update that is none of
ours, or not what the vendor's contract says, means `Nothing`, so that it is confirmed and never comes again.
"""

import re

import msgspec
from msgspec import Struct, field

from bot.channels.telegram.types import (
    Action,
    Begin,
    Gone,
    Group,
    Meaning,
    Media,
    Nothing,
    Odd,
    Person,
    Tap,
    Update,
    Words,
)

ALLOWED_UPDATES = ("message", "callback_query", "my_chat_member")
ACTIONS = frozenset({"back", "skip", "stop", "restart", "human", "help"})
_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@\w{1,64})?(?:\s+(.*))?", re.DOTALL)
_NUMBER = re.compile(r"-?\d{1,9}")
_PAGE = re.compile(r"more(\d{1,3})")
_SERVICE = (
    *("new_chat_members", "left_chat_member", "new_chat_title", "pinned_message", "message_auto_delete_timer_changed"),
    *("chat_background_set", "boost_added", "web_app_data", "write_access_allowed"),
)


class _User(Struct):
    id: int
    is_bot: bool = False
    first_name: str = ""
    last_name: str = ""
    username: str = ""
    language_code: str = ""


class _Chat(Struct):
    id: int
    type: str


class _Contact(Struct):
    phone_number: str = ""


class _Message(Struct):
    message_id: int
    chat: _Chat
    sender: _User | None = field(name="from", default=None)
    text: str = ""
    caption: str = ""
    contact: _Contact | None = None


class _Query(Struct):
    id: str
    sender: _User = field(name="from")
    message: _Message | None = None
    data: str = ""


class _Member(Struct):
    status: str = ""


class _Membership(Struct):
    chat: _Chat
    sender: _User = field(name="from")
    new_chat_member: _Member = field(default_factory=_Member)


class _Update(Struct):
    update_id: int
    message: _Message | None = None
    callback_query: _Query | None = None
    my_chat_member: _Membership | None = None


class _Id(Struct):
    update_id: int = 0


_decode = msgspec.json.Decoder(_Update).decode
_decode_id = msgspec.json.Decoder(_Id).decode


def read(body: bytes | msgspec.Raw) -> Update:
    """Never raises, whatever came."""
    try:
        update = _decode(body)
    except (ValueError, RecursionError):  # msgspec's errors, and UnicodeDecodeError
        return Update(_id_of(body), Nothing("malformed"))
    if update.callback_query is not None:
        return Update(update.update_id, _tap(update.callback_query))
    if update.message is not None:
        return Update(update.update_id, _message(update.message, body))
    if update.my_chat_member is not None:
        return Update(update.update_id, _membership(update.my_chat_member))
    return Update(update.update_id, Nothing("other"))


def _id_of(body: bytes | msgspec.Raw) -> int:
    try:
        return _decode_id(body).update_id
    except (ValueError, RecursionError):
        return 0


def _person(chat: int, user: _User | None) -> Person:
    if user is None:
        return Person(str(chat))
    language = user.language_code if re.fullmatch(r"[A-Za-z0-9_-]{2,35}", user.language_code) else ""
    return Person(str(chat), language, user.first_name[:100], user.last_name[:100], user.username[:64])


def _message(message: _Message, body: bytes | msgspec.Raw) -> Meaning:
    chat, sender = message.chat, message.sender
    if sender is not None and sender.is_bot:
        return Nothing("bot")
    if chat.type != "private":
        # A bot in a group is sent commands and replies to it; with privacy mode off, all that anybody says.
        spoken_to = chat.type in ("group", "supergroup") and message.text.startswith("/")
        return Group(str(chat.id), sender.language_code if sender else "") if spoken_to else Nothing("group")
    person = _person(chat.id, sender)
    text = message.text or message.caption
    if message.contact is not None and message.contact.phone_number:
        number = message.contact.phone_number[:40]
        return Words(person, number if number.startswith("+") else f"+{number}")
    if not text.strip():
        return Nothing("service") if _is_service(body) else Media(person)
    command = _COMMAND.fullmatch(text.strip())
    if command is None:
        return Words(person, text)
    name, rest = command[1].lower(), (command[2] or "").strip()
    if name == "start":
        return Begin(person, rest[:64])
    if name in ACTIONS:
        return Action(person, name)
    return Words(person, f"/{name} {rest}".rstrip())


def _is_service(body: bytes | msgspec.Raw) -> bool:
    """Whether a message without text only tells of something that happened in the chat."""
    try:
        keys = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        inner = msgspec.json.decode(keys["message"], type=dict[str, msgspec.Raw])
    except (ValueError, KeyError):
        return True
    return any(name in inner for name in _SERVICE)


def _tap(query: _Query) -> Meaning:
    message = query.message
    if message is None or message.chat.type != "private":
        return Odd(_person(query.sender.id, query.sender), query.id)
    person = _person(query.sender.id, query.sender)  # of a private chat, which has the number of its person
    chat, _, rest = query.data.partition(":")
    fence, _, value = rest.partition(":")
    if not chat.isalnum() or not (fence.isascii() and fence.isdigit() and len(fence) <= 6) or not value:
        return Odd(person, query.id)
    at = (person, query.id, message.message_id, chat, int(fence))
    if value in ("skip", "back"):
        return Tap(*at, action="skip" if value == "skip" else "back")
    if value == "all":
        return Tap(*at, view="all")
    if (page := _PAGE.fullmatch(value)) is not None:
        return Tap(*at, view="more", page=int(page[1]))
    if value.startswith("#"):
        return Tap(*at, hashed=value[1:])
    return Tap(*at, int(value) if _NUMBER.fullmatch(value) else value)


def _membership(change: _Membership) -> Meaning:
    status, chat = change.new_chat_member.status, change.chat
    if chat.type == "private":
        return Gone(_person(chat.id, change.sender)) if status == "kicked" else Nothing("unblocked")
    added = status in ("member", "administrator") and chat.type in ("group", "supergroup")
    return Group(str(chat.id), change.sender.language_code) if added else Nothing("group")
