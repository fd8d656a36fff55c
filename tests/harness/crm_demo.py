"""A small CRM and its writer, right in all that the common tests look at - and, one at a time, wrong in it.

The CRM has people by e-mail, responses by chat, and notes, which take no key but can be asked for.
"""

import json
import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from aiohttp import web
from msgspec import Struct

from bot.crm.base import Event, Parcel, Receipt, Stored
from bot.crm.config import Connection, WriterConfig
from bot.crm.http.client import Client, one_by_one, segment
from bot.crm.http.oauth import OAuth, client_credentials
from bot.crm.mapping.mapped import moments
from bot.errors import DeliveryError, Permanent, Retryable, Throttled, Unauthorized
from bot.model import Response
from bot.sandbox.crm.standin import EXCHANGE, StandIn, Table
from tests.harness.crm_trial import Case

log = logging.getLogger("bot.crm.demo")

SECRET = "demo-client-secret-9b1c"


class Note(Struct, frozen=True):
    chat: str
    text: str


class Found(Struct, frozen=True):
    count: int


class Ok(Struct, frozen=True):
    ok: bool


class DemoCrm(StandIn):
    title = "Demo"
    login_path = "/oauth/token"

    def __init__(self) -> None:
        super().__init__()
        self.people: dict[str, str] = {}
        self.responses: dict[str, str] = {}
        self.notes: list[Note] = []

    def routes(self) -> Sequence[web.RouteDef]:
        return [
            web.get("/ping", self._ping),
            web.put("/people/{email}", self._person),
            web.get("/people", self._search),
            web.put("/responses/{chat}", self._response),
            web.post("/responses", self._response),
            web.get("/notes", self._asked),
            web.post("/notes", self._note),
        ]

    def tables(self) -> Sequence[Table]:
        return [
            Table("People", ("email", "name"), [*self.people.items()]),
            Table("Responses", ("chat", "reason"), [*self.responses.items()]),
            Table("Notes", ("chat", "text"), [(note.chat, note.text) for note in self.notes]),
        ]

    def settings(self) -> str:
        return ""

    def login_fault(self, form: Mapping[str, str]) -> str:
        return "" if form.get("client_secret") == SECRET else "invalid_client"

    async def _ping(self, _request: web.Request) -> web.Response:
        return web.json_response({"ok": True})

    async def _person(self, request: web.Request) -> web.Response:
        self.people[request.match_info["email"]] = request[EXCHANGE].json()["name"]
        return web.json_response({"ok": True})

    async def _search(self, request: web.Request) -> web.Response:
        """As loose as a query language: `Email = '...'` with anything behind it."""
        literal, _, rest = request.query["q"].removeprefix("Email = '").partition("'")
        hits = [*self.people] if " OR " in rest else [email for email in self.people if email == literal]
        for email in hits:
            self.people[email] = "found"
        return web.json_response({"count": len(hits)})

    async def _response(self, request: web.Request) -> web.Response:
        chat = request.match_info.get("chat") or f"{request[EXCHANGE].json()['chat']}#{len(self.responses)}"
        self.responses[chat] = request[EXCHANGE].json()["reason"]
        return web.json_response({"ok": True})

    async def _asked(self, request: web.Request) -> web.Response:
        return web.json_response({"count": sum(note.chat == request.query["chat"] for note in self.notes)})

    async def _note(self, request: web.Request) -> web.Response:
        self.notes.append(request[EXCHANGE].read(Note))
        return web.json_response({"ok": True})


class Stubborn:
    """A token that is never renewed."""

    def __init__(self, inner: OAuth) -> None:
        self._inner = inner

    async def headers(self) -> Mapping[str, str]:
        return await self._inner.headers()

    def renew(self) -> None:
        """It is not."""

    async def close(self) -> None:
        await self._inner.close()


class DemoWriter:
    """`wrong` names the one thing that it does wrong."""

    name, samples, transcript, batch, parallel = "demo", False, False, 10, 2

    def __init__(self, config: WriterConfig, clock: Callable[[], int], wrong: str = "") -> None:
        self._wrong = wrong
        self._config, self._clock = config, clock
        token = Stubborn(self._make()) if wrong == "never renews" else self._make()
        self._client = Client(config.connection, name="demo", clock=clock, token=token)

    def _make(self) -> OAuth:
        connection = self._config.connection
        grant = client_credentials("demo", self._config.secret("secret"))
        return OAuth(connection, f"{connection.base_url}/oauth/token", grant, name="demo", clock=self._clock)

    def wants(self, response: Response) -> Sequence[Event]:
        return moments(response)

    async def write(self, parcels: Sequence[Parcel]) -> Sequence[Receipt]:
        if self._wrong == "raises":
            return [await self._one(parcel) for parcel in parcels]
        return await one_by_one(parcels, self._one, 4)

    async def check(self) -> str:
        try:
            await self._client.send("GET", "ping", safe=True)
        except DeliveryError as error:
            return "" if self._wrong == "is never at a loss" else str(error)
        return ""

    async def stored(self, parcels: Sequence[Parcel]) -> Sequence[Stored]:
        found = []
        for parcel in parcels:
            answer = await self._client.send("GET", "notes", params={"chat": parcel.response.chat}, safe=True)
            count = answer.read(Found).count
            found.append(Stored(1 if self._wrong == "miscounts" else count))
        return found

    async def close(self) -> None:
        await self._client.close()

    async def _one(self, parcel: Parcel) -> Receipt:
        try:
            return await self._written(parcel)
        except Retryable as error:
            if self._wrong == "gives up":
                raise Permanent("it did not work", "gave_up") from None
            raise error from None
        except Throttled:
            raise (Retryable("too fast") if self._wrong == "hurries" else Throttled("too fast", 7.0)) from None
        except Unauthorized as error:
            for _ in range(5 if self._wrong == "logs in again and again" else 0):
                again = self._make()
                with suppress(DeliveryError):  # it does not learn from it: that is what is wrong with it
                    await again.headers()
                await again.close()
            raise error from None
        except Permanent as error:
            raise self._mistaken(error, _email(parcel)) from None

    def _mistaken(self, error: Permanent, email: str) -> Permanent:
        if self._wrong == "quotes the person":
            return Permanent(f"{email} was refused", "refused")
        if self._wrong == "shows the request":
            error.request = f"PUT /people/{email}"
        if self._wrong == "logs the person":
            log.info("refused: %s", email)
        if self._wrong == "logs its secret":
            log.info("refused: %s", SECRET)
        return error

    async def _written(self, parcel: Parcel) -> Receipt:
        response, email = parcel.response, _email(parcel)
        name, reason = _answer(parcel, "contact.name"), _answer(parcel, "reason")
        if self._wrong == "writes into a query":
            await self._client.send("GET", "people", params={"q": f"Email = '{email}'"}, safe=True)
        headers = {"x-name": name} if self._wrong == "writes into a header" else None
        await self._client.send("PUT", f"people/{segment(email)}", json={"name": name}, headers=headers, safe=True)
        body = {"chat": response.chat, "reason": reason}
        if self._wrong == "has no key":
            await self._client.send("POST", "responses", json=body)
        else:
            answer = await self._client.send("PUT", f"responses/{segment(response.chat)}", json=body, safe=True)
            if self._wrong == "chokes":
                json.loads(answer.body)
        return await self._noted(parcel, reason)

    async def _noted(self, parcel: Parcel, text: str) -> Receipt:
        """Once a chat: a note says so, and where that is in doubt the other side is asked."""
        chat = parcel.response.chat
        there = "note" in parcel.notes
        if parcel.doubt and not there and self._wrong != "does not look":
            found = await self._client.send("GET", "notes", params={"chat": chat}, safe=True)
            there = found.read(Found).count > 0
        if not there:
            (await self._client.send("POST", "notes", json=Note(chat, text))).read(Ok)
        return Receipt(remote=chat, notes={"note": "made"})


def _answer(parcel: Parcel, key: str) -> str:
    return next((str(answer.value) for answer in parcel.response.answers if answer.key == key), "")


def _email(parcel: Parcel) -> str:
    return _answer(parcel, "contact.email")


def in_demo(crm: DemoCrm) -> Callable[[str], int]:
    """Responses of a chat."""
    found = Counter(key.partition("#")[0] for key in crm.responses)
    return lambda chat: found[chat]


def demo_case(wrong: str = "") -> Case:
    return Case(
        DemoCrm,
        in_demo,
        config=lambda crm, folder: WriterConfig(
            "demo", "demo", folder, secrets={"secret": (SECRET,)},
            connection=Connection(base_url=crm.url, allow_private=True),
        ),
        build=lambda config, clock: DemoWriter(config, clock, wrong),
    )  # fmt: skip
