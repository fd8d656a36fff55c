"""The moves that every turn is made of: ask, ask again, take an answer, go on, call a person, end. All of them work on
a `Draft`.

Guaranteed: when a move is over the chat waits at a question, or for a person, or has ended. A flow that the checker
would refuse (no way out holds, a circle without a question) ends as `completed` instead of failing in front of a
visitor.
"""

from bot.flows.draft import Draft
from bot.flows.machine import Node
from bot.flows.phrases import phrase
from bot.flows.steps.base import Accepted, AskAgain
from bot.flows.timers import rearm, sooner
from bot.model import Answer, Arm, Choice, Desk, Disarm, Link

_RING = Desk()
PATIENCE = 3
"""From this many misunderstood answers on, the way out of the question is named."""


def settle(draft: Draft) -> None:
    """Ask the question of the step that the draft stands at, going on where it does not wait."""
    outcome = _enter(draft)
    if outcome:
        go(draft, outcome)


def go(draft: Draft, outcome: str) -> None:
    """Leave the step by this outcome and go on to the next question or the end."""
    for _ in range(len(draft.program.nodes) + 1):
        step = draft.program.nodes[draft.state].step
        draft.outcome = outcome
        if not step.then or not draft.program.event(draft, draft):
            return finish(draft, step.end or "completed")
        outcome = _enter(draft)
        if not outcome:
            return None
    return finish(draft, "completed")


def take(draft: Draft, node: Node, read: Accepted | AskAgain) -> None:
    """What the kind made of an answer: keep it and go on, or ask again."""
    if isinstance(read, AskAgain):
        return again(draft, node, read)
    draft.prefill = None
    draft.rest = read.rest
    draft.keep(Answer(node.key, read.value, read.label, node.kind.name, draft.now))
    return go(draft, read.outcome)


def again(draft: Draft, node: Node, read: AskAgain) -> None:
    """Kindly ask the same question again: the fence stays, near misses are offered by one tap."""
    outcome = node.kind.present(draft.view(node)).outcome
    if outcome:  # nothing can be offered any more: the last free slot has gone
        return go(draft, outcome)
    draft.suggest = tuple(choice.value for choice in read.suggest)
    label = read.suggest[0].label if read.suggest else ""
    said = phrase(read.phrase, draft.tongue, draft.retries, label=label, count=str(read.count))
    draft.retries += 1
    if draft.retries >= PATIENCE:
        said = f"{said} {phrase(_way_out(draft, node), draft.tongue)}"
    return draft.say("bot", said)


def repeat(draft: Draft) -> None:
    """The question's own words once more; the fence stays. Nothing where a person has the word."""
    if not draft.handoff:
        _words(draft, draft.node)


def call(draft: Draft) -> None:
    """Ask for a person out of turn: to the flow's first handoff, and back to the question when it is over. Where nobody
    can be reached that is said, and the chat goes the way that the flow has for this (it offers a callback); before
    there is a score, which would be lost on that way, the question comes again."""
    draft.resume, draft.state = draft.state, draft.program.handoff
    outcome = _enter(draft)
    if not outcome:
        return None
    resume, draft.resume = draft.resume, ""
    if draft.score is not None:
        return go(draft, outcome)
    draft.state = resume
    return repeat(draft)


def release(draft: Draft, outcome: str) -> None:
    """The handoff is over: go on by its outcome, or ask again where it was called from (see `call`)."""
    draft.updated = draft.now  # the silence of the last while was not the visitor's
    resume = draft.resume
    _hang_up(draft)
    if resume in draft.program.nodes and (outcome != "unavailable" or draft.score is None):
        draft.state = resume
        return settle(draft)
    return go(draft, outcome)


def finish(draft: Draft, outcome: str) -> None:
    if draft.handoff:
        _hang_up(draft)
    draft.state = ""
    draft.ended = draft.now
    draft.result = outcome
    draft.suggest = ()
    draft.prefill = None
    draft.retries = 0
    draft.reported = True


def ring(draft: Draft) -> None:
    """Those at the desk must hear of this turn."""
    if _RING not in draft.effects:
        draft.effects.append(_RING)


def arm(draft: Draft) -> None:
    """Keep the chat's one timer right: it may fire too early, never too late."""
    if draft.ended:
        if draft.armed:
            draft.armed = 0
            draft.effects.append(Disarm())
        return
    running = draft.armed > draft.now  # one that has fired, or was moved by the worker, is unknown: arm it anew
    if running and not sooner(draft.program, draft, draft.armed):
        return
    due = rearm(draft.program, draft, draft.now)
    if due and (not running or due < draft.armed):
        draft.armed = due
        draft.effects.append(Arm(due))


def offers(draft: Draft, node: Node) -> tuple[Choice, ...]:
    """What is suggested, as it reads now; a suggestion that is no longer possible is left out."""
    view = draft.view(node)
    read = ((value, node.kind.value(view, value)) for value in draft.suggest)
    return tuple(Choice(value, one.label) for value, one in read if isinstance(one, Accepted))


def _enter(draft: Draft) -> str:
    """Say the words of the step; the outcome by which it is left at once, empty where it waits."""
    node = draft.program.nodes[draft.state]
    if not node.kind.waits:
        _words(draft, node)
        for key, label in draft.view(node).labels.items():
            draft.say("bot", label, Link(label, f"{node.step.name}/{key}"))
        return "next"
    if node.may_pass:
        control = node.kind.present(draft.view(node))
        if control.outcome:
            if control.said:
                draft.say("bot", control.said)
            return control.outcome
        if node.kind.staffed:
            _wait_for_a_person(draft, node)
            return ""
    draft.step_seq += 1
    draft.retries = 0
    draft.asked = draft.now
    draft.suggest = ()
    if draft.rest:
        read = node.kind.text(draft.view(node), draft.rest)
        if isinstance(read, Accepted) and not isinstance(read.value, tuple):
            draft.suggest = (read.value,)
        draft.rest = ""
    _words(draft, node)
    return ""


def _wait_for_a_person(draft: Draft, node: Node) -> None:
    """The fence rises, so that buttons of an earlier question are old ones."""
    draft.step_seq += 1
    draft.retries = 0
    draft.asked = draft.now
    draft.suggest = ()
    draft.prefill = None
    draft.rest = ""
    if node.say is None:
        draft.say("bot", phrase("person_called", draft.tongue))
    _words(draft, node)
    draft.handoff = "waiting"
    draft.handoff_at = draft.now
    draft.agent = ""
    ring(draft)


def _hang_up(draft: Draft) -> None:
    draft.handoff = ""
    draft.agent = ""
    draft.resume = ""
    ring(draft)


def _words(draft: Draft, node: Node) -> None:
    if node.say is not None:
        said = node.say[draft.tongue].render(draft.values)
        if said:
            draft.say("bot", said)


def _way_out(draft: Draft, node: Node) -> str:
    return "way_skip" if node.step.optional else "way_back" if draft.trail else "way_stop"
