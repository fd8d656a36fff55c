"""The handlers of the desk's jobs. A job `desk` is a reconciliation: whatever happened, it looks at the chat, its case
and what the board shows, and makes them agree. So it may run twice, late, or again after a crash between any two steps.

1. The rules may open the case, follow the chat, correct it; a snooze may be over. Put by compare-and-set.
2. What agents did goes on to the chat: lines, join and leave, the sentence that it is settled, what records and writers
   see of the case.
3. The board: the one card, then its thread (`casework_board`).

One job a chat, so nothing here meets itself. A job `case` is the case's timer: it makes the chat's `desk` job due.
"""

import asyncio
import logging
from collections.abc import Sequence
from hashlib import sha256

import msgspec

from bot.casework_board import Thread
from bot.casework_cases import EVERYTHING, can_be_told
from bot.casework_parts import TO_MEND, Moved, Parts
from bot.changes import desk_job, response_of
from bot.desk import cases, posted, rules
from bot.desk.base import Colleague
from bot.desk.cases import Case
from bot.desk.posted import Kept
from bot.desk.remarks import next_moment
from bot.desk.rules import Seen
from bot.errors import Permanent, Retryable, Throttled
from bot.jobs import Handler
from bot.jobs_retry import HOUR, SECOND, failed
from bot.model import CaseFacts, Conversation, Doc, DocChange, Inbound, Job
from bot.store.base import Again, Commit, Dead, Done, Settlement, Store

log = logging.getLogger(__name__)

AT_ONCE = 32
LONGEST_HOLD = HOUR
PACE = 5 * SECOND
"""Between two attempts where a customer is on the line: the usual pauses soon take minutes."""
PATIENCE = 3 * SECOND
"""What an agent has written, or that they came, waits so long for their name."""
SPREAD = SECOND // 10
"""In which those that were held come back: longer, and whoever writes all the time is always there before them."""


def case_id(chat: str) -> str:
    return f"{chat}:case"


class Casework:
    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._held = 0
        """Until when the board asked to be left alone."""

    def handlers(self) -> dict[str, Handler]:
        return {"desk": Handler(self.run, 1, AT_ONCE, urgent=True), "case": Handler(self.due, AT_ONCE)}

    async def due(self, jobs: Sequence[Job]) -> Sequence[Settlement]:
        """Timers of cases."""
        now = self._parts.clock()
        return [Done((desk_job(job.payload["chat"], now),)) for job in jobs]

    async def run(self, jobs: Sequence[Job]) -> Sequence[Settlement]:
        return await asyncio.gather(*(self._one(job) for job in jobs))

    async def _one(self, job: Job) -> Settlement:
        parts, now = self._parts, self._parts.clock()
        visit = Visit(parts, job.payload["chat"])
        try:
            if not await visit.inside():
                return Done()
            if now < self._held:
                return Again(self._held + int(parts.jitter() * SPREAD), "held: the board asked to wait")
            return await visit.outside()
        except Moved:
            return Again(now)
        except Permanent as error:
            if error.code in TO_MEND:
                log.warning("a case waits: %s;  chatsurvey doctor slack  says what to click", error)
                return failed(job, f"{error.code}: {error}", parts.clock(), parts.jitter())
            log.warning("the desk: dead letter %s: %s", job.id, error)
            return Dead(f"{error.code}: {error}")
        except Throttled as error:
            wait = min(int(error.after * SECOND), LONGEST_HOLD) or SECOND
            self._held = max(self._held, parts.clock() + wait)
            return Again(self._held, str(error))
        except Retryable as error:
            if visit.live:
                return Again(parts.clock() + PACE + int(parts.jitter() * SECOND), str(error))
            return failed(job, str(error), parts.clock(), parts.jitter())


class Visit:
    """One reconciliation of one chat."""

    def __init__(self, parts: Parts, chat: str) -> None:
        self._parts = parts
        self._id = chat
        self._chat: Conversation
        self._seen: Seen
        self._case: Case
        self._kept: list[tuple[str, Kept]] = []
        self._versions: dict[str, int] = {}
        self.live = False
        """Whether a customer is on the line."""

    async def inside(self) -> bool:
        """Everything between the case and the chat: nothing here waits for the board, but for a name that it has not
        told us yet. False where there is no case."""
        if not await self._look() or not await self._follow():
            return False
        self._kept = await self._inbox()
        if await self._pass_on():
            raise Moved
        if await self._attend():
            await self._look()
        await self._report()
        return True

    async def outside(self) -> Settlement:
        """Card and thread; then what is to be done by itself later."""
        parts = self._parts
        done, soon = await Thread(parts, self._chat, self._seen, self._case).show(self._kept)
        now = parts.clock()
        times = [at for at in (soon, next_moment(self._case, parts.policy, now)) if at]
        jobs = (Job(case_id(self._id), "case", min(times), {"chat": self._id}),) if times else ()
        return Done(jobs, tuple(Doc("line", id_, 0, b"") for id_ in done))

    # The case

    async def _look(self) -> bool:
        chat = await self._parts.store.load_id(self._id)
        if chat is None:
            return False
        self._chat, self.live = chat, bool(chat.handoff)
        self._seen = await seen_of(self._parts.store, chat)
        return True

    async def _follow(self) -> bool:
        """The case as the chat and the time of day want it."""
        parts = self._parts
        doc = await parts.store.doc("case", self._id)
        before = cases.read(doc.body) if doc is not None and doc.body else None
        now = parts.clock()
        case = rules.follow(before, self._seen, parts.policy, now)
        if case is None:
            return False
        case = self._told_otherwise(cases.wake(case, now), now)
        self._case = case
        if case != before:
            version = doc.version if doc is not None else 0
            change = DocChange(Doc("case", self._id, version + 1, cases.write(case)), version)
            if await parts.store.put(change) is not Commit.DONE:
                raise Moved
        return True

    def _told_otherwise(self, case: Case, now: int) -> Case:
        """`Not so? Just answer here.` And they have answered."""
        written = self._chat.commented and self._chat.updated > case.resolved
        if case.state == "resolved" and case.tell and written:
            return cases.reopen(case, cases.due_for(self._parts.policy, None, now), now)
        return case

    # What agents did, on to the chat

    async def _inbox(self) -> list[tuple[str, Kept]]:
        docs = await self._parts.store.docs("line", f"{self._id}\n", 200)
        self._versions = {doc.id: doc.version for doc in docs}
        return [(doc.id, posted.read_kept(doc.body)) for doc in docs if doc.id.startswith(f"{self._id}\n")]

    async def _pass_on(self) -> bool:
        """Lines whose agent was not known when they came. They are kept again as sent, or as not delivered."""
        waiting = [(id_, kept) for id_, kept in self._kept if kept.state == "new"]
        for id_, one in waiting:
            name, key = await self._called(one.line.agent, one.at), id_.partition("\n")[2]
            await self._parts.cases.pass_on(self._id, key, one.line, name, kept=self._versions[id_])
        return bool(waiting)

    async def _attend(self) -> bool:
        """The agent on the line, as the case says it; and what the case says of itself."""
        chat, case, moved = self._chat, self._case, False
        taken = case.state == "claimed" and case.claimed >= chat.handoff_at
        if chat.handoff == "waiting" and taken:
            name = await self._called(case.owner, case.claimed)
            moved = await self._tell("join", f"join:{case.claimed}:{chat.handoff_at}", name)
        if case.state == "resolved" and case.tell and can_be_told(chat):
            name = (await self._colleague(case.owner)).first
            words, id_ = self._parts.policy.told(chat.locale, name), f"tell:{case.resolved}"
            if not any(ref == f"desk:{id_}" for ref, _ in chat.lines):
                moved = await self._tell("tell", id_, name, words) or moved
        over = case.state == "resolved" and chat.handoff
        if over or (chat.handoff == "joined" and case.state == "open"):
            moved = (
                await self._tell("leave", f"leave:{case.resolved}:{chat.handoff_at}:{chat.seq}", chat.agent) or moved
            )
        return moved

    async def _tell(self, what: str, id_: str, name: str, text: str = "") -> bool:
        inbound = Inbound(
            f"desk:{id_}", self._parts.clock(), "agent", what, text, name=name, ref=f"desk:{id_}", late=True
        )
        return not (await self._parts.front.receive(self._id, inbound, EVERYTHING)).ignored

    async def _report(self) -> None:
        """What records and writers see of the case. It raises the chat's revision, so only where it differs."""
        facts = await self._facts()
        if facts != self._chat.case:
            inbound = Inbound(f"desk:case:{_mark(facts)}", self._parts.clock(), "case", case=facts)
            await self._parts.front.receive(self._id, inbound, EVERYTHING)

    async def _facts(self) -> CaseFacts:
        owner = (await self._colleague(self._case.owner)).name if self._case.owner else ""
        return cases.facts(self._case, owner)

    async def _called(self, agent: str, since: int) -> str:
        """What the customer reads; empty where the board has not said it for too long."""
        try:
            return (await self._colleague(agent)).first
        except (Retryable, Throttled):
            if self._parts.clock() < since + PATIENCE:
                raise
            return ""

    async def _colleague(self, agent: str) -> Colleague:
        """Asked of the board once."""
        cases_ = self._parts.cases
        known = await cases_.colleague(agent)
        if known is None:
            known = await self._parts.board.colleague(agent)
            await cases_.keep(agent, known)
        return known


async def seen_of(store: Store, chat: Conversation) -> Seen:
    """The chat as rules and cards see it. Its log is read only where something was written after the end."""
    comments: tuple[str, ...] = ()
    if chat.commented and chat.ended:
        entries = await store.entries(chat.id)
        comments = tuple(e.text for e in entries if e.author == "visitor" and e.at > chat.ended)
    return Seen(response_of(chat), chat.handoff, chat.handoff_at if chat.handoff else 0, comments)


def _mark(facts: CaseFacts) -> str:
    return sha256(msgspec.json.encode(facts)).hexdigest()[:16]
