"""Reads which of the offered options a person typed."""

from collections.abc import Mapping

from bot.flows.answers.clean import bare, cut


def read_choice(text: str, labels: Mapping[str, str], locale: str) -> str | tuple[str, ...] | None:
    """The key of the option; the keys it is near to; or None. Never raises."""
    said = bare(cut(text))
    for key, label in labels.items():
        if said and said in (bare(label), bare(key)):
            return key
    return None


def read_yesno(text: str, locale: str) -> bool | None:
    """Yes, no, or neither. Never raises."""
    return {"yes": True, "oui": True, "si": True, "ja": True, "no": False, "non": False, "nein": False}.get(
        bare(cut(text))
    )
