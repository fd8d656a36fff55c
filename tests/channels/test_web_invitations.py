"""Invitations over HTTP: who may send them, what they begin, and how each mistake is told."""

import pytest

from bot.keys import Keys
from bot.model import Address, Fact, Inbound
from tests.channels.service import Said, Service

PATH = "/api/v1/invitations"
ORDER: dict[str, object] = {"flow": "nps", "channel": "telegram", "peer": "4711", "key": "order-1"}
ANN = Address("telegram", "4711")


async def a_key(service: Service) -> str:
    keys = Keys(service.store)
    return await keys.add(f"shop-{len(await keys.all())}", 1)


async def invite(service: Service, token: str | None = None, /, **fields: object) -> Said:
    """With a new API key where no token is given."""
    headers = {"Authorization": f"Bearer {await a_key(service) if token is None else token}"}
    return await service.post(PATH, {**ORDER, **fields}, headers=headers)


async def test_an_invitation_begins_a_chat_once(service: Service) -> None:
    first, again = await invite(service), await invite(service)
    assert (first.status, again.status) == (201, 200)
    assert first.body == again.body == {"chat": first.body["chat"]}
    chat = await service.store.load(ANN)
    assert chat is not None
    assert chat.id == first.body["chat"]
    assert await service.store.job(f"{chat.id}:deliver") is not None


async def test_what_the_caller_knows_of_the_person_is_proven(service: Service) -> None:
    await invite(
        service,
        locale="fr",
        timezone="Europe/Paris",
        contact={"email": "ann@example.com", "seats": 3, "no name": "x", "list": [1]},
        context={"campaign": "spring", "bad name": "x"},
    )
    chat = await service.store.load(ANN)
    assert chat is not None
    assert chat.contact == {"email": Fact("ann@example.com", proven=True), "seats": Fact("3", proven=True)}
    assert (chat.context, chat.locale, chat.timezone) == ({"campaign": "spring"}, "fr", "Europe/Paris")


@pytest.mark.parametrize("key", ["", "cs_made-up", "no key at all", "cs_" + "x" * 5000])
async def test_without_a_valid_key_nothing_is_begun(service: Service, key: str) -> None:
    said = await invite(service, key)
    assert (said.status, said.body["code"]) == (401, "key")
    assert said.response.headers["WWW-Authenticate"].startswith("Bearer")
    assert await service.store.load(ANN) is None


async def test_a_chat_s_token_is_no_key(service: Service) -> None:
    chat = await service.open()
    assert (await invite(service, chat.token)).status == 401


async def test_a_revoked_key_is_refused_at_once(service: Service) -> None:
    keys = Keys(service.store)
    key = await keys.add("shop", 1)
    assert (await invite(service, key)).status == 201
    assert await keys.revoke("shop")
    assert (await invite(service, key)).status == 401


@pytest.mark.parametrize(
    "fields",
    [
        {"flow": "no-such-flow"},
        {"channel": "slack"},
        {"channel": "web"},
    ],
    ids=["flow", "a channel that is not configured", "the web"],
)
async def test_what_is_not_there_is_unknown(service: Service, fields: dict[str, object]) -> None:
    said = await invite(service, **fields)
    assert (said.status, said.body["code"]) == (404, "unknown")


@pytest.mark.parametrize(
    "fields",
    [
        *({name: ""} for name in ORDER),
        *({name: 7} for name in ORDER),
        {"peer": "two\nlines"},
        {"peer": "x" * 129},
        {"key": "x" * 201},
        {"key": "a\x00b"},
        {"contact": "Ann"},
    ],
    ids=str,
)
async def test_what_the_contract_does_not_allow_is_malformed(service: Service, fields: dict[str, object]) -> None:
    said = await invite(service, **fields)
    assert (said.status, said.body["code"]) == (400, "malformed")


@pytest.mark.parametrize(("text", "code"), [("", "busy"), ("stop", "opted_out")])
async def test_who_is_in_a_chat_or_has_opted_out_is_left_in_peace(service: Service, text: str, code: str) -> None:
    chat = str((await invite(service)).body["chat"])
    if text:
        await service.runtime.receive(chat, Inbound("m1", service.clock.now, "text", text=text))
    said = await invite(service, key="order-2")
    assert (said.status, said.body["code"]) == (409, code)


async def test_a_key_that_is_used_too_fast_has_to_wait(service: Service) -> None:
    token = await a_key(service)
    statuses = [(await invite(service, token)).status for _ in range(121)]
    assert (statuses[0], set(statuses[1:120]), statuses[120]) == (201, {200}, 429)
    service.clock.pass_by(1)
    assert (await invite(service, token)).status == 200


async def test_strangers_who_try_keys_have_to_wait(service: Service) -> None:
    headers = {"X-Forwarded-For": "203.0.113.9", "Authorization": "Bearer cs_guess"}
    statuses = {(await service.post(PATH, ORDER, headers=headers)).status for _ in range(61)}
    assert statuses == {401, 429}


async def test_no_page_may_read_the_answer(service: Service) -> None:
    said = await service.post(PATH, ORDER, headers={"Origin": "https://elsewhere.example"})
    assert "Access-Control-Allow-Origin" not in said.response.headers


async def test_no_answer_quotes_the_key(service: Service) -> None:
    said = await invite(service, "cs_very-secret")
    assert "very-secret" not in str(said.body)
