"""The library's way to the network, through a shared aiohttp session, and what goes wrong there.

- The library builds a `Message` of a hundred fields out of each answer, which costs more than the call itself. So it is
  given a bare `true` where something was sent (which it knows as an answer of the Bot API), and an empty list of
  updates; what really came is in `answered`, of the task that called.
- Every failure is a `CallFailed` with its status: 0 without an answer. The token is part of each URL; neither the URL
  nor what the other side wrote (it may quote a message) is in the text of an error or in a log line.
"""

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final

import aiohttp
import msgspec
from msgspec import Struct
from telegram.error import TelegramError
from telegram.request import BaseRequest, RequestData

LARGEST = 16 * 1024 * 1024
"""Of an answer: a hundred updates, each far below a hundred kilobytes."""
TIMEOUT = 10.0
"""Seconds for one call: below what a delivery job has for it."""
INSTEAD = {
    "sendMessage": b"true",
    "editMessageText": b"true",
    "editMessageReplyMarkup": b"true",
    "getUpdates": b"[]",
}
"""What the library is given to make objects of."""


answered: ContextVar[msgspec.Raw] = ContextVar("answered")
"""The result of this task's last call, as it came."""


class _Parameters(Struct):
    retry_after: float = 0.0


class _Answer(Struct):
    ok: bool
    result: msgspec.Raw = msgspec.Raw(b"null")
    description: str = ""
    parameters: _Parameters | None = None


_decode = msgspec.json.Decoder(_Answer).decode
_encode = msgspec.json.Encoder().encode


class CallFailed(TelegramError):
    """The call was refused, or nobody answered. `description` is the platform's own sentence: for comparing only."""

    def __init__(
        self, status: int, description: str = "", after: float = 0.0, *, why: str = "", doubt: bool = False
    ) -> None:
        super().__init__(why or f"status {status}")
        self.status = status
        self.description = description
        self.after = after
        self.why = why
        self.doubt = doubt
        """Whether it may have worked all the same: the request was out."""


class SessionRequest(BaseRequest):
    """`session` makes or gives the shared session; it is closed by whoever owns it."""

    __slots__ = ("_session", "_timeout")

    def __init__(self, session: Callable[[], aiohttp.ClientSession], timeout: float = TIMEOUT) -> None:
        self._session = session
        self._timeout: Final = timeout

    @property
    def read_timeout(self) -> float | None:
        return self._timeout

    async def initialize(self) -> None:
        """The session opens with the first call."""

    async def shutdown(self) -> None:
        """The session is its owner's."""

    # Any: whatever JSON says; the library takes it apart.
    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        return {"result": msgspec.json.decode(payload)}

    async def do_request(  # noqa: PLR0917 - the library's own signature
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: object = BaseRequest.DEFAULT_NONE,
        write_timeout: object = BaseRequest.DEFAULT_NONE,
        connect_timeout: object = BaseRequest.DEFAULT_NONE,
        pool_timeout: object = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """One call. Raises CallFailed for everything but a success."""
        body = b"{}" if request_data is None else _encode(request_data.parameters)
        seconds = float(read_timeout) if isinstance(read_timeout, int | float) else self._timeout
        try:
            async with asyncio.timeout(seconds):
                status, payload = await self._exchange(method, url, body)
        except TimeoutError:
            raise CallFailed(0, why=f"no answer within {seconds:g} s", doubt=True) from None
        except aiohttp.InvalidURL:
            raise CallFailed(0, why="TELEGRAM_API_URL is not a web address") from None
        except aiohttp.ClientConnectorError as error:
            raise CallFailed(0, why=f"no connection: {type(error).__name__}") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise CallFailed(0, why=f"no whole answer: {type(error).__name__}", doubt=True) from None
        result = _judged(status, payload)
        answered.set(result)
        return 200, INSTEAD.get(url.rpartition("/")[2], bytes(result))

    async def _exchange(self, method: str, url: str, body: bytes) -> tuple[int, bytes]:
        headers = {"Content-Type": "application/json"}
        async with self._session().request(method, url, data=body, headers=headers, allow_redirects=False) as answer:
            if (answer.content_length or 0) > LARGEST:
                raise ValueError
            return answer.status, await answer.read()


def _judged(status: int, payload: bytes) -> msgspec.Raw:
    try:
        answer = _decode(payload)
    except ValueError:  # a proxy's page, or half an answer
        raise CallFailed(
            status if status >= 300 else 502, why=f"status {status}, and no answer of the Bot API"
        ) from None
    if answer.ok and 200 <= status < 300:
        return answer.result
    after = answer.parameters.retry_after if answer.parameters is not None else 0.0
    raise CallFailed(status if status >= 300 else 502, answer.description, after)
