"""Pure: what a turn means for the store. The outbox is decided here, in the same commit as the state.

Job ids are stable, so arming or reporting twice leaves one job (its `gen` rises and no wake-up is lost):

    <chat>:timer            kind timer      {chat}           the chat's one timer
    <chat>:response         kind response   {chat}           records first, then one write job per writer
    <chat>:write.<writer>   kind write.<writer>   {chat}     the newest revision to one writer
"""

from msgspec.structs import replace

from bot.model import (
    Arm,
    Change,
    Conversation,
    Disarm,
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


def plan(turn: Turn, expected: int, now: int) -> Change:
    """The one commit of a turn that was run on version `expected` (0: the chat is new)."""
    conversation = turn.conversation
    if conversation.version != expected + 1:
        conversation = replace(conversation, version=expected + 1)
    entries: list[Entry] = []
    jobs: dict[str, Job] = {}
    cancel: tuple[str, ...] = ()
    chat = conversation.id
    for effect in turn.effects:
        match effect:
            case Say(entry=entry):
                entries.append(entry)
            case Arm(due=due):
                jobs["timer"], cancel = Job(timer_id(chat), "timer", due, {"chat": chat}), ()
            case Disarm():
                jobs.pop("timer", None)
                cancel = (timer_id(chat),)
            case Report():
                jobs["response"] = Job(response_id(chat), "response", now + GATHER, {"chat": chat})
            case OptOut():
                # The chat's outcome says it; there is no channel yet that invites anyone.
                pass
    return Change(conversation, expected, tuple(entries), tuple(jobs.values()), cancel)


def response_of(conversation: Conversation, transcript: tuple[Entry, ...] = ()) -> Response:
    """What records and writers see of a chat: the answers that stand, in the order of the questions.

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
        visitor=c.visitor,
        timezone=c.timezone,
        transcript=transcript,
    )
