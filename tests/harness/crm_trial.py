"""A writer on trial: its stand-in on a real socket, its settings as a person would write them, and parcels as the
delivery engine makes them (what was told, notes and doubts are kept from one attempt to the next)."""

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec

from bot.crm.base import Event, Parcel, Receipt, Writer
from bot.crm.config import WriterConfig
from bot.crm.table import make
from bot.errors import Retryable, Throttled
from bot.model import Answer, CaseFacts, Entry, Fact, Response
from bot.sandbox.crm.standin import StandIn
from bot.settings_env import Environment
from bot.settings_file import read_file
from tests.harness.responses import NOON, a_response

HOUR = 3600.0
MOST = 8
"""Attempts after which a writer that does not come to an end has failed."""


@dataclass(frozen=True)
class Case:
    """What the common tests have to know of a writer."""

    start: Callable[[], StandIn]
    """Its stand-in, with its contract as `check`."""
    counts: Callable[[Any], Callable[[str], int]]
    """How many records of a chat the stand-in (Any: each has its own class) holds; one is right. It is read once, so
    that thousands of chats can be asked for."""
    config: Callable[[Any, Path], WriterConfig] | None = None
    """The writer's configuration; None: as the stand-in's own `settings` say."""
    build: Callable[[WriterConfig, Callable[[], int]], Writer] = make
    leaves_out: Mapping[str, str] = field(default_factory=dict)
    """Common tests that mean nothing for this writer: name of the test, and why."""


class Clock:
    """The time of now, moved forward at will."""

    def __init__(self) -> None:
        self._ahead = 0

    def __call__(self) -> int:
        return time.time_ns() // 1_000_000 + self._ahead

    def forward(self, seconds: float) -> None:
        self._ahead += int(seconds * 1000)


class Trial:
    def __init__(self, case: Case, crm: StandIn, config: WriterConfig, clock: Clock) -> None:
        self.case, self.crm, self.config, self.clock = case, crm, config, clock
        self.writer = case.build(config, clock)
        self.doubts: tuple[str, ...] = ()
        """What the writer said to be in doubt for good."""
        self._told: dict[str, set[Event]] = {}
        self._notes: dict[str, Mapping[str, str]] = {}
        self._doubtful: set[str] = set()

    async def attempt(self, *responses: Response) -> Sequence[Receipt]:
        """One call, as the engine makes it."""
        parcels = [self.parcel(response) for response in responses]
        receipts = await self.writer.write(parcels)
        assert len(receipts) == len(parcels)
        for parcel, receipt in zip(parcels, receipts, strict=True):
            self._keep(parcel.response, receipt)
        return receipts

    async def once(self, response: Response) -> Receipt:
        return (await self.attempt(response))[0]

    async def settle(self, *responses: Response) -> Sequence[Receipt]:
        """Until none of them has to be tried again, an hour apart. What is refused for good fails the test."""
        left = list(responses)
        done: list[Receipt] = []
        for _ in range(MOST):
            receipts = await self.attempt(*left)
            for receipt in receipts:
                assert receipt.error is None or isinstance(receipt.error, Retryable | Throttled), repr(receipt.error)
            done += [receipt for receipt in receipts if receipt.error is None]
            left = [one for one, receipt in zip(left, receipts, strict=True) if receipt.error is not None]
            if not left:
                return done
            self.clock.forward(HOUR)
        raise AssertionError(f"not written after {MOST} attempts: {receipts[0].error!r}")

    def count(self, chat: str) -> int:
        return self.case.counts(self.crm)(chat)

    def contents(self) -> Mapping[str, Sequence[tuple[str, ...]]]:
        """Every record there is, by table."""
        return {table.title: sorted(tuple(map(str, row)) for row in table.rows) for table in self.crm.tables()}

    def sizes(self) -> Mapping[str, int]:
        return {title: len(rows) for title, rows in self.contents().items()}

    def parcel(self, response: Response) -> Parcel:
        """As it stands after what was told, noted and lost so far."""
        chat = response.chat
        told = self._told.get(chat, set())
        news = tuple(event for event in self.writer.wants(response) if event == "answered" or event not in told)
        return Parcel(
            response if self.writer.transcript else msgspec.structs.replace(response, transcript=()),
            f"resp_{chat}_{response.revision}",
            news,
            self._notes.get(chat, {}),
            chat in self._doubtful,
        )

    def _keep(self, response: Response, receipt: Receipt) -> None:
        chat = response.chat
        if receipt.notes is not None:
            self._notes[chat] = receipt.notes
        self.doubts += receipt.doubts
        if receipt.error is None:
            self._told.setdefault(chat, set()).update(self.writer.wants(response))
            self._doubtful.discard(chat)
        elif isinstance(receipt.error, Retryable) and receipt.error.doubt:
            self._doubtful.add(chat)


@asynccontextmanager
async def on_trial(case: Case, folder: Path, *, timeout: float = 10.0) -> AsyncIterator[Trial]:
    """A writer and its stand-in, both fresh; afterwards the contract has nothing against what was sent."""
    async with case.start() as crm:
        config = (case.config or configured)(crm, folder)
        connection = replace(config.connection, timeout=timeout)
        trial = Trial(case, crm, replace(config, connection=connection), Clock())
        try:
            yield trial
        finally:
            await trial.writer.close()
        assert crm.faults == []


def configured(crm: StandIn, folder: Path) -> WriterConfig:
    """As the settings file that the stand-in gives would have it; there must be nothing wrong in that."""
    file = folder / "settings.yaml"
    file.write_text(crm.settings(), "utf-8")
    env = Environment(crm.environment(), folder / ".env")
    found = read_file(file, "settings.yaml", env, folder)
    problems = [f"{problem.mark.line}: {problem.message}" for problem in (*found.problems, *env.problems)]
    assert problems == []
    (one,) = (writer for writer in found.writers if writer.kind != "jsonl")
    return WriterConfig(
        one.kind, one.name, folder, login=one.login, options=one.options, secrets=one.secrets,
        connection=one.connection, mapping=one.mapping, samples=one.samples, transcript=one.transcript,
        link=lambda chat: f"https://survey.example/r/{chat}",
    )  # fmt: skip


WHO = {
    "name": "Margaux Quévreux",
    "email": "margaux.quevreux@example.com",
    "phone": "+33687654321",
    "company": "Ferronnerie Quévreux",
}
REASON = "The zebra at the counter ignored me for half an hour"
NOTE = "Called her back, promised a refund of the giraffe"
PERSONAL = (*WHO.values(), *WHO["name"].split(), "06 87 65 43 21", REASON, "zebra", NOTE, "giraffe", "visitor-7f3a9c")
"""None of these may be in a log, an error or the request as it is told."""


def a_full_response(
    chat: str = "c1",
    revision: int = 1,
    who: Mapping[str, str] = MappingProxyType({}),
    *,
    ended: bool = True,
    resolved: bool = False,
    reason: str = REASON,
) -> Response:
    """A detractor's, with all that a mapping can read: typed and proven facts, a call to make, a case, a transcript."""
    facts = {**WHO, **who}
    typed = tuple(
        Answer(f"contact.{key}", facts[key], facts[key], kind, NOON + 3_000)
        for key, kind in (("name", "text"), ("email", "email"), ("phone", "phone"), ("company", "text"))
    )
    resolution = {"outcome": "recovered", "counts": "recovered", "note": NOTE, "resolved": NOON + 90_000}
    case = CaseFacts("resolved" if resolved else "claimed", "unhappy", NOON + 1_000, NOON + 60_000, owner="Ada")
    return a_response(
        chat, revision, 2,
        answers=(
            Answer("score", 2, "2", "nps", NOON), Answer("reason", reason, reason, "text", NOON + 2_000),
            *typed, Answer("callback", "2025-10-10T09:00:00+02:00", "Friday at 9", "slot", NOON + 4_000),
        ),
        contact={key: Fact(value, proven=True) for key, value in facts.items() if key != "phone"},
        context={"page_url": "https://shop.example/cart", "campaign": "autumn"}, visitor="visitor-7f3a9c",
        outcome="completed" if ended else "", ended=NOON + 10_000 if ended else 0,
        transcript=(
            Entry(1, NOON - 1_000, "bot", "How likely are you to recommend us?"), Entry(2, NOON, "visitor", "2"),
            Entry(3, NOON + 1_000, "bot", "What went wrong?"), Entry(4, NOON + 2_000, "visitor", reason),
        ),
        case=msgspec.structs.replace(case, **resolution) if resolved else case,
    )  # fmt: skip


def other_person(chat: str, number: int = 1) -> Response:
    """Another one, with a chat of its own."""
    who = {
        "name": f"Ines Okafor {number}",
        "email": f"ines{number}@example.org",
        "phone": f"+3312345{number:04}",
        "company": f"Okafor {number}",
    }
    return a_full_response(chat, who=who, reason=f"Too slow, number {number}")
