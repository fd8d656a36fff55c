"""The store's protocol: what every store guarantees. It serves turns and jobs only; reports read `bot.records`.

- A commit is compare-and-set on `Conversation.version`; when `commit` returns DONE the change survives a killed process
  and, as far as the store's own settings say so, a lost power supply.
- An OWNER is the part of an id before its first ":" - a chat, a case, the system. What a commit or put has for its own
  owner (the chat, its log, jobs, documents, aliases, events) is all or nothing, and seen so. SQLite and a single Redis
  do the same for whatever else is in it. On a cluster jobs, documents and aliases of another owner land behind it:
  before the call returns or, where the process was killed in between, a moment later, and perhaps twice. Such a job or
  document must say the same when it comes again.
- Of one owner's changes that are asked for one after the other, each is judged by what those before have left; so are
  those asked for at one moment. Between owners there is no order.
- StoreUnavailable says: in doubt. The change was kept or was not, whole in either case, and may be asked for again: a
  commit or put that was kept is LOST or REPEATED then, a settlement puts the same jobs and documents once more and
  nothing else, a claim that was kept holds its lease and comes again, a flow, mark or name is as it was. So nobody asks
  twice by themselves below this protocol.
- The log of a chat is dense: `Conversation.seq` is its last number, and entries come back in order.
- A job's id is unique. Upserting it replaces payload and due time, sets `attempt` to 0 and raises `gen`; one that
  gathers (`Job.gathers`) leaves alone what waits already and is due no later. A job that is
  in work keeps its lease; settling it with an old `gen` leaves the newer one waiting at its own due time.
- A claimed job whose lease runs out is claimed again, and says so that once (`Job.interrupted`). From then on it is
  its new claimant's: whoever had it before and settles it late changes nothing. A lease that ends
  further away than one can (`LONGEST_LEASE`) was given by a clock that was wrong, and is over. Jobs are claimed in the
  order of their due times.
- A document is one row by kind and id, changed by compare-and-set (`put`) or put as it is beside a turn or a
  settlement. One without a body is not there. A turn and a put may carry the same event: one of them is taken. Events
  are known for two days.
- `claim`, `settle` and `commit` may be called from several tasks, from a command beside the server and (Redis) from
  several processes and hosts.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from typing import Literal, Protocol, TypeAlias

from msgspec import Struct

from bot.model import Address, Change, Conversation, Doc, DocChange, Entry, Job


class Commit(Enum):
    DONE = "done"
    LOST = "lost"
    """Another turn came first (or the chat to create exists): load again and run the step again."""
    REPEATED = "repeated"
    """One of the change's events was committed before: nothing was changed."""


class Done(Struct, frozen=True):
    """The job is finished and goes; `jobs` and `docs` are upserted in the same commit. Beside any settlement a doc that
    says a version is put over the one before it alone, so a worker behind its lease overwrites nothing that a later one
    has noted; one with version 0 is put as it is."""

    jobs: tuple[Job, ...] = ()
    docs: tuple[Doc, ...] = ()


class Again(Struct, frozen=True):
    """Not a failure: run it again at `at` (a timer whose chat has moved, a throttled writer)."""

    at: int
    error: str = ""
    docs: tuple[Doc, ...] = ()
    interrupted: bool = False
    """It was cut off in the middle: when it is claimed again it says so."""


class Retry(Struct, frozen=True):
    """A failed attempt: count it and run the job again at `at`."""

    at: int
    error: str
    docs: tuple[Doc, ...] = ()


class Dead(Struct, frozen=True):
    """It will not be run again by itself; `jobs retry` brings it back."""

    error: str
    docs: tuple[Doc, ...] = ()


Settlement: TypeAlias = Done | Again | Retry | Dead
JobState: TypeAlias = Literal["waiting", "running", "dead"]


class JobView(Struct, frozen=True):
    """A job as `chatsurvey jobs` shows it."""

    job: Job
    state: JobState
    error: str
    created: int
    touched: int
    """When it was last claimed or settled; 0 if never."""


class Backlog(Struct, frozen=True):
    """What there is of one kind of job."""

    waiting: int = 0
    """Those in work included."""
    dead: int = 0
    oldest: int = 0
    """When the oldest that is not dead was made, in ms; 0 without any."""


LONGEST_LEASE = 600_000
"""Ms that a lease lasts at most: one that ends later than that was given by a clock that was wrong, and is over."""


class Store(Protocol):
    async def load(self, address: Address) -> Conversation | None:
        """The newest chat of this address, open or ended."""

    async def load_id(self, chat: str) -> Conversation | None:
        """As surely as `commit` acknowledges it: somebody may be told that there is nothing to commit. Raises
        StoreUnavailable where that cannot be told."""

    async def commit(self, change: Change) -> Commit:
        """Raises StoreUnavailable where that cannot be told; ValueError, OverflowError for a change that is none."""

    async def entries(self, chat: str, after: int = 0) -> tuple[Entry, ...]:
        """The log after sequence number `after`, in order."""

    async def resolve(self, alias: str) -> str | None:
        """The chat an alias points to."""

    async def doc(self, kind: str, id: str) -> Doc | None: ...

    async def docs(self, kind: str, after: str = "", limit: int = 1000) -> tuple[Doc, ...]:
        """Those of a kind by id, the ones behind `after`."""

    async def put(self, change: DocChange) -> Commit:
        """Compare-and-set, all or nothing, as `commit`: LOST where the document has another version than `expected`.
        An empty body over `expected` 0 keeps no document: a commit of jobs, aliases and events alone."""

    async def keep_flow(self, version: str, source: str) -> None:
        """Keep the text of a flow file under its version. Keeping it twice is harmless."""

    async def flow(self, version: str) -> str | None: ...

    async def claim(self, now: int, limit: int, lease: int, kinds: Sequence[str] = ()) -> tuple[Job, ...]:
        """Take at most `limit` due jobs for `lease` ms; of the given kinds only, where some are given. What it costs
        depends on the number of kinds, not on how many jobs wait."""

    async def settle(self, settlements: Sequence[tuple[Job, Settlement]], now: int) -> None:
        """Settle jobs as they were claimed, in one commit an owner. Repeated, it changes no more than said above."""

    async def due(self) -> Mapping[str, int]:
        """Kind -> when the next of its jobs is due, or its next lease ends; kinds with neither are absent. Costs the
        same however many jobs wait."""

    async def hasten(self, kind: str, now: int) -> None:
        """Make waiting jobs of this kind that have failed before due now at the latest; their attempts stay."""

    async def bring_forward(self, kinds: Sequence[str], now: int, until: int) -> None:
        """Make waiting jobs of these kinds that are due behind `now` and not behind `until` due now; for a clock that
        was set back, since they were due or nearly so by the time before."""

    async def backlogs(self, kinds: Sequence[str]) -> Mapping[str, Backlog]:
        """How much there is of each of these kinds. For figures: it may count."""

    async def jobs(self, state: JobState | None = None, kind: str = "", limit: int = 100) -> tuple[JobView, ...]:
        """Jobs by due time, for people."""

    async def job(self, id: str) -> JobView | None: ...

    async def retry_job(self, id: str, now: int) -> bool:
        """Make a waiting or dead job due now with attempt 0. False where there is none such."""

    async def drop_job(self, id: str) -> bool: ...

    async def writable(self) -> bool:
        """Whether a commit would work now (used by /readyz). Never raises."""

    async def versions(self, chats: Sequence[str]) -> Mapping[str, int]:
        """The version of each of these chats that is there: a cheap look whether one has moved."""

    def tell(self, word: str) -> None:
        """Say a word to every process on this store, our own too. Returns at once; a word may be lost."""

    def hear(self, listener: Callable[[str], None]) -> None:
        """Call `listener` in this event loop with every word that is told from now on."""

    async def mark(self, group: str, name: str, value: bytes, ttl: int) -> None:
        """Put `name` into a group of marks, or prolong it there, for `ttl` ms by the store's own clock. A mark is a
        sign of life, no data: it may be lost with the server's memory. Raises StoreUnavailable."""

    async def unmark(self, group: str, name: str) -> None: ...

    async def marks(self, group: str) -> Mapping[str, bytes]:
        """The marks of a group that have not expired."""

    async def close(self) -> None: ...
