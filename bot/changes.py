"""Pure: what a turn means for the store. The outbox is decided here, in the same commit as the state.

Job ids are stable, so arming or reporting twice leaves one job (its `gen` rises and no wake-up is lost):

    <chat>:timer            kind timer      {chat}           the chat's one timer
    <chat>:response         kind response   {chat}           records first, then one write job per writer
    <chat>:write.<writer>   kind write.<writer>   {chat}     the newest revision to one writer
    <chat>:deliver          kind deliver.<channel>  {chat}   what is new in the log to a messaging channel
    <chat>:desk             kind desk       {chat}           those at the desk look at the chat again
    <chat>:presence         kind presence   {chat}           a page came or went in a handoff: then a desk job
    <chat>:case             kind case       {chat}           a case's own timer (made by the casework)

Documents (`model.Doc`) by kind and id:

    remote      <writer> newline <chat>  what a writer was told of a chat (`writing_remote.Remote`)
    optout      <channel> newline <peer>  JSON {chat, at}: not to be invited on this channel
    invitation  a hash of channel, peer and key    the chat that this key began
    sent        <chat>                what a messaging channel has of the log (`deliver_plan.Sent`)
    key         a hash of the API key    JSON (`keys.ApiKey`)
    case, card  <chat>                of the desk
    lease       what one process at a time does    its name (`lease.Lease`)
"""

import json
from hashlib import sha256

from msgspec.structs import replace

from bot.model import (
    Address,
    Arm,
    Change,
    Conversation,
    Desk,
    Disarm,
    Doc,
    Entry,
    Job,
    OptOut,
    Report,
    Response,
    Say,
    Turn,
)

GATHER = 250
"""Milliseconds that a response waits before it is recorded, so that quick answers share one job."""


def timer_id(chat: str) -> str:
    return f"{chat}:timer"


def response_id(chat: str) -> str:
    return f"{chat}:response"


def write_kind(writer: str) -> str:
    """A kind for each writer: the worker gives each its own lane, so that a slow one delays no other."""
    return f"write.{writer}"


def write_job(chat: str, writer: str, due: int) -> Job:
    """The delivery of the newest revision of a response to one writer."""
    kind = write_kind(writer)
    return Job(f"{chat}:{kind}", kind, due, {"chat": chat})


def deliver_kind(channel: str) -> str:
    """A kind for each messaging channel, for the same reason."""
    return f"deliver.{channel}"


def deliver_job(chat: str, channel: str, due: int) -> Job:
    return Job(f"{chat}:deliver", deliver_kind(channel), due, {"chat": chat})


def desk_job(chat: str, due: int) -> Job:
    return Job(f"{chat}:desk", "desk", due, {"chat": chat})


def record_job(chat: str, due: int) -> Job:
    """A response that could not be recorded when it came: what else it leads to does not wait for that."""
    return Job(f"{chat}:record", "record", due, {"chat": chat})


def presence_job(chat: str, due: int) -> Job:
    return Job(f"{chat}:presence", "presence", due, {"chat": chat})


def optout_id(address: Address) -> str:
    return f"{address.channel}\n{address.peer}"


def invitation_id(address: Address, key: str) -> str:
    """Of fixed length, whatever a key or a peer holds."""
    return sha256("\n".join((address.channel, address.peer, key)).encode("utf-8", "replace")).hexdigest()


def plan(turn: Turn, expected: int, now: int, events: tuple[str, ...] = (), *, prompt: bool = False) -> Change:
    """The one commit of a turn that was run on version `expected` (0: the chat is new). `events` are the platform's
    ids of what caused it. `prompt`: somebody waits for scores, so the report of one is due at once."""
    conversation = turn.conversation
    if conversation.version != expected + 1:
        conversation = replace(conversation, version=expected + 1)
    entries: list[Entry] = []
    jobs: dict[str, Job] = {}
    cancel: tuple[str, ...] = ()
    opted_out = False
    chat = conversation.id
    for effect in turn.effects:  # the commonest first; `match` costs twice as much
        if isinstance(effect, Say):
            entries.append(effect.entry)
        elif isinstance(effect, Report):
            due = now if prompt and conversation.scored == now else now + GATHER
            jobs["response"] = Job(response_id(chat), "response", due, {"chat": chat}, gathers=True)
        elif isinstance(effect, Arm):
            jobs["timer"], cancel = Job(timer_id(chat), "timer", effect.due, {"chat": chat}), ()
        elif isinstance(effect, Disarm):
            jobs.pop("timer", None)
            cancel = (timer_id(chat),)
        elif isinstance(effect, Desk):
            jobs["desk"] = desk_job(chat, now)
        elif isinstance(effect, OptOut):
            opted_out = True
    if conversation.address.channel == "web":
        return Change(conversation, expected, tuple(entries), tuple(jobs.values()), cancel, (), events)
    if _is_for_the_channel(conversation, entries, now):
        jobs["deliver"] = deliver_job(chat, conversation.address.channel, now)
    docs = (_opt_out(conversation, now),) if opted_out else ()
    return Change(conversation, expected, tuple(entries), tuple(jobs.values()), cancel, (), events, docs)


def _is_for_the_channel(conversation: Conversation, entries: list[Entry], now: int) -> bool:
    """Whether there is something to send, or a question whose control must go: one that gives way to the next comes
    with its words, one that ends with the chat may come without; where nobody can be reached there is neither."""
    ends = conversation.ended == now and conversation.outcome != "unreachable"
    return ends or any(entry.author != "visitor" for entry in entries)


def _opt_out(conversation: Conversation, now: int) -> Doc:
    body = json.dumps({"chat": conversation.id, "at": now}).encode()
    return Doc("optout", optout_id(conversation.address), 0, body)


def response_of(conversation: Conversation, transcript: tuple[Entry, ...] = ()) -> Response:
    """What records and writers see of a chat: the answers that stand, in the order of the questions.

    On a messaging channel `visitor` is who it is there, so that they can be invited again.

    Somebody who goes back and leaves has not taken anything back: what is off the trail stands until another answer is
    given, and then the engine drops it."""
    c = conversation
    return Response(
        chat=c.id,
        revision=c.revision,
        flow=c.flow,
        flow_version=c.flow_version,
        channel=c.address.channel,
        locale=c.locale,
        score=c.score,
        segment=c.segment,
        answers=tuple(c.answers.values()),
        contact=c.contact,
        context=c.context,
        clicks=c.clicks,
        outcome=c.outcome,
        started=c.started,
        scored=c.scored,
        updated=c.updated,
        ended=c.ended,
        sample=c.sample,
        visitor=c.visitor if c.address.channel == "web" else c.address.peer,
        timezone=c.timezone,
        transcript=transcript,
        case=c.case,
    )
