"""phone: a telephone number, stored as E.164 and shown as its country writes it. `note` says what it is used for."""

from bot.flows.answers.contact import Phone, PhoneProblem, read_phone, region_of
from bot.flows.spec import Step
from bot.flows.steps.base import Accepted, AskAgain, Control, View
from bot.flows.steps.wording import Worded
from bot.model import Value


class PhoneKind(Worded):
    name = "phone"
    waits = True
    keys: tuple[str, ...] = ("placeholder", "note")

    def outcomes(self, step: Step) -> tuple[str, ...]:
        return ("answered",)

    def present(self, view: View) -> Control:
        return Control(placeholder=view.texts.get("placeholder", ""), note=view.texts.get("note", ""))

    def value(self, view: View, value: Value) -> Accepted | AskAgain:
        return self.text(view, value) if isinstance(value, str) else AskAgain("phone_invalid")

    def text(self, view: View, text: str) -> Accepted | AskAgain:
        match read_phone(text, region_of(view.person, view.zone.key)):
            case Phone(e164=number, display=display):
                return Accepted(number, display, "answered")
            case PhoneProblem(reason="short", missing=count) if count:
                return AskAgain("phone_one_missing" if count == 1 else "phone_some_missing", count=count)
            case PhoneProblem(reason=reason):
                return AskAgain(f"phone_{reason}")
