"""A board in memory, and a process that dies after its n-th step: what the casework does is looked at from outside."""

from typing import Any

from bot.desk.base import Card, Colleague, Home, Mark, Notice
from bot.errors import Permanent, Retryable


class Killed(BaseException):
    """SIGKILL: nothing catches it."""


class Mortal:
    """Counts the steps that change anything outside the process, and dies right after one of them, once."""

    def __init__(self, at: int = 0) -> None:
        self.at = at
        self.steps = 0

    @property
    def died(self) -> bool:
        return 0 < self.at <= self.steps

    def step(self) -> None:
        self.steps += 1
        if self.steps == self.at:
            raise Killed


class FakeBoard:
    """Implements `desk.base.Board`. It outlives the process."""

    def __init__(self, mortal: Mortal | None = None) -> None:
        self.mortal = mortal or Mortal()
        self.cards: dict[str, Card] = {}
        self.keys: dict[str, tuple[str, str]] = {}
        """Place -> (channel, key)."""
        self.thread: list[tuple[str, Notice]] = []
        self.channel: list[tuple[str, str, Notice]] = []
        self.marks: list[tuple[str, Mark]] = []
        self.whispers: list[tuple[str, str]] = []
        self.homes: list[tuple[str, Home | None]] = []
        self.updates = 0
        self.fails: list[Exception] = []
        """Raised by the next calls, one each."""
        self.nameless = False
        """It does not say what agents are called."""
        self.closed: set[str] = set()
        """Channels that the app is not in."""
        self.loses: list[Exception] = []
        """The same, after the effect: the answer is lost."""

    async def said(self, place: str, since: int) -> frozenset[str]:
        self._call()
        return frozenset(key for key, _ in self.thread)

    @property
    def card(self) -> Card:
        (card,) = self.cards.values()
        return card

    @property
    def place(self) -> str:
        (place,) = self.cards
        return place

    @property
    def quotes(self) -> list[str]:
        return [notice.quote for _, notice in self.thread if notice.quote]

    @property
    def remarks(self) -> list[str]:
        return [notice.text for _, notice in self.thread if notice.text]

    async def post(self, to: str, key: str, card: Card) -> str:
        self._call()
        place = f"T1:{to}:{len(self.keys) + 1}.0"
        self.cards[place], self.keys[place] = card, (to, key)
        self._done()
        return place

    async def update(self, place: str, key: str, card: Card) -> None:
        self._call()
        if place not in self.cards:
            raise Permanent("somebody deleted it", "message_not_found")
        self.cards[place] = card
        self.updates += 1
        self._done()

    async def find(self, to: str, key: str, since: int) -> str:
        self._call()
        shouted = [key for where, known, _ in self.channel if (where, known) == (to, key)]
        return next((place for place, known in self.keys.items() if known == (to, key)), "".join(shouted))

    async def tell(self, place: str, key: str, notice: Notice) -> str:
        self._call()
        self.thread.append((key, notice))
        self._done()
        return str(len(self.thread))

    async def shout(self, to: str, key: str, notice: Notice) -> None:
        self._call()
        if to in self.closed:
            raise Permanent("Slack refuses chat.postMessage: not_in_channel", "not_in_channel")
        self.channel.append((to, key, notice))
        self._done()

    async def whisper(self, place: str, agent: str, text: str) -> None:
        self._call()
        self.whispers.append((agent, text))
        self._done()

    async def mark(self, place: str, ref: str, mark: Mark) -> None:
        self._call()
        if (ref, mark) not in self.marks:
            self.marks.append((ref, mark))
        self._done()

    async def colleague(self, agent: str) -> Colleague:
        self._call()
        if self.nameless:
            raise Retryable("no answer")
        first = agent.rpartition(":")[2].capitalize()
        return Colleague(f"{first} Roy", first)

    async def belongs(self, to: str, agent: str) -> bool:
        return True

    async def home(self, agent: str, home: Home | None) -> None:
        self._call()
        self.homes.append((agent, home))
        self._done()

    def alias(self, place: str) -> str:
        return f"slack:{place}"

    async def link(self, place: str) -> str:
        return f"https://acme.slack.example/{place}"

    def _call(self) -> None:
        if self.fails:
            raise self.fails.pop(0)

    def _done(self) -> None:
        self.mortal.step()
        if self.loses:
            raise self.loses.pop(0)


class MortalStore:
    """A real store whose writes are steps."""

    # Any: every other call is the store's own, of whatever type.
    def __init__(self, store: Any, mortal: Mortal) -> None:
        self._store, self._mortal = store, mortal

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if name not in ("put", "commit", "settle"):
            return found

        async def written(*args: Any) -> Any:
            answer = await found(*args)
            self._mortal.step()
            return answer

        return written
