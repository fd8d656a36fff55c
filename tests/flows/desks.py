"""A small flow with a person in it, and chats that have come to where a test begins."""

from bot.flows.load import load
from bot.flows.machine import Program, compile_book
from bot.flows.stage import Opening, Stage
from bot.model import Desk, Turn

from .books import MONDAY, OFFICE

SOURCE = """
brand: {name: Acme}
languages: [en, fr]
flows:
  help:
    timers: {remind_after: 1h, remind_max: 3, abandon_after: 1d}
    start: score
    steps:
      score: {kind: nps, say: {en: "Recommend?", fr: "Recommander ?"}, then: how}
      how: {kind: choice, say: {en: "How?", fr: "Comment ?"}, timeout: 5m,
            options: {chat: {en: "Chat now", fr: "Parler"}, no: {en: "No", fr: "Non"}},
            then: {chat: agent, no: bye, timeout: bye}}
      agent: {kind: handoff, topic: detractor, sla: 10m, say: {en: "One moment.", fr: "Un instant."},
              then: {resolved: after, unavailable: mail}}
      after: {kind: yesno, say: {en: "All well?", fr: "Tout va bien ?"}, then: bye}
      mail: {kind: email, say: {en: "Where to?", fr: "À quelle adresse ?"}, then: bye}
      bye: {kind: message, say: {en: "Bye.", fr: "Au revoir."}, end: completed}
"""


def program(source: str = SOURCE, desk: bool = True) -> Program:
    return compile_book(load(source), OFFICE, "UTC", desk)["help"]


def stage(source: str = SOURCE, desk: bool = True, locale: str = "en") -> Stage:
    return Stage(program(source, desk), Opening(locale), MONDAY)


def waiting() -> Stage:
    played = stage()
    played.taps(2)
    played.taps("chat")
    return played


def joined() -> Stage:
    played = waiting()
    played.agent("join", name="Maya")
    return played


def desk(turn: Turn) -> int:
    return sum(isinstance(effect, Desk) for effect in turn.effects)
