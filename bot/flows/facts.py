"""What is known in a chat, as templates and conditions see it."""

from collections.abc import Mapping

from bot.flows.render import Values
from bot.model import Answer, Conversation, Value, segment_of


def values_of(
    chat: Conversation, given: Mapping[str, Answer], score: int | None, tongue: str, brand: Mapping[str, str]
) -> Values:
    """For templates. A score that is not yet given is left out, so that `default` can stand in."""
    answers: dict[str, str] = {}
    contact = {key: fact.value for key, fact in chat.contact.items()}
    for step, answer in given.items():
        answers[step] = answers[answer.key] = answer.label
        if answer.key.startswith("contact."):
            contact[answer.key.removeprefix("contact.")] = answer.label
    values: dict[str, object] = {
        "brand": dict(brand),
        "answers": answers,
        "contact": contact,
        "context": dict(chat.context),
        "locale": tongue,
    }
    if score is not None:
        values["score"] = score
        values["segment"] = segment_of(score)
    return values


def known_fact(chat: Conversation, given: Mapping[str, Answer], subject: str) -> Value | None:
    """For conditions: `answers.x`, `contact.x`, `context.x`. What the person typed goes before what is known."""
    family, _, key = subject.partition(".")
    match family:
        case "answers":
            return next((a.value for step, a in given.items() if key in (a.key, step)), None)
        case "contact":
            typed = next((a.value for a in given.values() if a.key == subject), None)
            known = chat.contact.get(key)
            return typed if typed is not None else known.value if known is not None else None
        case "context":
            return chat.context.get(key)
    return None
