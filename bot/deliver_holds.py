"""Who is left alone, and until when, after a platform asked to wait.

A platform limits how fast one person is written to as well as how fast the bot writes, and its refusal does not say
which it was. So the chat that was refused waits for as long as was asked; where several are refused within one wait,
the whole channel does. A person who makes the bot answer too fast holds up nobody else.
"""

SEVERAL = 3
"""Chats that wait at the same time: then it is the bot that is too fast."""


_STEP = 60_000
"""Ms that a clock goes back before it counts as set back."""


class Holds:
    """Of one channel, in milliseconds."""

    def __init__(self) -> None:
        self._all = 0
        self._since = 0
        self._chats: dict[str, int] = {}

    def until(self, chat: str, now: int) -> int:
        """When this chat may be written to again; 0 for at once, as it is where the clock was set back since."""
        return max(self._all, self._chats.get(chat, 0)) if now >= self._since - _STEP else 0

    def add(self, chat: str, now: int, until: int) -> None:
        """It was refused. Waits that are over are forgotten."""
        if now < self._since - _STEP:
            self._all, self._chats = 0, {}
        self._since = now
        waiting = {one: at for one, at in self._chats.items() if at > now}
        self._chats = {**waiting, chat: until}
        if len(self._chats) >= SEVERAL:
            self._all = max(self._all, until)
