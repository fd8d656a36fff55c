"""The Bot API's methods that a survey needs, as a table: name, arguments that must be there, what it does.

Each works on the world and answers with what the platform answers, or raises the platform's refusal.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import msgspec
from msgspec import Struct

from bot.sandbox.telegram import text as telegram_text
from bot.sandbox.telegram.errors import Refusal, bad
from bot.sandbox.telegram.types import Command, InlineKeyboard, Key, Message, Result, WebhookInfo
from bot.sandbox.telegram.updates import Updates
from bot.sandbox.telegram.wire import Call, missing
from bot.sandbox.telegram.world import Answered, World

SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}\Z")
COMMAND = re.compile(r"[a-z0-9_]{1,32}\Z")
MOST_COMMANDS = 100
DELETABLE = 48 * 3_600
"""Seconds in which a message can be deleted."""
NO_CHANGE = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)
TOO_OLD = "query is too old and response timeout expired or query ID is invalid"


class Markup(Struct, frozen=True):
    """Any of the four kinds of `reply_markup`, told apart by what is there."""

    inline_keyboard: tuple[tuple[dict[str, object], ...], ...] | None = None
    keyboard: tuple[tuple[Key, ...], ...] | None = None
    remove_keyboard: bool = False
    force_reply: bool = False


@dataclass(slots=True)
class Bot:
    """What the platform keeps of one bot beside the chats."""

    world: World
    updates: Updates
    commands: dict[tuple[str, str], tuple[Command, ...]]
    """By scope and language ("" is every other one)."""
    local: bool = True
    """As a self-hosted server with --local does, web hooks may have plain HTTP addresses."""

    async def get_me(self, _call: Call) -> Result:
        return self.world.bot

    async def get_updates(self, call: Call) -> Result:
        allowed = call.get("allowed_updates", tuple[str, ...])
        return await self.updates.fetch(
            call.number("offset"), call.number("limit", 100), call.number("timeout"), allowed
        )

    async def set_webhook(self, call: Call) -> Result:
        url, secret = call.words("url"), call.words("secret_token")
        if url and not url.startswith(("https://", "http://") if self.local else "https://"):
            raise bad("bad webhook: An HTTPS URL must be provided for webhook")
        if secret and not SECRET.match(secret):
            raise bad("secret token contains unallowed characters")
        allowed = call.get("allowed_updates", tuple[str, ...])
        self.updates.hook(url, secret, allowed, drop=call.params.get("drop_pending_updates") is True)
        return True

    async def delete_webhook(self, call: Call) -> Result:
        self.updates.hook("", "", None, drop=call.params.get("drop_pending_updates") is True)
        return True

    async def get_webhook_info(self, _call: Call) -> Result:
        updates = self.updates
        failure = updates.failures[-1] if updates.failures else ""
        return WebhookInfo(
            url=updates.url,
            has_custom_certificate=False,
            pending_update_count=len(updates.waiting),
            last_error_date=self.world.seconds if failure else 0,
            last_error_message=failure,
            max_connections=40 if updates.url else 0,
            allowed_updates=updates.allowed,
        )

    async def send_message(self, call: Call) -> Result:
        room = self.world.room(call.chat)
        text, entities = telegram_text.read(call.text, call.words("parse_mode"))
        markup = call.get("reply_markup", Markup) or Markup()
        message = Message(
            message_id=room.number(),
            date=self.world.seconds,
            chat=room.chat,
            from_=self.world.bot,
            text=text,
            entities=entities,
            reply_markup=_inline(markup),
        )
        if markup.keyboard is not None or markup.remove_keyboard:
            room.keys = markup.keyboard or ()
        return room.put(message)

    async def edit_message_text(self, call: Call) -> Result:
        room, old = self.world.mine(call.chat, call.number("message_id"), "edit")
        text, entities = telegram_text.read(call.text, call.words("parse_mode"))
        new = {"text": text, "entities": entities, "reply_markup": _inline_only(call)}
        return room.put(self._edited(old, new))

    async def edit_message_reply_markup(self, call: Call) -> Result:
        room, old = self.world.mine(call.chat, call.number("message_id"), "edit")
        return room.put(self._edited(old, {"reply_markup": _inline_only(call)}))

    def _edited(self, old: Message, changes: Mapping[str, object]) -> Message:
        if all(getattr(old, name) == value for name, value in changes.items()):
            raise bad(NO_CHANGE)
        return msgspec.structs.replace(old, edit_date=self.world.seconds, **changes)

    async def delete_message(self, call: Call) -> Result:
        room, old = self.world.mine(call.chat, call.number("message_id"), "delete")
        if self.world.seconds - old.date > DELETABLE:
            raise bad("message can't be deleted for everyone")
        room.messages.remove(old)
        return True

    async def answer_callback_query(self, call: Call) -> Result:
        query = call.words("callback_query_id")
        if query not in self.world.queries:
            raise bad(TOO_OLD)
        if len(call.text) > 200:
            raise bad("MESSAGE_TOO_LONG")
        self.world.queries[query] = Answered(call.text, call.params.get("show_alert") is True)
        return True

    async def send_chat_action(self, call: Call) -> Result:
        self.world.room(call.chat).actions.append(call.words("action"))
        return True

    async def set_my_commands(self, call: Call) -> Result:
        commands = call.get("commands", tuple[Command, ...]) or ()
        if len(commands) > MOST_COMMANDS:
            raise bad("BOT_COMMANDS_TOO_MUCH")
        for command in commands:
            if not COMMAND.match(command.command):
                raise bad("BOT_COMMAND_INVALID")
            if not 1 <= len(command.description) <= 256:
                raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
        self.commands[_scope(call), call.words("language_code")] = commands
        return True

    async def get_my_commands(self, call: Call) -> Result:
        return self.commands.get((_scope(call), call.words("language_code")), ())


def _scope(call: Call) -> str:
    scope = call.get("scope", dict[str, object]) or {}
    return str(scope.get("type", "default"))


def _inline_only(call: Call) -> InlineKeyboard | None:
    markup = call.get("reply_markup", Markup) or Markup()
    if markup.keyboard is not None or markup.remove_keyboard or markup.force_reply:
        raise bad("inline keyboard expected")
    return _inline(markup)


def _inline(markup: Markup) -> InlineKeyboard | None:
    for button in (button for row in markup.inline_keyboard or () for button in row):
        _look_at(button)
    rows = tuple(row for row in markup.inline_keyboard or () if row)
    return msgspec.convert({"inline_keyboard": rows}, InlineKeyboard) if rows else None


def _look_at(button: Mapping[str, object]) -> None:
    """Raises what the platform refuses of a button."""
    if not str(button.get("text", "")).strip():
        raise bad('can\'t parse inline keyboard button: Field "text" must be of type String')
    data, url = button.get("callback_data"), button.get("url")
    if not set(button) - {"text", "style", "icon_custom_emoji_id"}:
        raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if "callback_data" in button and not 1 <= len(str(data).encode()) <= 64:
        raise bad("BUTTON_DATA_INVALID")
    if url is not None and not re.match(r"(https?://[^/\s]+|tg://)\S*\Z", str(url)):
        raise bad(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")


Method: TypeAlias = Callable[[Bot, Call], Awaitable[Result]]
CHAT, WHICH = ("chat_id",), ("chat_id", "message_id")
NEEDED = {
    "chat_id": "chat_id is empty",
    "message_id": "message identifier is not specified",
    "text": "message text is empty",
    "action": 'parameter "action" is required',
    "callback_query_id": TOO_OLD,
    "commands": "can't parse commands",
}
METHODS: Mapping[str, tuple[tuple[str, ...], Method]] = {
    "getMe": ((), Bot.get_me),
    "getUpdates": ((), Bot.get_updates),
    "setWebhook": ((), Bot.set_webhook),
    "deleteWebhook": ((), Bot.delete_webhook),
    "getWebhookInfo": ((), Bot.get_webhook_info),
    "sendMessage": ((*CHAT, "text"), Bot.send_message),
    "editMessageText": ((*WHICH, "text"), Bot.edit_message_text),
    "editMessageReplyMarkup": (WHICH, Bot.edit_message_reply_markup),
    "deleteMessage": (WHICH, Bot.delete_message),
    "answerCallbackQuery": (("callback_query_id",), Bot.answer_callback_query),
    "sendChatAction": ((*CHAT, "action"), Bot.send_chat_action),
    "setMyCommands": (("commands",), Bot.set_my_commands),
    "getMyCommands": ((), Bot.get_my_commands),
}


async def perform(bot: Bot, call: Call) -> Result:
    """The method's result. Raises Refusal."""
    known = {name.lower(): what for name, what in METHODS.items()}.get(call.method.lower())
    if known is None:
        raise Refusal(404, "Not Found")
    needed, method = known
    absent = missing(call, needed)
    if absent:
        raise bad(NEEDED[absent])
    return await method(bot, call)
