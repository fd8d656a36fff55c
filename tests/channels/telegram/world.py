"""The whole service and Telegram's stand-in beside it: a person on one side, the store on the other."""

import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot import app
from bot.model import Address, Conversation
from bot.sandbox.bell import PATIENCE
from bot.sandbox.telegram.server import Message, Telegram, User
from bot.sandbox.telegram.world import Answered
from tests.harness.service import lay, serving, within

FLOW = """
version: 1
brand: {name: Acme}
languages: [en, fr]
flows:
  nps:
    timers: {remind_after: 20h, abandon_after: 3d}
    start: score
    steps:
      score:
        kind: nps
        say: {en: "How likely are you to recommend us?", fr: "Nous recommanderiez-vous ?"}
        then: {detractor: reason, passive: reason, promoter: review}
      reason:
        kind: text
        say: {en: "What let you down?", fr: "Qu'est-ce qui vous a déçu ?"}
        save_as: reason
        optional: true
        then: repair
      repair:
        kind: choice
        say: {en: "How should we put it right?", fr: "Comment arranger cela ?"}
        options:
          call: {en: "Call me back", fr: "Rappelez-moi"}
          none: {en: "No, thanks", fr: "Non, merci"}
        then: {call: phone, none: bye}
      phone:
        kind: phone
        say: {en: "What number should we call?", fr: "À quel numéro vous appeler ?"}
        note: {en: "Used for this call only.", fr: "Il ne sert qu'à cet appel."}
        save_as: contact.phone
        optional: true
        then: bye
      review:
        kind: link
        say: {en: "Would you tell others?", fr: "Le diriez-vous ?"}
        links: {shop: {label: {en: "Review us", fr: "Votre avis"}, url: "https://reviews.example/acme"}}
        then: bye
      bye: {kind: message, say: {en: "Thank you.", fr: "Merci."}, end: completed}
  other:
    start: score
    steps:
      score: {kind: nps, say: {en: "The other one?", fr: "L'autre ?"}, then: bye}
      bye: {kind: message, say: {en: "Bye.", fr: "Au revoir."}, end: completed}
"""
KEY = "a-secret-key-of-the-tests-0123456789"


@dataclass
class World:
    telegram: Telegram
    service: app.Service
    moved: list[int] = field(default_factory=lambda: [0])

    def passes(self, milliseconds: int) -> None:
        """Time goes by, for the service."""
        self.moved[0] += milliseconds

    async def chat(self, person: User) -> Conversation:
        """The person's newest chat."""
        found = await self.service.store.load(Address("telegram", str(person.id)))
        assert found is not None, f"{person.first_name} has no chat"
        return found

    def answers(self, conversation: Conversation) -> dict[str, object]:
        return {answer.key: answer.value for answer in conversation.answers.values()}

    def said(self, person: User) -> list[str]:
        """What the bot has written, as it stands now."""
        return [message.text for message in self.telegram.messages(person)]

    async def shows(self, person: User, words: str, buttons: Sequence[str] | None = None) -> Message:
        """Wait for a message with these words, and these buttons under it."""

        def look() -> Message | None:
            found = (one for one in reversed(self.telegram.messages(person)) if words in one.text)
            return next((one for one in found if buttons is None or list(one.buttons) == list(buttons)), None)

        return await self.telegram.until(look, f"{words!r} with {buttons}; there is {self.said(person)}")

    async def until(self, person: User, holds: Callable[[Conversation], bool]) -> Conversation:
        """The person's newest chat, once that holds."""
        address = Address("telegram", str(person.id))
        async with within(PATIENCE, f"a chat of {person.first_name} as it was asked for"):
            while (found := await self.service.store.load(address)) is None or not holds(found):
                await self.telegram.world.bell.pause(0.02)
        return found

    async def count(self, person: User, words: str, times: int) -> None:
        """Wait until so many messages have these words."""
        what = f"{times} times {words!r}"
        await self.telegram.until(lambda: sum(words in text for text in self.said(person)) == times, what)

    async def told(self, person: User, button: str) -> str:
        """What the person's newest tap on a button with these words, or this value, was answered with."""

        def look() -> Answered | None:
            taps = [one.callback_query for one in self.telegram.updates.all if one.callback_query is not None]
            return next(
                (
                    self.telegram.world.queries.get(tap.id)
                    for tap in reversed(taps)
                    if tap.from_.id == person.id and tap.data.rpartition(":")[2] in (button, WORDS.get(button))
                ),
                None,
            )

        return (await self.telegram.until(look, f"an answer to the tap on {button!r}")).text


WORDS = {"Change": "back", "Skip": "skip", "Show all": "all"}
SCORES = [str(number) for number in range(11)]


@asynccontextmanager
async def world_of(
    folder: Path, telegram: Telegram, *, updates: str = "polling", flows: str = FLOW, section: str = "", **environ: str
) -> AsyncIterator[World]:
    """`section` is more of the settings' `telegram:`."""
    moved = [0]
    lay(folder, None)
    _settle(folder, f"telegram:\n  updates: {updates}\n{section}")
    port = _free()
    given = {
        "PORT": str(port),
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
        "SECRET_KEY": KEY,
        "TELEGRAM_TOKEN": telegram.token,
        "TELEGRAM_API_URL": telegram.url,
        **environ,
    }
    async with serving(folder, flows, lambda: app.clock() + moved[0], **given) as service:
        yield World(telegram, service, moved)


def _settle(folder: Path, settings: str) -> None:
    (folder / "settings.yaml").write_text(settings, "utf-8")


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
