"""yesno: a yes or a no. `yes` and `no` replace the standard words on the buttons."""

from bot.flows.answers.choice import read_choice, read_yesno
from bot.flows.phrases import phrase
from bot.flows.spec import Step
from bot.flows.steps.base import Accepted, AskAgain, Control, View
from bot.flows.steps.wording import Worded
from bot.model import Choice, Value


class YesNo(Worded):
    name = "yesno"
    waits = True
    keys: tuple[str, ...] = ("yes", "no")

    def outcomes(self, step: Step) -> tuple[str, ...]:
        return ("yes", "no")

    def present(self, view: View) -> Control:
        return Control(tuple(Choice(key, label) for key, label in _labels(view).items()))

    def value(self, view: View, value: Value) -> Accepted | AskAgain:
        labels = _labels(view)
        if isinstance(value, str) and value in labels:
            return Accepted(value, labels[value], value)
        return AskAgain("choice_again")

    def text(self, view: View, text: str) -> Accepted | AskAgain:
        labels = _labels(view)
        said = read_yesno(text, view.person)
        if said is not None:
            key = "yes" if said else "no"
            return Accepted(key, labels[key], key)
        match read_choice(text, labels, view.person):
            case str(key):
                return Accepted(key, labels[key], key)
            case _:
                return AskAgain("choice_again")


def _labels(view: View) -> dict[str, str]:
    return {key: view.texts.get(key) or phrase(key, view.locale) for key in ("yes", "no")}
