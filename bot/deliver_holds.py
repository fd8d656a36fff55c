"""Who is left alone, and until when, after a platform asked to wait.

A platform limits how fast one person is written to as well as how fast the bot writes, and its refusal does not say
which it was. So the chat that was refused waits for as long as was asked; where several are refused within one wait,
the whole channel does. A person who makes the bot answer too fast holds up nobody else.
"""

SEVERAL = 3
"""Chats that wait at the same time: then it is the bot that is too fast."""


class Holds:
    """Of one channel, in milliseconds."""

    def __init__(self) -> None:
        self._all = 0
        self._chats: dict[str, int] = {}

    def until(self, chat: str) -> int:
        """When this chat may be written to again; 0 for at once."""
        return max(self._all, self._chats.get(chat, 0))

    def add(self, chat: str, now: int, until: int) -> None:
        """It was refused. Waits that are over are forgotten."""
        waiting = {one: at for one, at in self._chats.items() if at > now}
        self._chats = {**waiting, chat: until}
        if len(self._chats) >= SEVERAL:
            self._all = max(self._all, until)
