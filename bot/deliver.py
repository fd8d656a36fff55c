"""Deliver: the log of a chat to its messaging channel, by a cursor of its own (`deliver_plan` says what is sent).

- A chat has one delivery job, so its messages keep their order, and each chat its own, so a slow one holds up no
  other. A failed send is tried again by the table before anything behind it.
- What was sent is kept in the document `sent` before the next message goes out, so a killed process or a lost answer
  leaves one message in doubt at most. Where the platform can be asked (`Traceable`), it is. Else the message is
  counted, noted in the records' deliveries, and sent again: a question that comes twice does less harm than one that
  never comes. Edits do no harm when they are made again.
- Throttled holds the chat for as long as the platform asked, and the whole channel where several are
  (`deliver_holds`). A person who cannot be reached any more (`gone`) ends the chat. Any other refusal of a message is a
  dead letter; of an edit it is let go.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence

import msgspec
from msgspec.structs import replace

from bot.channels.base import Front, Messenger, Reply, Tidying, Traceable
from bot.deliver_holds import Holds
from bot.deliver_plan import Act, Revise, Send, Sent, Settle, Tidy, acts, after, landed
from bot.errors import Permanent, Retryable, Throttled, Unknown
from bot.jobs import Handler
from bot.jobs_retry import HOUR, SECOND, failed
from bot.model import Doc, DocChange, Inbound, Job
from bot.obs import Meters
from bot.records.base import Delivery, Records
from bot.store.base import Again, Commit, Dead, Done, Retry, Settlement, Store

log = logging.getLogger(__name__)

PARALLEL = 64
"""Chats of one channel that are written to at once; a job is one chat."""
SEND = 15.0
"""Seconds that one call of a platform may take."""
ASK = 4.0
"""Seconds to ask for a message in doubt."""
BUDGET = 5 * SECOND
"""After this a job with more to send lets others go first. With SEND and ASK it stays below a job's lease."""
SHORTEST_WAIT = SECOND
LONGEST_HOLD = 24 * HOUR
"""Platforms do ask for hours; more than a day is taken for a slip."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Sent).decode


async def sent_to(store: Store, chat: str) -> int:
    """How far the log has gone out to a person on a messaging channel; 0 for not at all."""
    doc = await store.doc("sent", chat)
    return _decode(doc.body).cursor if doc is not None else 0


class _Overtaken(Exception):
    """Another worker has this chat's delivery: its lease had run out here."""


class _Trip:
    """One run of a chat's delivery: what the channel has, as it changes."""

    def __init__(self, chat: str, doc: Doc | None) -> None:
        self.chat = chat
        self.sent = _decode(doc.body) if doc is not None else Sent()
        self.version = doc.version if doc is not None else 0
        self.saved = self.sent
        self.posted = False
        """Whether a message went out that is not kept yet."""

    @property
    def docs(self) -> tuple[Doc, ...]:
        """What a settlement must keep."""
        return () if self.sent == self.saved else (Doc("sent", self.chat, self.version + 1, _encode(self.sent)),)


class Delivering:
    """The handler of one channel's delivery jobs. `front` is asked for chats and told who is gone."""

    def __init__(
        self,
        store: Store,
        records: Records,
        front: Front,
        messenger: Messenger,
        *,
        clock: Callable[[], int],
        jitter: Callable[[], float],
        meters: Meters,
    ) -> None:
        self._store, self._records, self._front, self._messenger = store, records, front, messenger
        self._clock, self._jitter = clock, jitter
        self._doubts, self._messages = meters.in_doubt, meters.messages
        self._tidying = messenger if isinstance(messenger, Tidying) else None
        self._holds = Holds()

    @property
    def name(self) -> str:
        """That of the channel."""
        return self._messenger.name

    def handler(self) -> Handler:
        return Handler(self.run, batch=1, parallel=PARALLEL, urgent=True)

    async def run(self, jobs: Sequence[Job]) -> Sequence[Settlement]:
        if len(jobs) == 1:
            return [await self._one(jobs[0])]
        return [await self._one(job) for job in jobs]  # one at a time: `handler` says so

    async def _one(self, job: Job) -> Settlement:
        now = self._clock()
        if now < (until := self._holds.until(job.payload["chat"], now)):
            return Again(until + self._spread(), "held: the platform asked to wait", interrupted=job.interrupted)
        trip = _Trip(job.payload["chat"], await self._store.doc("sent", job.payload["chat"]))
        try:
            reply = await self._front.look(trip.chat, trip.sent.cursor)
        except Unknown:
            return Done()
        try:
            return await self._go(job, trip, reply, await self._todo(job, trip, reply))
        except _Overtaken:
            return Again(self._clock() + SHORTEST_WAIT, "another process delivers it")
        except Throttled as error:  # and below: while it asked for the message in doubt, which stays so
            return self._throttled(trip, error)
        except Retryable as error:
            return await self._failed(job, trip, error)

    async def _todo(self, job: Job, trip: _Trip, reply: Reply) -> Sequence[Act]:
        """What is left to do, where a message is in doubt after the platform was asked for it."""
        todo = acts(reply, trip.sent, tidy=self._tidying is not None)
        if not (job.interrupted or trip.sent.doubt) or not any(isinstance(act, Send) for act in todo):
            return todo
        trip.sent = replace(trip.sent, doubt=True)
        if isinstance(self._messenger, Traceable):
            try:
                async with asyncio.timeout(ASK):
                    found = await self._messenger.find(reply.conversation.address.peer, trip.chat)
                trip.sent = landed(trip.sent, reply, found)
                return acts(reply, trip.sent, tidy=self._tidying is not None)
            except TimeoutError:
                raise Retryable(f"{self.name} did not answer in time") from None
            except Permanent as error:
                log.warning("%s cannot be asked what was sent: %s", self.name, error)
        trip.sent = replace(trip.sent, doubt=False)
        await self._doubt(reply, job, "the process ended while it was sent; it is sent again")
        return todo

    async def _go(self, job: Job, trip: _Trip, reply: Reply, todo: Sequence[Act]) -> Settlement:
        began = self._clock()
        for act in todo:
            if self._clock() - began > BUDGET:
                return Again(self._clock(), docs=trip.docs)
            try:
                await self._do(act, trip, reply.conversation.address.peer)
            except Permanent as error:
                if error.code == "gone":
                    return await self._gone(job, trip, reply)
                if isinstance(act, Send):
                    return await self._dead(job, trip, f"{error.code}: {error}")
                log.warning("%s: an edit was refused: %s", self._messenger.name, error)
                trip.sent = after(trip.sent, act, "")
            except Throttled as error:
                return self._throttled(trip, error)
            except Retryable as error:
                return await self._retry(job, trip, reply, act, error)
        return self._over(trip, reply)

    async def _do(self, act: Act, trip: _Trip, peer: str) -> None:
        message = ""
        if trip.posted and isinstance(act, Send):
            await self._save(trip)
        try:
            async with asyncio.timeout(SEND):
                match act:
                    case Settle(asked):
                        await self._messenger.settle(peer, asked)
                    case Revise(entry, sent_as, locale):
                        await self._messenger.revise(peer, sent_as, entry, locale)
                    case Tidy(gone):
                        if self._tidying is not None:
                            await self._tidying.tidy(peer, gone)
                    case Send(post):
                        message = await self._messenger.post(peer, post)
                        self._messages.add(self._messenger.name)
        except TimeoutError:
            raise Retryable(f"{self._messenger.name} did not answer in time", doubt=True) from None
        trip.sent = after(trip.sent, act, message)
        trip.posted = trip.posted or isinstance(act, Send)

    async def _save(self, trip: _Trip) -> None:
        """Keep what was sent before the next message goes out. Raises _Overtaken."""
        for doc in trip.docs:
            if await self._store.put(DocChange(doc, trip.version)) is not Commit.DONE:
                raise _Overtaken
            trip.version, trip.saved, trip.posted = doc.version, trip.sent, False

    def _over(self, trip: _Trip, reply: Reply) -> Settlement:
        seq = reply.conversation.seq
        if seq > trip.sent.cursor:
            trip.sent = replace(trip.sent, cursor=seq)
        return Done(docs=trip.docs)

    async def _gone(self, job: Job, trip: _Trip, reply: Reply) -> Settlement:
        """Nothing reaches this address any more: the chat ends, and with it its timers. The cursor stays, for what did
        not arrive did not; should the person come back, it goes out."""
        inbound = Inbound(f"gone:{job.gen}", self._clock(), "gone")
        await self._front.receive(trip.chat, inbound, reply.conversation.seq)
        return Done(docs=trip.docs)

    async def _dead(self, job: Job, trip: _Trip, error: str) -> Settlement:
        log.warning("%s: dead letter %s after %d attempts: %s", self._messenger.name, job.id, job.attempt + 1, error)
        await self._save(trip)
        return Dead(error)

    async def _retry(self, job: Job, trip: _Trip, reply: Reply, act: Act, error: Retryable) -> Settlement:
        if error.doubt and isinstance(act, Send):
            if isinstance(self._messenger, Traceable):
                trip.sent = replace(trip.sent, doubt=True)
            else:
                await self._doubt(reply, job, f"{error}; it is sent again")
        return await self._failed(job, trip, error)

    async def _failed(self, job: Job, trip: _Trip, error: Retryable) -> Settlement:
        settlement = failed(job, str(error), self._clock(), self._jitter())
        if isinstance(settlement, Retry):
            return replace(settlement, docs=trip.docs)
        return await self._dead(job, trip, str(error))

    def _throttled(self, trip: _Trip, error: Throttled) -> Settlement:
        wait = min(max(int(error.after * SECOND), SHORTEST_WAIT), LONGEST_HOLD)
        now = self._clock()
        self._holds.add(trip.chat, now, now + wait)
        return Again(now + wait, str(error), docs=trip.docs)

    def _spread(self) -> int:
        """What was held together does not come back together."""
        return int(self._jitter() * SECOND)

    async def _doubt(self, reply: Reply, job: Job, error: str) -> None:
        name, chat = self._messenger.name, reply.conversation
        self._doubts.add(name)
        log.warning("%s: a message of chat %s is in doubt", name, chat.id)
        note = Delivery(name, chat.id, chat.revision, "in_doubt", job.attempt + 1, self._clock(), error)
        await self._records.keep([note])
