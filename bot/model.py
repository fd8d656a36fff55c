"""The shared vocabulary: frozen structs. msgspec's, and not dataclasses, since a turn makes some thirty of them and a
frozen dataclass sets each field through a call: with these a step of the engine costs half.

Times are integers: milliseconds since the Unix epoch, UTC. Durations are milliseconds. Everything here can be
written as JSON and read back (`store/codec.py`), so a field is added with a default and never changes its meaning.
"""

from collections.abc import Mapping
from typing import Literal, TypeAlias

from msgspec import Struct, field

Value: TypeAlias = int | str | tuple[str, ...]
"""An answer as stored: an int for scales, an option key for choices, ISO 8601 for a slot, else text."""

Author: TypeAlias = Literal["visitor", "bot", "agent"]
Segment: TypeAlias = Literal["detractor", "passive", "promoter"]
Status: TypeAlias = Literal["open", "handoff", "ended"]
InboundKind: TypeAlias = Literal[
    "value", "text", "action", "timer", "click", "language", "agent", "case", "person", "gone"
]
Handoff: TypeAlias = Literal["", "waiting", "joined"]
CaseState: TypeAlias = Literal["open", "claimed", "snoozed", "resolved"]
Counts: TypeAlias = Literal["", "recovered", "lost", "no_action"]
Ignored: TypeAlias = Literal["", "repeated", "stale", "ended", "early"]


def segment_of(score: int) -> Segment:
    """The segment of a score: 0-6 detractor, 7-8 passive, 9-10 promoter (Reichheld, HBR 12/2003)."""
    return "detractor" if score <= 6 else "passive" if score <= 8 else "promoter"


class Address(Struct, frozen=True):
    """Where a person can be reached. On the web the peer is the chat itself."""

    channel: str
    peer: str


class Link(Struct, frozen=True):
    """A link in an entry. `ref` is `step/link key`; a channel turns it into a URL through this service, so that the
    click is recorded, and the target is read from the chat's own flow version."""

    label: str
    ref: str


class Entry(Struct, frozen=True):
    """One line of the conversation log. The log is the transcript and is never rewritten."""

    seq: int
    at: int
    author: Author
    text: str
    link: Link | None = None
    name: str = ""
    """An agent's name. A line of the bot that has one says that this person has joined or left; its other lines and the
    visitor's have none."""
    replaces: int = 0
    """The agent's line that this one takes the place of; without text that line was taken back."""


class Choice(Struct, frozen=True):
    """One thing that can be tapped. `value` is what the client sends back."""

    value: int | str
    label: str


class Progress(Struct, frozen=True):
    """Question `at` of `of`; `of` counts the answers given and the shortest way left."""

    at: int
    of: int


class Ask(Struct, frozen=True):
    """The question as it stands: meaning, never markup. Its words are the last bot entry of the log."""

    step: str
    fence: int
    kind: str
    options: tuple[Choice, ...] = ()
    low: str = ""
    high: str = ""
    skip: bool = False
    suggest: tuple[Choice, ...] = ()
    """Offered by one tap beside the control: near misses, or the rest of what was typed with a score."""
    prefill: Value | None = None
    """Filled in, not saved: the person confirms it."""
    placeholder: str = ""
    note: str = ""
    """A quiet line under the control: the time zone of slots, what a phone number is used for."""
    back: bool = False
    """Whether `back` leads to an earlier question."""
    progress: Progress | None = None


class Fact(Struct, frozen=True):
    """Something said about a person by a page (`claimed`) or by a signed token (`proven`)."""

    value: str
    proven: bool = False


class Answer(Struct, frozen=True):
    """What the person answered at one step. `label` is how it reads in the log."""

    key: str
    """`save_as` of the step, else its name. `contact.*` keys are facts the person typed."""
    value: Value
    label: str
    kind: str
    at: int


class Click(Struct, frozen=True):
    """A link that was followed: `link` is its key in the step."""

    step: str
    link: str
    at: int


class CaseFacts(Struct, frozen=True):
    """A case as records and writers see it. The case itself is an aggregate of its own (`bot/desk`) and outlives the
    chat; what it says here arrives in the chat as an inbound of the kind `case`."""

    state: CaseState
    rule: str
    """The alert rule that opened it, or `handoff` or `callback`."""
    opened: int
    due: int
    owner: str = ""
    """Name of the agent who holds it, or resolved it."""
    outcome: str = ""
    """A key of the outcomes in settings; `corrected` where a mis-tap had opened it. Empty while unresolved."""
    counts: Counts = ""
    cause: str = ""
    note: str = ""
    resolved: int = 0


class Conversation(Struct, frozen=True):
    """One chat, whole: what a turn loads and what it commits."""

    id: str
    version: int
    """Compare-and-set: 1 after creation, one more with every commit."""
    flow: str
    flow_version: str
    address: Address
    locale: str
    state: str
    """The step that waits for an answer; empty once the chat has ended."""
    started: int
    updated: int
    """When the visitor last did something (not the bot, not a timer), or a handoff was over: their time begins anew."""
    timezone: str = ""
    context: Mapping[str, str] = field(default_factory=dict)
    """Where the chat began: page_url, page_title, referrer, campaign ..."""
    contact: Mapping[str, Fact] = field(default_factory=dict)
    visitor: str = ""
    sample: bool = False
    """Begun on the demo page: kept out of NPS and of CRM writers."""
    step_seq: int = 0
    """The fence: rises with each question asked, not when the same one is repeated."""
    seq: int = 0
    """The last sequence number of the log."""
    trail: tuple[str, ...] = ()
    """Steps answered on the way to here, in order; `back` pops it."""
    answers: Mapping[str, Answer] = field(default_factory=dict)
    """By step, in the order of the questions. Answers off the trail stay until another answer is given, then go."""
    skipped: tuple[str, ...] = ()
    suggest: tuple[int | str, ...] = ()
    prefill: Value | None = None
    retries: int = 0
    """Answers to the question as it stands that were not understood."""
    reminded: int = 0
    """Reminders sent in this chat."""
    reminded_at: int = 0
    armed: int = 0
    """When the timer job was last armed for; 0 for none."""
    asked: int = 0
    """When the question as it stands was first asked."""
    seen: tuple[str, ...] = ()
    """The last 32 inbound ids: a repeated one changes nothing."""
    score: int | None = None
    revision: int = 0
    """Of the response: 0 before there is one, then rising with every change of what is reported."""
    clicks: tuple[Click, ...] = ()
    scored: int = 0
    ended: int = 0
    outcome: str = ""
    """Empty while open; completed, abandoned, stopped, unreachable or what the flow's `end` says."""
    handoff: Handoff = ""
    """A person was asked for (`waiting`) or is on the line (`joined`): the bot is silent."""
    handoff_at: int = 0
    """When a person was asked for."""
    agent: str = ""
    """Name of who is on the line."""
    resume: str = ""
    """The step to come back to after a handoff that the visitor asked for out of turn."""
    lines: tuple[tuple[str, int], ...] = ()
    """The last 50 lines of agents: (the desk's reference, seq), so that an edit finds its line."""
    commented: int = 0
    """Lines that came after the end."""
    case: CaseFacts | None = None

    @property
    def status(self) -> Status:
        return "ended" if self.ended else "handoff" if self.handoff else "open"

    @property
    def segment(self) -> Segment | None:
        return None if self.score is None else segment_of(self.score)


class Start(Struct, frozen=True):
    """Someone opens a chat."""

    id: str
    address: Address
    at: int
    locale: str = ""
    """A BCP 47 tag, or an Accept-Language list: the engine picks the flow's nearest language."""
    timezone: str = ""
    visitor: str = ""
    context: Mapping[str, str] = field(default_factory=dict)
    contact: Mapping[str, Fact] = field(default_factory=dict)
    sample: bool = False
    prefill: Value | None = None


class Inbound(Struct, frozen=True):
    """Something happened in a chat.

    kind    value                                  text
    value   what was tapped or picked              -
    text    -                                      what was typed
    action  back skip stop restart human help      -
            repeat (the question), unread (a picture, a recording)
    language  a BCP 47 tag                         -
    timer   -                                      -
    click   "step/link key"                        -
    agent   join say tell edit delete leave        their words   name: theirs; ref: the desk's name of the line
    case    -                                      -             case: what it says now
    person  their time zone, where it is known     -             contact: what the platform vouches for
    gone    -                                      -      nothing reaches this address any more (bot blocked)

    Where the chat has ended, `text` is a late comment if `late` is set (messaging channels) and ignored otherwise; so
    is `tell`, a line of an agent beside the flow.
    """

    id: str
    """Made by the sender; unique in the chat. The same id again changes nothing."""
    at: int
    kind: InboundKind
    value: Value | None = None
    text: str = ""
    fence: int | None = None
    name: str = ""
    ref: str = ""
    case: CaseFacts | None = None
    late: bool = False
    contact: Mapping[str, Fact] = field(default_factory=dict)


class Say(Struct, frozen=True):
    """A line to append to the log."""

    entry: Entry


class Arm(Struct, frozen=True):
    """(Re)arm the chat's one timer."""

    due: int


class Disarm(Struct, frozen=True):
    """The chat needs no timer any more."""


class Report(Struct, frozen=True):
    """The response changed (its revision rose): records and writers want to know."""


class OptOut(Struct, frozen=True):
    """The person does not want to be invited on this channel again."""


class Desk(Struct, frozen=True):
    """Those at the desk must hear of it: a person was asked for, wrote to them, or has gone."""


Effect: TypeAlias = Say | Arm | Disarm | Report | OptOut | Desk


class Turn(Struct, frozen=True):
    """The engine's whole answer. Where `ignored` is set nothing changed and there is nothing to commit."""

    conversation: Conversation
    effects: tuple[Effect, ...] = ()
    ignored: Ignored = ""


class Job(Struct, frozen=True):
    """Everything that happens later. The same id again replaces payload and due time and raises `gen`."""

    id: str
    """`owner:key`; the owner is a chat, a case, or `system`."""
    kind: str
    due: int
    payload: Mapping[str, str] = field(default_factory=dict)
    gen: int = 0
    attempt: int = 0
    """Failed attempts so far."""
    interrupted: bool = False
    """Claimed before and never settled: the process died in the middle of it, and what it sent is in doubt."""
    gathers: bool = False
    """Where it waits already, due no later and not failed, it stays as it is: what it does reads the newest state."""
    lease: int = 0
    """As it was claimed: until when it is its claimant's, whose settlement is known by it."""


class Doc(Struct, frozen=True):
    """A small aggregate of its own, kept beside the chats: a case, what was delivered to a messaging channel, an
    installation, an API key. `body` is its owner's JSON or MessagePack; empty deletes it."""

    kind: str
    id: str
    version: int
    """1 when made, one more with every change."""
    body: bytes


class Change(Struct, frozen=True):
    """One commit: state, log and jobs land together or not at all."""

    conversation: Conversation
    expected: int
    """The version the step was run on; 0 creates the chat."""
    entries: tuple[Entry, ...] = ()
    jobs: tuple[Job, ...] = ()
    cancel: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    """Names under which the chat can be resolved, e.g. `telegram:4711`. The newest chat wins."""
    events: tuple[str, ...] = ()
    """A platform's ids of what caused this. Kept for 24 h; a commit with one that is known is refused as repeated."""
    docs: tuple[Doc, ...] = ()
    """Put as they are, whatever was there (their version is set by the store): marks such as an opt-out."""


class DocChange(Struct, frozen=True):
    """One commit of an aggregate that is no chat."""

    doc: Doc
    """As it shall be, its version one more than `expected`."""
    expected: int
    """The version it was changed from; 0 makes it."""
    jobs: tuple[Job, ...] = ()
    cancel: tuple[str, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    """(name, chat) pairs, resolved as those of a chat."""
    events: tuple[str, ...] = ()


class Response(Struct, frozen=True):
    """The stored result of a chat as records and writers see it. Keyed by `chat`, with a rising `revision`."""

    chat: str
    revision: int
    flow: str
    flow_version: str
    channel: str
    locale: str
    score: int | None
    segment: Segment | None
    answers: tuple[Answer, ...]
    """Those that stand, in the order of the questions."""
    contact: Mapping[str, Fact]
    context: Mapping[str, str]
    clicks: tuple[Click, ...]
    outcome: str
    started: int
    scored: int
    updated: int
    ended: int
    sample: bool
    visitor: str = ""
    timezone: str = ""
    transcript: tuple[Entry, ...] = ()
    case: CaseFacts | None = None
