"""The job `desk.home`: somebody has opened their overview, and it is drawn from the records and the cases.

Customers have the same app: who is in none of the channels of the desk sees no case.
"""

import logging
from collections.abc import Collection, Sequence

from bot.casework_parts import Parts
from bot.desk import home, posted
from bot.desk.base import Home, HomeCase
from bot.desk.home import Counts
from bot.desk.policy import DAY
from bot.desk.rules import Seen
from bot.errors import DeliveryError, Permanent, Retryable
from bot.jobs import Handler
from bot.jobs_retry import SECOND, failed
from bot.model import Job
from bot.records.base import Records
from bot.store.base import Again, Done, Settlement

log = logging.getLogger(__name__)

LOOKED_AT = 200
"""Open cases, the soonest deadlines first."""
SHOWN = 10
"""Of each list."""
DAYS = 90
LONGEST = 60_000
"""After so long nobody looks at it any more: they open it again."""

AWAY = "The list cannot be shown: the database of responses does not answer. Cases in the channel work as always; open \
this page again in a few minutes."


class Homes:
    def __init__(self, parts: Parts, records: Records) -> None:
        self._parts, self._records = parts, records

    def handlers(self) -> dict[str, Handler]:
        return {"desk.home": Handler(self.run, 1, 4)}

    async def run(self, jobs: Sequence[Job]) -> Sequence[Settlement]:
        return [await self._one(job) for job in jobs]

    async def _one(self, job: Job) -> Settlement:
        parts, agent = self._parts, job.payload["agent"]
        try:
            channels = {parts.policy.to, *(rule.to for rule in parts.policy.rules if rule.to)}
            outside = {to for to in sorted(channels) if not await self._belongs(to, agent)}
            await parts.board.home(agent, await self._home(agent, outside) if outside != channels else None)
        except Permanent as error:
            log.warning("the home of an agent cannot be shown: %s", error)
        except Retryable as error:
            return failed(job, str(error), parts.clock(), parts.jitter()) if job.attempt < 3 else Done()
        except DeliveryError as error:
            now = parts.clock()
            return Again(now + SECOND, str(error)) if now < job.due + LONGEST else Done()
        return Done()

    async def _belongs(self, to: str, agent: str) -> bool:
        try:
            return await self._parts.board.belongs(to, agent)
        except Permanent as error:
            log.warning("who is in %s cannot be looked up: %s", to, error)
            return False

    async def _home(self, agent: str, outside: Collection[str]) -> Home:
        """Where the records are away it says so: whoever opened it is not left with what it said last week."""
        try:
            return await self._drawn(agent, outside)
        except Retryable as error:
            log.warning("an overview cannot be drawn: %s", error)
            return Home((), 0, (), "", "", self._parts.clock(), trouble=AWAY)

    async def _drawn(self, agent: str, outside: Collection[str]) -> Home:
        now = self._parts.clock()
        waiting: list[HomeCase] = []
        yours: list[HomeCase] = []
        for response in await self._records.open_cases(LOOKED_AT):
            case = await self._parts.cases.case(response.chat)  # the records may lag behind
            if case is None or case.state == "resolved" or case.held not in ("", agent) or case.to in outside:
                continue
            line = home.row(Seen(response), case, await self._place(response.chat), now)
            if case.held:
                yours.append(line)
            elif case.state == "open":
                waiting.append(line)
        this, last = await self._counts(now), await self._counts(now - DAYS * DAY)
        figure, shares = home.figure(this, last, DAYS), home.shares(this) if this.n else ""
        return Home(tuple(waiting[:SHOWN]), max(len(waiting) - SHOWN, 0), tuple(yours[:SHOWN]), figure, shares, now)

    async def _counts(self, until: int) -> Counts:
        found = await self._records.tally(until - DAYS * DAY, until)
        return Counts(found.promoters, found.passives, found.detractors)

    async def _place(self, chat: str) -> str:
        doc = await self._parts.store.doc("card", chat)
        return posted.read_posted(doc.body).place if doc is not None and doc.body else ""
