"""What one turn of the engine costs on the shipped flow, beside a bare trigger of the shared machine.

    python -m bench.engine

A tapped answer is read, moves the machine and renders the next question. Figures are medians on one core; the ratio to
the bare trigger holds on any machine.
"""

import gc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter_ns

from transitions import Machine

from bot.flows import engine
from bot.flows.load import load
from bot.flows.machine import Program, compile_book
from bot.flows.spec import OpenHours
from bot.model import Address, Conversation, Inbound, Start, Value

FLOWS = Path(__file__).parents[1] / "flows.yaml"
HOURS = {"office": OpenHours("UTC", (((540, 1080),),) * 5 + ((), ()))}
NOW = 1_763_978_400_000
ROUNDS = 20_000


class Bare:
    """All that a bare trigger needs."""

    __slots__ = ("outcome", "state")

    def __init__(self, state: str, outcome: str) -> None:
        self.state = state
        self.outcome = outcome


def measure(rounds: int = ROUNDS) -> dict[str, float]:
    """Microseconds by name, medians; measured in turns, so that a busy machine burdens all alike."""
    program = compile_book(load(FLOWS.read_text("utf-8")), HOURS, "UTC")["nps"]
    opened = engine.start(program, Start("chat", Address("web", "chat"), NOW, "en", "Europe/Paris")).conversation
    chats: dict[str, tuple[Conversation, Value]] = {"tap a score": (opened, 3)}
    values: tuple[tuple[str, Value], ...] = (
        ("type a reason", "late"),
        ("type a wish", "call"),
        ("tap an option", "no"),
    )
    for name, value in values:
        before, last = list(chats.values())[-1]
        chats[name] = (_answer(program, before, last), value)
    acts: dict[str, Callable[[], object]] = {"bare trigger": _bare()}
    for name, (chat, value) in chats.items():
        inbound = Inbound("new", NOW, "value", value, fence=chat.step_seq)
        acts[name] = partial(engine.step, program, chat, inbound)
    scored = chats["type a reason"][0]
    acts["open a chat"] = partial(engine.start, program, Start("chat", Address("web", "chat"), NOW, "en"))
    acts["describe the question"] = partial(engine.ask, program, scored, NOW)
    return _medians(acts, rounds)


def _answer(program: Program, chat: Conversation, value: Value) -> Conversation:
    return engine.step(program, chat, Inbound(f"in{chat.seq}", NOW, "value", value, fence=chat.step_seq)).conversation


def _bare() -> Callable[[], object]:
    """The library's own machine with two states, as it comes."""
    machine = Machine(model=None, states=["asked", "answered"], initial=None, auto_transitions=False)
    machine.add_transition("answer", "asked", "answered", conditions=[lambda cursor: cursor.outcome == "detractor"])
    trigger = machine.events["answer"].trigger

    def act() -> None:
        cursor = Bare("asked", "detractor")
        trigger(cursor, cursor)

    return act


def _medians(acts: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    times: dict[str, list[int]] = {name: [] for name in acts}
    gc.disable()
    try:
        for _ in range(rounds):
            for name, act in acts.items():
                began = perf_counter_ns()
                act()
                times[name].append(perf_counter_ns() - began)
    finally:
        gc.enable()
    return {name: sorted(found)[len(found) // 2] / 1000 for name, found in times.items()}


def report(figures: dict[str, float]) -> str:
    bare = figures["bare trigger"]
    lines = ["engine, one core, median          us    x bare trigger", "-" * 54]
    lines += [f"{name:<28}{cost:>8.1f}{cost / bare:>14.1f}" for name, cost in figures.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    print(report(measure()))
