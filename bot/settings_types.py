"""The frozen settings as the composition root and the commands see them. No repr shows a secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.crm.config import Connection
from bot.crm.mapping.mapped import Mapped
from bot.desk.policy import Policy
from bot.errors import Mark
from bot.flows.spec import OpenHours
from bot.settings_env import Network
from bot.settings_slack import SlackSettings
from bot.settings_telegram import TelegramSettings

SECRET_FILE = "secret.key"  # noqa: S105 - the file's name, not a secret
"""In DATA_DIR, one key a line. The first signs; the others are still accepted, so a key is rotated by a line above."""

NOWHERE = Mark("", 0, 0)


@dataclass(frozen=True, slots=True)
class Limit:
    """A token bucket: `burst` at once, then `per_second`."""

    burst: int
    per_second: int


@dataclass(frozen=True, slots=True)
class WebSettings:
    origins: tuple[str, ...] = ()
    """Of other sites whose pages may talk to the service: `https://www.example.com`, `https://*.example.com`, `*`."""
    hide_closed: int = 30
    """Days that a pop-in stays away from a browser that closed it."""
    hide_answered: int = 90
    chat_limit: Limit = Limit(30, 2)
    """Messages of one chat."""
    address_limit: Limit = Limit(60, 1)
    """New chats of one network address."""
    identity_keys: tuple[str, ...] = field(default=(), repr=False)
    """Keys beside SECRET_KEY that may sign `identity` tokens."""
    metrics_token: str = field(default="", repr=False)
    """Opens /metrics to callers from public addresses; empty: to none of them."""


@dataclass(frozen=True, slots=True)
class WriterSettings:
    """One section under `writers:`, read by its kind's `SPEC`. What it says is described in `bot.crm.config`."""

    kind: str
    name: str
    mark: Mark = NOWHERE
    """Of its name in the settings file."""
    login: str = ""
    options: Mapping[str, str | int | bool] = field(default_factory=dict, repr=False)
    """Some hold a key in their address, so none is shown."""
    secrets: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    connection: Connection = field(default_factory=Connection)
    mapping: Mapped = field(default_factory=Mapped, repr=False)
    samples: bool = False
    transcript: bool = False

    @property
    def hidden(self) -> tuple[str, ...]:
        """What must never be in a log line."""
        url, proxy = self.options.get("url", ""), self.connection.proxy
        addresses = (str(url), proxy if "@" in proxy else "")
        return (*(one for several in self.secrets.values() for one in several), *filter(None, addresses))


JSONL = WriterSettings("jsonl", "jsonl", samples=True)
"""What is written where the file says nothing else."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What this process runs with. Its repr shows no secret."""

    host: str
    port: int
    public_url: str
    """Where people reach the service, without a slash at the end."""
    trusted_proxies: tuple[Network, ...]
    data_dir: Path
    flows: Path
    flows_are_shipped: bool
    """True where nobody chose a flow file: the one in the package serves."""
    file: Path | None
    """The settings file, where there is one."""
    timezone: str
    hours: Mapping[str, OpenHours]
    log_level: str
    web: WebSettings
    writers: tuple[WriterSettings, ...] = (JSONL,)
    """In the order in which they are told of a response."""
    slack: SlackSettings = field(default_factory=SlackSettings)
    telegram: TelegramSettings = field(default_factory=TelegramSettings)
    desk: Policy = field(default_factory=Policy)
    """Alerts and cases."""
    redis_url: str = field(default="", repr=False)
    """Of the store, where several processes serve; empty: it is a file in DATA_DIR, and there is one process."""
    database: str = field(default="", repr=False)
    """DATABASE_URL, of records that several hosts reach; empty: they are a file in DATA_DIR."""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Signing keys: the first signs, each verifies. Empty before `with_secrets` where SECRET_KEY is not set."""

    @property
    def has_desk(self) -> bool:
        """Whether there is anybody to act: a channel for cases, and tokens to reach it."""
        return bool(self.desk.to) and self.slack.enabled

    @property
    def secret_file(self) -> Path:
        return self.data_dir / SECRET_FILE

    @property
    def store_file(self) -> Path:
        """The write side: chats, their log, jobs, flow versions."""
        return self.data_dir / "chats.db"

    @property
    def database_url(self) -> str:
        """Of the records (the read side)."""
        return self.database or f"sqlite:///{self.data_dir / 'records.db'}"

    @property
    def records_file(self) -> Path | None:
        """Where the records are; None where they are on a server."""
        scheme, _, path = self.database_url.partition(":///")
        return Path(path) if scheme == "sqlite" else None
