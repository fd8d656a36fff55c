"""Advice about channels: what of a flow would be cut where Slack or Telegram show it.

It keeps no flow from being served: each channel fits what it is given. But an author should know of it. Other limits
are met by the language itself: a step has fewer options, and shorter keys, than any channel takes.
"""

from collections.abc import Iterator, Mapping

from bot.errors import Problem
from bot.flows.lint_graph import Graph
from bot.flows.render import has_template
from bot.flows.spec import Option
from bot.limits import SLACK, TELEGRAM, Limits

SHOWN: Mapping[str, Limits] = {"Slack": SLACK, "Telegram": TELEGRAM}
LONGEST_WORDS = 40
"""Of a label as it is quoted."""


def advise_channels(graph: Graph) -> Iterator[Problem]:
    """Labels of options and links."""
    for step in graph.flow.steps.values():
        for option in step.options:
            yield from _label(f"{step.path} / options / {option.key}", option)


def _label(path: str, option: Option) -> Iterator[Problem]:
    """By the tightest channel: whoever fits there fits everywhere."""
    for language, words in option.label.by_language.items():
        if has_template(words):
            continue  # its length is not known before it is said
        name, most = min(((name, _most(limits, option)) for name, limits in SHOWN.items()), key=lambda one: one[1])
        if len(words) > most:
            mark = option.label.marks.get(language, option.label.mark)
            message = f'{name} cuts a label after {most} characters: "{words[:LONGEST_WORDS]}…" has {len(words)}'
            yield Problem(mark, path, message, "say it shorter, and the rest in the question", "warning")


def _most(limits: Limits, option: Option) -> int:
    return limits.label if option.url is None else limits.link
