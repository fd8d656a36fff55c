"""What a card says, from the chat and its case: meaning only. A board draws it.

Line one is score, person and wish; then their words; then facts; then one line with deadline and owner; at most two
buttons, the next step first. Resolved it is two lines. The same truth gives the same card, so a card is drawn again
only where its hash differs.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from bot.desk import words
from bot.desk.base import Action, Card, CardFact, Choices, Notice
from bot.desk.cases import CORRECTED, Case
from bot.desk.person import LONGEST_NAME, NAMES, contact, crm_link, cut, is_web, name_of, short_name, values_of
from bot.desk.policy import Policy
from bot.desk.rules import Seen, words_of
from bot.model import Response

QUOTES = 3
LONGEST_QUOTE = 600
LONGEST_VALUE = 200
LABELS = {
    "phone": "Phone",
    "email": "E-mail",
    "order_id": "Order",
    "order": "Order",
    "plan": "Plan",
    "company": "Company",
}
ABSENT = "has left the page"


@dataclass(frozen=True, slots=True)
class Place:
    """What a card is made from besides chat and case."""

    policy: Policy
    now: int
    ics: str = ""
    """Address of the calendar file of a wished call."""
    away: bool = False
    """The customer on the line has left the page."""
    escalated: bool = False
    """It was said that it is overdue."""
    agent: str = ""
    """What the case's owner is called."""


def digest(card: Card) -> str:
    return hashlib.sha256(msgspec.msgpack.encode(card)).hexdigest()[:16]


def draw(seen: Seen, case: Case, place: Place) -> Card:
    response, policy, now = seen.response, place.policy, place.now
    name = name_of(response)
    wish = _wish(seen, case)
    overdue = is_overdue(case, now)
    outcome = policy.outcome(case.outcome)
    resolved = case.state == "resolved"
    later = case.due + policy.escalate.after if overdue and not place.escalated else 0
    corrected = case.outcome == CORRECTED
    values = values_of(response)
    return Card(
        key=case.chat,
        state=case.state,
        text=_sentence(response, case, place, wish),
        score=response.score,
        name=name,
        wish="" if resolved else wish,
        quotes=() if resolved else tuple(cut(said, LONGEST_QUOTE) for said in words_of(seen)[-QUOTES:] if said.strip()),
        facts=() if resolved else tuple(_facts(response, case, place)),
        origin="" if resolved else f"{words.channel(response.channel)}, in {words.language(response.locale)}",
        script="" if resolved else policy.scripts.get(response.segment or "", ""),
        due=case.due,
        overdue=overdue,
        told=policy.escalate.mention if overdue and place.escalated else "",
        next=policy.escalate.mention if later > now else "",
        next_at=later if later > now else 0,
        owner=case.owner,
        since=case.claimed,
        until=case.until,
        outcome="Corrected: the score was changed" if corrected else outcome.label if outcome else case.outcome,
        took=words.lasted(case.resolved - case.opened) if resolved else "",
        live="" if resolved else seen.handoff,
        away=ABSENT if place.away and seen.handoff and not resolved else "",
        rule=case.rule,
        sample=response.sample,
        crm=crm_link(policy, values),
        mention=case.mention if case.state == "open" else "",
        actions=_actions(case),
    )


def is_overdue(case: Case, now: int) -> bool:
    return bool(case.due) and case.due <= now and case.state in ("open", "claimed")


def _actions(case: Case) -> tuple[Action, ...]:
    match case.state:
        case "open":
            return ("claim", "outcome")
        case "claimed":
            return ("outcome", "release")
        case "snoozed":
            return ("outcome", "release") if case.owner else ("claim", "outcome")
        case _:
            return ()


def _wish(seen: Seen, case: Case) -> str:
    if seen.handoff == "waiting":
        return "is waiting for a person now"
    if seen.handoff == "joined":
        return "is on the line"
    if case.callback is not None and not case.callback.result:
        return "would like a call back"
    return ""


def _sentence(response: Response, case: Case, place: Place, wish: str) -> str:
    """The notification: one full sentence. Names in it are plain text; a board escapes them."""
    score = "No score yet" if response.score is None else f"Score {response.score}"
    of = f"{score} from {name_of(response)}"
    if case.state == "resolved":
        known = place.policy.outcome(case.outcome)
        label = known.label if known is not None else case.outcome
        by = f" by {place.agent}" if place.agent else ""
        return _full(f"Resolved{by}: {_small(label)}. {of}")
    if is_overdue(case, place.now):
        return _full(f"Overdue: {_small(of)}{'' if case.owner else ', and nobody has it'}")
    wished = f", {wish.removeprefix('is ').replace('would like', 'wants')}" if wish else ""
    if case.state == "snoozed":
        return f"{of}, snoozed."
    if case.state == "claimed":
        return _full(f"{of}, claimed by {place.agent}" if place.agent else f"{of}{wished}, is taken care of")
    by = f" Claim by {words.clock(case.due, place.policy.timezone, place.now)}." if case.due else ""
    return f"{_full(of + wished)}{by}"


def _full(sentence: str) -> str:
    """With one stop at its end: `Nadia B.` has one of her own."""
    return sentence if sentence.endswith((".", "…")) else f"{sentence}."


def _small(words: str) -> str:
    """Inside a sentence: `Replaced` begins small there, `VAT refunded` does not."""
    return words[:1].lower() + words[1:] if words[1:2].islower() else words


def _facts(response: Response, case: Case, place: Place) -> Iterator[CardFact]:
    known = dict(contact(response))
    if (call := case.callback) is not None:
        zone = response.timezone or place.policy.timezone
        when = words.slot(call.at, zone) if call.at else "any time"
        yield CardFact("Call", when, more=("calendar file", place.ics) if call.at and place.ics else ("", ""))
    for key in ("phone", "email"):
        if key in known:
            value, source = known.pop(key)
            yield CardFact(LABELS[key], cut(value, LONGEST_VALUE), source)
    for answer in response.answers:
        if answer.kind in ("choice", "choices") and answer.key != "callback":
            yield CardFact(_label(answer.key), cut(answer.label, LONGEST_VALUE))
    for key, (value, source) in known.items():
        if key not in NAMES and value.strip():
            yield CardFact(_label(key), cut(value, LONGEST_VALUE), source)
    if page := response.context.get("page_url", ""):
        title = response.context.get("page_title", "") or page
        yield CardFact("Page", cut(title, LONGEST_VALUE), link=page if is_web(page) else "")
    if campaign := response.context.get("campaign", ""):
        yield CardFact("Campaign", cut(campaign, LONGEST_VALUE))


def _label(key: str) -> str:
    return LABELS.get(key) or cut(key.replace("_", " ").replace(".", " ").strip().capitalize() or key, LONGEST_NAME)


def choices(seen: Seen, policy: Policy, agent: str, reachable: bool) -> Choices:
    """What the outcome form of this case offers to the agent of this name."""
    response = seen.response
    name = name_of(response)
    score = "" if response.score is None else f"{response.score} of 10 · "
    return Choices(
        head=f"{score}{name}",
        outcomes=tuple((one.key, one.label) for one in policy.outcomes),
        causes=tuple(policy.causes.items()),
        tell=f"Tell {short_name(name)} that it is settled" if reachable else "",
        told=policy.told(response.locale, agent) if reachable else "",
    )


def greeting(name: str, agent: str) -> Notice:
    """The first line of a thread: who reads what is written there. `agent` is known where somebody has the case."""
    who = short_name(name) if name != "a customer" else "the customer"
    sign = f"as “{agent}”" if agent else "with your first name"
    lead = f"What you write in this thread goes to {who}, {sign}."
    return Notice("Start with // for a note that stays here.", lead=lead)
