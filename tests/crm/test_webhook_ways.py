"""How web hooks are set up: which responses, keys that are replaced, a proxy, and what is told of a failure."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from bot.app_writers import configs
from bot.crm.base import Event, Parcel, Receipt
from bot.crm.config import WriterConfig
from bot.crm.webhook.writer import WebhookWriter
from bot.errors import DeliveryError, FileProblems, Permanent, Retryable, Unauthorized
from bot.model import Response
from bot.settings import load
from tests.crm.test_webhook import OTHER_SECRET, now
from tests.harness.receiver import SECRET, Answer, Receiver
from tests.harness.responses import NOON, a_response

ENDED = a_response(revision=4, outcome="completed", ended=NOON)


def a_config(folder: Path, url: str, more: str = "") -> WriterConfig:
    """As the settings file makes it, with NEW and OLD as the secrets that there are."""
    text = f"writers:\n  hook:\n    kind: webhook\n    url: {url}\n    allow_private: true\n{more}"
    (folder / "settings.yaml").write_text(text if "secret:" in more else f"{text}    secret: ${{OLD}}\n")
    return configs(load({"NEW": OTHER_SECRET, "OLD": SECRET}, folder))[-1]


async def sent(config: WriterConfig, response: Response = ENDED) -> Receipt:
    writer = WebhookWriter(config, now)
    try:
        (receipt,) = await writer.write([Parcel(response, f"resp_{response.chat}_{response.revision}")])
    finally:
        await writer.close()
    return receipt


async def error(config: WriterConfig) -> DeliveryError:
    found = (await sent(config)).error
    assert found is not None
    return found


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as found:
        yield found


@pytest.mark.parametrize("knows", [[SECRET], [OTHER_SECRET], [SECRET, OTHER_SECRET]])
async def test_while_a_key_is_replaced_a_receiver_may_know_either(tmp_path: Path, knows: list[str]) -> None:
    """As the library verifies: the receiver changes its key when it likes, between the two changes here."""
    for secret in knows:
        async with Receiver(secret) as receiver:
            config = a_config(tmp_path, receiver.url, '    secret: ["${NEW}", "${OLD}"]\n')
            assert (await sent(config)).error is None
            (event,) = receiver.events
            headers = {"webhook-id": event.id, "webhook-timestamp": str(now() // 1000)}
            assert len(event.signatures) == 2
            forged = {**headers, "webhook-signature": " ".join(event.signatures)}
            with pytest.raises(WebhookVerificationError):
                Webhook(secret).verify(event.body + b" ", forged)


def test_a_key_that_cannot_sign_is_said_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text(
        "writers:\n  hook: {kind: webhook, url: 'https://example.com', secret: '${BAD}'}\n"
    )
    with pytest.raises(FileProblems, match="it is not a signing secret"):
        load({"BAD": "whsec_c2hvcnQ="}, tmp_path)


@pytest.mark.parametrize(
    ("more", "response", "events"),
    [
        ("", a_response(answers=()), ("scored",)),
        ("", a_response(score=None, answers=()), ("answered",)),
        ("", ENDED, ("scored", "answered", "completed", "callback_requested")),
        ("    on: [completed]\n", a_response(), ()),
        ("    on: [completed, abandoned]\n", ENDED, ("completed",)),
        ("    when: {segment: promoter}\n", ENDED, ()),
        ("    when: {segment: [detractor], flow: nps}\n    on: completed\n", ENDED, ("completed",)),
    ],
)
def test_which_responses_at_which_moments(
    tmp_path: Path, more: str, response: Response, events: tuple[Event, ...]
) -> None:
    writer = WebhookWriter(a_config(tmp_path, "https://example.com/", more), now)
    assert sorted(writer.wants(response)) == sorted(events)


@pytest.mark.parametrize("key", ["fields: {Score: score}", "match: {Email: contact.email}", "trust: claimed"])
def test_what_is_sent_whole_takes_no_mapping(tmp_path: Path, key: str) -> None:
    with pytest.raises(FileProblems, match="a web hook is written whole: there is no mapping"):
        a_config(tmp_path, "https://example.com/", f"    {key}\n")


@pytest.mark.parametrize(
    ("status", "words"), [(401, "give both sides the same `secret`"), (410, "remove this writer, or give it the `url`")]
)
async def test_a_receiver_that_refuses_us_altogether_waits_for_a_person(
    tmp_path: Path, receiver: Receiver, status: int, words: str
) -> None:
    config = a_config(tmp_path, receiver.url)
    receiver.answers = [Answer(status)]
    found = await error(config)
    assert isinstance(found, Unauthorized)
    assert words in str(found)
    assert (await sent(config)).error is None  # and goes on by itself when that is mended


async def test_what_is_told_of_a_failure_names_nobody_and_no_key(tmp_path: Path, receiver: Receiver) -> None:
    receiver.answers = [Answer(500)]
    found = await error(a_config(tmp_path, f"{receiver.url}?key=k3y-of-the-receiver"))
    assert isinstance(found, Permanent | Retryable)
    assert found.request.startswith(f"POST http://127.0.0.1:{receiver.port}/")
    for word in ("k3y", "/hook", "eva@", "+336", "too slow", "slow"):
        assert word not in f"{found} {found.request}"
    assert '"revision":4' in found.request


class Proxy:
    """One that takes every request for itself, as a forward proxy does for plain http."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __aenter__(self) -> "Proxy":
        async def take(request: web.BaseRequest) -> web.Response:
            self.asked.append(request.raw_path)
            return web.Response(status=204)

        self._runner = web.ServerRunner(web.Server(take))
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = "http://{}:{}".format(*self._runner.addresses[0])
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()


async def test_events_go_through_the_proxy_that_is_set(tmp_path: Path) -> None:
    async with Proxy() as proxy:
        config = a_config(tmp_path, "http://receiver.invalid/hook", f"    proxy: {proxy.url}\n")
        assert (await sent(config)).error is None
        assert proxy.asked == ["http://receiver.invalid/hook"]


async def test_the_environments_proxy_counts_where_none_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with Proxy() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "")
        assert (await sent(a_config(tmp_path, "http://receiver.invalid/hook"))).error is None
        assert len(proxy.asked) == 1


async def test_no_proxy_is_a_way_into_a_private_network(tmp_path: Path) -> None:
    async with Proxy() as proxy:
        config = a_config(tmp_path, "http://localhost:9/hook", f"    proxy: {proxy.url}\n")
        private = replace(config, options={"url": "https://localhost:9/hook"})
        found = await error(replace(private, connection=replace(config.connection, allow_private=False)))
        assert isinstance(found, Permanent)
        assert found.code == "address"
        assert proxy.asked == []


async def test_a_proxy_that_is_away_is_tried_again(tmp_path: Path) -> None:
    found = await error(a_config(tmp_path, "http://receiver.invalid/hook", "    proxy: http://127.0.0.1:9\n"))
    assert isinstance(found, Retryable)
    assert str(found) == "no connection to the proxy"
