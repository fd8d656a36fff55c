"""The Web API of the stand-in, called by slack_sdk: what it does, refuses, and does wrong when told to."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from aiohttp import ClientSession
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack.quirks import Quirk, broken, held, lost, refused, slow, throttled
from bot.sandbox.slack.server import Slack

Args = dict[str, Any]
HERE = "C-of-nps-alerts"


@pytest.fixture
def client(slack: Slack) -> AsyncWebClient:
    return AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)


async def error_of(client: AsyncWebClient, method: str, args: Args) -> str:
    """Empty where it was answered ok."""
    try:
        await client.api_call(method, json=args)
    except SlackApiError as error:
        return str(error.response["error"])
    return ""


def block(text: str = "x") -> Args:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


@pytest.mark.parametrize(
    ("method", "args", "error"),
    [
        ("chat.postMessage", {"channel": HERE, "text": "x"}, ""),
        ("chat.postMessage", {"channel": "#nps-alerts", "text": "x"}, ""),
        ("chat.postMessage", {"channel": "nobody", "text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"channel": "#general", "text": "x"}, "not_in_channel"),
        ("chat.postMessage", {"channel": "#quiet", "text": "x"}, "channel_not_found"),
        ("chat.postMessage", {"channel": "#old", "text": "x"}, "is_archived"),
        ("chat.postMessage", {"channel": "tom", "text": "x"}, "is_archived"),
        ("conversations.open", {"users": "tom"}, "user_disabled"),
        ("chat.postMessage", {"channel": HERE, "text": "x" * 40_000}, ""),
        ("chat.postMessage", {"channel": HERE, "text": "x" * 40_001}, "msg_too_long"),
        ("chat.postMessage", {"channel": HERE}, "no_text"),
        ("chat.postMessage", {"channel": HERE, "blocks": [block("x" * 3001)]}, "invalid_blocks"),
        ("chat.postMessage", {"channel": HERE, "blocks": [block("x" * 2900)] * 5}, "msg_blocks_too_long"),
        ("chat.postMessage", {"channel": HERE, "text": "x", "metadata": {"a": 1}}, "invalid_metadata_format"),
        ("chat.update", {"channel": HERE, "ts": "1.1", "text": "x"}, "message_not_found"),
        ("chat.update", {"channel": HERE, "ts": "maya's", "text": "x"}, "cant_update_message"),
        ("chat.update", {"channel": HERE, "ts": "mine", "text": "x" * 4001}, "msg_too_long"),
        ("chat.update", {"channel": HERE, "ts": "mine", "text": "x"}, ""),
        ("chat.delete", {"channel": HERE, "ts": "maya's"}, "cant_delete_message"),
        ("chat.delete", {"channel": HERE, "ts": "mine"}, ""),
        ("chat.postEphemeral", {"channel": HERE, "user": "maya", "text": "x"}, ""),
        ("chat.postEphemeral", {"channel": HERE, "user": "nadia", "text": "x"}, "user_not_in_channel"),
        ("chat.getPermalink", {"channel": HERE, "message_ts": "mine"}, ""),
        ("reactions.add", {"channel": HERE, "timestamp": "maya's", "name": "lock"}, ""),
        ("reactions.add", {"channel": HERE, "timestamp": "mine", "name": "seen"}, "already_reacted"),
        ("reactions.remove", {"channel": HERE, "timestamp": "mine", "name": "lock"}, "no_reaction"),
        ("conversations.open", {"users": "nadia"}, ""),
        ("conversations.open", {"users": "U0"}, "user_not_found"),
        ("conversations.open", {}, "users_list_not_supplied"),
        ("conversations.join", {"channel": "C-of-general"}, ""),
        ("conversations.history", {"channel": "C-of-general"}, "not_in_channel"),
        ("conversations.replies", {"channel": HERE, "ts": "1.1"}, "thread_not_found"),
        ("users.info", {"user": "U0"}, "user_not_found"),
        ("users.lookupByEmail", {"email": "Maya@acme.example"}, ""),
        ("users.lookupByEmail", {"email": "x@acme.example"}, "users_not_found"),
        ("views.open", {"trigger_id": "1.1", "view": {"type": "modal"}}, "invalid_trigger_id"),
        ("files.info", {"file": "F0"}, "file_not_found"),
        ("chat.shout", {}, "unknown_method"),
    ],
)
async def test_what_is_answered(slack: Slack, client: AsyncWebClient, method: str, args: Args, error: str) -> None:
    slack.web.check = None
    slack.add_channel("quiet", "maya", app=False, private=True)
    slack.add_channel("old")
    slack.archives("#old")
    slack.leaves("tom")
    mine = await client.chat_postMessage(channel="#nps-alerts", text="x")
    await client.reactions_add(channel=mine["channel"], timestamp=mine["ts"], name="seen")
    names = {"C-of-general": slack.channel("#general").id, HERE: slack.channel("#nps-alerts").id, "mine": mine["ts"]}
    names |= {"maya's": slack.says("maya", "#nps-alerts", "x").ts}
    names |= {name: slack.user(name).id for name in ("maya", "nadia", "tom")}
    given = {name: names.get(value, value) if isinstance(value, str) else value for name, value in args.items()}
    assert await error_of(client, method, given) == error
    assert slack.requests[-1].error == error


@pytest.mark.parametrize(
    ("token", "error"),
    [("", "not_authed"), ("xoxb-other", "invalid_auth"), ("xapp", "not_allowed_token_type"), ("old", "token_revoked")],
)
async def test_who_may_call(slack: Slack, token: str, error: str) -> None:
    named = {"xapp": slack.app_token, "old": slack.bot_token}
    if token == "old":
        slack.revoke()
    headers = {"Authorization": f"Bearer {named.get(token, token)}"} if token else {}
    async with ClientSession() as http, http.post(f"{slack.api_url}auth.test", headers=headers) as answer:
        assert (answer.status, await answer.json()) == (200, {"ok": False, "error": error})


async def test_a_json_body_needs_the_header_and_a_form_does_not(slack: Slack) -> None:
    slack.web.check = None
    args = {"token": slack.bot_token, "channel": "#nps-alerts", "blocks": json.dumps([block()]), "mrkdwn": "1"}
    async with ClientSession() as http:
        async with http.post(f"{slack.api_url}chat.postMessage", json=args) as answer:
            assert (await answer.json())["error"] == "not_authed"
        async with http.post(f"{slack.api_url}chat.postMessage", data=args) as answer:
            assert (await answer.json())["ok"]
    assert slack.calls("chat.postMessage")[0]["blocks"] == [block()]


async def test_a_missing_scope_is_named(slack: Slack, client: AsyncWebClient) -> None:
    slack.scopes("chat:write", "users:read")
    told = await client.auth_test()
    assert told.headers["x-oauth-scopes"] == "chat:write,users:read"
    with pytest.raises(SlackApiError) as refusal:
        await client.users_lookupByEmail(email="maya@acme.example")
    assert refusal.value.response.data == {
        "ok": False,
        "error": "missing_scope",
        "needed": "users:read.email",
        "provided": "chat:write,users:read",
    }
    assert "email" not in (await client.users_info(user=slack.user("maya").id))["user"]["profile"]


async def test_text_alone_takes_the_blocks_away_and_metadata_stays(slack: Slack, client: AsyncWebClient) -> None:
    key = {"event_type": "case", "event_payload": {"id": "7f3k"}}
    sent = await client.chat_postMessage(channel="#nps-alerts", text="x", blocks=[block("card")], metadata=key)
    await client.chat_update(channel=sent["channel"], ts=sent["ts"], text="closed")
    (shown,) = slack.messages("#nps-alerts")
    assert (shown.shown, shown.blocks, shown.metadata) == ("closed", (), key)
    plain = await client.conversations_history(channel=sent["channel"])
    assert "metadata" not in plain["messages"][0]
    whole = await client.conversations_history(channel=sent["channel"], include_all_metadata=True)
    assert whole["messages"][0]["metadata"] == key


async def test_pages_and_threads(slack: Slack, client: AsyncWebClient) -> None:
    where = slack.channel("#nps-alerts").id
    said = [slack.says("maya", "#nps-alerts", str(number)) for number in range(5)]
    reply = slack.says("tom", "#nps-alerts", "reply", thread_ts=said[0].ts)
    pages = [page["messages"] async for page in await client.conversations_history(channel=where, limit=2)]
    assert [[message["text"] for message in page] for page in pages] == [["4", "3"], ["2", "1"], ["0"]]
    assert (pages[2][0]["reply_count"], pages[2][0]["reply_users"]) == (1, [slack.user("tom").id])
    thread = await client.conversations_replies(channel=where, ts=said[0].ts)
    assert [message["ts"] for message in thread["messages"]] == [said[0].ts, reply.ts]
    late = await client.conversations_history(channel=where, oldest=said[3].ts)
    assert [message["text"] for message in late["messages"]] == ["4"]


async def test_a_file_is_uploaded_into_a_thread(slack: Slack, client: AsyncWebClient) -> None:
    card = await client.chat_postMessage(channel="#nps-alerts", text="card")
    await client.files_upload_v2(
        channel=card["channel"], thread_ts=card["ts"], filename="call.ics", content="BEGIN:VCALENDAR"
    )
    (reply,) = slack.thread(slack.messages("#nps-alerts")[0])
    headers = {"Authorization": f"Bearer {slack.bot_token}"}
    async with ClientSession() as http, http.get(reply.files[0]["url_private"], headers=headers) as answer:
        assert await answer.text() == "BEGIN:VCALENDAR"


@pytest.mark.parametrize(
    ("quirk", "met", "done"),
    [
        (throttled(7), (429, "ratelimited", "7"), False),
        (refused("fatal_error"), (200, "fatal_error", None), False),
        (broken(502), (502, None, None), False),
        (broken(503, after=True), (503, None, None), True),
        (lost(), None, True),
    ],
)
async def test_a_call_that_goes_wrong_goes_wrong_once(
    slack: Slack, client: AsyncWebClient, quirk: Quirk, met: tuple[object, ...] | None, done: bool
) -> None:
    slack.quirks.order("chat.postMessage", quirk)
    client.retry_handlers.clear()
    with pytest.raises((SlackApiError, aiohttp.ServerDisconnectedError)) as problem:
        await client.chat_postMessage(channel="#nps-alerts", text="x")
    answer = problem.value.response if isinstance(problem.value, SlackApiError) else None
    assert (answer and (answer.status_code, answer.get("error"), answer.headers.get("Retry-After"))) == met
    assert len(slack.messages("#nps-alerts")) == done
    await client.chat_postMessage(channel="#nps-alerts", text="y")
    assert slack.quirks.left == 0


async def test_the_client_repeats_by_itself_what_was_lost_after_the_effect(
    slack: Slack, client: AsyncWebClient
) -> None:
    """As it comes, slack_sdk sends a request again when the connection broke: the message is there twice."""
    slack.quirks.order("chat.postMessage", lost())
    await client.chat_postMessage(channel="#nps-alerts", text="x")
    assert [message.text for message in slack.messages("#nps-alerts")] == ["x", "x"]


@pytest.mark.parametrize("waits", ["on a gate", "for a while"])
async def test_an_answer_can_be_held_back(slack: Slack, client: AsyncWebClient, waits: str) -> None:
    gate = asyncio.Event()
    slack.quirks.order("chat.postMessage", held(gate) if waits == "on a gate" else slow(0.2))
    call = asyncio.create_task(client.chat_postMessage(channel="#nps-alerts", text="x"))
    await slack.message("#nps-alerts", "x")
    assert not call.done()
    gate.set()
    assert (await call)["ok"]


async def test_what_the_checker_says_is_refused_and_kept(slack: Slack, client: AsyncWebClient) -> None:
    slack.web.check = lambda method, args: [f"no {args['text']}"] if method == "chat.postMessage" else []
    assert await error_of(client, "chat.postMessage", {"channel": "#nps-alerts", "text": "x"}) == "invalid_arguments"
    assert slack.messages("#nps-alerts") == []
    assert slack.forgive() == ["chat.postMessage: no x"]


async def test_a_workspace_is_added_by_oauth(slack: Slack, client: AsyncWebClient) -> None:
    other = slack.add_team("Fern & Field")
    slack.add_user("ines", team=other)
    slack.consenting = "ines"
    query = {
        "client_id": slack.client_id,
        "scope": "chat:write,im:write",
        "state": "s",
        "redirect_uri": "http://a.example/b",
    }
    async with ClientSession() as http:
        page = f"{slack.url}/oauth/v2/authorize"
        async with http.get(page, params=query, allow_redirects=False) as answer:
            back = answer.headers["Location"]
    assert back.startswith("http://a.example/b?code=")
    assert back.endswith("&state=s")
    args = {"client_id": slack.client_id, "code": back.partition("code=")[2].partition("&")[0]}
    assert await error_of(client, "oauth.v2.access", args | {"client_secret": "x"}) == "bad_client_secret"
    basic = {"Authorization": aiohttp.encode_basic_auth(slack.client_id, slack.client_secret)}
    given = await client.api_call("oauth.v2.access", data={"code": args["code"]}, headers=basic)
    assert (given["team"], given["scope"]) == ({"id": other.id, "name": "Fern & Field"}, "chat:write,im:write")
    theirs = AsyncWebClient(token=given["access_token"], base_url=slack.api_url)
    assert (await theirs.auth_test())["team_id"] == other.id
    assert await error_of(theirs, "chat.postMessage", {"channel": "#nps-alerts", "text": "x"}) == "channel_not_found"
    assert await error_of(client, "oauth.v2.access", args | {"client_secret": slack.client_secret}) == "invalid_code"
