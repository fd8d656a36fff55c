"""A receiver of web hooks as a customer would write it: it checks the signature and keeps the newest of each chat."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import msgspec
from aiohttp import web

from bot.sandbox.crm.standin import EXCHANGE, Check, Exchange, StandIn, Table, nothing

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - of a stand-in
COLUMNS = ("chat", "revision", "type", "score", "segment", "outcome", "answers", "case")

SETTINGS = """\
writers:
  webhook:
    url: URL/hook
    secret: "${HOOK_SECRET}"
    allow_private: true
"""


class _Answer(msgspec.Struct):
    key: str
    label: str


class _Case(msgspec.Struct):
    state: str


class _Data(msgspec.Struct):
    chat: str
    revision: int
    score: int | None = None
    segment: str | None = None
    outcome: str | None = None
    answers: list[_Answer] = []
    case: _Case | None = None


class _Event(msgspec.Struct):
    type: str
    data: _Data


class WebhookReceiver(StandIn):
    title = "Web hook"

    def __init__(self, check: Check = nothing, *, host: str = "127.0.0.1", port: int = 0, secret: str = SECRET) -> None:
        super().__init__(check, host=host, port=port)
        self.secret = secret
        self.newest: dict[str, _Event] = {}

    def routes(self) -> Sequence[web.RouteDef]:
        return [web.post("/hook", self._take)]

    def tables(self) -> Sequence[Table]:
        return [Table("Responses", COLUMNS, [_row(event) for event in self.newest.values()])]

    def settings(self) -> str:
        return SETTINGS.replace("URL", self.url)

    def environment(self) -> Mapping[str, str]:
        return {"HOOK_SECRET": self.secret}

    def knows(self, exchange: Exchange) -> bool:
        """By the signature, whenever it was made: the sandbox and tests live in times of their own."""
        from standardwebhooks import Webhook  # noqa: PLC0415 - only where a web hook is received

        stamp = exchange.headers.get("webhook-timestamp", "")
        if not stamp.isdigit():
            return False
        at = datetime.fromtimestamp(int(stamp), UTC)
        signed = Webhook(self.secret).sign(exchange.headers.get("webhook-id", ""), at, exchange.body.decode())
        return signed in exchange.headers.get("webhook-signature", "").split(" ")

    async def _take(self, request: web.Request) -> web.Response:
        event = request[EXCHANGE].read(_Event)
        known = self.newest.get(event.data.chat)
        if known is None or known.data.revision <= event.data.revision:
            self.newest[event.data.chat] = event
        return web.Response(status=204)


def _row(event: _Event) -> Sequence[str]:
    data = event.data
    answers = "\n".join(f"{answer.key}: {answer.label}" for answer in data.answers)
    found = (data.chat, data.revision, event.type, data.score, data.segment, data.outcome, answers)
    return ["" if one is None else str(one) for one in found] + [data.case.state if data.case else ""]
