"""Which alert rule a response meets, what it asks of people besides, and what that does to its case. Pure.

Rules are apart from segments: `when` is a condition of the flow language over the response, `words` are looked for in
what the person typed. The first rule that holds wins.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from bot.desk import cases
from bot.desk.cases import Callback, Case
from bot.desk.policy import Policy, Rule
from bot.flows.conditions import holds
from bot.model import Answer, Handoff, Response, Value

CONTACT = "contact."
HANDOFF, CALLBACK = "handoff", "callback"


@dataclass(frozen=True, slots=True)
class Seen:
    """A chat as the desk sees it."""

    response: Response
    handoff: Handoff = ""
    asked: int = 0
    """When a person was asked for."""
    comments: tuple[str, ...] = ()
    """What was written after the end."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """Why people should act."""

    rule: str
    to: str
    mention: str = ""
    deadline: int | None = None


def fact(response: Response, subject: str) -> Value | None:
    """What a condition sees of a response: as in a flow, but of the whole of it."""
    family, _, key = subject.partition(".")
    match family:
        case "answers":
            return next((a.value for a in response.answers if a.key == key), None)
        case "contact":
            typed = next((a.value for a in response.answers if a.key == subject), None)
            known = response.contact.get(key)
            return typed if typed is not None else known.value if known is not None else None
        case "context":
            return response.context.get(key)
        case "score":
            return response.score
        case "segment":
            return response.segment
        case "outcome":
            return response.outcome or None
        case "answer":
            return response.answers[-1].value if response.answers else None
        case "locale":
            return response.locale
        case "channel":
            return response.channel
    return None


def words_of(seen: Seen) -> tuple[str, ...]:
    """What the person typed: answers in their own words, and comments."""
    typed = (answer for answer in seen.response.answers if _is_words(answer))
    return (*(str(answer.value) for answer in typed), *seen.comments)


def _is_words(answer: Answer) -> bool:
    return answer.kind == "text" and not answer.key.startswith(CONTACT)


def meets(rule: Rule, seen: Seen) -> bool:
    if rule.when is not None and not holds(rule.when, lambda subject: fact(seen.response, subject)):
        return False
    if rule.words:
        said = " ".join(words_of(seen)).casefold()
        return any(re.search(rf"(?<!\w){re.escape(word.casefold())}(?!\w)", said) for word in rule.words)
    return rule.when is not None


def occasion(seen: Seen, policy: Policy) -> Occasion | None:
    """The first rule that the response meets; else a person who waits for one; else a wished call."""
    rule = next((rule for rule in policy.rules if meets(rule, seen)), None)
    if rule is not None:
        return Occasion(rule.name, rule.to or policy.to, rule.mention, rule.deadline)
    if seen.handoff:
        return Occasion(HANDOFF, policy.to, policy.handoff_mention)
    if callback_of(seen.response, policy) is not None:
        return Occasion(CALLBACK, policy.to)
    return None


def callback_of(response: Response, policy: Policy) -> Callback | None:
    """The phone that was typed in the chat, with the slot that was chosen."""
    phone = next((str(a.value) for a in response.answers if a.kind == "phone"), "")
    if not phone:
        return None
    slot = next((str(a.value) for a in response.answers if a.kind == "slot"), "")
    return Callback(phone, moment_of(slot, response.timezone or policy.timezone))


def moment_of(slot: str, timezone: str) -> int:
    """Milliseconds of a slot's value; 0 where it is none."""
    try:
        at = datetime.fromisoformat(slot)
    except ValueError:
        return 0
    if at.tzinfo is None:
        at = at.replace(tzinfo=ZoneInfo(timezone))
    return int(at.timestamp() * 1000)


def follow(case: Case | None, seen: Seen, policy: Policy, now: int) -> Case | None:
    """The case as this chat wants it: opened, opened again, corrected, or the same. None for no case."""
    found = occasion(seen, policy)
    if case is None:
        return None if found is None else _opened(seen, found, policy, now)
    wished = callback_of(seen.response, policy)
    case = _with_callback(case, wished)
    if seen.handoff and seen.asked != case.asked:
        case = replace(case, asked=seen.asked)
        if case.state == "resolved":
            return cases.reopen(case, cases.due_for(policy, None, now), now)
    if case.state == "resolved":
        called = case.callback
        if wished is not None and (called is None or (called.phone, called.at) != (wished.phone, wished.at)):
            # They were told that they will be called: how the case ended does not answer that.
            return replace(cases.reopen(case, _due(found, policy, now), now), callback=wished)
        again = found is not None and case.outcome == cases.CORRECTED
        return cases.reopen(case, _due(found, policy, now), now) if again else case
    if found is None:
        # Somebody has taken it, or asked for a person in it: it is for people to say how it ended.
        return case if case.held or case.asked else cases.correct(case, now)
    if found.rule != case.rule and found.rule not in (HANDOFF, CALLBACK):
        due = _due(found, policy, case.opened)
        before = next((rule for rule in policy.rules if rule.name == case.rule), None)
        if before is None or meets(before, seen):  # both fit: what is more urgent holds
            due = min(due, case.due) if due and case.due else due or case.due
        return replace(case, rule=found.rule, mention=found.mention, due=due, raised=now)
    return case


def _opened(seen: Seen, found: Occasion, policy: Policy, now: int) -> Case:
    return Case(
        chat=seen.response.chat,
        state="open",
        rule=found.rule,
        to=found.to,
        mention=found.mention,
        opened=now,
        due=_due(found, policy, now),
        callback=callback_of(seen.response, policy),
        asked=seen.asked if seen.handoff else 0,
    )


def _due(found: Occasion | None, policy: Policy, now: int) -> int:
    return cases.due_for(policy, found.deadline if found is not None else None, now)


def _with_callback(case: Case, wished: Callback | None) -> Case:
    """A call that was wished otherwise meanwhile is a new one; one that is settled stays."""
    have = case.callback
    if case.state == "resolved" or (have is not None and have.result):
        return case
    if wished is None:
        return case if have is None else replace(case, callback=None)
    if have is not None and (have.phone, have.at) == (wished.phone, wished.at):
        return case
    return replace(case, callback=wished)
