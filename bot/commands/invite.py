"""`chatsurvey invite slack`: ask a list of members. Each is invited through the HTTP API of the running service.

So the rules are those of every invitation: who opted out or is in a chat is left alone, and the same campaign invites
a person once, however often the command is run. A member is `U0123ABCD`, `T0123ABCD:U0123ABCD`, or an e-mail address.
"""

import argparse
import asyncio
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import aiohttp

from bot.app_slack import StoredInstalls
from bot.channels.slack import read
from bot.channels.slack.api import SlackApi
from bot.channels.slack.install import Workspaces
from bot.commands.data import has_data, with_store
from bot.errors import DeliveryError, Permanent, Throttled, UserMistake
from bot.settings import Settings, load
from bot.store.base import Store

MEMBER = re.compile(r"(?:T[A-Z0-9]{2,20}:)?[UW][A-Z0-9]{2,20}|[^@\s]+@[^@\s]+\.[^@\s]+")
KEY = "CHATSURVEY_API_KEY"
SECONDS = 15.0
UNKNOWN_KEY, TOO_MANY = 401, 429
TRIES = 5
WORDS = {200: "was invited before", 201: "invited"}
LEFT_ALONE = 409
"""Opted out, or in another chat."""


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("channel", choices=("slack",))
    parser.add_argument("members", nargs="+", help="ids or e-mail addresses; a file with one a line; - for stdin")
    parser.add_argument("--flow", required=True)
    parser.add_argument("--campaign", default="", help="the same one invites each once (default: the flow's name)")
    parser.add_argument("--language", default="", help="default: that of each member's profile")
    parser.add_argument("--url", default="", help="of the running service (default: this machine, at PORT)")
    parser.epilog = f"{KEY} holds a key made with  chatsurvey keys add NAME  ."


def run(args: argparse.Namespace) -> int:
    settings = load()
    key = os.environ.get(KEY, "")
    if not key:
        raise UserMistake(f"{KEY} is not set", "make a key with  chatsurvey keys add invite  and set it")
    tokens = _tokens(settings)
    if not tokens:
        raise UserMistake("there is no token to look members up with", "set SLACK_BOT_TOKEN, or install the app")
    members = list(dict.fromkeys(_members(args.members)))
    url = args.url or f"http://localhost:{settings.port}"
    return asyncio.run(_Inviting(settings, f"{url.rstrip('/')}/api/v1/invitations", key, args).all(members, tokens))


def _tokens(settings: Settings) -> Mapping[str, str]:
    """By workspace; the one of the settings, or of the first installation, stands for whatever has none of its own."""

    async def installed(store: Store) -> Mapping[str, str]:
        installs = StoredInstalls(store)
        workspaces = Workspaces(installs)
        return {team: await workspaces.token(team) for team in await installs.teams()}

    slack = settings.slack
    found = dict(with_store(settings, installed)) if slack.client_id and has_data(settings) else {}
    usual = slack.bot_token or next(iter(found.values()), "")
    return {**found, "": usual} if usual else {}


def _members(given: Sequence[str]) -> Iterator[str]:
    for one in given:
        if MEMBER.fullmatch(one):
            yield one
            continue
        try:
            text = Path("/dev/stdin" if one == "-" else one).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserMistake(
                f'"{one}" is no member, and cannot be read as a file', "U0123ABCD, or an address"
            ) from error
        for number, line in enumerate(text.splitlines(), 1):
            word = line.partition("#")[0].strip().rstrip(",")
            if word and not MEMBER.fullmatch(word):
                raise UserMistake(f"{one}:{number}: this is no member", "one a line: U0123ABCD, or an e-mail address")
            if word:
                yield word


class _Inviting:
    def __init__(self, settings: Settings, url: str, key: str, args: argparse.Namespace) -> None:
        self._settings, self._url, self._key = settings, url, key
        self._flow, self._language = str(args.flow), str(args.language)
        self._campaign = str(args.campaign or args.flow)

    async def all(self, members: Sequence[str], tokens: Mapping[str, str]) -> int:
        """One line each; 1 where somebody could not be asked whom nothing forbids to ask."""

        async def token(team: str) -> str:
            return tokens.get(team, tokens[""])

        api = SlackApi(self._settings.slack.api_url, token)
        failed = False
        try:
            said = await self._patient(api, "", "auth.test")
            own = str(said.get("team_id", ""))
            headers = {"Authorization": f"Bearer {self._key}"}
            async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=SECONDS)) as service:
                for member in members:
                    words, fine = await self._one(api, service, own, member)
                    failed |= not fine
                    print(f"{member}  {words}", flush=True)
        except DeliveryError as error:
            raise UserMistake(str(error), "chatsurvey doctor slack") from None
        finally:
            await api.close()
        return 1 if failed else 0

    async def _one(self, api: SlackApi, service: aiohttp.ClientSession, own: str, member: str) -> tuple[str, bool]:
        """What became of it, and whether that is as it should be."""
        try:
            team, user = await self._found(api, own, member)
            profile = await self._profile(api, team, user)
        except Permanent as error:
            return f"is not known to Slack: {error.code}", False
        peer = f"{team}:{user}"
        body = {"flow": self._flow, "channel": "slack", "peer": peer, "key": f"{self._campaign}:{peer}", **profile}
        for _ in range(TRIES):
            status, words, wait = await self._post(service, body)
            if status == TOO_MANY:
                await asyncio.sleep(wait)
                continue
            return WORDS.get(status, words), status in WORDS or status == LEFT_ALONE
        return "could not be asked: the service takes no more now", False

    async def _post(self, service: aiohttp.ClientSession, body: Mapping[str, object]) -> tuple[int, str, float]:
        """Status, the sentence of a refusal, seconds to wait."""
        try:
            async with service.post(self._url, json=body) as answer:
                said = await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise UserMistake(f"no service answers at {self._url}", "chatsurvey serve, or --url") from error
        if answer.status == UNKNOWN_KEY:
            raise UserMistake(f"the service does not know the key in {KEY}", "chatsurvey keys list")
        detail = said.get("detail") if isinstance(said, dict) else None
        wait = answer.headers.get("Retry-After", "")
        return answer.status, str(detail or f"answered {answer.status}"), float(wait) if wait.isdigit() else 1.0

    async def _found(self, api: SlackApi, own: str, member: str) -> tuple[str, str]:
        """Workspace and id of a member."""
        team, _, user = member.rpartition(":")
        if "@" not in member:
            return team or own, user
        said = await self._patient(api, own, "users.lookupByEmail", email=member)
        known = said.get("user")
        return own, str(known.get("id", "")) if isinstance(known, dict) else ""

    async def _profile(self, api: SlackApi, team: str, user: str) -> Mapping[str, object]:
        """Of the invitation: language, time zone, name and address."""
        said = await self._patient(api, team, "users.info", user=user, include_locale=True)
        person = read.person(said)
        more = {"locale": self._language or person.locale, "timezone": person.timezone}
        return {"contact": person.contact, **{name: value for name, value in more.items() if value}}

    async def _patient(self, api: SlackApi, team: str, method: str, **arguments: object) -> dict[str, object]:
        """A long list meets Slack's limits: it is gone through at the pace that Slack asks for."""
        for _ in range(TRIES):
            try:
                return dict(await api.call(team, method, **arguments))
            except Throttled as slower:
                await asyncio.sleep(max(slower.after, 1.0))
        raise Throttled("Slack is asked too much", 0.0)
