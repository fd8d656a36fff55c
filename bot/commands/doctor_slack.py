"""The checks of Slack: tokens, what the app may do, how events come, whether it is where cases go."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Literal, TypeAlias

from bot.channels.slack.api import SlackApi
from bot.channels.slack.manifest import SCOPES
from bot.commands.doctor_types import Check
from bot.errors import DeliveryError, Permanent
from bot.settings import Settings

APPS = "https://api.slack.com/apps > your app"
NEW = "chatsurvey slack manifest  prints the app and says where its tokens are"
Member: TypeAlias = Literal["yes", "no", "archived"]
PAGES = 50
"""Of channels, a thousand each."""


def is_set(settings: Settings) -> bool:
    return settings.slack.enabled


async def checks(settings: Settings) -> Sequence[Check]:
    if not is_set(settings):
        return [Check("token", "error", "SLACK_BOT_TOKEN is not set", NEW)]
    api = SlackApi(settings.slack.api_url, _no_token)
    try:
        found = await _bot(api, settings) if settings.slack.bot_token else [_workspaces(settings)]
        if settings.slack.app_token:
            found.append(await _socket(api, settings.slack.app_token))
        if settings.slack.signing_secret:
            found.append(_http(settings))
    except DeliveryError as error:
        hint = f"see that this machine reaches {settings.slack.api_url}, or set SLACK_API_URL to one that it reaches"
        return [Check("reach", "error", str(error), hint)]
    finally:
        await api.close()
    return found


async def _no_token(_team: str) -> str:
    raise Permanent("no workspace is asked for", "not_installed")


async def _bot(api: SlackApi, settings: Settings) -> list[Check]:
    token = settings.slack.bot_token
    try:
        said, scopes = await api.may(token)
    except Permanent as error:
        hint = f"{APPS} > OAuth & Permissions: (re)install it, and set SLACK_BOT_TOKEN to the token shown there"
        return [Check("token", "error", f"Slack does not take SLACK_BOT_TOKEN: {error.code}", hint)]
    name = str(said.get("user", "the app"))
    found = [Check("token", "ok", f"{name} answers in {said.get('team', 'the workspace')}")]
    missing = [scope for scope in SCOPES if scope not in scopes]
    if missing:
        hint = f"{APPS} > App Manifest: paste what  chatsurvey slack manifest  prints, then Install App > Reinstall"
        found.append(Check("scopes", "error", f"it may not: {', '.join(missing)}", hint))
    else:
        found.append(Check("scopes", "ok", f"all {len(SCOPES)} that it needs"))
    if not {"channels:read", "groups:read"} & scopes:
        return found
    return [*found, *await _channels(api, settings, name, scopes)]


async def _channels(api: SlackApi, settings: Settings, name: str, scopes: frozenset[str]) -> list[Check]:
    """Where cases go. A card can only be put up, and its thread only be heard, where the app is a member."""
    desk = settings.desk
    wanted = sorted({place for place in (desk.to, desk.escalate.to, *(rule.to for rule in desk.rules)) if place})
    if not wanted:
        hint = "set SLACK_ALERT_CHANNEL=#nps-alerts, and unhappy customers are told there"
        return [Check("alerts", "!!", "no channel is named for alerts and cases", hint)]
    kinds = [kind for kind, scope in (("public", "channels:read"), ("private", "groups:read")) if scope in scopes]
    known: dict[str, Member] = {}
    async for channel in _all(api, settings.slack.bot_token, ",".join(f"{kind}_channel" for kind in kinds)):
        inside: Member = "yes" if channel.get("is_member") is True else "no"
        member: Member = "archived" if channel.get("is_archived") is True else inside
        known[str(channel.get("id"))] = known[f"#{channel.get('name')}"] = member
    return [_channel(place, known.get(place.rpartition("/")[2]), name) for place in wanted]


def _channel(place: str, member: Member | None, name: str) -> Check:
    if member == "yes":
        return Check("channel", "ok", f"{name} is in {place}")
    if member == "archived":
        hint = "unarchive it (its name at the top > Settings), or name another one; cases wait for that"
        return Check("channel", "error", f"{place} is archived", hint)
    if member is None:
        hint = f"check the name; a private channel is seen once somebody writes  /invite @{name}  in it"
        return Check("channel", "error", f"there is no {place} that the app can see", hint)
    return Check("channel", "error", f"{name} is not in {place}", f"in that channel write  /invite @{name}")


async def _all(api: SlackApi, token: str, types: str) -> AsyncIterator[Mapping[str, object]]:
    cursor = ""
    for _ in range(PAGES):
        more = {"cursor": cursor} if cursor else {}
        said = await api.call_with(token, "conversations.list", types=types, limit=1000, **more)
        channels, rest = said.get("channels"), said.get("response_metadata")
        for channel in channels if isinstance(channels, list) else ():
            yield channel
        cursor = str(rest.get("next_cursor") or "") if isinstance(rest, dict) else ""
        if not cursor:
            return


async def _socket(api: SlackApi, token: str) -> Check:
    try:
        await api.call_with(token, "apps.connections.open", app_token=token)
    except Permanent as error:
        hint = (
            f"{APPS} > Basic Information > App-Level Tokens: generate one with connections:write and set "
            "SLACK_APP_TOKEN to it; Settings > Socket Mode must be on"
        )
        return Check("socket", "error", f"Slack opens no socket with SLACK_APP_TOKEN: {error.code}", hint)
    return Check("socket", "ok", "Slack opens one: events come without a public address")


def _http(settings: Settings) -> Check:
    address = f"{settings.public_url}/slack/events"
    if settings.public_url.startswith("https://"):
        return Check("events", "ok", f"signed requests are taken at {address}")
    hint = "set PUBLIC_URL to an https address, or set SLACK_APP_TOKEN and use Socket Mode"
    return Check("events", "error", f"{address} is no address that Slack delivers to", hint)


def _workspaces(settings: Settings) -> Check:
    address = f"{settings.public_url}/slack/install"
    if settings.public_url.startswith("https://"):
        return Check("install", "ok", f"workspaces install the app at {address}")
    return Check(
        "install", "error", f"{address} is no address that Slack leads back to", "set PUBLIC_URL to an https one"
    )
