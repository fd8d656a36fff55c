"""Whatever a person types: nothing raises, no other field changes, and what comes out can be carried by anything."""

import json
from datetime import date
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bot.crm.mapping.mapped import Mapped, Out, plain
from bot.crm.mapping.shape import units
from bot.model import Answer, Fact
from tests.harness.mappings import acme, section
from tests.harness.responses import NOON, a_response

__all__ = ["acme"]

READ = {
    "plain": "answers.words",
    "cut": "answers.words | truncate(20)",
    "filled": '"Said: {{ answers.words }} ({{ score }})"',
    "label": "answers.words.label | upper | strip",
    "day": "answers.words | date",
    "time": 'answers.words | datetime("%H:%M")',
    "whole": "answers.words | integer",
    "number": "answers.words | number",
    "flag": "answers.words | boolean",
    "mapped": "answers.words | map(a=b) | default(other)",
    "title": "answers.words | title | truncate(9)",
    "quote": "quote",
    "name": "contact.name",
    "page": "context.page_url | lower",
    "told": "transcript",
}
OTHERS = {
    "score": "score",
    "segment": "segment | labels(fr)",
    "source": '"Web survey"',
    "phone": "contact.phone",
    "ended": "updated_at | date",
    "link": "link",
}
BODY = "fields:\n" + "".join(f"  {name}: {written}\n" for name, written in (READ | OTHERS).items())
BODY += "match: {Email: contact.email, Name: contact.name}\n"
ANYTHING = st.text(st.characters(codec=None), max_size=60) | st.sampled_from(
    [
        "{{ score }}",
        "{% x %}",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "१२",
        "1e999",
        "\ud800",
        "\x00",
    ]
)


def written(typed: str, mapped: Mapped) -> dict[str, Out]:
    answers = (
        Answer("words", typed, typed, "text", NOON),
        Answer("contact.name", typed, typed, "text", NOON),
        Answer("contact.phone", "+331", "+331", "phone", NOON),
    )
    response = a_response(answers=answers, contact={"email": Fact(typed, proven=True)}, context={"page_url": typed})
    response = replace(response, timezone=typed)
    assert "" not in mapped.person(response).values()
    assert mapped.section("case", response) is None
    return mapped.values(response, link="https://nps.example/r")


def test_nothing_that_is_typed_does_harm(acme: None, tmp_path: Path) -> None:
    mapped = section(BODY, tmp_path).mapping
    usual = written("Fine", mapped)

    @settings(suppress_health_check=list(HealthCheck), deadline=None)
    @given(ANYTHING)
    def typed(text: str) -> None:
        found = written(text, mapped)
        assert {name: found.get(name) for name in OTHERS} == {name: usual[name] for name in OTHERS}
        json.dumps({name: plain(one) for name, one in found.items()}, ensure_ascii=False).encode()
        assert units(str(found.get("cut", ""))) <= 20
        assert isinstance(found.get("day", date.min), date)
        assert "" not in found.values()

    typed()
