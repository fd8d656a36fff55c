"""email: an e-mail address, stored normalised. `note` says under the field what it is used for."""

from bot.flows.answers.contact import read_email
from bot.flows.spec import Step
from bot.flows.steps.base import Accepted, AskAgain, Control, View
from bot.flows.steps.wording import Worded
from bot.model import Value


class Email(Worded):
    name = "email"
    waits = True
    keys: tuple[str, ...] = ("placeholder", "note")

    def outcomes(self, step: Step) -> tuple[str, ...]:
        return ("answered",)

    def present(self, view: View) -> Control:
        return Control(placeholder=view.texts.get("placeholder", ""), note=view.texts.get("note", ""))

    def value(self, view: View, value: Value) -> Accepted | AskAgain:
        return self.text(view, value) if isinstance(value, str) else AskAgain("email_again")

    def text(self, view: View, text: str) -> Accepted | AskAgain:
        address = read_email(text)
        return AskAgain("email_again") if address is None else Accepted(address, address, "answered")
