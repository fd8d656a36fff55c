"""What agents do, committed: the side of the cases that a board's listeners talk to.

A press of a button is a transition of the case, put by compare-and-set with the chat's `desk` job beside it; of two
agents who claim at once, the second one's transition runs on the first one's case and is refused. A line of the thread
goes straight to the chat where the agent's name is known, so that a board that is slow or throttled delays no words;
what is still to be done about it (a tick, a refusal in words) is kept as a document beside it. A listener that fails
between two commits is sent the same event again, and finds the first one done.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256

from bot.changes import desk_job, response_of
from bot.channels.base import Front
from bot.desk import card, cases, ics, person, posted
from bot.desk.base import Choices, Colleague, Line, Result, Verdict
from bot.desk.cases import Case
from bot.desk.policy import HOUR, MINUTE, Policy
from bot.desk.posted import Kept, Profile
from bot.desk.rules import Seen
from bot.desk.words import tomorrow
from bot.errors import Refused, StoreUnavailable, Unknown
from bot.model import Conversation, Doc, DocChange, Ignored, Inbound, Job
from bot.store.base import Commit, Store

TRIES = 50
"""Races that one press may lose before its agent is told to try again."""
EVERYTHING = 1 << 53
"""A cursor behind every entry: the reply brings none."""
CALL = 30 * MINUTE
"""The length of a call in a calendar."""
GONE = "This case is not there any more."


class Cases:
    """Implements `desk.base.Agents`. `wake` is called after a commit that leaves something to do."""

    def __init__(
        self,
        store: Store,
        front: Front,
        policy: Policy,
        clock: Callable[[], int],
        wake: Callable[[], None],
    ) -> None:
        self._store, self._front, self._policy = store, front, policy
        self._clock, self._wake = clock, wake

    async def chat_at(self, alias: str) -> str | None:
        return await self._store.resolve(alias)

    async def claim(self, chat: str, agent: str, events: Sequence[str] = ()) -> Result:
        return await self._change(chat, lambda case, now: cases.claim(case, agent, now), events)

    async def release(self, chat: str, agent: str, events: Sequence[str] = ()) -> Result:
        return await self._change(chat, lambda case, _: cases.release(case, agent), events)

    async def snooze(self, chat: str, agent: str, until: str, events: Sequence[str] = ()) -> Result:
        def later(case: Case, now: int) -> Case:
            at = tomorrow(now, self._policy.timezone) if until == "tomorrow" else now + HOUR
            return cases.snooze(case, agent, at, now)

        return await self._change(chat, later, events)

    async def hand_over(self, chat: str, agent: str, to: str, events: Sequence[str] = ()) -> Result:
        return await self._change(chat, lambda case, now: cases.hand_over(case, to, now), events)

    async def resolve(self, chat: str, agent: str, verdict: Verdict, events: Sequence[str] = ()) -> Result:
        def ended(case: Case, now: int) -> Case:
            return cases.resolve(case, agent, self._policy, verdict, now)

        return await self._change(chat, ended, events)

    async def line(self, chat: str, line: Line, events: Sequence[str] = ()) -> None:
        now = self._clock()
        match line.kind:
            case "note":
                await self._keep(chat, f"{line.ref} note", Kept("internal", line, now), events)
            case "refused":
                await self._keep(chat, f"{line.ref} file", Kept("undelivered", line, now, words=line.text), events)
            case _:
                key = _key_of(line, events)
                known = await self.colleague(line.agent)
                if known is not None:
                    await self.pass_on(chat, key, line, known.first, events=events)
                else:
                    await self._keep(chat, key, Kept("new", line, now), events)

    async def whisper(self, chat: str, agent: str, words: str, events: Sequence[str] = ()) -> None:
        now = self._clock()
        kept = Kept("whisper", Line("note", agent, ""), now, words=words)
        await self._keep(chat, f"~{events[0] if events else f'{agent} {now}'}", kept, events)

    async def link(self, chat: str, agent: str, events: Sequence[str] = ()) -> None:
        now = self._clock()
        kept = Kept("link", Line("note", agent, ""), now)
        await self._keep(chat, f"~{events[0] if events else f'{agent} {now}'}", kept, events)

    async def choices(self, chat: str, agent: str) -> Choices | str:
        case, conversation = await self.case(chat), await self._store.load_id(chat)
        if case is None or conversation is None:
            return GONE
        if case.state == "resolved":
            return "This case is resolved already."
        if case.held and case.held != agent:
            return await self._held(case)
        known = await self.colleague(agent)
        name = known.first if known is not None else "Your colleague"
        return card.choices(Seen(response_of(conversation)), self._policy, name, can_be_told(conversation))

    async def home(self, agent: str) -> None:
        now = self._clock()
        doc = await self._store.doc("home", agent)
        version = doc.version if doc is not None else 0
        job = Job(f"{agent}:home", "desk.home", now, {"agent": agent})
        await self._store.put(DocChange(Doc("home", agent, version + 1, b"{}"), version, (job,)))
        self._wake()

    async def calendar(self, chat: str) -> bytes:
        """The wished call as a calendar file. Raises Unknown where there is none."""
        case, conversation = await self.case(chat), await self._store.load_id(chat)
        if case is None or conversation is None:
            raise Unknown("there is no such case")
        seen = Seen(response_of(conversation))
        crm = person.crm_link(self._policy, person.values_of(seen.response))
        before = self._policy.callback_before
        return await asyncio.to_thread(ics.calendar, seen, case, self._clock(), slot=CALL, before=before, crm=crm)

    # For the casework too

    async def case(self, chat: str) -> Case | None:
        doc = await self._store.doc("case", chat)
        return cases.read(doc.body) if doc is not None and doc.body else None

    async def colleague(self, agent: str) -> Colleague | None:
        """What this agent is called; None where the board has not told us yet."""
        doc = await self._store.doc("agent", agent)
        return posted.read_profile(doc.body).colleague if doc is not None and doc.body else None

    async def keep(self, agent: str, known: Colleague) -> None:
        doc = await self._store.doc("agent", agent)
        version = doc.version if doc is not None else 0
        body = posted.write(Profile(known.name, self._clock(), known.first))
        await self._store.put(DocChange(Doc("agent", agent, version + 1, body), version))

    async def pass_on(
        self, chat: str, key: str, line: Line, name: str, *, events: Sequence[str] = (), kept: int = 0
    ) -> None:
        """An agent's line to the chat, under this name. Who writes in a thread that nobody has takes the case. `kept`
        is the version of the document that kept it."""
        now = self._clock()
        said = line.kind == "say"
        if said:
            await self._change(chat, lambda case, at: cases.claim(case, line.agent, at), ())
        inbound = Inbound(f"agent:{key}", now, "agent", line.kind, line.text, name=name, ref=line.ref)
        ignored: Ignored = "ended"
        seq = 0
        with suppress(Unknown):
            reply = await self._front.receive(chat, inbound, EVERYTHING, tuple(events))
            ignored, seq = reply.ignored, dict(reply.conversation.lines).get(line.ref, 0)
        if said and seq:
            await self._keep(chat, key, Kept("sent", line, now, seq), (), kept)
        elif ignored and (said or ignored != "repeated"):
            await self._keep(chat, key, Kept("undelivered", line, now, words=ignored), (), kept)
        elif kept:
            await self._store.put(DocChange(Doc("line", f"{chat}\n{key}", kept + 1, b""), kept))

    # Inside

    async def _change(self, chat: str, change: Callable[[Case, int], Case], events: Sequence[str]) -> Result:
        for _ in range(TRIES):
            doc = await self._store.doc("case", chat)
            if doc is None or not doc.body:
                return Result(False, GONE)
            now = self._clock()
            case = cases.read(doc.body)
            try:
                changed = change(case, now)
            except Refused as refused:
                return Result(False, await self._why(refused, case))
            if changed is case and not events:
                return Result(True)
            new = Doc("case", chat, doc.version + 1, cases.write(changed))
            done = await self._store.put(DocChange(new, doc.version, (desk_job(chat, now),), events=tuple(events)))
            if done is not Commit.LOST:
                self._wake()
                return Result(True)
        raise StoreUnavailable("too many changes of one case at once")

    async def _why(self, refused: Refused, case: Case) -> str:
        match refused.code:
            case "held":
                return await self._held(case)
            case "resolved":
                known = await self.colleague(case.owner) if case.owner else None
                return f"This case is resolved already{f', by {known.name}' if known is not None else ''}."
            case _:
                return "That outcome is not in the settings any more. Open the form again."

    async def _held(self, case: Case) -> str:
        known = await self.colleague(case.held)
        who = known.name if known is not None else "Somebody else"
        return f"{who} has this case. Ask them to release it, or hand it over in the menu."

    async def _keep(self, chat: str, key: str, kept: Kept, events: Sequence[str], version: int = 0) -> None:
        """What is kept already (the same event again) stays as it is."""
        doc = Doc("line", f"{chat}\n{key}", version + 1, posted.write(kept))
        await self._store.put(DocChange(doc, version, (desk_job(chat, self._clock()),), events=tuple(events)))
        self._wake()


def can_be_told(conversation: Conversation) -> bool:
    """Whether a line of ours still reaches them: in an open chat, and after its end where messages are kept."""
    return not conversation.ended or conversation.address.channel != "web"


def _key_of(line: Line, events: Sequence[str]) -> str:
    """A name of what was done: a line is said once, but may be changed many times."""
    if line.kind == "say":
        return line.ref
    return f"{line.ref} {events[0] if events else sha256(f'{line.kind} {line.text}'.encode()).hexdigest()[:16]}"
