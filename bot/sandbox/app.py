"""The sandbox, put together: the service as it is, in this process, beside stand-ins of Slack, Telegram and the CRMs,
and a page.

The service gets settings as it would from the environment, with the stand-ins' tokens and addresses; no `.env` is read
and no token of the real environment is used, so nothing leaves this machine but what a settings file that was named
sends (its writers are real, and there are no stand-ins of CRMs then).

    async with sandbox(Options(data=tmp_path)) as running:      # running.page.url, .telegram, .slack, .crms, .service
"""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from bot import app
from bot.app_flows import Tell
from bot.errors import UserMistake
from bot.sandbox import acts
from bot.sandbox.clock import DAY, Clock
from bot.sandbox.crms import Crms
from bot.sandbox.slack.server import Slack
from bot.sandbox.snapshot import Cast, Snapshots
from bot.sandbox.telegram.server import Telegram
from bot.sandbox.web import Page
from bot.settings import Settings, load

ALERTS = "nps-alerts"
CONNECTING = "the service is connecting to Slack …"
VISITOR = {"sub": "4711", "email": "nadia@fern.example", "given_name": "Nadia", "family_name": "Brandt"}
ENDED = 1_500
"""Looks at jobs in hand before the clock moves, 20 ms apart: longer than a job may take."""


@dataclass(frozen=True, slots=True)
class Options:
    data: Path | None = None
    """None: thrown away at the end."""
    flows: Path | None = None
    """None: flows.yaml in the folder, else the shipped survey."""
    settings: Path | None = None
    port: int = 8080
    """Of the service; 0 takes a free one."""
    page_port: int = 8081
    folder: Path | None = None
    """Where flows.yaml is looked for; None: the working folder."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    service: app.Service
    page: Page
    telegram: Telegram
    slack: Slack
    crms: Crms
    clock: Clock
    cast: Cast
    data: Path

    async def perform(self, act: acts.Act) -> None:
        """What a person at the page does. Raises LookupError, ValueError, RuntimeError with words for that person."""
        await acts.perform(self.telegram, self.slack, self.crms, act)


@asynccontextmanager
async def sandbox(options: Options, tell: Tell = app.quiet) -> AsyncIterator[Sandbox]:
    """Everything runs on entering. Raises UserMistake and FileProblems for what a person can mend."""
    async with AsyncExitStack() as stack:
        yield await _start(options, tell, stack)


async def _start(options: Options, tell: Tell, stack: AsyncExitStack) -> Sandbox:
    clock = Clock()
    telegram = await stack.enter_async_context(Telegram(now=clock, first=clock() // 1_000))
    slack = await stack.enter_async_context(Slack(now=clock))
    crms = await stack.enter_async_context(Crms({}) if options.settings else Crms.of())
    cast = _people(telegram, slack)
    empty = Path(stack.enter_context(TemporaryDirectory(prefix="chatsurvey-sandbox-")))
    data = options.data.absolute() if options.data else empty / "data"
    links: dict[str, str] = {}
    snapshots = Snapshots(
        telegram, slack, clock, cast, links, lambda: said if slack.sockets.connections else CONNECTING, crms
    )
    page = Page(
        snapshots.take,
        lambda act: running.perform(act),  # noqa: PLW0108 - made below
        lambda by: _move(running, by),
        bells=(telegram.world.bell, slack.world.bell, *crms.all.values()),
    )
    await _listen(page, options.page_port)
    stack.push_async_callback(page.stop)
    crms.folder = data
    settings = _settings(options, telegram, slack, crms, data=data, empty=empty)
    settings = replace(settings, web=replace(settings.web, origins=(*settings.web.origins, *page.names)))
    service = await app.start(settings, tell, clock)
    stack.push_async_callback(service.stop)
    clock.told.append(service.worker.wake)
    flow = next(iter(service.catalog.live.flows))
    links |= {"chat": f"{service.url}/chat/{flow}#identity={_visitor(service, clock)}", "shop": f"{service.url}/"}
    said = f"service at {service.url}, data in {data if options.data else 'a folder that goes at the end'}"
    running = Sandbox(service, page, telegram, slack, crms, clock, cast, data)
    page.show(service.url)
    return running


def _people(telegram: Telegram, slack: Slack) -> Cast:
    maya = slack.add_user("maya", real_name="Maya Roy", email="maya@fern.example")
    tom = slack.add_user("tom", real_name="Tom Hale", email="tom@fern.example")
    sam = slack.add_user("sam", real_name="Sam Ode", email="sam@fern.example")
    slack.add_channel(ALERTS, "maya", "tom")
    customers = (telegram.person("Nadia", "en", last_name="B."), telegram.person("Léa", "fr", last_name="M."))
    return Cast(customers, (maya, tom), (sam,))


def _visitor(service: app.Service, clock: Clock) -> str:
    """A token of who sits before the page, as a shop's own page would give it: the CRMs can know them."""
    import jwt  # noqa: PLC0415 - brings cryptography

    return jwt.encode({**VISITOR, "exp": (clock() + 10 * 366 * DAY) // 1_000}, service.settings.secrets[0], "HS256")


async def _listen(page: Page, port: int) -> None:
    try:
        await page.start(port)
    except OSError as error:
        raise UserMistake(f"port {port} is taken", "take another one for the page:  --page-port 0") from error


def _settings(options: Options, telegram: Telegram, slack: Slack, crms: Crms, *, data: Path, empty: Path) -> Settings:
    if crms.all:
        (empty / "settings.yaml").write_text(crms.settings(), "utf-8")
    here = (options.folder or Path.cwd()).absolute()
    own = here / "flows.yaml"
    flows = options.flows.absolute() if options.flows else own if own.is_file() else None
    environ: Mapping[str, str] = {
        **(os.environ if options.settings else {}),  # for the ${NAME}s in it
        **crms.environment(),
        "HOST": "127.0.0.1",
        "PORT": str(options.port),
        "DATA_DIR": str(data),
        "FLOWS": str(flows or ""),
        "SETTINGS": str(options.settings.absolute()) if options.settings else "",
        "TELEGRAM_TOKEN": telegram.token,
        "TELEGRAM_API_URL": telegram.url,
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "SLACK_API_URL": slack.api_url,
        "SLACK_ALERT_CHANNEL": f"#{ALERTS}",
        "SLACK_SIGNING_SECRET": "",
        "SLACK_CLIENT_ID": "",
        "SLACK_CLIENT_SECRET": "",
        "REDIS_URL": "",
        "DATABASE_URL": "",
        "PUBLIC_URL": "",
        "SECRET_KEY": "",
    }
    return load(environ, empty)


async def _move(running: Sandbox, by: int) -> None:
    """Let time pass once nothing is in hand: a job's lease would end with it, and the job be run twice at once."""
    jobs = running.service.store
    for _ in range(ENDED):
        if not await jobs.jobs("running", limit=1):
            break
        await running.telegram.world.bell.pause(0.02)
    running.clock.move(by)
