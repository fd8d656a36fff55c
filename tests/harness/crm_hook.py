"""A receiver of web hooks, as the specification wants one: it verifies signatures and takes each id once.

Unlike `tests/harness/receiver.py` it can be put on trial like a CRM; it does not look at how old an event is, since a
trial moves the clock.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from aiohttp import web
from msgspec import Struct
from standardwebhooks import Webhook

from bot.sandbox.crm.standin import EXCHANGE, Exchange, StandIn, Table
from tests.harness.crm import contract
from tests.harness.crm_trial import Case
from tests.harness.receiver import SECRET


class Said(Struct, frozen=True):
    value: int | str


class Data(Struct, frozen=True):
    chat: str
    revision: int
    answers: tuple[Said, ...]


class Event(Struct, frozen=True):
    type: str
    data: Data


class Hook(StandIn):
    title = "Web hook"

    def __init__(self) -> None:
        super().__init__(contract("standard-webhooks/openapi.json"))
        self.events: dict[str, Event] = {}
        """By id."""

    def routes(self) -> Sequence[web.RouteDef]:
        return [web.post("/hook", self._take)]

    def tables(self) -> Sequence[Table]:
        newest: dict[str, Data] = {}
        for event in self.events.values():
            if event.data.chat not in newest or newest[event.data.chat].revision < event.data.revision:
                newest[event.data.chat] = event.data
        rows = [
            (one.chat, str(one.revision), "; ".join(str(said.value) for said in one.answers)) for one in newest.values()
        ]
        return [Table("Responses", ("chat", "revision", "answers"), rows)]

    def settings(self) -> str:
        return (
            f'writers:\n  webhook:\n    url: {self.url}/hook\n    secret: "${{HOOK_SECRET}}"\n    allow_private: true\n'
        )

    def environment(self) -> Mapping[str, str]:
        return {"HOOK_SECRET": SECRET}

    def knows(self, exchange: Exchange) -> bool:
        said = exchange.headers
        at = datetime.fromtimestamp(int(said["webhook-timestamp"]), UTC)
        signed = Webhook(SECRET).sign(said["webhook-id"], at, exchange.body.decode())
        return signed in said["webhook-signature"].split()

    async def _take(self, request: web.Request) -> web.Response:
        exchange = request[EXCHANGE]
        self.events[exchange.headers["webhook-id"]] = exchange.read(Event)
        return web.Response(status=204)


CHECKED = "its check sends nothing: a receiver takes events and answers no questions"

HOOK = Case(
    Hook,
    lambda hook, chat: sum(row[0] == chat for row in hook.tables()[0].rows),
    leaves_out={"what_is_wrong_is_said_before_anything_is_sent": CHECKED},
)
