"""Proofs about the ways of a flow: every outcome leads somewhere, every score exactly once, nothing is unreachable,
every way ends, and none goes round without asking anything."""

from collections.abc import Iterable, Iterator, Mapping

from bot.errors import Problem
from bot.flows.conditions import spans, verdict
from bot.flows.lint_graph import SCORES, Graph, Node, known_facts, meant, results, staffed, ways
from bot.flows.load_step import outcomes_of
from bot.flows.spec import Rule, Step
from bot.model import segment_of

MANY = 1_000_000


def prove_ways(graph: Graph) -> Iterator[Problem]:
    steps = graph.flow.steps
    for step in steps.values():
        yield from _exits(graph, step)
    if graph.flow.start in steps:
        yield from _never_taken(graph)
        yield from _unreachable(graph)
        silent = tuple(_silent_loops(graph))
        yield from silent or _endless(graph)


def count_paths(graph: Graph) -> tuple[int, int] | None:
    """How many ways there are through the flow (at most MANY) and the most questions on one; None where it loops."""
    order = _bottom_up(graph)
    if order is None:
        return None
    known: dict[Node, tuple[int, int]] = {}
    for node in order:
        paths, longest = 0, 0
        for edge in graph.edges[node]:
            count, asked = (1, 0) if edge.to is None else known[edge.to]
            paths, longest = paths + count, max(longest, asked + edge.asks)
        known[node] = (min(paths, MANY), longest)
    return known.get((graph.flow.start, None))


def _exits(graph: Graph, step: Step) -> Iterator[Problem]:
    """Where a step's outcomes go: none is left out, and no score is in two rules."""
    if step.end or not outcomes_of(step):
        return
    if not step.then:
        if step.then_mark is None:
            to = _an_end(graph, step)
            hint = "add it:  end: completed" if to == step.name else f"add it:  then: {to}   or   end: completed"
            yield Problem(step.mark, step.path, "this step leads nowhere", hint)
        else:
            yield Problem(step.then_mark, f"{step.path} / then", "this leads nowhere", _mended(graph, step, ()))
        return
    loose: dict[str, set[int]] = {}
    for score in graph.scores_at(step.name) or (None,):
        for outcome, after in results(graph, step, score):
            if not ways(step, outcome, after)[1]:
                loose.setdefault(outcome, set()).update(() if after is None else graph.all_of(after))
    if loose:
        yield Problem(
            step.then_mark or step.mark,
            f"{step.path} / then",
            _loose_words(step, loose),
            _mended(graph, step, tuple(loose)),
        )
    if step.kind == "nps":
        yield from _overlaps(step)


def _loose_words(step: Step, loose: Mapping[str, set[int]]) -> str:
    if step.kind == "nps" and not any(rule.outcome for rule in step.then):
        scores = set().union(*loose.values())
        others = [outcome for outcome in loose if not loose[outcome]]
        named = [f"score{'s' * (len(scores) > 1)} {spans(scores)}"] if scores else []
        named += [f'outcome "{outcome}"' for outcome in others]
        return f"{' and '.join(named)} {'lead' if len(scores) + len(others) > 1 else 'leads'} nowhere"
    names = [f'"{outcome}"' + _which(step, outcome, loose[outcome]) for outcome in loose]
    if len(names) == 1:
        return f"outcome {names[0]} leads nowhere"
    return f"outcomes {', '.join(names[:-1])} and {names[-1]} lead nowhere"


def _which(step: Step, outcome: str, scores: set[int]) -> str:
    """The scores meant, where the outcome alone does not say it."""
    if step.kind == "nps" and scores:
        return f" (scores {spans(scores)})"
    if scores and scores != set(SCORES) and not any(rule.outcome for rule in step.then):
        return f" after a score of {spans(scores)}"
    return ""


def _mended(graph: Graph, step: Step, missing: tuple[str, ...]) -> str:
    """`then` as it could be written."""
    to = _an_end(graph, step)
    if any(rule.outcome is None for rule in step.then):
        return f"add a last rule:  - to: {to}"
    written = {rule.outcome or "": rule.to for rule in step.then}
    whole = {outcome: written.get(outcome, to) for outcome in outcomes_of(step)}
    one = f"then: {to}" if not written else ""
    return f"add it:  {one or 'then: {' + ', '.join(f'{key}: {value}' for key, value in whole.items()) + '}'}"


def _an_end(graph: Graph, step: Step) -> str:
    """A step that ends the chat, to stand in an example."""
    ends = [other.name for other in graph.flow.steps.values() if other.end and other.name != step.name]
    return ends[-1] if ends else "bye"


def _overlaps(step: Step) -> Iterator[Problem]:
    """A score that two rules claim, each by the score alone. The last, unconditional rule claims only the rest."""
    claims: dict[int, list[Rule]] = {score: [] for score in SCORES}
    for score in SCORES:
        known = known_facts(step, segment_of(score), score)
        claims[score] = [rule for rule in step.then if rule.when and verdict(rule.when, known)]
    pairs: dict[tuple[Rule, Rule], list[int]] = {}
    for score, rules in claims.items():
        for second in rules[1:]:
            pairs.setdefault((rules[0], second), []).append(score)
    for (first, second), scores in pairs.items():
        many = len(scores) > 1
        named = f"scores {spans(scores)} are" if many else f"score {spans(scores)} is"
        words = f"{named} in two rules (lines {first.mark.line} and {second.mark.line})"
        yield Problem(second.mark, f"{step.path} / then", words, "let each score be in one rule")


def _never_taken(graph: Graph) -> Iterator[Problem]:
    for name, _ in dict.fromkeys((name, None) for name, _ in graph.edges):
        step = graph.flow.steps[name]
        known = set(outcomes_of(step))
        for number, rule in enumerate(step.then):
            if (name, number) in graph.taken or step.end or (rule.outcome is not None and rule.outcome not in known):
                continue
            always = next((r for r in step.then[:number] if r.when is None and r.outcome is None), None)
            if always is not None:
                line = always.mark.line
                yield Problem(
                    rule.mark,
                    f"{step.path} / then",
                    f"the rule in line {line} always holds, so this one is never reached",
                    "put the rule without `when` last",
                )
            else:
                yield Problem(
                    rule.mark,
                    f"{step.path} / then",
                    "no chat can ever take this way",
                    "remove it, or mend its condition",
                )


def _unreachable(graph: Graph) -> Iterator[Problem]:
    """Steps that no chat can reach, with those behind them. Whoever asks for a human gets to the first handoff."""
    steps = graph.flow.steps
    reached = {name for name, _ in graph.edges}.union([*filter(lambda name: staffed(steps[name]), steps)][:1])
    left = [name for name in steps if name not in reached]
    leads = {name: {meant(graph.flow, rule.to) for rule in steps[name].then} - {name} for name in left}
    pointed = set().union(*leads.values()) if leads else set()
    known = {rule.to for name in reached for rule in steps[name].then}  # by a way that is reported itself
    for name in sorted(left, key=lambda name: name in pointed):
        if name in reached or name in known:
            continue
        behind = _closure(name, leads) - reached - {name}
        reached |= behind | {name}
        also = f" (nor to {', '.join(sorted(behind, key=list(steps).index))} behind it)" if behind else ""
        hint = f"lead to it:  then: {name}   or remove it"
        yield Problem(steps[name].mark, steps[name].path, f'nothing leads to "{name}"{also}', hint)


def _closure(start: str, leads: Mapping[str, Iterable[str]]) -> set[str]:
    found, waiting = set(), [start]
    while waiting:
        name = waiting.pop()
        if name in leads and name not in found:
            found.add(name)
            waiting += leads[name]
    return found


def _silent_loops(graph: Graph) -> Iterator[Problem]:
    """Ways that come back to where they were without a question: the chat would speak for ever."""
    silent: dict[str, set[str]] = {}
    for (name, _), edges in graph.edges.items():
        silent.setdefault(name, set()).update(edge.to[0] for edge in edges if edge.to and not (edge.asks or edge.held))
    told: set[str] = set()
    for name in graph.flow.steps:
        if name in told or name not in silent:
            continue
        ring = _ring(name, silent)
        if ring:
            told |= set(ring)
            step = graph.flow.steps[name]
            words = f"{' -> '.join((*ring, name))} goes round without asking anything"
            yield Problem(step.mark, step.path, words, "put a question on the way, or end it:  end: completed")


def _ring(start: str, leads: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """The shortest way from `start` back to it; empty where there is none."""
    came: dict[str, str] = {}
    waiting = [start]
    for name in waiting:
        for to in sorted(leads.get(name, ())):
            if to == start:
                ring = [name]
                while ring[-1] != start:
                    ring.append(came[ring[-1]])
                return tuple(reversed(ring))
            if to not in came:
                came[to] = name
                waiting.append(to)
    return ()


def _endless(graph: Graph) -> Iterator[Problem]:
    """Steps from which the chat can never end."""
    back: dict[Node, list[Node]] = {}
    ends: list[Node] = []
    for node, edges in graph.edges.items():
        for edge in edges:
            if edge.to is None:
                ends.append(node)
            else:
                back.setdefault(edge.to, []).append(node)
    fine: set[Node] = set()
    while ends:
        node = ends.pop()
        if node not in fine:
            fine.add(node)
            ends += back.get(node, ())
    stuck = [name for name in graph.flow.steps if any(n == name and (n, s) not in fine for n, s in graph.edges)]
    if stuck:
        step = graph.flow.steps[stuck[0]]
        among = f" ({' -> '.join(stuck[:6])})" if len(stuck) > 1 else ""
        hint = "let a step on the way have  end: completed"
        yield Problem(step.mark, step.path, f'from "{step.name}" no way leads to an end{among}', hint)


def _bottom_up(graph: Graph) -> list[Node] | None:
    """Every node after all that it leads to; None where there is a loop."""
    missing = {node: {edge.to for edge in edges if edge.to} for node, edges in graph.edges.items()}
    back: dict[Node, list[Node]] = {}
    for node, leads in missing.items():
        for to in leads:
            back.setdefault(to, []).append(node)
    order = [node for node, leads in missing.items() if not leads]
    for node in order:
        for before in back.get(node, ()):
            missing[before].discard(node)
            if not missing[before]:
                order.append(before)
    return order if len(order) == len(graph.edges) else None
