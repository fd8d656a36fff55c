"""An app as somebody would write it with slack-bolt, in both modes; what it was told is in `heard`."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack.server import Slack

MODES = ("socket", "http")
Body = dict[str, Any]


class Heard(list[Body]):
    """Bodies in the order in which listeners saw them."""

    fails = 0
    """So many of the next events raise."""

    def events(self, kind: str = "message") -> list[Body]:
        return [body["event"] for body in self if body.get("event", {}).get("type") == kind]

    def texts(self) -> list[str]:
        return [event["text"] for event in self.events() if "text" in event]


def app_of(slack: Slack, heard: Heard) -> AsyncApp:
    """It keeps everything, acknowledges everything, and answers submissions as their values say."""
    client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
    app = AsyncApp(client=client, signing_secret=slack.signing_secret, process_before_response=True)

    async def keep(ack: AsyncAck, body: Body) -> None:
        if heard.fails:
            heard.fails -= 1
            raise RuntimeError("the store is away")
        heard.append(body)
        slack.world.bell.ring()
        await ack()

    async def submitted(ack: AsyncAck, body: Body) -> None:
        heard.append(body)
        values = body["view"]["state"]["values"]
        wish = next((one["value"] for block in values.values() for one in block.values() if one.get("value")), "")
        view = {"type": "modal", "title": plain(wish or "x"), "blocks": [{"type": "divider"}]}
        more: dict[str, Body] = {
            "errors": {"errors": {"note_block": "Not like this"}},
            "update": {"view": view},
            "push": {"view": view},
        }
        if wish in ("errors", "update", "push", "clear"):
            await ack(response_action=wish, **more.get(wish, {}))
        else:
            await ack()

    async def answered(ack: AsyncAck, body: Body) -> None:
        heard.append(body)
        await ack(f"You said {body['text']}")

    for kind in ("message", "app_home_opened", "app_mention", "member_joined_channel", "reaction_added"):
        app.event(kind)(keep)
    for kind in ("channel_archive", "app_uninstalled", "tokens_revoked"):
        app.event(kind)(keep)
    app.action(re.compile(".*"))(keep)
    app.shortcut("start")(keep)
    app.command("/survey")(answered)
    app.view("form")(submitted)
    app.view_closed("form")(keep)
    return app


def plain(text: str) -> Body:
    return {"type": "plain_text", "text": text}


@asynccontextmanager
async def app_in(mode: str, slack: Slack, heard: Heard, connections: int = 1) -> AsyncIterator[AsyncApp]:
    """The app, connected to this Slack by sockets or by HTTP."""
    app = app_of(slack, heard)
    if mode == "http":
        runner = web.AppRunner(app.server(port=0, path="/slack/events").web_app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        slack.use_http(f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events")
        try:
            yield app
        finally:
            await runner.cleanup()
        return
    handlers = [AsyncSocketModeHandler(app, slack.app_token, ping_interval=1) for _ in range(connections)]
    try:
        for handler in handlers:
            await handler.client.connect()  # type: ignore[no-untyped-call] # the library types it not
        await slack.connected(connections)
        yield app
    finally:
        for handler in handlers:
            await handler.client.close()  # type: ignore[no-untyped-call] # nor this
