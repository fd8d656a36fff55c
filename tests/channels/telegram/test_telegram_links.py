"""Deep links: what they carry, and that nobody can make one up."""

import re
from pathlib import Path

import pytest

from bot.channels.telegram.links import (
    DeepLink,
    hook_names,
    packed,
    payload_of,
    read_payload,
    stored_payload,
    unpacked,
)
from bot.sandbox.telegram.server import Telegram
from tests.channels.telegram.world import KEY, World, world_of
from tests.harness.service import command

OTHER = "another-secret-key-of-the-tests-01234"
LINKS = [
    DeepLink(),
    DeepLink("nps"),
    DeepLink("nps", "fr"),
    DeepLink("nps", "fr-CA", "spring 2025"),
    DeepLink(campaign="été"),
]


@pytest.mark.parametrize("link", LINKS)
def test_a_link_is_read_as_it_was_made(link: DeepLink) -> None:
    payload = payload_of(link, KEY)
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", payload)
    assert read_payload(payload, [OTHER, KEY]) == link
    assert read_payload(payload, [OTHER]) is None
    changed = payload[:-1] + ("A" if payload[-1] != "A" else "B")
    assert read_payload(changed, [KEY]) is None


@pytest.mark.parametrize("link", [DeepLink(campaign="c" * 40), DeepLink(contact={"email": "a@b.c"}), DeepLink("a\tb")])
def test_what_does_not_fit_is_not_carried(link: DeepLink) -> None:
    assert payload_of(link, KEY) == ""
    assert unpacked(packed(link)) == link


@pytest.mark.parametrize("payload", ["", "x", "nps", "utm_source-7", "s" * 64, stored_payload("name", OTHER)])
def test_a_payload_of_somebody_else_is_none(payload: str) -> None:
    assert read_payload(payload, [KEY]) is None


def test_a_stored_link_carries_its_name() -> None:
    assert read_payload(stored_payload("Ab-_9", KEY), [KEY]) == "Ab-_9"
    assert unpacked(b"{") is None


def test_path_and_token_of_the_web_hook_tell_nothing_of_each_other() -> None:
    path, token = hook_names("1:abc", KEY)
    assert (len(path), len(token)) == (32, 43)
    assert path not in token
    assert hook_names("1:abd", KEY) != (path, token) != hook_names("1:abc", OTHER)


async def test_a_link_begins_its_flow_in_its_language(world: World) -> None:
    ana = world.telegram.person("Ana", "en")
    world.telegram.starts(ana, payload_of(DeepLink("other", "fr", "spring"), KEY))
    await world.shows(ana, "L'autre ?")
    chat = await world.chat(ana)
    assert (chat.flow, chat.context) == ("other", {"campaign": "spring"})


@pytest.mark.parametrize("payload", ["utm_source-7", payload_of(DeepLink("gone"), KEY), stored_payload("none", KEY)])
async def test_any_other_link_begins_the_usual_flow(world: World, payload: str) -> None:
    ana = world.telegram.person("Ana")
    world.telegram.starts(ana, payload)
    await world.shows(ana, "How likely")
    chat = await world.chat(ana)
    assert (chat.flow, chat.context) == ("nps", {})


async def test_the_command_makes_a_link_for_one_person(tmp_path: Path, telegram: Telegram) -> None:
    async with world_of(tmp_path, telegram) as world:
        words = ("link", "telegram", "--flow", "nps", "--contact", "email=ana@example.com", "--bot", "@acme_bot")
        made = command(tmp_path, *words, SECRET_KEY=KEY)
        assert made.stderr == ""
        found = re.fullmatch(r"https://t\.me/acme_bot\?start=([A-Za-z0-9_-]{1,64})\n", made.stdout)
        assert found is not None
        ana = telegram.person("Ana")
        telegram.starts(ana, found[1])
        await world.shows(ana, "How likely")
        fact = (await world.chat(ana)).contact["email"]
        assert (fact.value, fact.proven) == ("ana@example.com", True)


MISTAKES = {
    ("--flow", "none"): 'there is no flow "none"',
    ("--language", "it"): 'no flow speaks "it"',
    ("--contact", "email"): "--contact email=ana@example.com",
    ("--campaign", "c" * 101): "a campaign has at most 100 characters",
    ("--contact", "email=a@b.c"): "there is no data",
}


@pytest.mark.parametrize("words", MISTAKES)
def test_the_command_says_what_is_wrong(tmp_path: Path, words: tuple[str, str]) -> None:
    made = command(tmp_path, "link", "telegram", "--bot", "b", *words, SECRET_KEY=KEY)
    assert (made.returncode, made.stdout) == (1, "")
    assert MISTAKES[words] in made.stderr
    assert "Traceback" not in made.stderr


def test_the_command_needs_a_bot(tmp_path: Path) -> None:
    assert "TELEGRAM_TOKEN is not set" in command(tmp_path, "link", "telegram").stderr
