"""The proofs of a flow file: what `check` says before anything goes live.

`prove` never raises and its cost is bounded, whatever the book: the graph of a flow has at most 12 nodes a step, and
ways are counted, never listed.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from bot.errors import Problem
from bot.flows.lint_advice import advise, advise_color, advise_languages, prove_conditions, prove_hours, prove_keys
from bot.flows.lint_channels import advise_channels
from bot.flows.lint_graph import Graph, explore
from bot.flows.lint_texts import flow_texts, prove_texts, texts_of
from bot.flows.lint_ways import count_paths, prove_ways
from bot.flows.spec import Book


@dataclass(frozen=True, slots=True)
class FlowFacts:
    """What is known of a flow. `paths` and `longest` (questions on the longest way) are None where the flow loops."""

    name: str
    steps: int
    scored: bool
    """Whether it asks for a score."""
    paths: int | None
    longest: int | None


@dataclass(frozen=True, slots=True)
class Proof:
    problems: tuple[Problem, ...]
    flows: tuple[FlowFacts, ...]
    languages: tuple[str, ...]
    texts: int
    """In each language."""


def prove(book: Book, hours: Collection[str]) -> Proof:
    """Everything that can be known of a book without running it. `hours` are the names that the settings know."""
    problems: list[Problem] = []
    facts: list[FlowFacts] = []
    texts = 0
    for flow in book.flows.values():
        graph = explore(flow)
        problems += _of_flow(book, graph, hours)
        paths, longest = count_paths(graph) or (None, None)
        scored = any(step.kind == "nps" for step in flow.steps.values())
        facts.append(FlowFacts(flow.name, len(flow.steps), scored, paths, longest))
        texts += len([*flow_texts(flow), *(text for step in flow.steps.values() for text in texts_of(step))])
    file = next(iter(book.flows.values())).mark.file
    advice = (*advise_color(book), *advise_languages(book))
    problems += [replace(p, mark=replace(p.mark, file=file)) for p in advice]
    return Proof(tuple(dict.fromkeys(problems)), tuple(facts), book.languages, texts)


def _of_flow(book: Book, graph: Graph, hours: Collection[str]) -> Iterator[Problem]:
    yield from prove_ways(graph)
    yield from prove_texts(book, graph)
    yield from prove_conditions(book, graph)
    yield from prove_keys(graph)
    yield from prove_hours(book, graph, hours)
    yield from advise(book, graph)
    yield from advise_channels(graph)
