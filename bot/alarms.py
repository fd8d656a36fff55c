"""Alarms: one message to people about a writer that needs them, which follows the facts until it is over.

- A dead letter, or a writer that nobody lets in any more, makes the job `system:alarm.<writer>` due. It looks at what
  is dead and whether the writer is parked, and makes the one message agree: put up, changed, or said to be over. So it
  may run twice, late, or again after a crash.
- The document `alarm`, id the writer, keeps where the message is, written before it goes out: after a crash the message
  is looked up by its key and not sent twice.
- Where there is no desk the log says it, once.
- Each process has its own gate before a writer. That somebody says it works again, or that it does, is told to all.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace

from bot.alarms_state import State, alarm_of, encode, look
from bot.changes import write_kind
from bot.desk.alarms import Alarm, AlarmBoard
from bot.desk.base import Result
from bot.errors import Permanent, Retryable, StoreUnavailable, Throttled
from bot.jobs import Handler
from bot.jobs_retry import MINUTE, SECOND, failed
from bot.model import Doc, DocChange, Job
from bot.store.base import Again, Commit, Dead, Done, Settlement, Store

log = logging.getLogger(__name__)

GATHER = 3 * SECOND
"""What fails together is one message."""
LOOK_AGAIN = 10 * MINUTE
"""Between looks while something is wrong: people also act by the command line."""
AFTER_REPLAY = 30 * SECOND
COUNTED = 10_000
"""Dead letters that are counted."""
TOGETHER = 500
"""That share a commit: Slack waits three seconds for the answer to a press."""
TRIES = 20


TRY = "try:"
"""A word to every process: this kind of job may be tried now."""


def alarm_job(writer: str, due: int) -> Job:
    return Job(f"system:alarm.{writer}", "alarm", due, {"writer": writer}, gathers=True)


class Alarms:
    """Told by the deliveries. None of these three raises: a delivery must not fail for them."""

    def __init__(self, store: Store, clock: Callable[[], int], wake: Callable[[], None] = lambda: None) -> None:
        self._store, self._clock, self._wake = store, clock, wake

    async def dead(self, writer: str, error: str) -> None:
        """A delivery was given up."""
        await self._say(writer, lambda state: state, error)

    async def parked(self, writer: str, error: str) -> None:
        """The other side does not know us any more."""
        now = self._clock()
        await self._say(writer, lambda state: replace(state, parked=state.parked or now, error=error), error)

    async def resumed(self, writer: str) -> None:
        """It lets us in again: whoever found it shut tries now."""
        self._store.tell(f"{TRY}{write_kind(writer)}")
        await self._say(writer, lambda state: replace(state, parked=0, error=""), "")

    def heard(self, gates: Mapping[str, Handler], word: str) -> None:
        """A word that was told: a gate that it names lets one job through. A hold is obeyed all the same."""
        handler = gates.get(word.removeprefix(TRY)) if word.startswith(TRY) else None
        if handler is not None and handler.gate is not None and handler.gate.cautious:
            handler.gate.try_now()
            self._wake()

    async def replay(self, writer: str, agent: str, events: Sequence[str] = ()) -> Result:
        """Implements `desk.alarms.Operators`. What is dead then is due now, with a fresh count of attempts; who was not
        let in is tried now."""
        now = self._clock()
        dead = await self._store.jobs("dead", write_kind(writer), COUNTED)
        state, _ = await look(self._store, writer)
        if not dead and not state.parked:
            return Result(False, "There is nothing to send again.")
        if await self._change(writer, lambda s: replace(s, by=agent, replayed=now), now, events) is Commit.REPEATED:
            return Result(True)
        for at in range(0, len(dead), TOGETHER):
            await asyncio.gather(*(self._store.retry_job(view.job.id, now) for view in dead[at : at + TOGETHER]))
        self._wake()
        return Result(True)

    async def try_now(self, writer: str) -> bool:
        """By the command line: a writer that nobody let in is tried at once by the process that serves. False where it
        is let in. Raises StoreUnavailable."""
        state, _ = await look(self._store, writer)
        if state.parked:
            now = self._clock()
            await self._change(writer, lambda state: replace(state, replayed=now), now)
        return bool(state.parked)

    async def _say(self, writer: str, change: Callable[[State], State], error: str) -> None:
        try:
            await self._change(writer, change, self._clock() + GATHER)
        except StoreUnavailable as trouble:
            log.warning("writer %s needs a person, and no alarm can be kept (%s): %s", writer, trouble, error)

    async def _change(
        self, writer: str, change: Callable[[State], State], due: int, events: Sequence[str] = ()
    ) -> Commit:
        jobs = (alarm_job(writer, due),)
        for _ in range(TRIES):
            state, version = await look(self._store, writer)
            after = change(state)
            doc = Doc("alarm", writer, version + 1, encode(after))
            if after == state:  # nothing to keep but the job
                doc, version = Doc("alarm.wake", writer, 1, b""), 0
            done = await self._store.put(DocChange(doc, version, jobs=jobs, events=tuple(events)))
            if done is not Commit.LOST:
                return done
        raise StoreUnavailable("too many changes of one alarm at once")


class Raising:
    """The handler of the jobs `alarm`. Without a board the log is told."""

    def __init__(
        self,
        store: Store,
        board: AlarmBoard | None,
        to: str,
        clock: Callable[[], int],
        jitter: Callable[[], float],
        *,
        gates: Mapping[str, Handler],
    ) -> None:
        """`gates`: the handlers of the writers by kind, whose gates let one job through where somebody says so."""
        self._store, self._board, self._to = store, board, to
        self._clock, self._jitter, self._gates = clock, jitter, gates

    def handlers(self) -> dict[str, Handler]:
        return {"alarm": Handler(self.run, 1, 4)}

    async def run(self, jobs: Sequence[Job]) -> Sequence[Settlement]:
        return [await self._one(job) for job in jobs]

    async def _one(self, job: Job) -> Settlement:
        now = self._clock()
        try:
            wrong = await self._show(job.payload["writer"], now)
        except Throttled as error:
            return Again(now + max(int(error.after * SECOND), SECOND), str(error))
        except Retryable as error:
            settlement = failed(job, str(error), now, self._jitter())
            return Again(now + LOOK_AGAIN, str(error)) if isinstance(settlement, Dead) else settlement
        except Permanent as error:
            log.warning("writer %s needs a person, and the desk cannot be told: %s", job.payload["writer"], error)
            return Again(now + LOOK_AGAIN, f"{error.code}: {error}")
        return Again(wrong) if wrong else Done()

    async def _show(self, writer: str, now: int) -> int:
        """When to look again; 0 where nothing is wrong any more."""
        state, version = await look(self._store, writer)
        dead = await self._store.jobs("dead", write_kind(writer), COUNTED)
        last = max(dead, key=lambda view: view.touched).error if dead else ""
        trying = now < state.replayed + AFTER_REPLAY
        if trying and state.parked and state.shown:
            await self._try_now(writer, now)
        wrong = bool(dead) or bool(state.parked) or (trying and bool(state.raised))
        if not state.raised:
            if not wrong:
                return 0
            state = replace(state, raised=now)
            version = await self._keep(writer, state, version)
        alarm = alarm_of(writer, state, len(dead), last, trying=trying)
        shown = encode(alarm)
        if shown != state.shown:
            place = await self._put_up(state, f"alarm:{writer}:{state.raised}", alarm)
            state = replace(state, place=place, shown=shown)
        if not wrong:
            state = State()
        await self._keep(writer, state, version)
        return 0 if not wrong else now + (AFTER_REPLAY if trying else LOOK_AGAIN)

    async def _try_now(self, writer: str, now: int) -> None:
        kind = write_kind(writer)
        handler = self._gates.get(kind)
        if handler is not None and handler.gate is not None:
            handler.gate.try_now()  # a word may be lost
            self._store.tell(f"{TRY}{kind}")
            for view in await self._store.jobs("waiting", kind, TOGETHER):
                if view.job.due > now:  # it was given back until the gate would have opened by itself
                    await self._store.retry_job(view.job.id, now)

    async def _put_up(self, state: State, key: str, alarm: Alarm) -> str:
        if self._board is None:
            log.log(logging.INFO if alarm.over else logging.ERROR, "%s %s", alarm.text, alarm.error)
            return ""
        place = state.place or await self._board.find(self._to, key, state.raised - MINUTE)
        try:
            return await self._board.alarm(self._to, place, key, alarm)
        except Permanent as error:
            if not place or error.code != "message_not_found":
                raise
            return await self._board.alarm(self._to, "", key, alarm)  # somebody deleted it

    async def _keep(self, writer: str, state: State, version: int) -> int:
        doc = Doc("alarm", writer, version + 1, encode(state))
        if await self._store.put(DocChange(doc, version)) is not Commit.DONE:
            raise Retryable("the alarm changed meanwhile")
        return version + 1
