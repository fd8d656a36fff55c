"""The person of a case: what is known of them and from where, how they are called, where the CRM shows them. Pure."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from bot.desk.base import Source
from bot.desk.policy import Policy
from bot.desk.rules import CONTACT
from bot.flows.render import Values
from bot.model import Response

LONGEST_NAME = 60
UNSEEN = re.compile("[\0-\x08\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Signs that nobody sees, among them those that turn the rest of a line around."""
NAMES = ("name", "full_name", "first_name", "last_name", "username")


def contact(response: Response) -> Mapping[str, tuple[str, Source]]:
    """Fact -> (value, where it comes from); what was typed in the chat wins."""
    found: dict[str, tuple[str, Source]] = {
        key: (visible(fact.value), "proven" if fact.proven else "claimed") for key, fact in response.contact.items()
    }
    for answer in response.answers:
        if answer.key.startswith(CONTACT) or answer.kind in ("phone", "email"):
            found[answer.key.removeprefix(CONTACT)] = (visible(answer.label or str(answer.value)), "typed")
    return found


def visible(text: str) -> str:
    """What of a text can be seen."""
    return UNSEEN.sub("", text)


def name_of(response: Response) -> str:
    """How we speak of them: `Nadia B.`, their address where no name is known, `a customer` where nothing is."""
    known = {key: " ".join(value.split()) for key, (value, _) in contact(response).items()}
    whole = known.get("name") or known.get("full_name") or ""
    first, last = known.get("first_name") or "", known.get("last_name") or ""
    name = whole or f"{first} {last[:1]}{'.' if len(last) > 1 else ''}".strip()
    return cut(name or known.get("email") or known.get("username") or "a customer", LONGEST_NAME)


def short_name(name: str) -> str:
    """What they are called in a sentence."""
    first = name.split(maxsplit=1)[0]
    return name if name == "a customer" or "@" in name else first


def cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def values_of(response: Response) -> Values:
    """What a template of the settings sees; `email` stands for `contact.email`, and so on."""
    known = {key: value for key, (value, _) in contact(response).items()}
    # What was typed is stored in its plain form too, which is what a CRM knows: +33612345678.
    known |= {a.key.removeprefix(CONTACT): str(a.value) for a in response.answers if a.key.startswith(CONTACT)}
    return {
        **{key: known[key] for key in ("email", "phone", "name") if key in known},
        "chat": response.chat,
        "contact": known,
        "context": dict(response.context),
        "answers": {a.key: a.label for a in response.answers},
        "score": response.score if response.score is not None else "",
        "segment": response.segment or "",
        "locale": response.locale,
    }


def crm_link(policy: Policy, values: Values) -> str:
    """Where the CRM shows this person; empty where the settings name no address or it cannot be made."""
    if policy.crm_link is None:
        return ""
    link = policy.crm_link.render(lambda: values).strip()
    # A value that is missing leaves the address without any: that leads nowhere.
    made = policy.crm_link.fixed is not None or link != policy.crm_link.plain
    return link if made and is_web(link) else ""


def is_web(link: str) -> bool:
    """Whether it can be put behind a word: http(s), and nothing in it that ends a link."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    plain = not any(sign in link for sign in "<>|\"' \t\r\n\\") and link.isprintable()
    return plain and parts.scheme in ("http", "https") and bool(parts.hostname) and len(link) <= 2000
