"""The Slack side of the service on the real store, engine and worker, before the stand-in for Slack."""

import asyncio
import random
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias, cast

from aiohttp import web

from bot import settings
from bot.app_slack import Slack as Side
from bot.app_slack import slack as slack_side
from bot.deliver import Delivering
from bot.errors import StoreUnavailable
from bot.flows.catalog import Catalog
from bot.flows.load import load
from bot.jobs import Handler, Worker
from bot.model import Address, Change, Conversation, Job, Start
from bot.obs import Meters
from bot.records.sql import SqlRecords
from bot.runtime import Runtime
from bot.sandbox.slack.server import Slack, clock
from bot.sandbox.slack.types import Message
from bot.store.base import Commit, Done, Settlement
from bot.store.sqlite import SqliteStore

Mode: TypeAlias = Literal["socket", "http"]
MODES: Sequence[Mode] = ("socket", "http")
SECRET = "a-secret-of-the-tests-that-is-long-enough"

FLOW = """
version: 1
brand: {name: Acme}
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
        links: {shop: {label: "Review us", url: "https://reviews.example/acme"}}
        then: bye
      bye: {kind: message, say: {en: "Thank you.", fr: "Merci."}, end: completed}
  other:
    start: why
    steps:
      why: {kind: text, say: {en: "Why?", fr: "Pourquoi ?"}, then: end}
      end: {kind: message, say: {en: "Thanks.", fr: "Merci."}, end: completed}
  person:
    start: desk
    steps:
      desk:
        kind: handoff
        say: {en: "Somebody will be with you.", fr: "Quelqu'un arrive."}
        topic: help
        sla: 15m
        then: {resolved: end, unavailable: end}
      end: {kind: message, say: {en: "Thanks.", fr: "Merci."}, end: completed}
"""


class Store(SqliteStore):
    """The next `failures` commits fail as on a full disk."""

    failures = 0

    async def commit(self, change: Change) -> Commit:
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("the disk is full")
        return await super().commit(change)


class Disk:
    """`hold` makes every commit wait before it is on the disk, until `release`."""

    def __init__(self) -> None:
        self._free = threading.Event()
        self._free.set()
        self.waits = False
        """Whether a commit does."""

    def __call__(self) -> None:
        self.waits = not self._free.is_set()
        self._free.wait(10)
        self.waits = False

    def hold(self) -> None:
        self._free.clear()

    def release(self) -> None:
        self._free.set()


@dataclass
class Service:
    """`side` is what is tested; the rest is real too."""

    slack: Slack
    store: Store
    disk: Disk
    runtime: Runtime
    worker: Worker
    side: Side
    url: str

    async def chat(self, user: str) -> Conversation | None:
        """The newest chat of a member."""
        return await self.store.load(self.address(user))

    def address(self, user: str) -> Address:
        person = self.slack.user(user)
        return Address("slack", f"{person.team}:{person.id}")

    async def invites(self, user: str, key: str = "k1", locale: str = "en") -> None:
        await self.runtime.invite(Start("", self.address(user), clock(), locale), "nps", key)

    async def asked(self, user: str, words: str) -> Message:
        """The message of ours with these words, once it is there."""
        return await self.slack.message("dm", words, user=user)

    def now(self, message: Message) -> Message:
        """As it reads now."""
        found = self.slack.now(message)
        assert found is not None, "it was deleted"
        return found

    def shown(self, user: str) -> list[Message]:
        """What we have said to a member, in order, as it reads now."""
        return [one for one in self.slack.messages("dm", user) if one.bot_id]


async def _nothing(jobs: Sequence[Job]) -> Sequence[Settlement]:
    """Records and timers are others' to test."""
    return [Done()] * len(jobs)


@asynccontextmanager
async def serving(slack: Slack, folder: Path, mode: Mode = "socket", **environ: str) -> AsyncIterator[Service]:
    """Connected; over HTTP with a signing secret, else over a socket."""
    ways = {"socket": {"SLACK_APP_TOKEN": slack.app_token}, "http": {"SLACK_SIGNING_SECRET": slack.signing_secret}}
    usual = {"SLACK_API_URL": slack.api_url, "SLACK_BOT_TOKEN": slack.bot_token, "SECRET_KEY": SECRET, **ways[mode]}
    chosen = settings.load({**usual, **environ}, folder)
    disk = Disk()
    store = cast("Store", Store.open(folder / "chats.db", clock, before_sync=disk))
    catalog, book = Catalog({}, "UTC", desk=True), load(FLOW)
    await store.keep_flow(book.version, FLOW)
    catalog.add(book)
    meters, records = Meters(), SqlRecords(f"sqlite:///{folder / 'records.db'}")
    workers: list[Worker] = []
    runtime = Runtime(store, catalog, clock, lambda soon: workers[0].wake(soon), meters)  # noqa: PLW0108 - made below
    side = await slack_side(chosen, runtime, store, clock, flows=lambda: tuple(catalog.live.flows))
    delivering = Delivering(store, records, runtime, side.messenger, clock=clock, jitter=random.random, meters=meters)
    table = {"deliver.slack": delivering.handler(), "response": Handler(_nothing), "timer": Handler(_nothing)}
    worker = Worker(store, table, clock, random.random)
    workers.append(worker)
    working = asyncio.create_task(worker.run())
    app = web.Application(client_max_size=1000)
    app.add_routes(list(side.routes))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    if mode == "http":
        slack.use_http(f"{url}/slack/events")
    await side.start()
    if mode == "socket":
        await slack.connected()
    try:
        yield Service(slack, store, disk, runtime, worker, side, url)
    finally:
        disk.release()
        await side.stop()
        await worker.stop()
        await working
        await side.close()
        await runner.cleanup()
        await records.close()
        await store.close()
