"""link: says its words, shows its links (`Step.options`, each with a URL) and goes on at once. A click is recorded."""

from bot.flows.steps.message import Message


class LinkKind(Message):
    name = "link"
