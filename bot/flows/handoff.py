"""A chat and the desk: what agents do in it, what the visitor says to them, and what comes after its end.

- While `Conversation.handoff` is set the bot asks nothing and answers nothing: what the visitor types or taps is a line
  for whoever is there. `stop` alone works, typed or tapped. A button of an older question is an old button.
- An agent's line joins by itself. Lines are known by the desk's reference, so that a change or a deletion finds its
  line; of one that is not known (older than the last LINES, or never delivered) it is `stale`, and so is a line while
  nobody was asked for.
- After the end a late comment is kept, and answered once. What a case says of itself is taken at any time.
- Agents and timers do not move `updated`: it is the visitor's, until the handoff is over and their time begins anew.
"""

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from bot.flows import commands
from bot.flows.answers.clean import kept
from bot.flows.answers.commands import read_command
from bot.flows.draft import Draft
from bot.flows.machine import Program
from bot.flows.phrases import phrase
from bot.flows.steps.base import Accepted
from bot.flows.steps.handoff import nobody_free
from bot.flows.turns import arm, finish, release, ring
from bot.model import Conversation, Entry, Ignored, Inbound, OptOut, Say, Turn, Value

KINDS = frozenset(("agent", "case", "person", "gone"))
LINES = 50
LONGEST_NAME = 80


def step(program: Program, conversation: Conversation, inbound: Inbound) -> Turn | None:
    """The turn where the desk is concerned or the chat has ended; None where the bot shall go on as ever."""
    if inbound.kind == "person":
        return _introduced(program, conversation, inbound)
    told = inbound.value == "tell" and inbound.late
    if inbound.kind == "case" or (inbound.kind in KINDS and (told or not conversation.ended)):
        return _from_the_desk(program, conversation, inbound)
    if conversation.ended:
        return _after_the_end(program, conversation, inbound)
    return None if inbound.kind == "language" else _to_the_desk(program, conversation, inbound)


def unanswered(draft: Draft) -> None:
    """Nobody has joined in time: said honestly, and the flow goes on by `unavailable`."""
    draft.say("bot", nobody_free(draft.view(draft.node)))
    release(draft, "unavailable")


def _from_the_desk(program: Program, conversation: Conversation, inbound: Inbound) -> Turn:
    draft = Draft(program, conversation, inbound.at)
    ignored: Ignored = ""
    if inbound.kind == "agent":
        ignored = _ACTS.get(str(inbound.value), _unknown)(draft, inbound)
        ring(draft)
    elif inbound.kind == "gone":
        if draft.case is not None:
            ring(draft)
        finish(draft, "unreachable")
    elif inbound.case == conversation.case:
        ignored = "repeated"
    else:
        draft.case = inbound.case
        draft.reported = True
    return _settled(draft, inbound, ignored)


def _introduced(program: Program, conversation: Conversation, inbound: Inbound) -> Turn:
    """The platform says who it is; what was known from there before is replaced. No turn of the person's."""
    contact = {**conversation.contact, **inbound.contact}
    timezone = str(inbound.value or "") or conversation.timezone
    if contact == conversation.contact and timezone == conversation.timezone:
        return Turn(conversation, (), "repeated")
    draft = Draft(program, replace(conversation, contact=contact, timezone=timezone), inbound.at)
    draft.reported = True
    return _settled(draft, inbound)


def _to_the_desk(program: Program, conversation: Conversation, inbound: Inbound) -> Turn:
    """The visitor writes, or taps something, while a person was asked for or is there."""
    draft = Draft(program, conversation, inbound.at)
    action = str(inbound.value) if inbound.kind == "action" else ""
    behind = inbound.fence != conversation.step_seq
    if behind and (inbound.kind == "value" or (action and inbound.fence is not None)):
        return Turn(conversation, (), "stale")
    if action == "repeat":
        return Turn(conversation, (), "repeated")
    words = commands.label(action, draft.tongue) if action else kept(inbound.text)
    if inbound.kind == "value":
        words = _label(draft, inbound.value)
    if not words.strip():
        return Turn(conversation, (), "stale")
    draft.updated = inbound.at
    draft.say("visitor", words)
    if action == "stop" or (not action and _stops(words, draft.locale)):
        commands.run(draft, "stop")
    else:
        ring(draft)
    return _settled(draft, inbound)


def _after_the_end(program: Program, conversation: Conversation, inbound: Inbound) -> Turn:
    """A late comment; or, where `late` is set, the wish not to be asked again."""
    text = kept(inbound.text) if inbound.kind == "text" else ""
    stops = _stops(text, conversation.locale) or (inbound.kind == "action" and inbound.value == "stop")
    comments = text.strip() and not text.lstrip().startswith("/")  # a command is no comment
    if not inbound.late or not (comments or stops) or (stops and conversation.outcome == "stopped"):
        return Turn(conversation, (), "ended")
    draft = Draft(program, conversation, inbound.at)
    draft.updated = inbound.at
    draft.say("visitor", text or commands.label("stop", draft.tongue))
    if stops:
        draft.say("bot", phrase("stopped", draft.tongue))
        draft.effects.append(OptOut())
    else:
        if not draft.commented:
            draft.say("bot", phrase("commented", draft.tongue))
        draft.commented += 1
        draft.reported = True
        ring(draft)
    return _settled(draft, inbound)


def _join(draft: Draft, inbound: Inbound) -> Ignored:
    """Announced once: while a person is there the bot says nothing, also where another takes over."""
    name = _name(inbound.name)
    if not draft.handoff:
        return "stale"
    if draft.handoff == "joined" and name in ("", draft.agent):
        return "repeated"
    if draft.handoff == "waiting":
        who = name or phrase("somebody", draft.tongue)
        draft.say("bot", phrase("joined", draft.tongue, name=who), name=who)
        draft.handoff = "joined"
    draft.agent = name
    return ""


def _say(draft: Draft, inbound: Inbound) -> Ignored:
    text = kept(inbound.text)
    if not draft.handoff or not text.strip():
        return "stale"
    if inbound.ref and any(ref == inbound.ref for ref, _ in draft.lines):
        return "repeated"
    _join(draft, inbound)
    _append(draft, text, inbound.name)
    if inbound.ref:
        draft.lines = (*draft.lines[1 - LINES :], (inbound.ref, draft.seq))
    return ""


def _tell(draft: Draft, inbound: Inbound) -> Ignored:
    """A line beside the flow: nobody joins by it, and it comes after the end too where it is `late`."""
    text = kept(inbound.text)
    if not text.strip() or any(ref == inbound.ref for ref, _ in draft.lines):
        return "repeated"
    _append(draft, text, inbound.name)
    draft.lines = (*draft.lines[1 - LINES :], (inbound.ref, draft.seq))
    return ""


def _edit(draft: Draft, inbound: Inbound) -> Ignored:
    line = dict(draft.lines).get(inbound.ref)
    if line is None:
        return "stale"
    _append(draft, kept(inbound.text).strip(), inbound.name, line)
    return ""


def _delete(draft: Draft, inbound: Inbound) -> Ignored:
    line = dict(draft.lines).get(inbound.ref)
    if line is None:
        return "stale"
    _append(draft, "", inbound.name, line)
    draft.lines = tuple(one for one in draft.lines if one[0] != inbound.ref)
    return ""


def _leave(draft: Draft, _: Inbound) -> Ignored:
    if not draft.handoff:
        return "stale"
    if draft.handoff == "joined":
        who = draft.agent or phrase("somebody", draft.tongue)
        draft.say("bot", phrase("left", draft.tongue, name=who), name=who)
    release(draft, "resolved")
    return ""


def _unknown(_: Draft, __: Inbound) -> Ignored:
    return "stale"


_ACTS: Mapping[str, Callable[[Draft, Inbound], Ignored]] = {
    "join": _join,
    "say": _say,
    "tell": _tell,
    "edit": _edit,
    "delete": _delete,
    "leave": _leave,
}


def _append(draft: Draft, text: str, name: str, replaces: int = 0) -> None:
    name = _name(name) or draft.agent
    draft.seq += 1
    draft.effects.append(Say(Entry(draft.seq, draft.now, "agent", text, name=name, replaces=replaces)))


def _name(name: str) -> str:
    return " ".join(kept(name[:LONGEST_NAME]).split())


def _label(draft: Draft, value: Value | None) -> str:
    """The words on what was tapped, where the question that it belongs to is known; else the value as it came."""
    node = draft.program.nodes.get(draft.resume)
    read = None if node is None or value is None else node.kind.value(draft.view(node), value)
    if isinstance(read, Accepted):
        return read.label
    return kept(", ".join(value) if isinstance(value, tuple) else "" if value is None else str(value))[:200]


def _stops(text: str, locale: str) -> bool:
    command = read_command(text, locale)
    return command is not None and command.action == "stop"


def _settled(draft: Draft, inbound: Inbound, ignored: Ignored = "") -> Turn:
    if ignored:
        return Turn(draft.before, (), ignored)
    arm(draft)
    return draft.freeze(inbound.id)
