"""From meaning to calls of the Bot API, by table."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bot.channels.base import Asked, Post, words_of
from bot.channels.telegram.keyboard import Button, Markup, data, hashed, keyboard
from bot.channels.telegram.read import read
from bot.channels.telegram.render import LONGEST, Edit, Send, posts, settled, split
from bot.channels.telegram.types import Tap
from bot.channels.telegram.words import _WORDS, COMMANDS, LANGUAGES, words
from bot.flows.answers.commands import read_command
from bot.model import Ask, Author, Choice, Entry, Link

CHAT = "ww0cdmxcp451t8399qmef04npr"
SCALE = tuple(Choice(number, str(number)) for number in range(11))
NPS = Ask("score", 1, "nps", SCALE, "Not at all likely", "Extremely likely")
SLOTS = tuple(Choice(f"2025-11-{24 + n // 8}T{9 + n % 8:02}:00+01:00", f"Mon {9 + n % 8}:00") for n in range(20))


def line(text: str, author: Author = "bot", name: str = "", link: str = "") -> Entry:
    return Entry(1, 0, author, text, Link(text, link) if link else None, name)


def post(*texts: str, ask: Ask | None = None, locale: str = "en") -> Post:
    return Post(CHAT, locale, tuple(line(text) for text in texts), ask)


def url(chat: str, ref: str) -> str:
    return f"https://survey.example.com/l/{chat}/sig/{ref}"


def shape(sends: tuple[Send, ...]) -> list[list[str]]:
    """The words on the buttons of the last message, row by row."""
    assert sends[-1].markup is not None
    rows = sends[-1].markup["inline_keyboard"]
    assert isinstance(rows, list)
    return [[str(button["text"]) for button in row] for row in rows]


LONG = Choice("long", "I would rather have my money back")
ROWS: dict[str, tuple[Ask, list[list[str]]]] = {
    "0 to 10 as two rows": (NPS, [["0", "1", "2", "3", "4", "5"], ["6", "7", "8", "9", "10"]]),
    "1 to 5 as one": (Ask("s", 1, "csat", SCALE[1:6]), [["1", "2", "3", "4", "5"]]),
    "1 to 7 as two": (Ask("s", 1, "ces", SCALE[1:8]), [["1", "2", "3", "4"], ["5", "6", "7"]]),
    "stars are words": (
        Ask("s", 1, "rating", (Choice(1, "one star"), Choice(2, "two stars"), Choice(3, "three stars"))),
        [["one star", "two stars"], ["three stars"]],
    ),
    "options by two": (
        Ask("c", 3, "choice", (Choice("call", "Call me back"), Choice("chat", "Chat now"), Choice("no", "No, thanks"))),
        [["Call me back", "Chat now"], ["No, thanks"]],
    ),
    "a long one alone": (
        Ask("c", 3, "choice", (Choice("a", "Refund"), LONG, Choice("b", "A new one"), Choice("c", "Nothing"))),
        [["Refund"], [LONG.label], ["A new one", "Nothing"]],
    ),
    "times by two, though they have many characters": (
        Ask("slot", 5, "slot", (Choice("a", "Mon 23 Nov, 10:00"), Choice("b", "lun. 23 nov., 10 h 00"))),
        [["Mon 23 Nov, 10:00", "lun. 23 nov., 10 h 00"]],
    ),
    "a dozen at once": (
        Ask("c", 3, "choice", tuple(Choice(f"k{n}", f"Number {n}") for n in range(12))),
        [[f"Number {n}", f"Number {n + 1}"] for n in range(0, 12, 2)],
    ),
    "one that no phone shows whole": (
        Ask("c", 3, "choice", (Choice("a", "long " * 20),)),
        [[f"{'long ' * 12}lon…"]],
    ),
    "yes and no": (Ask("y", 2, "yesno", (Choice("yes", "Yes"), Choice("no", "No"))), [["Yes", "No"]]),
    "text that may be skipped": (Ask("t", 2, "text", skip=True), [["Skip"]]),
    "near misses and the rest": (replace(NPS, suggest=(SCALE[7], SCALE[8])), [["7", "8", "Show all"]]),
    "a near miss of text": (
        Ask("e", 4, "email", suggest=(Choice("ana@gmail.com", "ana@gmail.com"),)),
        [["ana@gmail.com"]],
    ),
    "what was answered before": (
        replace(Ask("y", 2, "yesno", (Choice("yes", "Yes"), Choice("no", "No"))), prefill="no"),
        [["Yes", "✓ No"]],
    ),
    "many times by pages": (
        Ask("slot", 5, "slot", SLOTS, skip=True),
        [*([f"Mon {n}:00", f"Mon {n + 1}:00"] for n in (9, 11, 13, 15)), ["Other choices"], ["Skip"]],
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_the_rows_fit_a_phone(name: str) -> None:
    ask, rows = ROWS[name]
    assert shape(posts(post("Well?", ask=ask), url)) == rows


def test_the_ends_of_a_scale_are_in_the_text() -> None:
    (send,) = posts(post("Hello!", "How likely?", ask=NPS), url)
    ends = "0 is not at all likely, 10 is extremely likely. You can also just type it."
    assert send.text == f"Hello!\n\nHow likely?\n\n{ends}"
    assert not send.html
    (french,) = posts(post("Alors ?", ask=replace(NPS, low="Pas du tout", high="Très probable"), locale="fr-CA"), url)
    assert "0\u202f: pas du tout, 10\u202f: très probable." in french.text


def test_text_without_a_control_has_no_keyboard() -> None:
    assert posts(post("What let you down?", ask=Ask("t", 2, "text")), url) == (Send("What let you down?"),)
    assert posts(post("Thank you.", "Bye."), url) == (Send("Thank you.\n\nBye."),)
    assert posts(Post(CHAT, "en", ()), url) == ()


def test_the_phone_is_asked_with_the_contact_button() -> None:
    ask = Ask("phone", 4, "phone", skip=True, back=True, placeholder="+33 6 …", note="Used for this call only.")
    (send,) = posts(post("What number?", ask=ask), url)
    assert send == Send(
        "What number? Used for this call only.",
        markup={
            "keyboard": [[{"text": "Share my number", "request_contact": True}], [{"text": "Back"}, {"text": "Skip"}]],
            "resize_keyboard": True,
            "one_time_keyboard": True,
            "input_field_placeholder": "+33 6 …",
        },
    )


def test_links_are_buttons_that_stay_when_the_question_is_answered() -> None:
    entries = (line("Would you share that?"), line("Google", link="review/google"), line("Well?"))
    first, second = posts(Post(CHAT, "en", entries, replace(NPS, low="", high="")), url)
    link: Button = {"text": "Google", "url": f"https://survey.example.com/l/{CHAT}/sig/review/google"}
    assert first == Send("Would you share that?", markup={"inline_keyboard": [[link]]})
    assert second.text == "Well?" == words_of(entries)
    *_, end = posts(Post(CHAT, "en", (*entries[:2], line("Bye."))), url)
    assert end == Send("Bye.")


@pytest.mark.parametrize(
    "address", ["http://localhost:8080", "http://127.0.0.1:80", "http://shop.local", "http://shop"]
)
def test_a_link_that_no_button_may_have_is_plain(address: str) -> None:
    entries = (line("Tell others?"), line("Google", link="review/google"))
    sends = posts(Post(CHAT, "en", entries), lambda _chat, ref: f"{address}/{ref}")
    assert sends == (Send(f"Tell others?\n\nGoogle: {address}/review/google"),)


def test_an_agents_line_begins_with_the_name_and_holds_no_markup() -> None:
    said = line("Shall I send <b>a new</b> one & refund?", "agent", "Maya, Fern & Field")
    (send,) = posts(Post(CHAT, "en", (said,)), url)
    assert send == Send(
        "<b>Maya, Fern &amp; Field</b>\nShall I send &lt;b&gt;a new&lt;/b&gt; one &amp; refund?", html=True
    )


def asked(**fields: object) -> Asked:
    plain = Asked(CHAT, "en", "12", "How likely?", "4", change=True, fence=2)
    return replace(plain, **fields)


CHANGE: Markup = {"inline_keyboard": [[{"text": "Change", "callback_data": f"{CHAT}:2:back"}]]}
SETTLED: dict[str, tuple[Asked, Send | Edit | None]] = {
    "answered": (asked(), Edit(12, "How likely?\n\nYou said 4.", markup=CHANGE)),
    "answered, and the chat has ended": (asked(change=False, fence=0), Edit(12, "How likely?\n\nYou said 4.")),
    "skipped": (asked(chosen="", change=False), Edit(12, None)),
    "asked once more": (asked(chosen="", again=True), Edit(12, None)),
    "long words": (asked(chosen="so " * 90), Edit(12, f"How likely?\n\nYou said {'so ' * 39}so….", markup=CHANGE)),
    "a sentence": (asked(chosen="It was\nlate."), Edit(12, "How likely?\n\nYou said It was late.", markup=CHANGE)),
    "French": (
        asked(locale="fr"),
        Edit(
            12,
            "How likely?\n\nVotre réponse\u202f: 4.",
            markup={"inline_keyboard": [[{"text": "Modifier", "callback_data": f"{CHAT}:2:back"}]]},
        ),
    ),
    "a keyboard": (
        asked(message="12k", chosen="+33 6 12 34 56 78"),
        Send("You said +33 6 12 34 56 78.", markup={"remove_keyboard": True}),
    ),
    "a keyboard, skipped": (asked(message="12k", chosen=""), Send("All right.", markup={"remove_keyboard": True})),
    "a keyboard, and silence": (
        asked(message="12k", chosen="", change=False, fence=0, over=True),
        Send("This chat has ended. /start begins a new one.", markup={"remove_keyboard": True}, quiet=True),
    ),
    "never sent": (asked(message=""), None),
    "a keyboard that comes again": (asked(message="12k", chosen="", again=True), None),
}


@pytest.mark.parametrize("name", SETTLED)
def test_an_answered_question(name: str) -> None:
    question, call = SETTLED[name]
    assert settled(question) == call


def test_what_is_too_long_is_split_where_it_hurts_least() -> None:
    paragraphs = [f"{n} " + "word " * 300 for n in range(6)]
    parts = split("\n\n".join(paragraphs))
    assert [len(part) <= LONGEST for part in parts] == [True] * 3
    assert [part[0] for part in parts] == ["0", "2", "4"]
    ask = Ask("c", 1, "choice", (Choice("a", "A"),))
    sends = posts(post(*paragraphs, ask=ask), url)
    assert [send.markup is None for send in sends] == [True, True, False]
    edit = settled(asked(text="\n\n".join(paragraphs)))
    assert isinstance(edit, Edit)
    assert edit.text is not None
    assert edit.text.startswith("4 ")
    assert len(edit.text) <= LONGEST


@given(st.text(max_size=9000))
def test_no_part_is_too_long_and_no_word_is_lost(text: str) -> None:
    parts = split(text * 3)
    assert all(0 < len(part.encode("utf-16-le", "replace")) <= 2 * LONGEST for part in parts)
    assert "".join("".join(parts).split()) == "".join((text * 3).split())


@given(st.one_of(st.integers(-99, 10**6), st.text(min_size=1, max_size=60)), st.integers(0, 999_999))
def test_a_button_fits_and_is_read_as_what_it_was(value: int | str, fence: int) -> None:
    sent = data(CHAT, Ask("c", fence, "choice"), Choice(value, "A"))
    assert len(sent.encode()) <= 64
    user = {"id": 1, "is_bot": False, "first_name": "A"}
    shown = {"message_id": 7, "date": 1, "chat": {"id": 1, "type": "private"}}
    query = {"id": "q", "from": user, "chat_instance": "x", "message": shown, "data": sent}
    tap = read(json.dumps({"update_id": 1, "callback_query": query}).encode()).meaning
    assert isinstance(tap, Tap)
    assert (tap.chat, tap.fence, tap.action, tap.view) == (CHAT, fence, "", "")
    assert tap.hashed == hashed(value) if tap.hashed else tap.value == value


def test_the_next_page_goes_round() -> None:
    ask = Ask("slot", 5, "slot", SLOTS)
    pages = [keyboard(CHAT, "en", ask, page) for page in range(4)]
    assert [rows[-1][0]["callback_data"] for rows in pages] == [f"{CHAT}:5:more{n}" for n in (1, 2, 0, 1)]
    assert sum(len(row) for rows in pages[:3] for row in rows) == len(SLOTS) + 3
    assert pages[3] == pages[0]


def test_words_exist_in_each_language() -> None:
    for key, said in _WORDS.items():
        assert len(said) == len(LANGUAGES), key
        assert all(said), key
    assert {f"/{name}" for name in COMMANDS} <= _WORDS.keys()
    assert words("skip", "pt-BR") == "Skip"
    assert words("skip", "fr_CA") == "Passer"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", ["back", "skip"])
def test_what_the_keyboard_types_is_a_command(key: str, language: str) -> None:
    command = read_command(words(key, language), language)
    assert command is not None
    assert command.action == key
