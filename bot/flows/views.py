"""What a kind of step may see of a chat, made from the compiled step."""

from collections.abc import Callable, Mapping

from bot.flows.machine import Node, Program, zone_of
from bot.flows.render import Values, Words
from bot.flows.steps.base import View
from bot.flows.steps.handoff import reachable
from bot.model import Conversation


def see(
    program: Program,
    chat: Conversation,
    node: Node,
    *,
    locale: str,
    tongue: str,
    now: int,
    values: Callable[[], Values],
) -> View:
    """What the kind of a step may see: in the language `tongue`, of somebody who said that theirs is `locale`."""
    labels, texts = node.fixed_labels.get(tongue), node.fixed_texts.get(tongue)
    return View(
        node.step,
        tongue,
        locale or tongue,
        now,
        zone_of(chat.timezone, program.zone),
        _rendered(node.labels[tongue], values) if labels is None else labels,
        _rendered(node.texts[tongue], values) if texts is None else texts,
        node.hours,
        program.desk,
        _closed(program, node, now) if node.handoffs else (),
    )


def _closed(program: Program, node: Node, now: int) -> tuple[str, ...]:
    """Options that lead to a handoff where nobody can be reached now."""
    if not program.desk:
        return tuple(node.handoffs)
    ways = ((key, program.nodes[step]) for key, step in node.handoffs.items())
    return tuple(key for key, to in ways if not reachable(to.step.config, True, to.hours, now))


def _rendered(words: Mapping[str, Words], values: Callable[[], Values]) -> dict[str, str]:
    return {key: one.render(values) for key, one in words.items()}
