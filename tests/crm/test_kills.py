"""SIGKILL between send and settle: the real process, killed while a CRM that has done what it was asked hangs on its
answer. Nothing is lost, and nothing is there twice but for what is listed in doubt."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import jwt
import pytest

from bot.records.sql import SqlRecords
from bot.sandbox.crm.standin import StandIn, hang, passes
from bot.store.sqlite import SqliteStore
from tests.crm.cases import CASES
from tests.harness.crm_trial import Case
from tests.harness.service import Service
from tests.harness.soak import SOAK
from tests.harness.visitor import Visitor
from tests.harness.working import until

KEY = "an-identity-key-of-this-test-0123456789"
REAL = {name: case for name, case in CASES.items() if case.config is None}


async def shopper(http: aiohttp.ClientSession, base: str, number: int) -> Visitor:
    """Somebody who is logged in at the shop."""
    claims = {"sub": str(number), "email": f"ines{number}@example.org", "name": "Ines Okafor"}
    token = jwt.encode({**claims, "exp": int(time.time()) + 600}, KEY, "HS256")
    return await Visitor(http, base).open(identity=token)


MOMENTS = ("", 0), ("POST", 0), ("POST", 1)
"""Requests at which it is killed: of this method, after so many of them. POST is what makes things twice."""


@dataclass(frozen=True)
class Stage:
    case: Case
    crm: StandIn
    service: Service
    http: aiohttp.ClientSession
    store: SqliteStore
    records: SqlRecords

    async def killed_at(self, number: int) -> str:
        """A chat whose delivery is killed at one of its requests, if it comes to that. Returns its id."""
        method, before = MOMENTS[number]
        unhappy = await shopper(self.http, self.service.url, number)
        self.crm.fails(*[passes()] * before, hang(applied=True), method=method)
        await unhappy.say(value=2)
        await unhappy.say(text="too slow")
        await until(self._is_hit, 20)
        await asyncio.to_thread(self.service.kill)
        self.crm.mends()
        await asyncio.to_thread(self.service.start)
        return unhappy.id

    async def _is_hit(self) -> bool:
        return self.crm.troubles_left == 0 or await self.is_settled()

    async def is_settled(self) -> bool:
        left = [view for view in await self.store.jobs() if view.job.kind.startswith(("write.", "response"))]
        assert not [view.error for view in left if view.state == "dead"]
        return not left

    async def check(self, chats: list[str]) -> None:
        await until(self.is_settled, 30)
        doubtful = {delivery.chat for delivery in self.records.doubts(99)}
        count = self.case.counts(self.crm)
        counts = {chat: count(chat) for chat in chats if chat not in doubtful}
        assert counts == dict.fromkeys(counts, 1)


TRIED = REAL if SOAK else {name: REAL[name] for name in ("adobe", "salesforce")}
"""In `make test` one that cannot be asked what it has and one that takes the same again; all of them in `make soak`."""


@pytest.mark.parametrize("case", TRIED.values(), ids=TRIED)
async def test_a_kill_between_send_and_settle_loses_and_doubles_nothing(case: Case, tmp_path: Path) -> None:
    async with case.start() as crm, aiohttp.ClientSession() as http:
        service = Service(tmp_path, SECRET_KEY=KEY, **crm.environment())
        (tmp_path / "settings.yaml").write_text(crm.settings(), "utf-8")
        await asyncio.to_thread(service.start)
        store = SqliteStore.open(service.data / "chats.db", lambda: time.time_ns() // 1_000_000)
        records = SqlRecords(f"sqlite:///{service.data}/records.db")
        try:
            stage = Stage(case, crm, service, http, store, records)
            await stage.check([await stage.killed_at(number) for number in range(len(MOMENTS))])
        finally:
            await asyncio.to_thread(service.kill)
            await records.close()
            await store.close()
        assert crm.faults == []
