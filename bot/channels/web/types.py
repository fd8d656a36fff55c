"""The wire types of the web chat: what is decoded, what is encoded, and what the OpenAPI file is made from.

Unknown fields are passed over, so that a newer widget can talk to an older service. A text that is merely long is cut
where it is used; only what has no meaning at all is refused here.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from bot.model import Choice, Progress

SAFE = 2**53 - 1
"""The greatest integer that JavaScript writes exactly."""

Cursor = Annotated[int, Meta(ge=0, le=SAFE, description="The last entry that the client has; 0 for none.")]
Number = Annotated[int, Meta(ge=-SAFE, le=SAFE)]
Key = Annotated[str, Meta(max_length=200)]
Keys = Annotated[list[Key], Meta(max_length=100)]
Facts = Annotated[
    dict[str, Any],  # Any, for the schema of `object` cannot be made; `web_wire.claims` takes it for an object
    Meta(
        description="Claims of the page about the person, marked unverified. A name is a word of at most 40 letters, "
        "digits and `_`, a fact a text of at most 300 characters or a number; others are passed over, since a page's "
        "mistake must not cost its visitors their say."
    ),
]

Named = Annotated[
    dict[str, Any],  # Any, as above
    Meta(description="Texts of at most 300 characters, or numbers, under names as of a page's claims."),
]


class Page(Struct, frozen=True):
    """Where the widget stands."""

    url: str = ""
    title: str = ""
    referrer: str = ""


class Prefill(Struct, frozen=True):
    """An answer to the first question that is filled in, not saved: the person confirms it."""

    value: Number | str | Keys


class NewChat(Struct, frozen=True):
    """Opens a chat, or resumes one where `chat` is its token."""

    flow: str = ""
    locale: str = ""
    timezone: str = ""
    visitor: str = ""
    page: Page | None = None
    contact: Facts | None = None
    identity: Annotated[str, Meta(description="A JWT (HS256, with `exp`); its facts are proven.")] | None = None
    prefill: Prefill | None = None
    chat: Annotated[str, Meta(description="The token of the chat to resume.")] | None = None
    cursor: Cursor = 0


class Message(Struct, frozen=True):
    """Exactly one of `value`, `text` and `action`. `fence` is required with `value`."""

    id: Annotated[str, Meta(min_length=1, max_length=64, description="Made by the client. Again: nothing changes.")]
    cursor: Cursor = 0
    fence: Annotated[int, Meta(ge=0, le=SAFE, description="That of the question which is answered.")] | None = None
    value: Number | Annotated[str, Meta(max_length=4000)] | Keys | None = None
    text: Annotated[str, Meta(description="Typed words; 4,000 characters are kept.")] | None = None
    action: Literal["back", "skip", "stop", "restart", "human"] | None = None


class Link(Struct, frozen=True):
    label: str
    url: Annotated[str, Meta(description="Relative to this service; records the click and leads on.")]


class Entry(Struct, frozen=True, omit_defaults=True):
    """One line of the chat."""

    seq: int
    at: Annotated[str, Meta(description="RFC 3339, UTC, milliseconds.", extra_json_schema={"format": "date-time"})]
    author: Literal["bot", "visitor", "agent"]
    text: str
    link: Link | msgspec.UnsetType = msgspec.UNSET
    name: Annotated[str, Meta(description="Of an agent; on a line of the bot, of who has joined or left.")] = ""
    replaces: Annotated[
        int, Meta(description="The agent's line whose text this one takes the place of; no text: it was taken back.")
    ] = 0


class Ask(Struct, frozen=True, omit_defaults=True):
    """The question as it stands. Its words are the last entry of the bot.

    Choices and progress are those of the model: they are encoded as they are, which spares a copy per answer.
    """

    step: str
    fence: int
    kind: str
    options: tuple[Choice, ...] = ()
    low: Annotated[str, Meta(description="What the low end of a scale means.")] = ""
    high: str = ""
    skip: bool = False
    suggest: Annotated[tuple[Choice, ...], Meta(description="Offered by one tap beside the control.")] = ()
    prefill: int | str | tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    placeholder: str = ""
    note: str = ""
    back: bool = False
    progress: Progress | msgspec.UnsetType = msgspec.UNSET


class Invitation(Struct, frozen=True):
    """Invites a person on a messaging channel to a chat. Its facts are proven: whoever has an API key is believed."""

    flow: Annotated[str, Meta(min_length=1, max_length=64)]
    channel: Annotated[str, Meta(min_length=1, max_length=32, description="`telegram` or `slack`.")]
    peer: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=128,
            pattern=r"^[!-~]+$",
            description="Telegram: the number of the person's chat with the bot. Slack: `team:user`.",
        ),
    ]
    key: Annotated[
        str, Meta(min_length=1, max_length=200, description="Yours; the same one begins a chat with this person once.")
    ]
    locale: str = ""
    timezone: str = ""
    context: Named | None = None
    contact: Named | None = None


class Invited(Struct, frozen=True):
    chat: str


class State(Struct, frozen=True):
    """Where a chat stands, with the entries after the client's cursor."""

    cursor: int
    entries: tuple[Entry, ...]
    ask: Ask | None
    status: Literal["open", "handoff", "ended"]


class Chat(Struct, frozen=True):
    """An opened or resumed chat."""

    chat: str
    token: str
    cursor: int
    entries: tuple[Entry, ...]
    ask: Ask | None
    status: Literal["open", "handoff", "ended"]


class Problem(Struct, frozen=True):
    """RFC 9457."""

    type: str
    title: str
    status: int
    code: Annotated[str, Meta(description="A short stable word for the cause.")]
    detail: Annotated[str, Meta(description="A sentence for a developer.")]


class Conflict(Struct, frozen=True):
    """Nothing was changed: the question moved on (`stale`), or the chat is over (`ended`). The chat as it stands.

    `status` is the chat's, as in every other answer; RFC 9457 lets a reader ignore a `status` that is no number.
    """

    type: str
    title: str
    code: Literal["stale", "ended"]
    detail: str
    cursor: int
    entries: tuple[Entry, ...]
    ask: Ask | None
    status: Literal["open", "handoff", "ended"]
