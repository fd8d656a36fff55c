"""Log lines without secrets or free text.

A line holds what our own code says and names of things: never the message of an unexpected exception (it may quote a
visitor), only its type and where it was raised.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import Collection
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal, TextIO

from bot.errors import ChatsurveyError

HIDDEN = "***"
_SECRETS = re.compile(
    r"whsec_[A-Za-z0-9+/=_-]+"
    r"|\bx(?:ox[a-z]|app)-[A-Za-z0-9-]+"
    r"|(?i:bearer)\s+\S+"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
    r"|eyJ[\w-]+\.[\w-]+\.[\w-]*"
    r"|[\w.+-]+@[\w-]+\.[\w.-]+"
    r"|(?<![\w:.-])\+?\d(?:[ ().-]?\d){8,}(?![\w:])"
)
"""Signing secrets, tokens of Slack, bearer tokens, passwords in addresses, JWTs, e-mail addresses, phone numbers."""

_OWN = ("bot", "bot.")


class Redactor:
    """Takes known secrets and whatever looks like one, an e-mail address or a phone number out of a line."""

    def __init__(self, secrets: Collection[str] = ()) -> None:
        known = sorted((s for s in secrets if len(s) >= 6), key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def __call__(self, line: str) -> str:
        if self._known is not None:
            line = self._known.sub(HIDDEN, line)
        return _SECRETS.sub(HIDDEN, line)


class Lines(logging.Formatter):
    """One line a record: JSON, else plain. Fields are `extra={"facts": {...}}`, and `process` where several log."""

    def __init__(self, form: Literal["json", "plain"], redact: Redactor, process: int = 0) -> None:
        super().__init__()
        self._form, self._redact, self._whose = form, redact, {"process": process} if process else {}

    def format(self, record: logging.LogRecord) -> str:
        message = record.getMessage()
        if not record.name.startswith(_OWN):
            message = message.partition("\n")[0].partition(" exception=")[0]
        facts: dict[str, object] = {**getattr(record, "facts", {}), **self._whose}
        if record.exc_info and record.exc_info[1] is not None:
            facts |= {"error": told(record.exc_info[1]), "at": where(record.exc_info[2])}
        known = {k: v if isinstance(v, int | float) else self._redact(str(v)) for k, v in facts.items()}
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        level = record.levelname.lower()
        if self._form == "json":
            line = {"at": when, "level": level, "from": record.name, "message": self._redact(message)}
            return json.dumps(line | ({"facts": known} if known else {}), ensure_ascii=False)
        return f"{when[11:19]} {level:7} {self._redact(message)}" + "".join(f"  {k}={v}" for k, v in known.items())


def told(error: BaseException) -> str:
    """An exception in words that hold no free text: our own errors and the system's say what they are, others not."""
    if isinstance(error, ChatsurveyError):
        return f"{type(error).__name__}: {error}"
    if isinstance(error, OSError) and error.strerror:
        return f"{type(error).__name__}: {error.strerror}"
    return type(error).__name__


def where(trace: TracebackType | None) -> str:
    """The innermost frames of a traceback: `file:line function`, nothing of their values."""
    frames = traceback.extract_tb(trace)[-6:]
    return " < ".join(f"{'/'.join(f.filename.split('/')[-2:])}:{f.lineno} {f.name}" for f in reversed(frames))


def log_to(
    stream: TextIO | None = None,
    level: str = "info",
    form: Literal["json", "plain"] = "plain",
    secrets: Collection[str] = (),
    process: int = 0,
) -> None:
    """Send all logging of this process to `stream` (standard error), redacted; `process` as in `Lines`."""
    handler = logging.StreamHandler(sys.stderr if stream is None else stream)
    handler.setFormatter(Lines(form, Redactor(secrets), process))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("asyncio", "transitions", "aiohttp.access", "alembic", "sqlalchemy"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))
