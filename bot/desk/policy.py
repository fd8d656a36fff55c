"""What the settings say about alerts and cases: frozen, with defaults that serve."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.flows.render import Words
from bot.flows.spec import Condition
from bot.model import Counts

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


@dataclass(frozen=True, slots=True)
class Rule:
    """Opens a case where `when` holds and one of `words` was said (each counts only where it is set)."""

    name: str
    to: str
    mention: str = ""
    when: Condition | None = None
    words: tuple[str, ...] = ()
    deadline: int | None = None
    """Milliseconds; 0 for none, None for that of all cases."""


@dataclass(frozen=True, slots=True)
class Outcome:
    key: str
    label: str
    counts: Counts


@dataclass(frozen=True, slots=True)
class Escalation:
    """`after` the deadline: the mention, in the thread and (where set) in a second channel."""

    after: int = 0
    to: str = ""
    mention: str = ""


OUTCOMES = (
    Outcome("replaced", "Replaced", "recovered"),
    Outcome("refunded", "Refunded", "recovered"),
    Outcome("explained", "Explained, customer is fine with it", "recovered"),
    Outcome("unreached", "Could not reach the customer", "no_action"),
    Outcome("none", "Nothing we can do", "lost"),
)
CAUSES = {
    "product": "Product or quality",
    "delivery": "Delivery and packaging",
    "service": "Service and answers",
    "price": "Price or billing",
    "other": "Something else",
}
SCRIPTS = {
    "detractor": "Thank them for saying it. Ask what would put it right; promise only what you can do.",
    "passive": "Thank them. Ask what one thing would have made it better.",
    "promoter": "Thank them. Ask what they like most, and whether you may quote them.",
}
TELL = {
    "en": "{name} has marked this as settled. Not so? Just answer here.",
    "fr": "{name} a noté que c'est réglé. Ce n'est pas le cas ? Répondez simplement ici.",
    "es": "{name} lo ha marcado como resuelto. ¿No es así? Responda aquí mismo.",
    "de": "{name} hat das als erledigt vermerkt. Stimmt das nicht? Antworten Sie einfach hier.",
}


@dataclass(frozen=True, slots=True)
class Policy:
    """How cases are opened, watched and closed."""

    to: str = ""
    """The channel of cases that no rule sends elsewhere; empty where there is no desk."""
    rules: tuple[Rule, ...] = ()
    handoff_mention: str = ""
    """Whom to call where a customer waits for a person."""
    deadline: int = DAY
    remind_before: int = 2 * HOUR
    escalate: Escalation = field(default_factory=Escalation)
    outcomes: tuple[Outcome, ...] = OUTCOMES
    causes: Mapping[str, str] = field(default_factory=lambda: dict(CAUSES))
    scripts: Mapping[str, str] = field(default_factory=lambda: dict(SCRIPTS))
    """What to say, by segment."""
    crm_link: Words | None = None
    callback_before: int = 15 * MINUTE
    tell: Mapping[str, str] = field(default_factory=lambda: dict(TELL))
    """By language; `{name}` is the agent."""
    timezone: str = "UTC"
    """Of the service: where a person's own is unknown, and for `tomorrow`."""

    def outcome(self, key: str) -> Outcome | None:
        return next((one for one in self.outcomes if one.key == key), None)

    def told(self, locale: str, name: str) -> str:
        """The sentence that a customer gets whose case is settled."""
        words = self.tell.get(locale) or self.tell.get(locale.partition("-")[0]) or self.tell.get("en")
        return (words or next(iter(self.tell.values()), "")).replace("{name}", name)
