"""What the parts of the casework share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bot.casework_cases import Cases
from bot.channels.base import Front
from bot.desk.base import Board
from bot.desk.policy import Policy
from bot.errors import ChatsurveyError
from bot.store.base import Store

TO_MEND = frozenset(
    (
        *("not_in_channel", "channel_not_found", "is_archived", "missing_scope", "not_installed"),
        *("token_revoked", "token_expired", "invalid_auth", "not_authed", "account_inactive"),
    )
)
"""Codes of what people put right over there: invite the app, set a new token. The case waits for them."""


class Moved(ChatsurveyError):
    """Somebody else changed what this one was working on: look again."""


class Sent(Protocol):
    """How far the log of a chat has reached its messaging channel."""

    async def __call__(self, chat: str) -> int: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """What the casework works with. `ics` gives the address of a case's calendar file."""

    store: Store
    front: Front
    board: Board
    cases: Cases
    policy: Policy
    clock: Callable[[], int]
    jitter: Callable[[], float]
    ics: Callable[[str], str]
    sent: Sent
