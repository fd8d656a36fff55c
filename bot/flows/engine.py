"""The engine: a pure function of program, chat and what happened. It stores nothing, sends nothing, knows no clock.

- `step` returns the chat one version on, with everything that follows from it as effects; or, where what arrived was
  repeated, is behind the question or comes after the end, the chat unchanged and why.
- Fences: `step_seq` rises with each question asked and stays where the same one is asked again (misunderstood, helped,
  reminded, another language), and with a handoff. A tapped value needs it; typed text and actions are checked where
  they bring one.
- While a person was asked for or is on the line the bot asks nothing and answers nothing (`bot/flows/handoff.py`).
- Clicks on links are taken after the end too, each link once: links stand at the end of most chats.
- A timer carries no fence: what is due is worked out from the chat itself, so a late or doubled one does no harm.
- What a visitor typed is kept up to 4,000 characters; parsers see 200.
"""

from functools import lru_cache

from bot.errors import Unknown
from bot.flows import commands, handoff
from bot.flows.answers.choice import read_yesno
from bot.flows.answers.clean import cut, fold, kept
from bot.flows.answers.commands import Command, read_command
from bot.flows.draft import Draft
from bot.flows.facts import values_of
from bot.flows.machine import Node, Program, match_language
from bot.flows.phrases import phrase
from bot.flows.render import Values
from bot.flows.steps.base import Accepted, AskAgain, View
from bot.flows.timers import what_is_due
from bot.flows.turns import arm, finish, go, offers, repeat, settle, take
from bot.flows.views import see
from bot.model import Ask, Click, Conversation, Inbound, Progress, Start, Turn, Value

_OF_THE_DESK = handoff.KINDS


def start(program: Program, start: Start) -> Turn:
    """Open a chat and ask its first question. A prefill that could be no answer to it is dropped."""
    blank = Conversation(
        id=start.id,
        version=0,
        flow=program.flow,
        flow_version=program.version,
        address=start.address,
        locale=choose_locale(start.locale, program.languages),
        state=program.start,
        started=start.at,
        updated=start.at,
        timezone=start.timezone,
        context=start.context,
        contact=start.contact,
        visitor=start.visitor,
        sample=start.sample,
    )
    draft = Draft(program, blank, start.at)
    settle(draft)
    if start.prefill is not None and draft.state:
        read = draft.node.kind.value(draft.view(draft.node), start.prefill)
        draft.prefill = read.value if isinstance(read, Accepted) else None
    arm(draft)
    return draft.freeze()


def step(program: Program, conversation: Conversation, inbound: Inbound) -> Turn:
    """One turn: everything that follows from what happened."""
    kind = inbound.kind
    if kind == "timer":
        return _timer(program, conversation, inbound.at)
    if inbound.id in conversation.seen:
        return Turn(conversation, (), "repeated")
    if kind == "click":
        return _click(program, conversation, inbound)
    if conversation.ended or conversation.handoff or kind in _OF_THE_DESK:
        other = handoff.step(program, conversation, inbound)
        if other is not None:
            return other
    behind = inbound.fence != conversation.step_seq
    if behind and (kind == "value" or (kind in ("text", "action") and inbound.fence is not None)):
        return Turn(conversation, (), "stale")
    draft = Draft(program, conversation, inbound.at)
    draft.updated = inbound.at
    if kind == "value":
        _value(draft, inbound.value)
    elif kind == "text":
        _text(draft, inbound.text)
    elif kind == "action":
        action = str(inbound.value)
        if action != "repeat":
            draft.say("visitor", commands.label(action, draft.tongue))
        commands.run(draft, action)
    else:
        locale = choose_locale(str(inbound.value or ""), program.languages)
        if match_language(locale, program.languages) in ("", draft.tongue):
            return Turn(conversation, (), "repeated")
        commands.speak(draft, locale)
    arm(draft)
    return draft.freeze(inbound.id)


def ask(program: Program, conversation: Conversation, now: int) -> Ask | None:
    """The question as it stands; None where the chat has ended, or is a person's to answer."""
    if conversation.ended or conversation.handoff:
        return None
    node, locale = program.nodes[conversation.state], conversation.locale
    tongue = program.language(locale)

    def values() -> Values:
        return values_of(conversation, conversation.answers, conversation.score, tongue, program.brand)

    control = node.kind.present(see(program, conversation, node, locale=locale, tongue=tongue, now=now, values=values))
    known = conversation.answers.get(conversation.state)
    given = len(conversation.trail)
    return Ask(
        step=node.step.name,
        fence=conversation.step_seq,
        kind=node.kind.name,
        options=control.options,
        low=control.low,
        high=control.high,
        skip=node.step.optional,
        suggest=offers(Draft(program, conversation, now), node) if conversation.suggest else (),
        prefill=conversation.prefill if known is None else known.value,
        placeholder=control.placeholder,
        note=control.note,
        back=given > 0,
        progress=Progress(given + 1, given + node.far[conversation.segment]),
    )


def target(program: Program, conversation: Conversation, ref: str) -> str:
    """Where a link of this chat leads. Raises Unknown where its flow has no such link."""
    node, key = _link(program, ref)
    if node is not None:
        draft = Draft(program, conversation, conversation.updated)
        url = node.urls[draft.tongue][key].render(draft.values)
        if url[:8].lower().startswith(("https://", "http://")):
            return url
    raise Unknown("There is no such link in this chat.")


@lru_cache(maxsize=1024)
def choose_locale(wanted: str, languages: tuple[str, ...]) -> str:
    """The first tag of an Accept-Language list (or the one tag) that the flow speaks; else the person's first.

    The person's own tag is kept, `fr-CA` where the flow has `fr`, since answers are understood by it.
    """
    tags: list[tuple[float, str]] = []
    for part in wanted[:500].split(","):
        tag, _, parameters = part.strip().partition(";")
        quality = parameters.strip().removeprefix("q=")
        weight = float(quality) if quality.replace(".", "", 1).isdecimal() and quality.isascii() else 1.0
        if tag.replace("-", "").replace("_", "").isalnum() and len(tag) <= 35 and weight > 0:
            tags.append((-weight, tag))
    ordered = [tag for _, tag in sorted(tags, key=lambda one: one[0])]
    return next((tag for tag in ordered if match_language(tag, languages)), ordered[0] if ordered else languages[0])


def _value(draft: Draft, value: Value | None) -> None:
    node = draft.program.nodes[draft.state]
    read = AskAgain("choice_again") if value is None else node.kind.value(draft.view(node), value)
    draft.say("visitor", read.label if isinstance(read, Accepted) else _shown(value))
    take(draft, node, read)


def _text(draft: Draft, text: str) -> None:
    text = kept(text)
    node = draft.node
    view = draft.view(node)
    if text.strip():
        draft.say("visitor", text)
    command = _command(view, text, draft.locale)
    if command is not None:
        return commands.run(draft, command.action, command.language)
    read = node.kind.text(view, text)
    # "Did you mean 7?" - "yes". What the kind itself understands goes first: a yes can be an answer.
    if isinstance(read, AskAgain) and len(draft.suggest) == 1 and read_yesno(cut(text), draft.locale):
        read = node.kind.value(view, draft.suggest[0])
    return take(draft, node, read)


def _command(view: View, text: str, locale: str) -> Command | None:
    """A command that the whole message says; the words on a button are its answer, whatever else they say."""
    command = read_command(text, locale) if len(text) <= 200 else None
    if command is None:
        return None
    shown = (*view.labels.values(), *view.texts.values())
    return None if fold(text) in {fold(label) for label in shown} else command


def _timer(program: Program, conversation: Conversation, now: int) -> Turn:
    if conversation.ended:
        return Turn(conversation, (), "ended")
    due = what_is_due(program, conversation, now)
    if not due:
        return Turn(conversation, (), "early")
    draft = Draft(program, conversation, now)
    if due == "abandon":
        finish(draft, "abandoned")
    elif due == "timeout":
        draft.trail = (*draft.trail, draft.state)
        go(draft, "timeout")
    elif due == "remind":
        draft.reminded += 1
        draft.reminded_at = now
        words = program.remind
        draft.say("bot", words[draft.tongue].render(draft.values) if words else phrase("reminder", draft.tongue))
        repeat(draft)
    elif due == "sla":
        handoff.unanswered(draft)
    draft.armed = 0
    arm(draft)
    return draft.freeze()


def _click(program: Program, conversation: Conversation, inbound: Inbound) -> Turn:
    ref = str(inbound.value)
    node, key = _link(program, ref)
    if node is None:
        return Turn(conversation, (), "stale")
    if any((click.step, click.link) == (node.step.name, key) for click in conversation.clicks):
        return Turn(conversation, (), "repeated")
    draft = Draft(program, conversation, inbound.at)
    draft.updated = inbound.at
    draft.clicks = (*draft.clicks, Click(node.step.name, key, inbound.at))
    draft.reported = True
    arm(draft)
    return draft.freeze(inbound.id)


def _link(program: Program, ref: str) -> tuple[Node | None, str]:
    name, _, key = ref.partition("/")
    node = program.nodes.get(name)
    known = node is not None and node.kind.name == "link" and any(key == option.key for option in node.step.options)
    return (node if known else None), key


def _shown(value: Value | None) -> str:
    words = ", ".join(value) if isinstance(value, tuple) else "" if value is None else str(value)
    return kept(words)[:200] or "-"
