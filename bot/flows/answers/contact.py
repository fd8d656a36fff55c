"""Reads an e-mail address or a phone number that a person typed, with or without words around it. Never raises."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from bot.flows.answers.clean import cut, language_of
from bot.flows.answers.tokens import spell

if TYPE_CHECKING:
    import phonenumbers

Reason: TypeAlias = Literal["short", "long", "invalid", "country"]

_ADDRESS = re.compile(r"[^\s<>()\[\]\"“”«»,;|]+@[^\s<>()\[\]\"“”«»,;|]+")
_CALLABLE = re.compile(r"\+?[\s(]*\d(?:[\d\s().–-]|(?<=\d)/(?=\d))*\d")
_NOWHERE = "ZZ"
"""What CLDR says of UTC and its like."""
_ELSEWHERE = "US"
"""The region where neither locale nor time zone names one; numbers with a + are read anywhere."""


@dataclass(frozen=True, slots=True)
class Phone:
    """`e164` is stored and dialled, `display` is shown."""

    e164: str
    display: str


@dataclass(frozen=True, slots=True)
class PhoneProblem:
    """short, long: for its country. country: no such country code. invalid: no number, or several."""

    reason: Reason
    missing: int = 0
    """How many digits are missing where `reason` is short; 0 where that is not known."""


def read_email(text: str) -> str | None:
    """The one address in `text`, normalised; None where there is none, or more than one. Asks no network."""
    found = {address.strip(".:!?'’").removeprefix("mailto:") for address in _ADDRESS.findall(cut(text))}
    if len(found) != 1:
        return None
    from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 - 23 ms, for one kind of step

    try:
        return validate_email(found.pop(), check_deliverability=False).normalized
    except EmailNotValidError:
        return None


def read_phone(text: str, region: str) -> Phone | PhoneProblem:
    """The one number in `text`. Where it has no country code it is one of `region` (ISO 3166, e.g. FR)."""
    import phonenumbers  # noqa: PLC0415 - 20 ms, for one kind of step

    said = spell(cut(text)).said
    found = [run for run in _CALLABLE.findall(said) if sum(mark.isdigit() for mark in run) >= 3]
    if len(found) != 1:
        few = not found and any(mark.isdigit() for mark in said)
        return PhoneProblem("short" if few else "invalid")
    try:
        number = phonenumbers.parse(found[0], region)
    except phonenumbers.NumberParseException as error:
        unknown = error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE
        return PhoneProblem("country" if unknown else "short")
    possible = phonenumbers.is_possible_number_with_reason(number)
    lengths = phonenumbers.ValidationResult
    if possible in (lengths.TOO_SHORT, lengths.IS_POSSIBLE_LOCAL_ONLY):
        return PhoneProblem("short", _missing(number))
    if possible == lengths.TOO_LONG:
        return PhoneProblem("long")
    if not phonenumbers.is_valid_number(number):
        missing = _missing(number)
        return PhoneProblem("short", missing) if missing else PhoneProblem("invalid")
    forms = phonenumbers.PhoneNumberFormat
    return Phone(
        phonenumbers.format_number(number, forms.E164), phonenumbers.format_number(number, forms.INTERNATIONAL)
    )


def region_of(locale: str, timezone: str) -> str:
    """The country a person's phone number most likely belongs to.

    The time zone says where they are and comes first: half the world's browsers say en-US."""
    from babel.core import get_global  # noqa: PLC0415 - 15 ms, for one kind of step

    zone = get_global("zone_aliases").get(timezone, timezone)
    country = str(get_global("zone_territories").get(zone, _NOWHERE))
    if country != _NOWHERE:
        return country
    parts = locale.replace("_", "-").split("-")
    for part in parts[1:]:
        if len(part) == 2 and part.isalpha():
            return part.upper()
    likely = str(get_global("likely_subtags").get(language_of(locale), ""))
    return likely.rpartition("_")[2] or _ELSEWHERE


def _missing(number: "phonenumbers.PhoneNumber") -> int:
    """Where all numbers of the country are equally long."""
    import phonenumbers  # noqa: PLC0415 - loaded by the caller

    region = phonenumbers.region_code_for_country_code(number.country_code or 0)
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region, None)
    if metadata is None or metadata.general_desc is None:
        return 0
    lengths = metadata.general_desc.possible_length
    # A number that is too short keeps its trunk zero, which does not count.
    have = phonenumbers.national_significant_number(number).removeprefix(metadata.national_prefix or "")
    return max(lengths[0] - len(have), 0) if len(lengths) == 1 else 0
