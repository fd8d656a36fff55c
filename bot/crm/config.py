"""What a writer is made from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.crm.mapping.mapped import Mapped


@dataclass(frozen=True, slots=True)
class Connection:
    """How the other side is reached."""

    base_url: str = field(default="", repr=False)
    """Without a slash at the end."""
    proxy: str = field(default="", repr=False)
    """Empty: HTTPS_PROXY and NO_PROXY of the environment decide."""
    ca: Path | None = None
    """A bundle of trusted certificates; None: the system's."""
    allow_private: bool = False
    """Whether plain http and addresses of one's own network are permitted."""
    timeout: float = 20.0
    """Seconds a request may take; below what a job may take (25)."""


@dataclass(frozen=True, slots=True)
class WriterConfig:
    kind: str
    """A key of `bot.crm.table.KINDS`."""
    name: str
    folder: Path
    """DATA_DIR, for writers that write files."""
    login: str = ""
    """The name of the way to log in (`spec.Login`)."""
    options: Mapping[str, str | int | bool] = field(default_factory=dict, repr=False)
    """By key, of the writer's own keys (those of its login too) that are no secret. Absent ones have their default."""
    secrets: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    connection: Connection = field(default_factory=Connection)
    mapping: Mapped = field(default_factory=Mapped)
    samples: bool = False
    transcript: bool = False
    """For writers without a mapping: whether the whole conversation is wanted."""
    link: Callable[[str], str] = field(default=str, repr=False)
    """Chat -> the address of its response on this service."""

    def secret(self, key: str) -> str:
        """The first (newest) secret of this name; empty where there is none."""
        return next(iter(self.secrets.get(key, ())), "")

    def text(self, key: str) -> str:
        value = self.options.get(key, "")
        return str(value)
