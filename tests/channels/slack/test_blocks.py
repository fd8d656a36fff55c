"""What a survey says in Block Kit: it fits whatever is said, nothing in it is markup, and Slack's contract takes it."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.base import Asked, Post
from bot.channels.slack.blocks import Message, messages, revised, settled
from bot.channels.slack.controls import window
from bot.model import Ask, Author, Choice, Entry, Link
from bot.sandbox.slack.check import ALL_WORDS, faults_of_blocks, words_of_blocks
from tests.harness.slack_contract import faults_of

CHAT = "01k9z0000000000000000000ab"
SCALE = tuple(Choice(value, str(value)) for value in range(11))


def line(seq: int, text: str, link: str = "", name: str = "") -> Entry:
    author: Author = "agent" if name else "bot"
    return Entry(seq, 0, author, text, Link(link, f"review/{link}") if link else None, name)


def post(*entries: Entry, ask: Ask | None = None, locale: str = "en") -> tuple[Message, ...]:
    found = messages(Post(CHAT, locale, entries, ask), lambda chat, ref: f"https://s.example/l/{chat}/{ref}")
    for message in found:
        assert faults(message) == []
    return found


def faults(message: Message) -> Sequence[str]:
    blocks = [dict(block) for block in message.blocks]
    assert words_of_blocks(blocks) <= ALL_WORDS
    assert len(message.text) <= 4_000
    assert message.text
    sent = {"channel": "D1", "text": message.text, "blocks": blocks}
    return [*faults_of_blocks(blocks), *faults_of("chat.postMessage", sent)]


def shown(message: Message) -> str:
    return json.dumps(message.blocks, ensure_ascii=False)


def test_a_score_is_one_row_of_buttons_under_what_its_ends_mean() -> None:
    (message,) = post(line(1, "How likely?"), ask=Ask("score", 1, "nps", SCALE, low="No", high="Yes"))
    _, ends, buttons = message.blocks
    assert ends["elements"][0]["text"] == "0: No · 10: Yes · You can also just type it."  # type: ignore[index]  # JSON
    assert [one["value"] for one in buttons["elements"]] == [f"{CHAT}:1:{at}" for at in range(11)]  # type: ignore[attr-defined]  # JSON


@pytest.mark.parametrize(
    ("count", "kind"), [(1, "button"), (20, "button"), (21, "static_select"), (126, "static_select")]
)
def test_many_options_become_a_menu(count: int, kind: str) -> None:
    options = tuple(Choice(f"key{at}", f"Option {at}") for at in range(count))
    (message,) = post(line(1, "Which?"), ask=Ask("pick", 3, "choice", options))
    assert f'"type": "{kind}"' in shown(message)
    assert shown(message).count(f"{CHAT}:3:key") == count


def test_skip_back_and_the_window_stand_below() -> None:
    (message,) = post(line(1, "Why?"), ask=Ask("why", 2, "text", skip=True, back=True), locale="fr")
    assert [word in shown(message) for word in ("Écrire plus …", "Passer", "Retour")] == [True] * 3


def test_near_misses_stand_first_and_a_prefill_is_one_tap() -> None:
    near = (Choice(7, "7"), Choice(8, "8"))
    (message,) = post(line(1, "Which?"), ask=Ask("score", 2, "nps", SCALE, suggest=near))
    assert shown(message).index("near/0") < shown(message).index("survey_number/0")
    (message,) = post(line(1, "Your address?"), ask=Ask("mail", 2, "email", prefill="a@b.example"))
    assert f"{CHAT}:2:a@b.example" in shown(message)


def test_links_are_buttons_in_a_message_that_settling_does_not_touch() -> None:
    lines = (line(1, "Tell others?"), line(2, "", "shop"), line(3, "", "maps"), line(4, "Anything else?"))
    first, second = post(*lines, ask=Ask("more", 2, "text"))
    assert shown(first).count("https://s.example/l/") == 2
    assert "Tell others?" in shown(first)
    assert second.text == "Anything else?"


def test_an_agents_line_begins_with_the_name() -> None:
    (message,) = post(line(4, "Hello, see https://a.example/x.", name="Maya"))
    assert pieces([message]) == [
        {"type": "text", "text": "Maya\n", "style": {"bold": True}},
        {"type": "text", "text": "Hello, see "},
        {"type": "link", "url": "https://a.example/x"},
        {"type": "text", "text": "."},
    ]
    assert message.text == "Maya: Hello, see https://a.example/x."


def test_nothing_that_was_written_is_markup() -> None:
    evil = "<!channel> <@U1> *bold* <https://evil.example|bank> & :wave:"
    (message,) = post(line(1, evil))
    assert message.text == "&lt;!channel&gt; &lt;@U1&gt; *bold* &lt;https://evil.example|bank&gt; &amp; :wave:"
    assert "mrkdwn" not in shown(message)
    assert "mrkdwn" not in shown(settled(Asked(CHAT, "en", "D1:1", evil, evil, change=True, fence=2)))


@pytest.mark.parametrize(
    ("asked", "said", "buttons"),
    [
        (Asked(CHAT, "en", "D1:1", "Why?", "Slow", change=True, fence=2), "You said “Slow”.", 1),
        (Asked(CHAT, "de", "D1:1", "Warum?", "Zu langsam", change=False), "Ihre Antwort: „Zu langsam“.", 0),
        (Asked(CHAT, "en", "D1:1", "Why?", "", change=True), "", 0),
        (Asked(CHAT, "en", "D1:1", "Why?", "7.5", change=True, again=True), "", 0),
        (Asked(CHAT, "en", "D1:1", "", "", change=False), "", 0),
    ],
    ids=["answered", "at the first question", "skipped", "asked again", "without words"],
)
def test_a_settled_question(asked: Asked, said: str, buttons: int) -> None:
    message = settled(asked)
    assert faults(message) == []
    assert said in shown(message)
    assert shown(message).count('"button"') == buttons
    assert not buttons or f"{CHAT}:2:back" in shown(message)


def test_the_window() -> None:
    view = dict(window(CHAT, 2, "W" * 5_000, "de"))
    assert faults_of("views.open", {"trigger_id": "t", "view": view}) == []
    assert view["private_metadata"] == f"{CHAT}:2:de"


WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=300)
LONG = st.builds(lambda text, times: text * times, WORDS, st.integers(1, 40))


@given(
    lines=st.lists(st.tuples(LONG, st.booleans(), st.booleans()), min_size=1, max_size=12),
    labels=st.lists(WORDS, max_size=60),
    kind=st.sampled_from(["nps", "choice", "text", "phone"]),
)
def test_whatever_is_said_fits(lines: list[tuple[str, bool, bool]], labels: list[str], kind: str) -> None:
    entries = [
        line(seq, text, link="key" if linked else "", name="Maya" if by and not linked else "")
        for seq, (text, linked, by) in enumerate(lines, 1)
    ]
    options = tuple(Choice(f"k{at}", label) for at, label in enumerate(labels))
    found = post(*entries, ask=Ask("step", 1, kind, options, skip=True, back=True, note="n"))
    said = "".join(entry.text for entry in entries if entry.link is None)
    kept = "".join(str(piece["text"] if piece["type"] == "text" else piece["url"]) for piece in pieces(found))
    assert kept.replace("Maya\n", "") == said.replace("Maya\n", "")


def pieces(found: Sequence[Message]) -> list[dict[str, object]]:
    return [
        piece
        for message in found
        for block in message.blocks
        if block["type"] == "rich_text"
        for section in json.loads(json.dumps(block["elements"]))
        for piece in section["elements"]
    ]


def test_a_revised_line() -> None:
    message = revised(line(7, "Better words", name="Maya"))
    assert faults(message) == []
    assert message.text == "Maya: Better words"
