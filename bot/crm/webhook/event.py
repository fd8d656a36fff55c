"""The body of a web hook: one event a revision, under 20 kB, always the whole response. Pure."""

import msgspec
from msgspec.structs import replace

from bot.crm.shape import data_of, moment
from bot.model import Answer, Response

LARGEST = 20_000
CUTS = (2_000, 1_000, 500, 200, 50)
"""Characters that texts are cut to, one after the other, until the event is small enough."""

ENDS = {"completed": "response.completed", "abandoned": "response.abandoned", "stopped": "response.stopped"}


def event_type(response: Response) -> str:
    """A function of the revision alone, so that every attempt says the same."""
    case = response.case
    if case is not None and case.resolved and case.resolved >= max(response.updated, response.ended):
        return "case.resolved"
    if response.ended:
        return ENDS.get(response.outcome, "response.ended")
    return "response.scored" if response.revision == 1 and response.score is not None else "response.updated"


def event_of(response: Response) -> bytes:
    """The body: whole where it fits, else without the transcript, else with its texts cut and `truncated` set."""

    def body(data: dict[str, object]) -> bytes:
        resolved = response.case.resolved if response.case is not None else 0
        at = moment(max(response.updated, response.ended, resolved))
        return msgspec.json.encode({"type": event_type(response), "timestamp": at, "data": data})

    found = body(data_of(response))
    if len(found) >= LARGEST and response.transcript:
        response = replace(response, transcript=())
        found = body(data_of(response) | {"truncated": True})
    for longest in CUTS:
        if len(found) < LARGEST:
            return found
        found = body(data_of(_cut(response, longest)) | {"truncated": True})
    if len(found) < LARGEST:
        return found
    bare = replace(response, answers=(), contact={}, context={}, clicks=())
    return body(data_of(_cut(bare, CUTS[0])) | {"truncated": True})


def _cut(response: Response, longest: int) -> Response:
    """With every text that a person may have written at most `longest` characters long."""

    def cut(text: str) -> str:
        return text if len(text) <= longest else text[: longest - 1] + "…"

    def answer(of: Answer) -> Answer:
        if isinstance(of.value, int):
            return replace(of, label=cut(of.label))
        value = cut(of.value) if isinstance(of.value, str) else tuple(cut(part) for part in of.value)
        return replace(of, value=value, label=cut(of.label))

    case = response.case
    return replace(
        response,
        answers=tuple(answer(one) for one in response.answers),
        contact={key: replace(fact, value=cut(fact.value)) for key, fact in response.contact.items()},
        context={key: cut(text) for key, text in response.context.items()},
        visitor=cut(response.visitor),
        case=case and replace(case, owner=cut(case.owner), note=cut(case.note)),
    )
