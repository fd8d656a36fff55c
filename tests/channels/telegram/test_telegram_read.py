"""What updates mean, by table."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.telegram.read import read
from bot.channels.telegram.types import (
    Action,
    Begin,
    Gone,
    Group,
    Meaning,
    Media,
    Nothing,
    Odd,
    Person,
    Tap,
    Update,
    Words,
)

NADIA = Person("4711", "fr", "Nadia", "B", "nadia_b")
USER = {
    "id": 4711,
    "is_bot": False,
    "first_name": "Nadia",
    "last_name": "B",
    "username": "nadia_b",
    "language_code": "fr",
}
PRIVATE = {"id": 4711, "type": "private", "first_name": "Nadia"}
GROUP = {"id": -99, "type": "supergroup", "title": "Shop"}
CHAT = "ww0cdmxcp451t8399qmef04npr"


# Any: JSON as a platform sends it.
def message(chat: dict[str, Any] = PRIVATE, **fields: Any) -> dict[str, Any]:
    return {"message": {"message_id": 5, "date": 1, "chat": chat, "from": USER, **fields}}


def tapped(data: str, chat: dict[str, Any] = PRIVATE) -> dict[str, Any]:
    shown = {"message_id": 7, "date": 1, "chat": chat}
    return {"callback_query": {"id": "q1", "from": USER, "chat_instance": "x", "message": shown, "data": data}}


def member(status: str, chat: dict[str, Any] = PRIVATE) -> dict[str, Any]:
    new = {"user": USER, "status": status}
    return {"my_chat_member": {"chat": chat, "from": USER, "date": 1, "new_chat_member": new, "old_chat_member": new}}


MEANINGS: dict[str, tuple[dict[str, Any], Meaning]] = {
    "start": (message(text="/start"), Begin(NADIA, "")),
    "a deep link": (message(text="/start sabc_-9"), Begin(NADIA, "sabc_-9")),
    "start, by its whole name": (message(text="/start@acme_bot x"), Begin(NADIA, "x")),
    **{
        f"/{name}": (message(text=f"/{name}"), Action(NADIA, name))
        for name in ("back", "skip", "stop", "restart", "human", "help")
    },
    "a command in capitals": (message(text=" /STOP "), Action(NADIA, "stop")),
    "a command of another language": (message(text="/retour"), Words(NADIA, "/retour")),
    "a language": (message(text="/language@acme_bot de"), Words(NADIA, "/language de")),
    "an unknown command": (message(text="/price 9"), Words(NADIA, "/price 9")),
    "text": (message(text="je dirais 7"), Words(NADIA, "je dirais 7")),
    "a path is no command": (message(text="/ 9"), Words(NADIA, "/ 9")),
    "a contact": (message(contact={"phone_number": "33612345678", "user_id": 4711}), Words(NADIA, "+33612345678")),
    "a contact with its plus": (message(contact={"phone_number": "+33612345678"}), Words(NADIA, "+33612345678")),
    "a contact without a number": (message(contact={"first_name": "Ana"}), Media(NADIA)),
    "a photo": (message(photo=[{"file_id": "a"}]), Media(NADIA)),
    "a photo with words": (message(photo=[{"file_id": "a"}], caption="8"), Words(NADIA, "8")),
    "a voice message": (message(voice={"file_id": "a"}), Media(NADIA)),
    "a sticker": (message(sticker={"file_id": "a"}), Media(NADIA)),
    "a pinned message": (message(pinned_message={"message_id": 1}), Nothing("service")),
    "a score": (tapped(f"{CHAT}:2:10"), Tap(NADIA, "q1", 7, CHAT, 2, 10)),
    "a choice": (tapped(f"{CHAT}:3:call"), Tap(NADIA, "q1", 7, CHAT, 3, "call")),
    "a time": (tapped(f"{CHAT}:5:2025-11-24T10:30+01:00"), Tap(NADIA, "q1", 7, CHAT, 5, "2025-11-24T10:30+01:00")),
    "skip": (tapped(f"{CHAT}:2:skip"), Tap(NADIA, "q1", 7, CHAT, 2, action="skip")),
    "change": (tapped(f"{CHAT}:2:back"), Tap(NADIA, "q1", 7, CHAT, 2, action="back")),
    "show all": (tapped(f"{CHAT}:1:all"), Tap(NADIA, "q1", 7, CHAT, 1, view="all")),
    "the next page": (tapped(f"{CHAT}:5:more2"), Tap(NADIA, "q1", 7, CHAT, 5, view="more", page=2)),
    "a value that did not fit": (tapped(f"{CHAT}:2:#0a1b2c"), Tap(NADIA, "q1", 7, CHAT, 2, hashed="0a1b2c")),
    "a button of no survey": (tapped("settings"), Odd(NADIA, "q1")),
    "a button with a fence that is none": (tapped(f"{CHAT}:x:1"), Odd(NADIA, "q1")),
    "a button without data": (tapped(""), Odd(NADIA, "q1")),
    "a button in a group": (tapped(f"{CHAT}:1:1", GROUP), Odd(NADIA, "q1")),
    "blocked": (member("kicked"), Gone(NADIA)),
    "unblocked": (member("member"), Nothing("unblocked")),
    "added to a group": (member("member", GROUP), Group("-99", "fr")),
    "removed from a group": (member("left", GROUP), Nothing("group")),
    "a command in a group": (message(GROUP, text="/start"), Group("-99", "fr")),
    "talk in a group": (message(GROUP, text="8"), Nothing("group")),
    "a channel's post": (message({"id": -5, "type": "channel"}, text="/x"), Nothing("group")),
    "another bot": (
        message(text="hi") | {"message": message(text="hi")["message"] | {"from": USER | {"is_bot": True}}},
        Nothing("bot"),
    ),
    "an edit": ({"edited_message": message(text="9")["message"]}, Nothing("other")),
    "a poll": ({"poll": {"id": "1"}}, Nothing("other")),
    "text that is a number": (message(text=8), Nothing("malformed")),
    "a chat without a kind": ({"message": {"message_id": 1, "chat": {"id": 1}}}, Nothing("malformed")),
}


@pytest.mark.parametrize("name", MEANINGS)
def test_what_an_update_means(name: str) -> None:
    fields, meaning = MEANINGS[name]
    assert read(json.dumps({"update_id": 42, **fields}).encode()) == Update(42, meaning)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff\xfe", b'{"update_id": "x"}', b"[" * 5000])
def test_what_is_no_update_has_no_id(body: bytes) -> None:
    assert read(body) == Update(0, Nothing("malformed"))


def test_a_tag_that_is_no_language_is_left_out() -> None:
    update = message(text="8") | {"update_id": 1}
    update["message"]["from"] = USER | {"language_code": "fr<script>"}
    assert read(json.dumps(update).encode()).meaning == Words(Person("4711", "", "Nadia", "B", "nadia_b"), "8")


@given(st.binary(max_size=300))
def test_reading_never_raises(body: bytes) -> None:
    assert isinstance(read(body), Update)


@given(st.text(max_size=80))
def test_no_button_breaks_it(data: str) -> None:
    assert isinstance(read(json.dumps({"update_id": 1, **tapped(data)}).encode()).meaning, Tap | Odd)
