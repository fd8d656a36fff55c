"""Short flow files for tests."""

from bot.errors import Problem
from bot.flows.load import Checked, examine

HEAD = "version: 1\nbrand: {name: Acme}\nflows:\n  nps:\n    steps:\n"
SCORE = "score: {kind: nps, say: 'How likely?', then: %s}"
BYE = "bye: {kind: message, say: Thanks, end: completed}"
BY_SEGMENT = "{detractor: why, passive: bye, promoter: bye}"
FIRST = HEAD.count("\n") + 1
"""The line of the first step."""


def flow(*steps: str) -> str:
    """A file with these steps, one a line unless a step has more; `bye` is added."""
    lines = [line for step in (*steps, BYE) for line in step.splitlines()]
    return HEAD + "".join(f"      {line}\n" for line in lines)


def scored(then: str, *steps: str) -> str:
    """A flow that begins with the score."""
    return flow(SCORE % then, *steps)


def checked(source: str | bytes) -> Checked:
    return examine(source, "flows.yaml", ("office",))


def told(source: str | bytes) -> list[Problem]:
    return list(checked(source).problems)
