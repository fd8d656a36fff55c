"""Rows: whatever a chat holds comes back as it was, and rows of other versions of the service can be read."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bot.model import Address, Answer, Click, Conversation, Entry, Fact, Link
from bot.store.codec import decode_chat, decode_entries, encode_chat, encode_entries
from tests.store.stores import a_chat

TEXT = st.text(max_size=12)
TIME = st.integers(0, 1 << 48)
VALUE = st.one_of(st.integers(-(1 << 60), 1 << 60), TEXT, st.lists(TEXT, max_size=3).map(tuple))
ANSWER = st.builds(Answer, key=TEXT, value=VALUE, label=TEXT, kind=TEXT, at=TIME)
ENTRY = st.builds(
    Entry,
    seq=TIME,
    at=TIME,
    author=st.sampled_from(["visitor", "bot", "agent"]),
    text=st.text(max_size=300),
    link=st.none() | st.builds(Link, TEXT, TEXT),
    name=TEXT,
)
CHAT = st.builds(
    Conversation,
    id=TEXT,
    version=TIME,
    flow=TEXT,
    flow_version=TEXT,
    address=st.builds(Address, TEXT, TEXT),
    locale=TEXT,
    state=TEXT,
    started=TIME,
    updated=TIME,
    context=st.dictionaries(TEXT, TEXT, max_size=3),
    contact=st.dictionaries(TEXT, st.builds(Fact, TEXT, st.booleans()), max_size=3),
    sample=st.booleans(),
    trail=st.lists(TEXT, max_size=4).map(tuple),
    answers=st.dictionaries(TEXT, ANSWER, max_size=4),
    suggest=st.lists(st.one_of(st.integers(0, 10), TEXT), max_size=3).map(tuple),
    prefill=st.none() | VALUE,
    seen=st.lists(TEXT, max_size=32).map(tuple),
    score=st.none() | st.integers(0, 10),
    clicks=st.lists(st.builds(Click, TEXT, TEXT, TIME), max_size=2).map(tuple),
)


@given(CHAT)
def test_a_chat_comes_back_as_it_was(chat: Conversation) -> None:
    assert decode_chat(encode_chat(chat)) == chat


@given(st.lists(ENTRY, max_size=4).map(tuple))
def test_entries_come_back_as_they_were(entries: tuple[Entry, ...]) -> None:
    assert decode_entries(encode_entries(entries)) == entries


def test_a_row_of_a_later_version_is_read_without_what_is_unknown() -> None:
    chat = replace(
        a_chat("a"), answers={"s": Answer("score", 9, "9", "nps", 1)}, contact={"email": Fact("a@b.c", True)}
    )
    row = msgspec.msgpack.decode(encode_chat(chat))
    row["desk"] = {"case": [1, 2]}
    row["answers"]["s"]["mood"] = "happy"
    row["contact"]["email"]["seen"] = 5
    assert decode_chat(msgspec.msgpack.encode(row)) == chat


def test_a_row_of_an_earlier_version_gets_the_defaults() -> None:
    row = msgspec.msgpack.decode(encode_chat(a_chat("a", 3, 5)))
    for name in ("timezone", "context", "seen", "prefill", "score", "clicks", "outcome"):
        del row[name]
    assert decode_chat(msgspec.msgpack.encode(row)) == a_chat("a", 3, 5)


@pytest.mark.parametrize(
    ("text", "error"), [("\ud800", UnicodeEncodeError), (1 << 70, OverflowError)], ids=["surrogate", "too large"]
)
def test_what_cannot_be_written_is_refused_before_the_store(text: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        encode_chat({"text": text})
