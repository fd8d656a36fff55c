"""The documented payload of a web hook is the one that is sent."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from msgspec.structs import replace

from bot.crm.webhook.event import event_of
from bot.crm.webhook.schema import schema
from bot.model import Answer, CaseFacts, Click, Entry, Response
from tests.harness.responses import NOON, a_response

FILE = Path(__file__).resolve().parents[2] / "docs" / "webhook.schema.json"
AGAIN = "python -m bot.crm.webhook.schema > docs/webhook.schema.json"
CASE = CaseFacts("resolved", "unhappy", NOON, NOON, "Ana", "won_back", "recovered", "late", "a note", NOON + 9_000)
FULL = a_response(
    revision=4, outcome="completed", ended=NOON, clicks=(Click("review", "google", NOON),), case=CASE,
    answers=(
        Answer("score", 3, "3", "nps", NOON), Answer("why", ("late", "dear"), "Late, Dear", "choices", NOON),
        Answer("contact.phone", "+33612345678", "06 12 34 56 78", "phone", NOON),
    ),
    transcript=(Entry(1, NOON, "bot", "How likely?"), Entry(2, NOON, "visitor", "3"), Entry(3, NOON, "agent", "Hello")),
)  # fmt: skip
BODIES: dict[str, Response] = {
    "full": FULL,
    "first": a_response(),
    "without a score": a_response(score=None),
    "abandoned": a_response(outcome="abandoned", ended=NOON),
    "an outcome of the flow": a_response(outcome="thanked", ended=NOON),
    "an open case": replace(FULL, case=CaseFacts("open", "handoff", NOON, 0)),
    "too long": replace(FULL, transcript=(Entry(1, NOON, "visitor", "x" * 30_000),)),
    "far too long": replace(FULL, answers=tuple(Answer(f"a{n}", "é" * 4_000, "", "text", NOON) for n in range(300))),
    "nothing known": a_response(answers=(), contact={}, context={}, visitor="", timezone="", scored=0),
}


# Any: a JSON document.
def closed(node: Any) -> Any:
    """The schema without room for what it does not know."""
    if isinstance(node, list):
        return [closed(one) for one in node]
    if not isinstance(node, dict):
        return node
    found = {key: closed(value) for key, value in node.items()}
    return found | {"additionalProperties": False} if isinstance(found.get("properties"), dict) else found


@pytest.mark.parametrize("name", BODIES)
def test_a_body_is_as_documented(name: str) -> None:
    body = json.loads(event_of(BODIES[name]))
    errors = Draft202012Validator(closed(json.loads(schema()))).iter_errors(body)
    assert [f"{'/'.join(map(str, error.absolute_path))}: {error.message[:200]}" for error in errors] == []


def test_every_part_of_the_schema_is_sent_by_something() -> None:
    bodies = [json.loads(event_of(response)) for response in BODIES.values()]
    parts = json.loads(schema())["$defs"]
    seen = {key for body in bodies for key in body["data"]}
    assert set(parts["Data"]["properties"]) <= seen
    full = next(body["data"] for body in bodies if "transcript" in body["data"])
    assert set(parts["CaseBody"]["properties"]) == set(full["case"])
    assert set(parts["EntryBody"]["properties"]) == set(full["transcript"][0])


def test_the_schema_refuses_what_is_none() -> None:
    body = json.loads(event_of(FULL))
    body["data"]["score"] = 11
    body["type"] = "response.exploded"
    wrong = {error.absolute_path[-1] for error in Draft202012Validator(json.loads(schema())).iter_errors(body)}
    assert wrong == {"score", "type"}


def test_the_file_in_docs_is_this_schema() -> None:
    assert FILE.read_bytes() == schema(), f"write it anew:  {AGAIN}"
