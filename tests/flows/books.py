"""Small flows and openings that the tests of the engine share."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.flows.load import load
from bot.flows.machine import Program, compile_book
from bot.flows.spec import OpenHours
from bot.flows.stage import Opening, Stage
from bot.model import Address, Say, Start, Turn

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "flows.yaml"
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000

OFFICE: Mapping[str, OpenHours] = {"office": OpenHours("UTC", (((540, 1080),),) * 5 + ((), ()))}
"""As where the settings say nothing: Monday to Friday, 09:00 to 18:00."""

SMALL = """
brand: {name: Acme}
languages: [en, fr]
flows:
  small:
    timers: {remind_after: 20h, remind_max: 2, abandon_after: 3d, quiet: "21:00-08:30"}
    start: score
    steps:
      score: {kind: nps, say: {en: "Recommend {{ brand.name }}?", fr: "Recommander {{ brand.name }} ?"},
              then: {detractor: why, passive: why, promoter: review}}
      why: {kind: text, say: {en: "Why {{ score }}?", fr: "Pourquoi {{ score }} ?"}, save_as: reason, optional: true,
            then: call}
      call: {kind: choice, say: {en: "Call?", fr: "Appeler ?"}, timeout: 2d,
             options: {call: {en: "Call me", fr: "Appelez-moi"}, no: {en: "No, thanks", fr: "Non, merci"}},
             then: {call: phone, no: review, timeout: bye}}
      phone: {kind: phone, say: {en: "Number?", fr: "Numéro ?"}, save_as: contact.phone, then: review}
      review: {kind: link, say: {en: "Share?", fr: "Partager ?"},
               links: {site: {label: Site, url: {en: "https://example.com/en", fr: "HTTPS://example.com/fr"}}},
               then: bye}
      bye: {kind: message, say: {en: "Thanks.", fr: "Merci."}, end: completed}
"""


def program(source: str = SMALL, hours: Mapping[str, OpenHours] = OFFICE, timezone: str = "UTC") -> Program:
    """The first flow of this file."""
    book = load(source)
    return compile_book(book, hours, timezone)[next(iter(book.flows))]


def shipped() -> Program:
    return program(SHIPPED.read_text("utf-8"))


def moment(text: str, zone: str = "UTC") -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


MONDAY = moment("2025-11-24 10:00")


def stage(source: str = SMALL, locale: str = "en", now: int = MONDAY, timezone: str = "") -> Stage:
    return Stage(program(source), Opening(locale, timezone=timezone), now)


def begin(locale: str = "en", now: int = MONDAY) -> Start:
    return Start("chat", Address("web", "chat"), now, locale)


def lines(turn: Turn) -> list[str]:
    """What was logged: `visitor: ...` and `bot: ...`."""
    return [f"{e.entry.author}: {e.entry.text}" for e in turn.effects if isinstance(e, Say)]
