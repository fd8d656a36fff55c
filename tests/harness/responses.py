"""A response to write, record and export: a detractor who said why and left a phone number."""

from msgspec.structs import replace

from bot.model import Address, Answer, Conversation, Fact, Response, segment_of

NOON = 1_760_000_000_000
"""2025-10-09T08:53:20Z."""


def a_response(chat: str = "c1", revision: int = 1, score: int | None = 3, **fields: object) -> Response:
    response = Response(
        chat=chat, revision=revision, flow="nps", flow_version="f00d", channel="web", locale="en", score=score,
        segment=None if score is None else segment_of(score),
        answers=(
            Answer("score", 3 if score is None else score, "3", "nps", NOON),
            Answer("reason", "too slow", "too slow", "text", NOON + 1_000),
            Answer("contact.phone", "+33612345678", "06 12 34 56 78", "phone", NOON + 2_000),
        ),
        contact={"email": Fact("eva@example.com", proven=True), "phone": Fact("+33000000000")},
        context={"page_url": "https://shop.example/cart"}, clicks=(), outcome="", started=NOON - 5_000, scored=NOON,
        updated=NOON + 2_000, ended=0, sample=False, visitor="v1", timezone="Europe/Paris",
    )  # fmt: skip
    return replace(response, **fields)


def a_scored_chat(chat: str = "c1", version: int = 1, revision: int = 1, **fields: object) -> Conversation:
    conversation = Conversation(
        id=chat, version=version, flow="nps", flow_version="f00d", address=Address("web", chat), locale="en",
        state="reason", started=NOON, updated=NOON + revision, revision=revision, score=3, scored=NOON,
        trail=("score",), answers={"score": Answer("score", 3, "3", "nps", NOON)},
    )  # fmt: skip
    return replace(conversation, **fields)
