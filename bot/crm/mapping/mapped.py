"""The mapping of one writer: which responses at which moments, who is meant, and what goes where. Pure.

It is read once from the settings (`bot.settings_writers_mapping`) and then only evaluated; nothing here raises,
whatever a response holds. What is absent in a response is left out of what is written: a field is never emptied by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, TypeAlias

from bot.crm.base import EVENTS, Event
from bot.crm.mapping.expr import Expr
from bot.crm.mapping.shape import as_text
from bot.crm.mapping.sources import Out, Scene, clean, contact_source, known, phone_of
from bot.errors import Mark
from bot.flows.conditions import holds
from bot.flows.spec import Condition
from bot.model import Response

__all__ = ["Expr", "Field", "Mapped", "Out", "Plain", "Section", "SectionValues", "moments", "plain"]

Plain: TypeAlias = str | int | float | bool

SURNAMES = ("last_name", "family_name", "name")
"""Facts about a person: `family_name` and `name` as OpenID Connect calls them."""
LEFT = ("abandoned", "stopped", "unreachable")
"""Outcomes of chats that their person left, or could not be reached in: not completed."""


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    """As the other side calls it."""
    expr: Expr
    mark: Mark
    """Of the name in the settings file."""


@dataclass(frozen=True, slots=True)
class Section:
    """One table beside `fields` (case, task, event ...)."""

    name: str
    mark: Mark
    on: tuple[Event, ...] = EVENTS
    when: Condition | None = None
    fields: tuple[Field, ...] = ()
    options: Mapping[str, Plain] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SectionValues:
    fields: Mapping[str, Out]
    options: Mapping[str, Plain]


@dataclass(frozen=True, slots=True)
class Mapped:
    """See the settings file's `writers`. The default wants every response at every moment and maps nothing."""

    on: tuple[Event, ...] = EVENTS
    when: Condition | None = None
    trust: Literal["typed", "claimed"] = "typed"
    unknown: Literal["create", "skip", "park"] = "create"
    changed: Literal["overwrite", "keep"] = "overwrite"
    match: Mapping[str, Mapping[str, Expr]] = field(default_factory=dict)
    """Target -> field -> what it is compared with."""
    fields: Mapping[str, tuple[Field, ...]] = field(default_factory=dict)
    """Target -> its fields."""
    sections: Mapping[str, tuple[Section, ...]] = field(default_factory=dict)
    """Section -> its tables, of which the first that applies is meant."""
    target: str = ""
    """What is meant where no target is named; so for `matched`, of what can be found."""
    matched: str = ""
    timezone: str = "UTC"
    """Whose days the filter `date` counts: the owner's, as the settings say."""
    transcript: bool = False
    """Whether any expression reads it."""

    def wants(self, response: Response) -> tuple[Event, ...]:
        """The moments of `on` that hold now; none where `when` does not hold."""
        if self.when is not None and not _holds(self.when, response):
            return ()
        now = moments(response)
        return tuple(event for event in self.on if event in now)

    def person(self, response: Response, target: str = "") -> dict[str, str]:
        """Field -> value to find the person by, as far as it is trusted and there. E-mails are in small letters."""
        trusted = self.trust == "claimed"
        scene = Scene(response, "", claimed=trusted, pages=trusted, timezone=self.timezone)
        found = ((name, expr.run(scene)) for name, expr in self.match.get(target or self.matched, {}).items())
        texts = ((name, _identity(as_text(value))) for name, value in found if value is not None)
        return {name: text for name, text in texts if text}

    def values(self, response: Response, target: str = "", link: str = "") -> dict[str, Out]:
        """Field -> what is written into it; absent ones are left out. `link` is the response's address."""
        return _values(self.fields.get(target or self.target, ()), self._scene(response, link))

    def section(self, name: str, response: Response, link: str = "") -> SectionValues | None:
        """The section as it stands for this response: the first of this name whose `when` holds and of whose moments
        one has come. One whose moment is still to come stands in nobody's way. None where there is none."""
        for one in self.sections.get(name, ()):
            if set(one.on).intersection(moments(response)) and (one.when is None or _holds(one.when, response)):
                return SectionValues(_values(one.fields, self._scene(response, link)), one.options)
        return None

    def surname(self, response: Response) -> str:
        """What a person is called where a CRM must have a last name and none is mapped, as far as it is trusted: their
        last name, else the name they gave. Empty where there is none."""
        scene = self._scene(response)
        found = (contact_source(key).read(scene) for key in SURNAMES)
        return next((text for one in found if (text := " ".join(clean(str(one or "")).split()))), "")

    def _scene(self, response: Response, link: str = "") -> Scene:
        return Scene(response, link, claimed=self.trust == "claimed", timezone=self.timezone)


def moments(response: Response) -> tuple[Event, ...]:
    """All that hold now. `answered` always holds once there was an earlier revision."""
    r = response
    found: list[Event] = []
    if r.score is not None:
        found.append("scored")
    if r.revision > 1:
        found.append("answered")
    if r.ended:
        found.append("abandoned" if r.outcome in LEFT else "completed")
    if phone_of(r):
        found.append("callback_requested")
    if r.case is not None:
        found += ("case_opened", "case_resolved") if r.case.resolved else ("case_opened",)
    return tuple(found)


def plain(value: Out, separator: str = ";") -> Plain:
    """The same for JSON: times as RFC 3339 (UTC), dates as ISO 8601, the parts of a list with the separator."""
    return as_text(value, separator) if isinstance(value, tuple | date | datetime) else value


def _holds(condition: Condition, response: Response) -> bool:
    return holds(condition, lambda subject: known(response, subject))


def _values(fields: tuple[Field, ...], scene: Scene) -> dict[str, Out]:
    found = ((one.name, one.expr.run(scene)) for one in fields)
    return {name: value for name, value in found if value is not None}


def _identity(text: str) -> str:
    text = text.strip()
    return text.lower() if "@" in text else text
