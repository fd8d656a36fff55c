"""What belongs to the app itself: what a failing call leaves in the log, how many run at once."""

import asyncio
import logging
from io import StringIO

import pytest

from bot.channels.slack.app import Errands
from bot.channels.slack.log import app_log, library_log
from bot.errors import Permanent, StoreUnavailable
from bot.obs_log import log_to
from tests.channels.slack.service import Service


async def test_an_errand_that_fails_is_told_by_its_name(caplog: pytest.LogCaptureFixture) -> None:
    async def fails() -> None:
        raise Permanent("Slack refuses views.open: expired_trigger_id", "expired_trigger_id")

    errands = Errands()
    assert errands.run("window", fails())
    await errands.close()
    assert "a call to Slack failed" in caplog.text


async def test_an_errand_that_takes_too_long_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    errands = Errands(seconds=0.01)
    assert errands.run("window", asyncio.Event().wait())
    await errands.close()
    assert "a call to Slack failed" in caplog.text


async def test_only_so_many_errands_run_at_once() -> None:
    go = asyncio.Event()
    errands = Errands(most=2)
    assert [errands.run("window", go.wait()) for _ in range(3)] == [True, True, False]
    go.set()
    await errands.close()
    assert errands.run("window", go.wait())
    await errands.close()


@pytest.mark.parametrize(
    "log",
    [app_log(), library_log(), logging.getLogger("slack_bolt.RequestVerification")],
    ids=lambda log: log.name,
)
async def test_the_libraries_say_where_and_never_what(service: Service, log: logging.Logger) -> None:
    out = StringIO()
    before = logging.getLogger().handlers[:]
    log_to(out, "debug", "plain")
    try:
        log.error("payload: %s xoxb-1-secret", {"text": "private"})
        try:
            raise StoreUnavailable("private")
        except StoreUnavailable:
            log.exception("Failed to run listener function (error: private)")
    finally:
        logging.getLogger().handlers[:] = before
    lines = out.getvalue()
    assert "the Slack library: test_app." in lines
    assert "StoreUnavailable" in lines
    assert "private" not in lines
    assert "secret" not in lines
    assert service.side.errands is not None
