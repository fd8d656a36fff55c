"""docs/mapping.md: every value on the page gives what stands beside it, and every word of the language is on it."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.crm.base import EVENTS
from bot.crm.mapping.filters import FILTERS
from bot.crm.mapping.mapped import plain
from bot.crm.mapping.names import LABELS
from bot.crm.mapping.shape import as_text
from bot.crm.mapping.sources import MORE_SUBJECTS, SOURCES
from bot.model import Answer, Click, Fact
from tests.harness.mappings import acme, section
from tests.harness.responses import NOON, a_response

__all__ = ["acme"]

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "mapping.md").read_text("utf-8")
ENDED = int(datetime(2025, 12, 31, 23, 30, tzinfo=UTC).timestamp()) * 1000
RESPONSE = a_response(
    answers=(
        Answer("reason", "delivery", "Late delivery", "choice", NOON),
        Answer("words", "It was slow", "It was slow", "text", NOON),
        Answer("again", "yes", "Yes", "yesno", NOON),
        Answer("liked", ("price", "taste"), "Price, taste", "choice", NOON),
        Answer("contact.email", "Eva@Example.com", "Eva@Example.com", "email", NOON),
    ),
    contact={"plan": Fact("gold")}, context={"shop": "Lyon"}, clicks=(Click("bye", "shop", NOON),), ended=ENDED,
)  # fmt: skip


def block(info: str) -> str:
    (found,) = re.findall(rf"^```{info}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


VALUES = re.findall(r"^(\w+): (.*?) +# ?(.*)$", block("yaml values"), re.MULTILINE)


@pytest.mark.parametrize(("name", "written", "told"), VALUES, ids=[name for name, _, _ in VALUES])
def test_a_value_gives_what_the_page_says(name: str, written: str, told: str, acme: None, tmp_path: Path) -> None:
    head = 'timezone: Europe/Paris\nwriters:\n  acme:\n    login: {user: me, password: "${SECRET}"}\n'
    mapped = section(f"match: {{A: quote}}\nfields:\n  {name}: {written}", tmp_path, head).mapping
    found = mapped.values(RESPONSE).get(name)
    assert ("" if found is None else as_text(plain(found))) == told


def test_the_lines_with_several_arguments_are_yaml(acme: None, tmp_path: Path) -> None:
    lines = "".join(f"  {line}\n" for line in block("yaml fields").splitlines())
    mapped = section(f"match: {{A: quote}}\nfields:\n{lines}", tmp_path).mapping
    assert mapped.values(RESPONSE) == {"Category": "Logistics", "Segment": "Critic"}


def test_every_word_of_the_language_is_on_the_page() -> None:
    words = {*SOURCES, *FILTERS, *EVENTS, *MORE_SUBJECTS, *LABELS}
    assert {word for word in words if not re.search(rf"(?<![\w.]){re.escape(word)}(?![\w.]\w)", PAGE)} == set()
