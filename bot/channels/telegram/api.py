"""The Bot API as this channel uses it: python-telegram-bot's `Bot`, each call with typed errors.

Importing this module imports the library (200 ms), so it is imported only where a token is set, and in a thread.
"""

import logging
from collections.abc import Awaitable, Mapping, Sequence
from typing import TypeVar

import aiohttp
import msgspec
import telegram
from msgspec import Struct
from telegram.error import InvalidToken, TelegramError

from bot.channels.telegram.errors import TokenRefused, meaning
from bot.channels.telegram.read import ALLOWED_UPDATES
from bot.channels.telegram.render import Edit, Send
from bot.channels.telegram.request import TIMEOUT, CallFailed, SessionRequest, answered
from bot.channels.telegram.sender import Me
from bot.errors import Permanent, Retryable

T = TypeVar("T")

NO_ANSWER = "Telegram: an answer that is none of the Bot API"
DEFAULT_URL = "https://api.telegram.org"

# Its debug lines hold whole messages, and an update that it cannot read is logged whole.
logging.getLogger("telegram").setLevel(logging.WARNING)


class Hook(Struct):
    """getWebhookInfo."""

    url: str = ""
    pending_update_count: int = 0
    last_error_date: int = 0
    last_error_message: str = ""
    allowed_updates: tuple[str, ...] = ()


class _Sent(Struct):
    message_id: int = 0


class TelegramApi:
    """One bot. Every call raises Retryable, Throttled or Permanent, and nothing else.

    `timeout` is for one call, in seconds; a long poll has its own on top.
    """

    def __init__(self, token: str, url: str = DEFAULT_URL, timeout: float = TIMEOUT) -> None:
        self._own: aiohttp.ClientSession | None = None
        self._timeout = timeout
        request, polling = SessionRequest(self._session, timeout), SessionRequest(self._session, timeout)
        try:
            self._bot = telegram.Bot(token, f"{url}/bot", request=request, get_updates_request=polling)
        except InvalidToken:
            raise TokenRefused("TELEGRAM_TOKEN is empty") from None

    async def send(self, peer: str, send: Send) -> int:
        """sendMessage: the message's id."""
        await self._call(
            self._bot.send_message(
                _number(peer),
                send.text,
                parse_mode="HTML" if send.html else None,
                disable_notification=send.quiet or None,
                api_kwargs=_kept(send.markup),
            )
        )
        return _result(_Sent).message_id

    async def edit(self, peer: str, edit: Edit) -> None:
        """editMessageText, or editMessageReplyMarkup where the text stays. Without a markup the buttons go."""
        if edit.text is None:
            call = self._bot.edit_message_reply_markup(_number(peer), edit.message, api_kwargs=_kept(edit.markup))
        else:
            mode = "HTML" if edit.html else None
            call = self._bot.edit_message_text(
                edit.text, _number(peer), edit.message, parse_mode=mode, api_kwargs=_kept(edit.markup)
            )
        await self._call(call)

    async def delete(self, peer: str, message: int) -> None:
        await self._call(self._bot.delete_message(_number(peer), message))

    async def answer(self, query: str, text: str = "") -> None:
        """answerCallbackQuery: the button stops turning. One that is too old needs no answer any more."""
        try:
            await self._call(self._bot.answer_callback_query(query, text[:200] or None))
        except Permanent as error:
            if error.code != "late":
                raise

    async def updates(self, offset: int, wait: int) -> Sequence[msgspec.Raw]:
        """getUpdates, with those below `offset` confirmed; waits `wait` seconds for the first."""
        await self._call(self._bot.get_updates(offset or None, 100, wait, ALLOWED_UPDATES, read_timeout=self._timeout))
        return _result(list[msgspec.Raw])

    async def me(self) -> Me:
        await self._call(self._bot.get_me())
        return _result(Me)

    async def hook(self) -> Hook:
        await self._call(self._bot.get_webhook_info())
        return _result(Hook)

    async def set_hook(self, url: str, secret: str) -> None:
        """Updates come to `url` from now on, those that wait included."""
        await self._call(
            self._bot.set_webhook(url, max_connections=40, allowed_updates=ALLOWED_UPDATES, secret_token=secret)
        )

    async def drop_hook(self) -> None:
        """What waits is kept for getUpdates."""
        await self._call(self._bot.delete_webhook(drop_pending_updates=False))

    async def set_commands(self, commands: Sequence[tuple[str, str]], language: str = "") -> None:
        """In private chats; without a language for everybody else."""
        scope = telegram.BotCommandScopeAllPrivateChats()
        await self._call(self._bot.set_my_commands(commands, scope=scope, language_code=language or None))

    async def command_names(self) -> Sequence[str]:
        """Those of the menu in private chats."""
        scope = telegram.BotCommandScopeAllPrivateChats()
        return [one.command for one in await self._call(self._bot.get_my_commands(scope=scope))]

    async def close(self) -> None:
        if self._own is not None:
            await self._own.close()

    async def _call(self, call: Awaitable[T]) -> T:
        try:
            return await call
        except CallFailed as error:
            raise meaning(error.status, error.description, error.after, why=error.why, doubt=error.doubt) from None
        except TelegramError as error:
            raise Retryable(f"Telegram: {type(error).__name__}") from None
        except (TypeError, ValueError, KeyError, AttributeError):
            # The library made an object of an answer that was none of the Bot API.
            raise Retryable(NO_ANSWER) from None

    def _session(self) -> aiohttp.ClientSession:
        if self._own is None:
            self._own = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=64, keepalive_timeout=60.0),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self._timeout),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._own


def _number(peer: str) -> int | str:
    """A chat's number; what is none, as an invitation may name, the platform knows nobody by."""
    digits = peer.removeprefix("-")
    return int(peer) if digits.isascii() and digits.isdecimal() and len(digits) < 19 else peer


def _kept(markup: Mapping[str, object] | None) -> dict[str, object] | None:
    """As it is: objects of the library would be built and taken apart again."""
    return None if markup is None else {"reply_markup": markup}


def _result(kind: type[T]) -> T:
    try:
        return msgspec.json.decode(answered.get(), type=kind)
    except msgspec.MsgspecError:
        raise Retryable(NO_ANSWER) from None
