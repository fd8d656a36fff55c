"""choice: one of a few options, stored by its key. Every option is an outcome."""

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
        return Control(tuple(Choice(key, label) for key, label in view.labels.items()))

    def value(self, view: View, value: Value) -> Accepted | AskAgain:
        if isinstance(value, str) and value in view.labels:
            return Accepted(value, view.labels[value], value)
        return AskAgain("choice_again")

    def text(self, view: View, text: str) -> Accepted | AskAgain:
        match read_choice(text, view.labels, view.person):
            case str(key):
                return Accepted(key, view.labels[key], key)
            case tuple(near) if near:
                return AskAgain("choice_near", tuple(Choice(key, view.labels[key]) for key in near))
            case _:
                return AskAgain("choice_again")
