"""message: says its words and goes on at once."""

from bot.flows.spec import Step
from bot.flows.steps.base import Accepted, AskAgain, Control, View
from bot.flows.steps.wording import Worded
from bot.model import Value


class Message(Worded):
    name = "message"
    waits = False

    def outcomes(self, step: Step) -> tuple[str, ...]:
        return ("next",)

    def present(self, view: View) -> Control:
        return Control()

    def value(self, view: View, value: Value) -> Accepted | AskAgain:
        return AskAgain("choice_again")  # nobody is asked here, so nothing that arrives can be an answer

    def text(self, view: View, text: str) -> Accepted | AskAgain:
        return AskAgain("choice_again")
