"""What an owner may choose about the web chat."""

from dataclasses import dataclass

from bot.channels.limits import Network, Rate
from bot.channels.web.events import TICK

LARGEST_BODY = 64 * 1024
"""Bytes of a request: 4,000 characters of text with every one of them escaped, and room for the rest."""

MESSAGES = Rate(30, 2.0)
NEW_CHATS = Rate(60, 1.0)


@dataclass(frozen=True, slots=True)
class WebOptions:
    public_url: str = "http://localhost:8080"
    origins: tuple[str, ...] = ()
    """Foreign pages that may use the chat: `https://shop.example`, `https://*.shop.example`, or `*`."""
    trusted_proxies: tuple[Network, ...] = ()
    identity_keys: tuple[str, ...] = ()
    """Beside the secrets, which are accepted too."""
    messages: Rate = MESSAGES
    """Of one chat."""
    new_chats: Rate = NEW_CHATS
    """Of one address."""
    patience: float = 20.0
    """Seconds that a body may take to arrive."""
    tick: float = TICK
    """Seconds between the comments of an event stream."""
