"""choice: one of a few options, stored by its key. Every option is an outcome.

An option that leads to a handoff is not offered while nobody can be reached; who has it on an older page, or asks for
it in words, is still understood, and the handoff says how it is.
"""

from collections.abc import Mapping

from bot.flows.answers.choice import read_choice
from bot.flows.spec import Step
from bot.flows.steps.base import Accepted, AskAgain, Control, View
from bot.flows.steps.wording import Worded
from bot.model import Choice, Value


class ChoiceKind(Worded):
    name = "choice"
    waits = True

    def outcomes(self, step: Step) -> tuple[str, ...]:
        return tuple(option.key for option in step.options)

    def present(self, view: View) -> Control:
        return Control(tuple(Choice(key, label) for key, label in _offered(view).items()))

    def value(self, view: View, value: Value) -> Accepted | AskAgain:
        if isinstance(value, str) and value in view.labels:
            return Accepted(value, view.labels[value], value)
        return AskAgain("choice_again")

    def text(self, view: View, text: str) -> Accepted | AskAgain:
        labels = _offered(view)
        read = read_choice(text, labels, view.person)
        if view.closed and not isinstance(read, str) and not text.strip().isdecimal():
            closed = read_choice(text, {key: view.labels[key] for key in view.closed}, view.person)
            read = closed if isinstance(closed, str) else read
        match read:
            case str(key):
                return Accepted(key, view.labels[key], key)
            case tuple(near) if near:
                return AskAgain("choice_near", tuple(Choice(key, view.labels[key]) for key in near))
            case _:
                return AskAgain("choice_again")


def _offered(view: View) -> Mapping[str, str]:
    if not view.closed:
        return view.labels
    return {key: label for key, label in view.labels.items() if key not in view.closed}
