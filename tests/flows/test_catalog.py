"""The catalogue: new chats on the live version, running chats on their own, nothing of a chat in the process."""

import gc
import logging
from dataclasses import FrozenInstanceError

import pytest

from bot.errors import Unknown
from bot.flows import engine
from bot.flows.catalog import Catalog
from bot.flows.load import load
from bot.flows.machine import match_language, zone_of
from bot.model import Inbound

from .books import MONDAY, OFFICE, SMALL, begin, program


def test_new_chats_begin_on_the_newest_and_an_old_version_stays() -> None:
    catalog = Catalog(OFFICE, "UTC")
    with pytest.raises(Unknown):
        _ = catalog.live
    old, new = load(SMALL), load(SMALL.replace("Thanks.", "Thank you."))
    catalog.add(old)
    catalog.add(new)
    assert catalog.live is new
    before = catalog.program(old.version, "small")
    assert before is not None
    assert before.version == old.version
    catalog.add(old)
    assert catalog.program(old.version, "small") is before
    assert catalog.program(old.version, "other") is None
    assert catalog.program("0123456789ab", "small") is None


def test_an_old_version_is_recalled_from_its_text_without_going_live() -> None:
    catalog = Catalog(OFFICE, "UTC")
    live = load(SMALL.replace("Thanks.", "Thank you."))
    catalog.add(live)
    catalog.recall(SMALL)
    assert catalog.live is live
    assert catalog.program(load(SMALL).version, "small") is not None


@pytest.mark.parametrize(
    "source",
    [
        "",
        "not: [a flow",
        SMALL.replace("kind: phone", "kind: telepathy"),
        SMALL.replace("start: score", "start: nowhere"),
        SMALL.replace("then: review}", "then: nowhere}"),
    ],
)
def test_a_text_that_cannot_be_run_stays_missing(source: str) -> None:
    catalog = Catalog(OFFICE, "UTC")
    catalog.recall(source)
    with pytest.raises(Unknown):
        _ = catalog.live
    assert not catalog._programs


def test_a_program_is_immutable() -> None:
    made = program()
    with pytest.raises(FrozenInstanceError):
        made.start = "other"  # type: ignore[misc]  # the point of the test
    with pytest.raises(TypeError):
        made.nodes["score"] = made.nodes["why"]  # type: ignore[index]  # the point of the test


def test_nothing_is_kept_of_the_chats_that_were_served() -> None:
    made = program()

    def serve(count: int) -> None:
        for number in range(count):
            chat = engine.start(made, begin()).conversation
            engine.step(made, chat, Inbound(f"in{number}", MONDAY, "value", 3, fence=1))

    serve(50)
    gc.collect()
    before = len(gc.get_objects())
    serve(500)
    gc.collect()
    assert len(gc.get_objects()) - before < 50


def test_locales_that_clients_make_up_do_not_fill_the_memory() -> None:
    made = program()
    for number in range(2000):
        made.language(f"x{number}")
    assert len(made.tongues) <= 256


def test_the_machine_writes_no_line_for_a_turn(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    made = program()
    engine.step(made, engine.start(made, begin()).conversation, Inbound("a", MONDAY, "value", 10, fence=1))
    assert caplog.records == []


@pytest.mark.parametrize(
    ("locale", "found"),
    [("fr", "fr"), ("FR_ca", "fr"), ("pt-PT", "pt-BR"), ("pt-br", "pt-BR"), ("pt", "pt-BR"), ("it", ""), ("", "")],
)
def test_the_nearest_language(locale: str, found: str) -> None:
    assert match_language(locale, ("en", "fr", "pt-BR")) == found


@pytest.mark.parametrize("name", ["", "Mars/Phobos", "America", "../../etc/passwd", "/etc/passwd", "\x00", "x" * 5000])
def test_a_zone_that_is_none_is_the_fallback(name: str) -> None:
    fallback = zone_of("Europe/Paris", zone_of("UTC", program().zone))
    assert zone_of(name, fallback) is fallback
