"""The body of a web hook as JSON Schema: docs/webhook.schema.json is what `python -m bot.crm.webhook.schema` prints.

`shape.py` writes the body; a test holds every kind of it against these types, so that neither changes alone. New keys
may come: whoever reads an event ignores those that it does not know.
"""

import sys
from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from bot.model import Author, CaseState, Segment

Moment: TypeAlias = Annotated[
    str,
    Meta(
        description="RFC 3339, UTC, with milliseconds",
        examples=["2026-11-21T20:14:17.837Z"],
        extra_json_schema={"format": "date-time"},
    ),
]
Type: TypeAlias = Literal[
    "response.scored",
    "response.updated",
    "response.completed",
    "response.abandoned",
    "response.stopped",
    "response.ended",
    "case.resolved",
]
Revision: TypeAlias = Annotated[int, Meta(ge=1, description="rises with every change; the greatest one is the truth")]
Score: TypeAlias = Annotated[int, Meta(ge=0, le=10, description="null in a flow without a score")]


class AnswerBody(Struct):
    key: Annotated[str, Meta(description="`save_as` of the step, or the step")]
    kind: Annotated[str, Meta(description="the kind of its step: nps, text, choice ...")]
    value: Annotated[int | str | list[str], Meta(description="what to store: a number, an option's key, a text")]
    label: Annotated[str, Meta(description="as it was shown")]
    at: Moment | None


class Known(Struct):
    value: str
    source: Annotated[
        Literal["typed", "proven", "claimed"],
        Meta(description="typed by the person, proven by a signed identity token, or only claimed by the page"),
    ]


class ClickBody(Struct):
    step: str
    link: str
    at: Moment | None


class CaseBody(Struct):
    state: CaseState
    rule: Annotated[str, Meta(description="the alert rule that opened it, or handoff, or callback")]
    owner: str | None
    outcome: Annotated[str | None, Meta(description="a key of the settings' outcomes, or `corrected`")]
    counts: Literal["recovered", "lost", "no_action"] | None
    cause: str | None
    note: str
    opened_at: Moment | None
    due_at: Moment | None
    resolved_at: Moment | None


class EntryBody(Struct):
    seq: int
    at: Moment | None
    author: Author
    text: str


class Data(Struct):
    chat: Annotated[str, Meta(description="the response's key, the same for all of its revisions")]
    revision: Revision
    flow: str
    flow_version: str
    channel: Annotated[str, Meta(description="web, telegram, slack ...")]
    locale: str
    timezone: Annotated[str, Meta(description="empty where it is not known")]
    score: Score | None
    segment: Segment | None
    outcome: Annotated[str | None, Meta(description="how the chat ended; null while it is open")]
    sample: Annotated[bool, Meta(description="whether it is of the demo page")]
    answers: list[AnswerBody]
    contact: dict[str, Known]
    context: dict[str, str]
    clicks: list[ClickBody]
    visitor: str
    started_at: Moment | None
    scored_at: Moment | None
    updated_at: Moment | None
    ended_at: Moment | None
    case: CaseBody | UnsetType = UNSET
    transcript: list[EntryBody] | UnsetType = UNSET
    truncated: Annotated[bool, Meta(description="true where the event would have been 20 kB or more")] | UnsetType = (
        UNSET
    )


class EventBody(Struct):
    type: Type
    timestamp: Moment
    data: Data


def schema() -> bytes:
    """JSON Schema, 2020-12."""
    (found,), parts = msgspec.json.schema_components([EventBody], ref_template="#/$defs/{name}")
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "An event of chatsurvey's web hook",
        **found,
        "$defs": dict(sorted(parts.items())),
    }
    return msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"


if __name__ == "__main__":
    sys.stdout.buffer.write(schema())
