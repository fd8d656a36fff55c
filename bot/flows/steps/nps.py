"""nps: the 0-10 question. `low` and `high` replace the standard words at the ends of the scale."""

from bot.flows.answers.score import Near, Score, read_score
from bot.flows.phrases import phrase
from bot.flows.spec import Step
from bot.flows.steps.base import Accepted, AskAgain, Control, View
from bot.flows.steps.wording import Worded
from bot.model import Choice, Value, segment_of

POINTS = tuple(Choice(score, str(score)) for score in range(11))
ACCEPTED = tuple(Accepted(score, str(score), segment_of(score)) for score in range(11))


class Nps(Worded):
    name = "nps"
    waits = True
    keys: tuple[str, ...] = ("low", "high")

    def outcomes(self, step: Step) -> tuple[str, ...]:
        return ("detractor", "passive", "promoter")

    def present(self, view: View) -> Control:
        low = view.texts.get("low") or phrase("scale_low", view.locale)
        high = view.texts.get("high") or phrase("scale_high", view.locale)
        return Control(POINTS, low, high)

    def value(self, view: View, value: Value) -> Accepted | AskAgain:
        if type(value) is int and 0 <= value <= 10:
            return ACCEPTED[value]
        return AskAgain("score_again")

    def text(self, view: View, text: str) -> Accepted | AskAgain:
        match read_score(text, view.person):
            case Score(value=score, rest=rest):
                return Accepted(score, str(score), segment_of(score), rest)
            case Near(values=near, confirm=confirm):
                return AskAgain("score_mean" if confirm else "score_near", tuple(POINTS[score] for score in near))
            case None:
                return AskAgain("score_again")
