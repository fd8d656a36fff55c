"""A chat that is played without a service: the engine, a clock that is moved by hand, the one timer, and an agent.

Used by `try`, by golden cases and by tests. It does what the runtime does: a timer that fires too early is armed again
for `timers.next_due`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.errors import UserMistake
from bot.flows import engine
from bot.flows.machine import Cursor, Program, Trigger
from bot.flows.timers import next_due
from bot.model import (
    Address,
    Arm,
    Ask,
    Conversation,
    Disarm,
    Entry,
    Fact,
    Inbound,
    InboundKind,
    Say,
    Start,
    Turn,
    Value,
)

AGENT = "Maya"
FIRES = 10_000
"""More timers than any wait can need: a flow that fires more often has a fault."""


@dataclass(frozen=True, slots=True)
class Move:
    """One way that was taken: the step, the outcome it was left by, the step it led to."""

    step: str
    outcome: str
    to: str


@dataclass(frozen=True, slots=True)
class Opening:
    """How a played chat begins."""

    locale: str = ""
    channel: str = "web"
    timezone: str = ""
    contact: Mapping[str, str] | None = None
    context: Mapping[str, str] | None = None
    prefill: Value | None = None


class Stage:
    """`chat` is the chat as it stands, `turn` the last turn that changed it, `moves` the ways taken in it."""

    def __init__(self, program: Program, opening: Opening, now: int, chat: str = "played") -> None:
        self.moves: list[Move] = []
        self.visited: set[str] = set()
        self.program = replace(program, event=self._traced(program.event))
        self.now = now
        self.due = 0
        self._count = 0
        self._said = 0
        facts = {key: Fact(value) for key, value in (opening.contact or {}).items()}
        start = Start(
            id=chat,
            address=Address(opening.channel, chat),
            at=now,
            locale=opening.locale,
            timezone=opening.timezone,
            contact=facts,
            context=opening.context or {},
            prefill=opening.prefill,
        )
        self.visited.add(program.start)
        self.chat: Conversation
        self.opening = self._take(engine.start(self.program, start))

    @property
    def ask(self) -> Ask | None:
        return engine.ask(self.program, self.chat, self.now)

    def says(self, text: str) -> Turn:
        return self._step("text", text=text)

    def taps(self, value: Value) -> Turn:
        """Tap an option: by its value, or by the words on it."""
        ask = self.ask
        shown = (*ask.options, *ask.suggest) if ask else ()
        fits = [one.value for one in shown if str(one.value) == str(value) or one.label == value]
        return self._step("value", fits[0] if fits else value)

    def does(self, action: str) -> Turn:
        return self._step("action", action)

    def speaks(self, language: str) -> Turn:
        return self._step("language", language)

    def clicks(self, ref: str) -> Turn:
        return self._step("click", ref)

    def comments(self, text: str) -> Turn:
        """Write after the end, as on a messaging channel."""
        return self._take(engine.step(self.program, self.chat, self._inbound("text", text=text, late=True)))

    def agent(self, act: str, text: str = "", ref: str = "", name: str = "") -> Turn:
        """Somebody at the desk: join, say, edit, delete or leave. Lines without a `ref` are line1, line2 ..."""
        if act == "say":
            self._said += 1
            ref = ref or f"line{self._said}"
        inbound = self._inbound("agent", act, text, name=name or self.chat.agent or AGENT, ref=ref)
        return self._take(engine.step(self.program, self.chat, inbound))

    def wait(self, length: int) -> list[Turn]:
        """Let time go by; the turns of the timers that fire meanwhile."""
        until = self.now + length
        turns: list[Turn] = []
        for _ in range(FIRES):
            if not 0 < self.due <= until:
                self.now = until
                return turns
            self.now = max(self.now, self.due)
            self.due = 0
            turn = engine.step(self.program, self.chat, Inbound("timer", self.now, "timer", fence=self.chat.armed))
            if turn.ignored:
                self.due = next_due(self.program, self.chat)
            else:
                turns.append(self._take(turn))
        raise UserMistake("The timers of this flow never come to rest.", "look at its timeouts: they lead in a circle")

    def _step(self, kind: InboundKind, value: Value | None = None, text: str = "") -> Turn:
        return self._take(engine.step(self.program, self.chat, self._inbound(kind, value, text)))

    def _inbound(
        self,
        kind: InboundKind,
        value: Value | None = None,
        text: str = "",
        *,
        name: str = "",
        ref: str = "",
        late: bool = False,
    ) -> Inbound:
        self._count += 1
        fence = self.chat.step_seq if kind in ("value", "text") else None
        return Inbound(f"in{self._count}", self.now, kind, value, text, fence, name, ref, late=late)

    def _take(self, turn: Turn) -> Turn:
        self.chat = turn.conversation
        for effect in turn.effects:
            if isinstance(effect, Arm):
                self.due = effect.due
            elif isinstance(effect, Disarm):
                self.due = 0
        return turn

    def _traced(self, event: Trigger) -> Trigger:
        def trigger(model: Cursor, cursor: Cursor, /) -> bool:
            step = cursor.state
            moved = event(model, cursor)
            if moved:
                self.moves.append(Move(step, cursor.outcome, cursor.state))
                self.visited.add(cursor.state)
            return moved

        return trigger


def said_by_bot(turn: Turn) -> tuple[Entry, ...]:
    return tuple(e.entry for e in turn.effects if isinstance(e, Say) and e.entry.author == "bot")
