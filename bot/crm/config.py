"""What a writer is made from."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class WriterConfig:
    kind: str
    """A key of `bot.crm.table.KINDS`."""
    name: str
    folder: Path
    """DATA_DIR, for writers that write files."""
    url: str = field(default="", repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Signing secrets; several while one is being replaced by another."""
    allow_private: bool = False
    samples: bool = False
    transcript: bool = False
