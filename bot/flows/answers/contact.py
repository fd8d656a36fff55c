"""Reads an e-mail address or a phone number that a person typed."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from bot.flows.answers.clean import cut, fold

Reason: TypeAlias = Literal["short", "long", "invalid", "country"]


@dataclass(frozen=True, slots=True)
class Phone:
    """`e164` is stored and dialled, `display` is shown."""

    e164: str
    display: str


@dataclass(frozen=True, slots=True)
class PhoneProblem:
    reason: Reason
    missing: int = 0
    """How many digits are missing, where `reason` is short and the country tells."""


def read_email(text: str) -> str | None:
    """The normalised address, or None. Never raises, never asks the network."""
    from email_validator import EmailNotValidError, validate_email  # lazily: 23 ms, wanted in one kind of step

    try:
        return validate_email(cut(text).strip(), check_deliverability=False).normalized
    except EmailNotValidError:
        return None


def read_phone(text: str, region: str) -> Phone | PhoneProblem:
    """The number; where it has no country code it is one of `region` (ISO 3166, e.g. FR). Never raises."""
    import phonenumbers  # lazily: 20 ms, wanted in one kind of step

    try:
        number = phonenumbers.parse(fold(cut(text)), region)
    except phonenumbers.NumberParseException:
        return PhoneProblem("invalid")
    if not phonenumbers.is_valid_number(number):
        return PhoneProblem("invalid")
    form = phonenumbers.PhoneNumberFormat
    return Phone(phonenumbers.format_number(number, form.E164), phonenumbers.format_number(number, form.INTERNATIONAL))


def region_of(locale: str, timezone: str) -> str:
    """The country a person's phone number most likely belongs to."""
    return locale.replace("_", "-").rpartition("-")[2].upper() if "-" in locale else "FR"
