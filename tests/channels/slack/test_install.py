"""Several workspaces: each installs the app by itself, its installation is kept in our store, and goes with it."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from bot.app_slack import StoredInstalls
from bot.channels.slack.install import Install, Workspaces
from bot.channels.slack.manifest import SCOPES
from bot.channels.slack.oauth import LIFE, States
from bot.errors import Permanent
from bot.sandbox.slack.quirks import lost
from bot.sandbox.slack.server import Slack
from tests.channels.slack.service import Service, serving

NOW = 1_800_000_000_000

# slack-sdk 3.47 calls oauth.v2.access with a class of aiohttp that 4.0 will no longer have.
pytestmark = pytest.mark.filterwarnings("ignore:BasicAuth is deprecated:DeprecationWarning")


@pytest.fixture
async def service(slack: Slack, tmp_path: Path) -> AsyncIterator[Service]:
    """No token of its own, and a person in a second workspace."""
    slack.add_user("ines", team=slack.add_team("Other"))
    slack.consenting = "ines"
    client = {"SLACK_CLIENT_ID": slack.client_id, "SLACK_CLIENT_SECRET": slack.client_secret}
    async with serving(slack, tmp_path, "socket", SLACK_BOT_TOKEN="", **client) as running:
        yield running


class Browser:
    """Follows no redirect by itself and keeps the cookie."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.cookie = ""

    async def get(self, url: str) -> tuple[int, str, str]:
        """Status, where it leads, and the page."""
        headers = {"Cookie": self.cookie} if self.cookie else {}
        jar = aiohttp.DummyCookieJar()
        async with (
            aiohttp.ClientSession(cookie_jar=jar, headers=headers) as session,
            session.get(url, allow_redirects=False) as said,
        ):
            if "Set-Cookie" in said.headers:
                self.cookie = said.headers["Set-Cookie"].partition(";")[0]
            return said.status, said.headers.get("Location", ""), await said.text()

    async def asks(self) -> str:
        """Where Slack sends the browser back to, once the person has agreed."""
        status, consent, _ = await self.get(f"{self.service.url}/slack/install")
        assert status == 302
        assert consent.startswith(f"{self.service.slack.url}/oauth/v2/authorize?")
        cookie, self.cookie = self.cookie, ""
        _, back, _ = await self.get(consent)
        self.cookie = cookie
        return back.replace("http://localhost:8080", self.service.url)

    async def installs(self) -> None:
        status, _, page = await self.get(await self.asks())
        assert status == 200
        assert "Thank you" in page


async def test_a_workspace_installs_the_app_is_asked_and_leaves(service: Service) -> None:
    slack = service.slack
    team = slack.user("ines").team
    assert not (await slack.runs_command("ines", "/survey")).body
    await Browser(service).installs()
    install = await service.side.workspaces.find(team)
    assert install is not None
    assert (install.name, install.user, set(install.scopes)) == ("Other", slack.world.teams[team].bot.id, set(SCOPES))
    assert install.token not in repr(install)

    await slack.runs_command("ines", "/survey")
    question = await service.asked("ines", "How likely are you to recommend Acme?")
    slack.uninstalls(slack.world.teams[team])
    await slack.settled()
    assert await service.side.workspaces.find(team) is None
    await slack.presses("ines", question, "survey_number/3")
    chat = await service.chat("ines")
    assert chat is not None
    assert chat.score is None
    with pytest.raises(Permanent, match="not installed"):
        await service.side.api.call(team, "auth.test")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda url: re.sub(r"state=[^&]*", "state=forged", url), 400),
        (lambda url: re.sub(r"code=[^&]*", "code=wrong", url), 401),
        (lambda url: re.sub(r"code=[^&]*&?", "", url), 401),
        (lambda url: url.partition("?")[0], 400),
        (lambda url: url.partition("?")[0] + "?error=access_denied%3Cscript%3E", 200),
    ],
    ids=["another state", "another code", "no code", "nothing", "declined"],
)
async def test_what_does_not_install(service: Service, change: object, status: int) -> None:
    browser = Browser(service)
    assert callable(change)
    found, _, page = await browser.get(str(change(await browser.asks())))
    assert found == status
    assert "<script>" not in page
    assert await service.side.workspaces.find(service.slack.user("ines").team) is None


async def test_the_state_counts_in_its_own_browser_alone(service: Service) -> None:
    back = await Browser(service).asks()
    assert (await Browser(service).get(back))[0] == 400


async def test_slack_away_in_the_middle_is_a_page_that_says_so(service: Service) -> None:
    browser = Browser(service)
    back = await browser.asks()
    service.slack.quirks.order("oauth.v2.access", lost())
    status, _, page = await browser.get(back)
    assert status == 503
    assert service.slack.client_secret not in page


async def test_a_state_is_ours_for_ten_minutes() -> None:
    now = [NOW]
    states = States(("new key", "old key"), lambda: now[0])
    old = await States(("old key",), lambda: now[0]).async_issue()
    state = await states.async_issue()
    assert [await states.async_consume(one) for one in (state, old, state[:-1] + "x", "", "1.2.3")] == [
        True,
        True,
        False,
        False,
        False,
    ]
    now[0] += (LIFE + 1) * 1000
    assert not await states.async_consume(state)


async def test_installations_survive_and_are_replaced(service: Service) -> None:
    installs = StoredInstalls(service.store)
    workspaces = Workspaces(installs)
    for token in ("xoxb-1", "xoxb-2"):
        await workspaces.save(Install("T9", token))
    await asyncio.gather(*(workspaces.save(Install(f"T{number}", "xoxb-3")) for number in range(3)))
    assert await workspaces.token("T9") == "xoxb-2"
    with pytest.raises(Permanent):  # whoever installed it first would read what is said to nobody in particular
        await workspaces.token("")
    assert list(await installs.teams()) == ["T0", "T1", "T2", "T9"]
    await workspaces.save(Install("T9", "xoxb-4", at=NOW))
    await workspaces.drop("T9", NOW - 1)
    assert await workspaces.token("T9") == "xoxb-4"
    await workspaces.drop("T9", NOW)
    await workspaces.drop("T9", NOW)
    assert await workspaces.find("T9") is None
    assert list(await installs.teams()) == ["T0", "T1", "T2"]
