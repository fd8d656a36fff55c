"""A flow as a graph that can be proved: its nodes are (step, what is known of the score).

Scores that no rule of the flow tells apart are one class, shown by its lowest score; before there is a score the class
is None. So a way that only promoters can take is seen as such, and the graph stays small: at most 12 nodes a step.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from bot.flows.conditions import verdict
from bot.flows.load_step import outcomes_of
from bot.flows.nodes import nearest
from bot.flows.spec import Flow, Range, Rule, Step
from bot.flows.steps import KINDS
from bot.model import Value, segment_of

SCORES = range(11)
NO_ANSWER = ("skipped", "timeout")

Node: TypeAlias = tuple[str, int | None]


@dataclass(frozen=True, slots=True)
class Edge:
    """One way on. `to` is None where the chat ends, or where the file does not say how it goes on."""

    outcome: str
    to: Node | None
    answers: bool
    """Whether an answer was given, and so the step's key is set."""
    asks: bool
    """Whether the person was asked: not by a message, nor by a slot step without a free time."""
    held: bool = False
    """A person took over here and has left again."""
    loose: bool = False
    """No rule holds here."""


@dataclass(slots=True)
class Graph:
    flow: Flow
    classes: tuple[tuple[int, ...], ...]
    edges: dict[Node, tuple[Edge, ...]] = field(default_factory=dict)
    """Every node that can be reached, in the order found."""
    taken: set[tuple[str, int]] = field(default_factory=set)
    """Rules that some chat can take: step, and place in its `then`."""

    def scores_at(self, step: str) -> tuple[int | None, ...]:
        """The classes with which a step can be reached."""
        return tuple(score for name, score in self.edges if name == step)

    def all_of(self, score: int) -> tuple[int, ...]:
        """Every score of the class that `score` stands for."""
        return next(scores for scores in self.classes if scores[0] == score)


def explore(flow: Flow) -> Graph:
    """Everything that can be reached from the start. A misspelt step counts as the one that was probably meant, so
    that one mistake is reported once."""
    graph = Graph(flow, score_classes(flow))
    waiting: list[Node] = [(flow.start, None)] if flow.start in flow.steps else []
    while waiting:
        node = waiting.pop()
        if node in graph.edges:
            continue
        graph.edges[node] = tuple(dict.fromkeys(_edges(graph, flow.steps[node[0]], node[1])))
        waiting += [edge.to for edge in graph.edges[node] if edge.to is not None]
    return graph


def score_classes(flow: Flow) -> tuple[tuple[int, ...], ...]:
    """The scores, grouped by what the rules of this flow can tell apart."""
    tests = [check for s in flow.steps.values() for rule in s.then if rule.when for check in rule.when.tests]
    numeric = [accepted for check in tests if check.subject in ("score", "answer") for accepted in check.accepts]
    groups: dict[tuple[object, ...], list[int]] = {}
    for score in SCORES:
        told = tuple(a.low <= score <= a.high if isinstance(a, Range) else a == score for a in numeric)
        groups.setdefault((segment_of(score), told), []).append(score)
    return tuple(sorted(tuple(scores) for scores in groups.values()))


def results(graph: Graph, step: Step, score: int | None) -> Iterator[tuple[str, int | None]]:
    """Every (outcome, score class after it) of a step that is reached with `score`."""
    for outcome in outcomes_of(step):
        if step.kind == "nps" and outcome not in NO_ANSWER:
            for scores in graph.classes:
                if segment_of(scores[0]) == outcome:
                    yield outcome, scores[0]
        else:
            yield outcome, score


def ways(step: Step, outcome: str, score: int | None) -> tuple[tuple[int, ...], bool]:
    """The rules that may be taken, by their place in `then`, and whether one of them is sure to hold."""
    found: list[int] = []
    known = known_facts(step, outcome, score)
    for number, rule in enumerate(step.then):
        if rule.outcome is not None:
            holds: bool | None = rule.outcome == outcome
        else:
            holds = True if rule.when is None else verdict(rule.when, known)
        if holds is not False:
            found.append(number)
        if holds:
            return tuple(found), True
    return tuple(found), False


def known_facts(step: Step, outcome: str, score: int | None) -> Mapping[str, Value | None]:
    known: dict[str, Value | None] = {"outcome": outcome, "score": score}
    known["segment"] = None if score is None else segment_of(score)
    if not gives_answer(step, outcome):
        known["answer"] = None
    elif step.kind == "nps":
        known["answer"] = score
    elif step.kind in ("choice", "yesno"):
        known["answer"] = outcome
    return known


def gives_answer(step: Step, outcome: str) -> bool:
    """Whether the step's answer is there after this outcome. A slot step with no free time asks nothing."""
    return asks(step) and outcome not in (*NO_ANSWER, *passes(step))


def asks(step: Step) -> bool:
    """Whether it is a question. A handoff waits too, and asks nothing."""
    return step.kind not in KINDS or (KINDS[step.kind].waits and not KINDS[step.kind].staffed)


def staffed(step: Step) -> bool:
    return step.kind in KINDS and KINDS[step.kind].staffed


def passes(step: Step) -> tuple[str, ...]:
    return KINDS[step.kind].passes if step.kind in KINDS else ()


def key_of(step: Step) -> str:
    """The key of its answer."""
    return step.save_as or step.name


def meant(flow: Flow, name: str) -> str:
    """The step of this name, or the one that was probably meant; empty where there is none."""
    return name if name in flow.steps else nearest(name, flow.steps)


def _edges(graph: Graph, step: Step, score: int | None) -> Iterator[Edge]:
    if step.kind not in KINDS:  # already reported; any way may be taken
        for number, rule in enumerate(step.then):
            graph.taken.add((step.name, number))
            yield Edge("", _node(graph.flow, rule, score), answers=True, asks=True)
        if not step.then:
            yield Edge("", None, answers=True, asks=True)
        return
    for outcome, after in results(graph, step, score):
        answers = gives_answer(step, outcome)
        passed = outcome in passes(step)
        asked, held = asks(step) and not passed, staffed(step) and not passed
        if step.end:
            yield Edge(outcome, None, answers, asked, held)
            continue
        rules, sure = ways(step, outcome, after)
        graph.taken.update((step.name, number) for number in rules)
        for number in rules:
            yield Edge(outcome, _node(graph.flow, step.then[number], after), answers, asked, held)
        if not sure:
            yield Edge(outcome, None, answers, asked, held, loose=True)


def _node(flow: Flow, rule: Rule, score: int | None) -> Node | None:
    name = meant(flow, rule.to)
    return (name, score) if name else None
