"""text: an answer in the person's own words, kept as written up to 4,000 characters."""

from bot.flows.spec import Step
from bot.flows.steps.base import Accepted, AskAgain, Control, View
from bot.flows.steps.wording import Worded
from bot.model import Value

LONGEST = 4000


class TextKind(Worded):
    name = "text"
    waits = True
    keys: tuple[str, ...] = ("placeholder",)

    def outcomes(self, step: Step) -> tuple[str, ...]:
        return ("answered",)

    def present(self, view: View) -> Control:
        return Control(placeholder=view.texts.get("placeholder", ""))

    def value(self, view: View, value: Value) -> Accepted | AskAgain:
        return self.text(view, value) if isinstance(value, str) else AskAgain("text_again")

    def text(self, view: View, text: str) -> Accepted | AskAgain:
        kept = text.strip()[:LONGEST]
        # Nothing that can be read (blanks, joiners, control characters) is no answer.
        if not any(char.isprintable() and not char.isspace() for char in kept):
            return AskAgain("text_again")
        return Accepted(kept, kept, "answered")
