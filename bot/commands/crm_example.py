"""Made-up responses to preview a writer with: the flow is played by somebody who is not happy. Nothing is stored.

Two lives of a chat: one is scored, answered to its end, and its case opened and resolved; the other is scored and left.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from bot.changes import response_of
from bot.flows.machine import Program
from bot.flows.stage import Opening, Stage
from bot.model import Ask, CaseFacts, Entry, Fact, Response, Say, Turn, segment_of

DAY = 86_400_000

SCORE = 3
WORDS = "Broken stems, twice in a row."
TYPED: Mapping[str, str] = {
    "phone": "+33 6 12 34 56 78",
    "email": "nadia@example.com",
    "number": "3",
    "date": "2026-01-15",
}
"""Kind of step -> what is typed there; anywhere else it is WORDS."""
PERSON = {"id": "4711", "email": "nadia@example.com", "name": "Nadia Example", "first_name": "Nadia"}
PERSON |= {"last_name": "Example", "phone": "+33612345678", "company": "Example"}
PAGE = {"page_url": "https://shop.example/orders/4711", "page_title": "Your order", "campaign": "example"}
MOST = 60
"""Turns of a chat: a flow that asks on and on is left there."""
MINUTE = 60_000
CHATS = ("0example0detractor00000000", "0example0left0000000000000")


@dataclass(frozen=True, slots=True)
class Life:
    """The revisions of one response, in order."""

    about: str
    responses: tuple[Response, ...]


def lives(program: Program, now: int, facts: Sequence[str] = ()) -> tuple[Life, ...]:
    """`facts` are the names of contact facts that are read beside the usual ones; each gets a made-up value."""
    contact = PERSON | {name: PERSON.get(name, f"example-{name}") for name in facts}
    played = [_with(contact, response) for response in _played(program, now)]
    if not played:
        return ()
    scored, last = next((r for r in played if r.score is not None), played[-1]), played[-1]
    case = CaseFacts("open", "detractor", now, now + 60 * MINUTE, cause="")
    resolved = replace(
        case, state="resolved", owner="Maya", outcome="replaced", counts="recovered", cause="delivery",
        note="Sent a new one.", resolved=now + 30 * MINUTE,
    )  # fmt: skip
    whole = [scored, *([last] if last.revision > scored.revision else [])]
    whole += [replace(last, revision=last.revision + 1, case=case)]
    whole += [replace(last, revision=last.revision + 2, case=resolved, updated=now + 30 * MINUTE)]
    left = replace(
        scored, chat=CHATS[1], revision=scored.revision + 1, outcome="abandoned", ended=now + 72 * 60 * MINUTE
    )
    return (
        Life("a detractor who answers to the end and asks for a call", tuple(whole)),
        Life("the same person, who leaves after the score", (replace(scored, chat=CHATS[1]), left)),
    )


def _played(program: Program, now: int) -> Iterator[Response]:
    """Each revision of the response."""
    stage = Stage(program, Opening(context=PAGE), now, CHATS[0])
    log = list(_lines(stage.opening))
    revision = 0
    for _ in range(MOST):
        if stage.chat.revision > revision:
            revision = stage.chat.revision
            yield response_of(stage.chat, tuple(log))
        ask = stage.ask
        if stage.chat.ended or ask is None:
            return
        stage.now += 5_000
        log += _lines(_answer(stage, ask))
        if stage.chat.step_seq == ask.fence and not stage.chat.ended:
            log += _lines(stage.does("skip"))
            if stage.chat.step_seq == ask.fence and not stage.chat.ended:
                return


def _answer(stage: Stage, ask: Ask) -> Turn:
    if ask.kind == "nps":
        return stage.taps(SCORE)
    if ask.options:
        return stage.taps(ask.options[0].value)
    return stage.says(TYPED.get(ask.kind, WORDS))


def _lines(turn: Turn) -> Iterator[Entry]:
    return (effect.entry for effect in turn.effects if isinstance(effect, Say))


def _with(contact: Mapping[str, str], response: Response) -> Response:
    return replace(response, contact={name: Fact(value, proven=True) for name, value in contact.items()})


def earlier(response: Response) -> Response:
    """Another chat of the same person, a day before and with another score: what a writer that writes only what has
    changed finds of them."""
    score = None if response.score is None else (response.score + 5) % 11
    segment = None if score is None else segment_of(score)
    scored = max(0, response.scored - DAY)
    return replace(response, chat=f"{response.chat[:-6]}before", case=None, score=score, segment=segment, scored=scored)
