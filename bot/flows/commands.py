"""What a person can say at any question, on every channel: back, skip, stop, restart, human, help, a language; and what
a channel can ask for them: the question once more.

Each is a small move on a `Draft`; the visitor's own line is in the log before. A command that cannot be done says why
and asks the question again; so does `human` where there is no desk, or the flow has no handoff.
"""

from collections.abc import Callable, Mapping

from bot.flows.draft import Draft
from bot.flows.machine import match_language
from bot.flows.phrases import IN_LANGUAGE, phrase
from bot.flows.turns import call, finish, go, repeat, settle
from bot.model import OptOut


def run(draft: Draft, action: str, language: str = "") -> None:
    """Do it. An action that is not known is answered like a call for help."""
    if action == "language":
        return speak(draft, language)
    return _ACTIONS.get(action, _help)(draft)


def label(action: str, tongue: str) -> str:
    """How a tapped action reads in the log."""
    return phrase(f"act_{action if action in _ACTIONS and action != 'repeat' else 'help'}", tongue)


def speak(draft: Draft, language: str) -> None:
    """Go on in another language: what was said stays as it was said, the question comes again."""
    if not language:
        known = (IN_LANGUAGE.get(one.partition("-")[0], f"language {one}") for one in draft.program.languages)
        draft.say("bot", phrase("which_language", draft.tongue, words=", ".join(known)))
        return repeat(draft)
    if not match_language(language, draft.program.languages):
        return _explain(draft, "no_language")
    draft.locale = language
    draft.tongue = draft.program.language(language)
    draft.reported = True
    return repeat(draft)


def _back(draft: Draft) -> None:
    """To the question before. Its answer stays, and so does what came after it, until another answer is given."""
    if not draft.trail:
        return _explain(draft, "no_back")
    draft.state = draft.trail[-1]
    draft.trail = draft.trail[:-1]
    return settle(draft)


def _skip(draft: Draft) -> None:
    if not draft.node.step.optional:
        return _explain(draft, "no_skip")
    draft.prefill = None
    draft.leave()
    return go(draft, "skipped")


def _restart(draft: Draft) -> None:
    draft.state = draft.program.start
    draft.trail = ()
    settle(draft)


def _stop(draft: Draft) -> None:
    draft.say("bot", phrase("stopped", draft.tongue))
    draft.effects.append(OptOut())
    finish(draft, "stopped")


def _human(draft: Draft) -> None:
    if draft.program.desk and draft.program.handoff:
        return call(draft)
    return _explain(draft, "no_human")


def _help(draft: Draft) -> None:
    words = ["restart", "stop"]
    if draft.program.desk and draft.program.handoff:
        words.insert(0, "human")
    if draft.node.step.optional:
        words.insert(0, "skip")
    if draft.trail:
        words.insert(0, "back")
    said = ", ".join(phrase(f"word_{word}", draft.tongue) for word in words)
    draft.say("bot", phrase("help", draft.tongue, words=said))
    repeat(draft)


def _explain(draft: Draft, key: str) -> None:
    draft.say("bot", phrase(key, draft.tongue))
    repeat(draft)


_ACTIONS: Mapping[str, Callable[[Draft], None]] = {
    "back": _back,
    "skip": _skip,
    "stop": _stop,
    "restart": _restart,
    "human": _human,
    "help": _help,
    "repeat": repeat,
    "unread": lambda draft: _explain(draft, "unread"),
}
