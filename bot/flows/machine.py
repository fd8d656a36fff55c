"""A flow made ready to run: one `transitions.Machine` per flow version, its texts compiled, all of it immutable.

A `Program` is shared by every chat of its version. A chat is never a model of the machine: a throw-away cursor with a
`state` is driven by `program.event.trigger(cursor, cursor)`, so nothing is kept per chat. The library imports and runs
strings that it is given as callbacks, so only our own callables reach it, never a string of the file; its states and
sources are step names, which `load` restricts to identifiers.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from transitions import Event, Machine, Transition

from bot.flows.conditions import holds
from bot.flows.distance import Left, distances
from bot.flows.render import Words
from bot.flows.spec import Book, Condition, Flow, OpenHours, Rule, Step, Timers
from bot.flows.steps import KINDS
from bot.flows.steps.base import StepKind
from bot.flows.steps.handoff import HandoffConfig
from bot.flows.steps.slot import SlotConfig
from bot.flows.texts import Texts, fixed
from bot.model import Value

# At INFO the library writes a line for whatever is added to a machine.
logging.getLogger("transitions").setLevel(logging.WARNING)


class Cursor(Protocol):
    """What a way out is decided on."""

    state: str
    outcome: str

    def fact(self, subject: str) -> Value | None: ...


class Trigger(Protocol):
    """The machine's one event: moves `cursor.state` along the first way out that holds. False where none does."""

    def __call__(self, model: Cursor, cursor: Cursor, /) -> bool: ...


@dataclass(frozen=True, slots=True)
class Node:
    """One step, compiled. Texts are by language of the file."""

    step: Step
    kind: StepKind
    key: str
    """Under which its answer is stored."""
    say: Mapping[str, Words] | None
    labels: Mapping[str, Mapping[str, Words]]
    """Language -> option key -> label."""
    texts: Mapping[str, Mapping[str, Words]]
    urls: Mapping[str, Mapping[str, Words]]
    hours: OpenHours | None
    far: Left
    """Questions on the shortest way to the end, this one counted."""
    fixed_labels: Mapping[str, Mapping[str, str]]
    """Those of `labels` that need no values, rendered; a language is in here whole or not at all."""
    fixed_texts: Mapping[str, Mapping[str, str]]
    may_pass: bool
    """Whether its kind can find nothing to offer and then leaves at once (`Control.outcome`)."""
    handoffs: Mapping[str, str]
    """Options that lead straight to a handoff: key -> that step."""


@dataclass(frozen=True, slots=True)
class Program:
    """One flow of one version, ready to run."""

    flow: str
    version: str
    start: str
    languages: tuple[str, ...]
    nodes: Mapping[str, Node]
    timers: Timers
    remind: Mapping[str, Words] | None
    event: Trigger
    zone: ZoneInfo
    """The service's own, for people whose zone is unknown."""
    brand: Mapping[str, str]
    has_score: bool
    """Whether the flow asks for a score: then a response exists from the score on, else from the first answer on."""
    desk: bool
    """Whether there is anybody to hand a chat over to."""
    handoff: str
    """Where a person who asks for a human is led: the flow's first handoff; empty where it has none."""
    tongues: dict[str, str] = field(compare=False)
    """Locale -> language of the file, as far as they were asked for: a cache that is bounded by `language`."""

    def language(self, locale: str) -> str:
        """The flow's language for a person's locale (`fr-CA` -> `fr`); the first one for a language it lacks."""
        found = self.tongues.get(locale)
        if found is None:
            found = match_language(locale, self.languages) or self.languages[0]
            if len(self.tongues) < 256:
                self.tongues[locale] = found
        return found


def compile_book(
    book: Book, hours: Mapping[str, OpenHours], timezone: str, desk: bool = False
) -> Mapping[str, Program]:
    """A program per flow. Opening hours that the settings lack leave their slot steps by the outcome `none`, and their
    handoffs by `unavailable`. `desk`: whether there is one."""
    zone = zone_of(timezone, ZoneInfo("UTC"))
    return MappingProxyType({name: _compile(book, flow, hours, zone, desk) for name, flow in book.flows.items()})


@lru_cache(maxsize=1024)
def zone_of(name: str, fallback: ZoneInfo) -> ZoneInfo:
    """The zone of that IANA name; `fallback` where there is none such, since the name comes from a client."""
    try:
        return ZoneInfo(name) if name else fallback
    except (ValueError, KeyError, OSError):
        return fallback


def match_language(locale: str, languages: tuple[str, ...]) -> str:
    """The nearest of the languages: the same tag, then the same language; empty where there is none."""
    wanted = locale.replace("_", "-").lower()
    base = wanted.partition("-")[0]
    by_tag = {language.lower(): language for language in languages}
    if wanted in by_tag:
        return by_tag[wanted]
    return by_tag.get(base) or next((la for tag, la in by_tag.items() if tag.partition("-")[0] == base), "")


def _compile(book: Book, flow: Flow, hours: Mapping[str, OpenHours], zone: ZoneInfo, desk: bool) -> Program:
    brand = {"name": book.brand.name, "color": book.brand.color, "privacy": book.brand.privacy}
    texts = Texts(book.languages, {"brand": brand})
    far = distances(flow)
    nodes = {step.name: _node(step, flow, texts, hours, far[step.name]) for step in flow.steps.values()}
    remind = flow.timers.remind_say
    return Program(
        flow=flow.name,
        version=book.version,
        start=flow.start,
        languages=book.languages,
        nodes=MappingProxyType(nodes),
        timers=flow.timers,
        remind=None if remind is None else texts.one(remind),
        event=_machine(flow),
        zone=zone,
        brand=brand,
        has_score=any(step.kind == "nps" for step in flow.steps.values()),
        desk=desk,
        handoff=next((step.name for step in flow.steps.values() if KINDS[step.kind].staffed), ""),
        tongues={},
    )


def _node(step: Step, flow: Flow, texts: Texts, hours: Mapping[str, OpenHours], far: Left) -> Node:
    kind = KINDS[step.kind]
    labels = texts.many({option.key: option.label for option in step.options})
    own = texts.many(kind.texts(step))
    return Node(
        step=step,
        kind=kind,
        key=step.save_as or step.name,
        say=None if step.say is None else texts.one(step.say),
        labels=labels,
        texts=own,
        urls=texts.many({option.key: option.url for option in step.options if option.url is not None}),
        hours=hours.get(step.config.hours) if isinstance(step.config, SlotConfig | HandoffConfig) else None,
        far=far,
        fixed_labels=fixed(labels),
        fixed_texts=fixed(own),
        may_pass=bool(kind.passes),
        handoffs=_handoffs(step, flow),
    )


def _handoffs(step: Step, flow: Flow) -> Mapping[str, str]:
    """Options whose one way is a handoff. Where every option is one, none is left out: there must be a choice."""
    ways = {rule.outcome: rule.to for rule in step.then if rule.to in flow.steps}
    keys = [option.key for option in step.options]
    found = {key: ways[key] for key in keys if key in ways and KINDS[flow.steps[ways[key]].kind].staffed}
    return found if len(found) < len(keys) else {}


class _Way(Transition):
    """A transition as the library keeps it, taken without the callbacks around it that no flow has."""

    def leads(self, cursor: Cursor) -> bool:
        conditions: Any = self.conditions
        for condition in conditions:
            if not condition.func(cursor):  # one of ours, never a string: see `_conditions`
                return False
        target: Any = self.dest  # a state's name: only a transition within a state has none
        cursor.state = target
        return True


class _Answer(Event):
    """The machine's event, without a queue, a log and a record of callbacks, which made it two fifths of a step. A
    state that no way leads out of is left by `end`: asked to move it says no, and does not raise."""

    def trigger(self, model: object, *_args: object, **_more: object) -> bool:
        cursor: Any = model
        ways: Any = self.transitions.get(cursor.state, ())  # `_Way`s, as the machine makes them
        for way in ways:  # noqa: SIM110 - `any` over a generator costs twice as much, in every turn
            if way.leads(cursor):
                return True
        return False


class _Machine(Machine):
    transition_cls = _Way
    event_cls = _Answer


def _machine(flow: Flow) -> Trigger:
    machine: Any = _Machine(model=None, states=list(flow.steps), initial=None, auto_transitions=False)
    machine.add_transition("answer", [], "")  # the event exists even in a flow of one step that ends the chat
    for step in flow.steps.values():
        for rule in step.then:
            if rule.to in flow.steps:
                machine.add_transition("answer", step.name, rule.to, conditions=_conditions(rule))
    trigger: Trigger = machine.events["answer"].trigger
    return trigger


def _conditions(rule: Rule) -> list[Callable[[Cursor], bool]]:
    checks: list[Callable[[Cursor], bool]] = []
    if rule.outcome is not None:
        checks.append(_outcome_is(rule.outcome))
    if rule.when is not None:
        checks.append(_holds(rule.when))
    return checks


def _outcome_is(outcome: str) -> Callable[[Cursor], bool]:
    return lambda cursor: cursor.outcome == outcome


def _holds(condition: Condition) -> Callable[[Cursor], bool]:
    return lambda cursor: holds(condition, cursor.fact)
