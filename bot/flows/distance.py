"""How many questions are left, on the shortest way: what "Question 1 of 3" counts to.

A way that a segment cannot take does not count: once the score is known only that segment's ways do; before, the
shortest of all. Ways by `timeout` never count, and an optional question counts as one.
"""

from collections.abc import Iterator, Mapping
from typing import TypeAlias, get_args

from bot.flows.conditions import verdict
from bot.flows.spec import Flow, Step
from bot.flows.steps import KINDS
from bot.model import Segment

Left: TypeAlias = Mapping[Segment | None, int]
"""By the segment so far; None while there is no score."""


def distances(flow: Flow) -> dict[str, Left]:
    """Per step, the questions from it to an end, itself counted; 1 where no end can be reached."""
    worlds: dict[Segment, dict[str, int]] = {segment: _world(flow, segment) for segment in get_args(Segment)}
    found: dict[str, Left] = {}
    for name in flow.steps:
        left: dict[Segment | None, int] = {segment: world.get(name, 1) for segment, world in worlds.items()}
        found[name] = left | {None: min(left.values())}
    return found


def _world(flow: Flow, segment: Segment) -> dict[str, int]:
    own = {name: int(KINDS[step.kind].waits and not KINDS[step.kind].staffed) for name, step in flow.steps.items()}
    left = {name: own[name] for name, step in flow.steps.items() if not step.then}
    for _ in flow.steps:
        before = dict(left)
        for name, step in flow.steps.items():
            ways = [left[to] for to in _ways(step, segment) if to in left]
            if ways:
                left[name] = own[name] + min(ways)
        if left == before:
            break
    return left


def _ways(step: Step, segment: Segment) -> Iterator[str]:
    """Where the step may lead someone of this segment, as the first rule that holds is taken."""
    for rule in step.then:
        if rule.outcome == "timeout" or (
            step.kind == "nps" and rule.outcome in get_args(Segment) and rule.outcome != segment
        ):
            continue
        holds = None if rule.outcome else rule.when is None or verdict(rule.when, {"segment": segment})
        if holds is not False:
            yield rule.to
        if holds:
            return
