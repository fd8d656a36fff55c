"""Errors on the wire: RFC 9457, for every status that this service gives."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from math import ceil
from typing import Literal

from aiohttp import web
from multidict import CIMultiDict

from bot.channels.web import types as wire
from bot.channels.web.wire import Malformed, encode
from bot.errors import StoreUnavailable, Unknown

log = logging.getLogger(__name__)

PROBLEM = "application/problem+json"

_TITLES = {status.value: status.phrase for status in HTTPStatus} | {413: "Content Too Large"}


class Refused(Exception):
    """A request that is answered with a problem. `wait` is in seconds, for Retry-After."""

    def __init__(self, status: int, code: str, detail: str, wait: float = 0.0) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.wait = status, code, detail, wait


FOREIGN = Refused(403, "origin", "This page is not listed in the settings (web, origins).")


class Overtaken(Exception):
    """The question moved on, or the chat is over: 409, with the chat as it stands."""

    def __init__(self, code: Literal["stale", "ended"], state: wire.State) -> None:
        super().__init__(code)
        self.code, self.state = code, state


def answer_to(error: Exception, headers: Mapping[str, str] | None = None) -> web.Response:
    """The response to whatever a handler raised. What is not of the closed list is a bug: it is logged, and a 500."""
    match error:
        case Overtaken():
            return conflict(error, headers)
        case Refused():
            return problem(error, headers)
        case Malformed():
            return problem(Refused(400, "malformed", str(error)), headers)
        case Unknown():
            return problem(Refused(404, "unknown", _sentence(str(error))), headers)
        case StoreUnavailable():
            # Its own text is for the log: it may name a disk or a host.
            detail = "Nothing was saved, for the store cannot be written now. Send the same again."
            return problem(Refused(503, "store", detail, wait=2), headers)
        case _:
            log.error("a request could not be answered", exc_info=error)
            return problem(Refused(500, "bug", "Something is wrong in the service; its log says more."), headers)


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:].rstrip('.')}."


def problem(refused: Refused, headers: Mapping[str, str] | None = None) -> web.Response:
    status = refused.status
    body = wire.Problem("about:blank", _TITLES[status], status, refused.code, refused.detail)
    more = _headers(headers)
    if refused.wait:
        more["Retry-After"] = str(ceil(refused.wait))
    if status == 401:
        more["WWW-Authenticate"] = 'Bearer realm="chatsurvey"'
    return web.Response(status=status, body=encode(body), headers=more)


_OVERTAKEN = {
    "stale": "This question was answered before. The current one is in `ask`.",
    "ended": "This chat has ended; nothing more can be answered in it.",
}


def conflict(overtaken: Overtaken, headers: Mapping[str, str] | None = None) -> web.Response:
    state, code = overtaken.state, overtaken.code
    fields = (state.cursor, state.entries, state.ask, state.status)
    body = wire.Conflict("about:blank", _TITLES[409], code, _OVERTAKEN[code], *fields)
    return web.Response(status=409, body=encode(body), headers=_headers(headers))


def _headers(headers: Mapping[str, str] | None) -> CIMultiDict[str]:
    found = CIMultiDict(headers or {})
    found["Content-Type"] = PROBLEM
    found["Cache-Control"] = "no-store"
    found["X-Content-Type-Options"] = "nosniff"
    return found
