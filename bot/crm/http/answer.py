"""An answer of the other side, and what it means where a vendor's own table says nothing else."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import TypeAlias, TypeVar

import msgspec

from bot.crm.http.mask import Asked, E, Json
from bot.errors import DeliveryError, Permanent, Retryable, Throttled, Unauthorized

T = TypeVar("T")

AGAIN = (408, 409, 423, 425)
RELAYED = (408, 502, 504)
"""Said by a gateway that heard nothing more of the request: it may have worked."""
PASSING = (302, 303, 307)
CODES = ("errorCode", "error_code", "code", "category", "error")
WORDS = ("message", "error_description", "detail", "title", "error")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str] = field(repr=False)
    """By name in any case."""
    body: bytes = field(default=b"", repr=False)
    wait: float = 0.0
    """Seconds that Retry-After asks for, whether as a number or a date; 0 where it names none."""
    safe: bool = False
    """Whether the request could be repeated without harm."""
    asked: Asked = field(default=Asked("", ""), repr=False)

    def read(self, type: type[T]) -> T:
        """The body as this type. Raises Retryable (in doubt, unless the request was safe) where it is none."""
        try:
            return msgspec.json.decode(self.body, type=type)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise self.asked.noted(Retryable("the answer was not understood", doubt=not self.safe)) from None

    def fault(self, error: E) -> E:
        """This error as one of this request: with `.request`, and with words that quote nothing of it. For what a
        writer itself reads out of an answer, such as the one refused record of a batch."""
        return self.asked.told(error)


Judge: TypeAlias = Callable[[Answer], DeliveryError | None]
"""What an answer means, by a vendor's own table; None: by its status. It is asked about 2xx too."""


def judged(answer: Answer) -> DeliveryError | None:
    """By the status alone."""
    status = answer.status
    if 200 <= status < 300:
        return None
    said = f"answered {status}" + (f": {words}" if (words := said_by(answer.body)) else "")
    if status == 401:
        return Unauthorized(said)
    if status == 429 or (status == 503 and answer.wait):
        return Throttled(said, answer.wait)
    if status in AGAIN or status >= 500:
        return Retryable(said, doubt=status in RELAYED and not answer.safe)
    if status in PASSING:
        return Retryable(f"{said}, a redirect, which is not followed")
    if status in (301, 308):
        return Permanent(f"{said}, a redirect, which is not followed: set base_url to the final address", "redirect")
    return Permanent(said, f"status_{status}")


def said_by(body: bytes) -> str:
    """Code and message out of an error's JSON, wherever vendors put them; nothing of any other body."""
    try:
        found: Json = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    for _ in range(3):
        if isinstance(found, list):
            found = found[0] if found else None
        if isinstance(found, dict) and isinstance(inner := found.get("error", found.get("errors")), dict | list):
            found = inner or found | {"error": None, "errors": None}
    if not isinstance(found, dict):
        return ""
    code = next((str(found[key]) for key in CODES if isinstance(found.get(key), str | int)), "")
    words = next((text for key in WORDS if isinstance(text := found.get(key), str)), "")
    return words if code in words else f"{code} {words}".strip()


def seconds(text: str, now: int) -> float:
    """The wait that Retry-After asks for: a number, or a date; `now` in ms. 0 for anything else."""
    text = text.strip()
    if text.isascii() and text.replace(".", "", 1).isdigit() and len(text) < 10:
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        return 0.0
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, at.timestamp() - now / 1000)
