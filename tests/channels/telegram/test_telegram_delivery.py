"""What goes wrong on the way out, and on the way in by polling: nothing is lost or overtakes, no token is told."""

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from bot.errors import StoreUnavailable
from bot.model import Change
from bot.sandbox.telegram.server import Telegram
from bot.sandbox.telegram.troubles import Trouble, broken, dropped, lost, refused, throttled
from bot.sandbox.telegram.updates import Updates
from bot.store.base import Commit, JobView
from tests.channels.telegram.world import SCORES, World, world_of
from tests.harness.service import PATIENCE, within

TROUBLES = {
    "throttled": throttled(3),
    "502": broken(502),
    "500": broken(500),
    "a gateway's page": broken(502, html=True),
    "no answer": dropped(),
}


class Unwritable:
    """A commit that fails until it works."""

    def __init__(self, commit: Callable[[Change], Awaitable[Commit]]) -> None:
        self._commit, self.tried, self.works = commit, 0, False

    async def __call__(self, change: Change) -> Commit:
        self.tried += 1
        if not self.works:
            raise StoreUnavailable("the disk is full")
        return await self._commit(change)


async def due(world: World, kind: str) -> JobView:
    """The job of this kind, once it waits for another try."""
    async with within(PATIENCE, f"a job {kind}"):
        while True:
            found = [view for view in await world.service.store.jobs("waiting", kind) if view.error]
            if found:
                return found[0]
            await world.telegram.world.bell.pause(0.02)


@pytest.mark.parametrize("name", TROUBLES)
async def test_a_message_that_failed_goes_out_later_and_in_order(world: World, name: str) -> None:
    telegram = world.telegram
    ana = telegram.person("Ana")
    telegram.fails("sendMessage", TROUBLES[name])
    telegram.starts(ana)
    view = await due(world, "deliver.telegram")
    if name == "throttled":
        assert 2_000 <= view.job.due - view.touched <= 5_000, "as long as the platform asked"
        assert view.job.attempt == 0, "to wait is no failure"
    world.passes(60_000)
    world.service.worker.wake()
    await world.shows(ana, "How likely", SCORES)
    telegram.presses(ana, "3")
    await world.shows(ana, "What let you down?", ["Skip"])
    assert [text.partition("\n")[0] for text in world.said(ana)] == [
        "How likely are you to recommend us?",
        "What let you down?",
    ]


async def test_a_message_whose_answer_was_lost_is_in_doubt_and_sent_again(world: World) -> None:
    telegram = world.telegram
    ana = telegram.person("Ana")
    telegram.fails("sendMessage", lost())
    telegram.starts(ana)
    await due(world, "deliver.telegram")
    world.passes(60_000)
    world.service.worker.wake()
    await world.count(ana, "How likely", 2)
    assert world.service.meters.in_doubt.values == {("telegram",): 1}


NO_ERRORS: dict[str, Trouble] = {
    "not modified": refused(400, "Bad Request: message is not modified"),
    "deleted": refused(400, "Bad Request: message to edit not found"),
    "too old": refused(400, "Bad Request: message can't be edited"),
}


@pytest.mark.parametrize("name", NO_ERRORS)
async def test_a_message_that_cannot_be_edited_holds_nothing_up(world: World, name: str) -> None:
    telegram = world.telegram
    ana = telegram.person("Ana")
    telegram.starts(ana)
    await world.shows(ana, "How likely", SCORES)
    telegram.fails("editMessageText", NO_ERRORS[name])
    telegram.presses(ana, "3")
    await world.shows(ana, "What let you down?", ["Skip"])
    assert telegram.troubles.left == 0


async def test_who_has_blocked_the_bot_before_it_writes_ends_the_chat(world: World) -> None:
    telegram = world.telegram
    ana = telegram.person("Ana")
    telegram.fails("sendMessage", refused(403, "Forbidden: bot was blocked by the user"))
    telegram.starts(ana)
    chat = await world.until(ana, lambda chat: bool(chat.ended))
    assert chat.outcome == "unreachable"
    assert await world.service.store.jobs(None, "timer") == ()


async def test_an_answer_to_a_tap_that_is_lost_changes_nothing(world: World) -> None:
    telegram = world.telegram
    ana = telegram.person("Ana")
    telegram.starts(ana)
    await world.shows(ana, "How likely", SCORES)
    telegram.fails("answerCallbackQuery", broken(502))
    telegram.presses(ana, "3")
    await world.shows(ana, "What let you down?", ["Skip"])
    assert (await world.chat(ana)).score == 3


async def test_an_offset_moves_only_past_what_is_committed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the store cannot write, an update is fetched again and again, and taken once."""
    telegram, store = world.telegram, world.service.store
    ana = telegram.person("Ana")
    telegram.starts(ana)
    await world.shows(ana, "How likely", SCORES)
    broken_store = Unwritable(store.commit)
    monkeypatch.setattr(store, "commit", broken_store)
    tap = telegram.presses(ana, "3")
    await telegram.until(lambda: broken_store.tried >= 2, "a second try")
    offsets = [int(str(call.params.get("offset", 0))) for call in telegram.called("getUpdates")]
    assert max(offsets) <= tap.update_id
    broken_store.works = True
    await world.until(ana, lambda chat: chat.score == 3)
    assert len([entry for entry in await store.entries((await world.chat(ana)).id) if entry.author == "visitor"]) == 1


async def test_an_update_that_is_none_is_passed_over(world: World, caplog: pytest.LogCaptureFixture) -> None:
    telegram = world.telegram
    ana = telegram.person("Ana")
    telegram.starts(ana)
    await world.shows(ana, "How likely", SCORES)
    sound = telegram.says(ana, "hello")
    assert sound.message is not None
    odd = replace(sound.message, text=["private words"])
    telegram.updates.add(replace(sound, update_id=telegram.updates.number(), message=odd))
    telegram.says(ana, "3")
    await world.shows(ana, "What let you down?", ["Skip"])
    await telegram.until(lambda: not telegram.updates.waiting, "it to be confirmed")
    assert "not what its contract says" in caplog.text
    assert "private words" not in caplog.text


async def test_a_revoked_token_is_said_once_and_not_hammered(
    tmp_path: Path, telegram: Telegram, caplog: pytest.LogCaptureFixture
) -> None:
    telegram.revoked = True
    with caplog.at_level(logging.DEBUG):
        async with world_of(tmp_path, telegram) as world:
            await telegram.until(lambda: telegram.called("getMe"), "a first call")
            await telegram.world.bell.pause(0.3)
            assert len(telegram.calls) == 1
            assert world.service.url
    assert caplog.text.count("Telegram refuses the token") == 1
    assert "doctor telegram" in caplog.text
    assert telegram.token not in caplog.text


async def test_another_program_that_polls_is_named(world: World, caplog: pytest.LogCaptureFixture) -> None:
    telegram: Telegram = world.telegram
    await telegram.until(lambda: telegram.called("setMyCommands"), "the service to poll")
    polling: Updates = telegram.updates
    await polling.fetch(0, 1, 0, None)
    await telegram.until(lambda: "reads this bot's updates" in caplog.text, "a line in the log")
    assert caplog.text.count("another process reads this bot's updates") == 1


SECRET_TROUBLES = [broken(502), dropped(), refused(404, "Not Found"), refused(400, "Bad Request: secret words")]


async def test_no_secret_and_no_words_in_a_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    telegram = world.telegram
    ana = telegram.person("Ana")
    with caplog.at_level(logging.DEBUG):
        for trouble in SECRET_TROUBLES:
            telegram.fails("sendMessage", trouble)
        telegram.starts(ana)
        for _ in SECRET_TROUBLES[1:]:
            await due(world, "deliver.telegram")
            world.passes(40_000_000)
            world.service.worker.wake()
        telegram.says(ana, "my private words")
        await telegram.down()
        await telegram.world.bell.pause(0.2)
        await telegram.up()
    assert telegram.token not in caplog.text
    assert telegram.token.partition(":")[2] not in caplog.text
    assert "private words" not in caplog.text
    assert "secret words" not in caplog.text
    assert telegram.token not in repr(world.service.settings)
