"""The real service behind a real socket: store, engine and HTTP, without worker; with clocks that a test moves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path

from aiohttp import ClientResponse, ClientSession
from aiohttp.web import Application, TCPSite
from yarl import URL

from bot import http, settings
from bot.channels.verify import Tokens
from bot.flows.catalog import Catalog
from bot.flows.load import load
from bot.keys import Keys
from bot.model import Conversation
from bot.runtime import Runtime
from bot.settings_types import WebSettings
from bot.store.sqlite import SqliteStore

SECRETS = ("first-secret-of-the-tests-0123456789", "older-secret-of-the-tests-0123456789")

FLOW = """
version: 1
brand: {name: Acme, color: "#1f5c3d"}
languages: [en, fr]
flows:
  nps:
    start: score
    steps:
      score:
        kind: nps
        say: {en: "How likely are you to recommend {{ brand.name }}?", fr: "Recommanderiez-vous {{ brand.name }} ?"}
        then: {detractor: reason, passive: reason, promoter: review}
      reason:
        kind: text
        say: {en: "What is the reason?", fr: "Pourquoi ?"}
        save_as: reason
        optional: true
        then: callback
      callback:
        kind: choice
        say: {en: "Shall we call you?", fr: "Faut-il vous appeler ?"}
        options: {"yes": {en: "Call me", fr: "Appelez-moi"}, "no": {en: "No, thanks", fr: "Non, merci"}}
        then: bye
      review:
        kind: link
        say: {en: "Would you tell others?", fr: "En parleriez-vous ?"}
        links: {shop: {label: "Review us", url: "https://reviews.example/{{context.page_title|default('acme')}}"}}
        then: bye
      bye: {kind: message, say: {en: "Thank you.", fr: "Merci."}, end: completed}
  other:
    start: why
    steps:
      why: {kind: text, say: {en: "Why?", fr: "Pourquoi ?"}, then: end}
      end: {kind: message, say: {en: "Thanks.", fr: "Merci."}, end: completed}
"""


@dataclass
class Clock:
    """Milliseconds since the epoch, and seconds that never go back."""

    now: int = 1_700_000_000_000
    running: float = 1_000.0

    def ms(self) -> int:
        return self.now

    def ticks(self) -> float:
        return self.running

    def pass_by(self, seconds: float) -> None:
        self.now += int(seconds * 1000)
        self.running += seconds


@dataclass
class Said:
    """One answer of the service."""

    status: int
    body: dict[str, object]
    response: ClientResponse = field(repr=False)


@dataclass
class Chat:
    """A visitor's side of one chat: keeps token, cursor and question as a widget does."""

    service: "Service"
    chat: str
    token: str
    state: dict[str, object]
    sent: int = 0

    @property
    def fence(self) -> object:
        ask = self.state["ask"]
        return ask["fence"] if isinstance(ask, dict) else None

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def send(self, **fields: object) -> Said:
        """One message; id and cursor are filled in where the test does not say them."""
        self.sent += 1
        message = {"id": f"m{self.sent}", "cursor": self.state["cursor"], **fields}
        said = await self.service.post(f"/api/v1/chats/{self.chat}/messages", message, headers=self.headers)
        if said.status == 200:
            self.state = said.body
        return said

    async def stored(self) -> Conversation:
        found = await self.service.store.load_id(self.chat)
        assert found is not None
        return found


@dataclass
class Service:
    client: ClientSession
    url: str
    store: SqliteStore
    catalog: Catalog
    runtime: Runtime
    clock: Clock

    async def post(self, path: str | URL, body: object, **more: object) -> Said:
        """`body` is sent as JSON, or as it is where it is bytes."""
        content = {"data": BytesIO(body)} if isinstance(body, bytes) else {"json": body}
        response = await self.client.post(path, **content, **more)  # type: ignore[arg-type]  # the client's own keywords
        return Said(response.status, await response.json(content_type=None), response)

    async def get(self, path: str, method: str = "GET", **more: object) -> ClientResponse:
        """The answer, read to its end; a redirect is not followed."""
        async with self.client.request(method, path, allow_redirects=False, **more) as response:  # type: ignore[arg-type]  # as above
            await response.read()
        return response

    async def open(self, headers: dict[str, str] | None = None, **fields: object) -> Chat:
        said = await self.post("/api/v1/chats", fields, headers=headers or {})
        assert said.status == 201, said
        return Chat(self, str(said.body["chat"]), str(said.body["token"]), said.body)


@asynccontextmanager
async def serve(
    folder: Path, flow: str = FLOW, *, secrets: tuple[str, ...] = SECRETS, desk: bool = False, **web: object
) -> AsyncIterator[Service]:
    """`web` are fields of WebSettings; `desk`: whether there is anybody to hand a chat over to."""
    clock = Clock()
    chosen = settings.load({"DATA_DIR": str(folder), "TRUSTED_PROXIES": "10.0.0.0/8"}, folder)
    chosen = replace(chosen, secrets=secrets, web=replace(WebSettings(), **web))  # type: ignore[arg-type]  # the test names fields of the type
    store = SqliteStore.open(folder / "chats.db", clock.ms)
    catalog = Catalog(chosen.hours, chosen.timezone, desk)
    book = load(flow)
    await store.keep_flow(book.version, book.source)
    catalog.add(book)
    runtime = Runtime(store, catalog, clock.ms, lambda _: None)

    async def ready() -> dict[str, str]:
        return {"store": "" if await store.writable() else "it cannot be written now"}

    async def metrics() -> bytes:
        return b"# figures\n"

    inside = http.Inside(
        *(runtime, lambda: catalog.live, ready, metrics, clock.ms),
        ticks=clock.ticks,
        knows_key=Keys(store).known,
        messaging=("telegram",),
    )
    async with running(http.application(inside, chosen)) as client:
        yield Service(client, str(client._base_url).rstrip("/"), store, catalog, runtime, clock)
    await store.close()


@asynccontextmanager
async def running(app: Application) -> AsyncIterator[ClientSession]:
    """The application on a port of its own, run as the service runs it, and a client of it."""
    runner = await http.running(app)
    await TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    async with ClientSession(f"http://{host}:{port}") as client:
        yield client
    await runner.cleanup()


def token_of(chat: str, secret: str) -> str:
    return Tokens((secret,)).token(chat)
