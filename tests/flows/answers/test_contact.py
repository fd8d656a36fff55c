"""E-mail addresses and phone numbers as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.flows.answers.contact import Phone, PhoneProblem, read_email, read_phone, region_of


@pytest.mark.parametrize(("text", "address"), [
    ("jo@example.com", "jo@example.com"),
    ("  Jo.Doe@Example.COM ", "Jo.Doe@example.com"),
    ("my email is jo@example.com.", "jo@example.com"),
    ("<jo+nps@example.org>", "jo+nps@example.org"),
    ("mailto:jo@example.org", "jo@example.org"),
    ("jo@example.org, jo@example.org", "jo@example.org"),
    ("C'est jo@exemple.fr !", "jo@exemple.fr"),
    ("jo@exämple.de", "jo@exämple.de"),
])  # fmt: skip
def test_an_address_is_read(text: str, address: str) -> None:
    assert read_email(text) == address


@pytest.mark.parametrize("text", [
    *("", "no", "jo", "jo@", "@example.com", "jo@example", "jo@@example.com", "jo@exa mple.com", "jo at example.com"),
    *("a@example.com b@example.com", "jo@.com", "jo@example..com", "jo@localhost", "jo@example.invalid", "jo@-x.com"),
    f"{'a' * 300}@example.com",
])  # fmt: skip
def test_no_address_is_made_up(text: str) -> None:
    assert read_email(text) is None


@pytest.mark.parametrize(("text", "region", "e164", "display"), [
    ("06 12 34 56 78", "FR", "+33612345678", "+33 6 12 34 56 78"),
    ("06.12.34.56.78", "FR", "+33612345678", "+33 6 12 34 56 78"),
    ("0612345678", "FR", "+33612345678", "+33 6 12 34 56 78"),
    ("+33 (0)6 12 34 56 78", "US", "+33612345678", "+33 6 12 34 56 78"),
    ("0033 6 12 34 56 78", "FR", "+33612345678", "+33 6 12 34 56 78"),
    ("Call me on 06 12 34 56 78, please", "FR", "+33612345678", "+33 6 12 34 56 78"),
    ("０６１２３４５６７８", "FR", "+33612345678", "+33 6 12 34 56 78"),
    ("(415) 555-2671", "US", "+14155552671", "+1 415-555-2671"),
    ("030/123456", "DE", "+4930123456", "+49 30 123456"),
    ("612 345 678", "ES", "+34612345678", "+34 612 34 56 78"),
    ("+44 7911 123456", "FR", "+447911123456", "+44 7911 123456"),
])  # fmt: skip
def test_a_number_is_read(text: str, region: str, e164: str, display: str) -> None:
    assert read_phone(text, region) == Phone(e164, display)


@pytest.mark.parametrize(("text", "region", "problem"), [
    ("06 12 34 56", "FR", PhoneProblem("short", missing=2)),
    ("06 12 34 56 7", "FR", PhoneProblem("short", missing=1)),
    ("112", "DE", PhoneProblem("short")),
    ("+800 1234", "DE", PhoneProblem("short")),
    ("12", "FR", PhoneProblem("short")),
    ("0612345678901234", "FR", PhoneProblem("long")),
    ("+999 123 456 78", "FR", PhoneProblem("country")),
    ("06 12 34 56 78", "", PhoneProblem("country")),
    ("06 12 34 56 78", "XX", PhoneProblem("country")),
    ("(415) 155-2671", "US", PhoneProblem("invalid")),
    ("06 12 34 56 78 or 07 12 34 56 78", "FR", PhoneProblem("invalid")),
    ("06 12 34 56 78 / 07 12 34 56 78", "FR", PhoneProblem("invalid")),
    ("", "FR", PhoneProblem("invalid")),
    ("no", "FR", PhoneProblem("invalid")),
])  # fmt: skip
def test_what_is_wrong_with_a_number(text: str, region: str, problem: PhoneProblem) -> None:
    assert read_phone(text, region) == problem


@pytest.mark.parametrize(("locale", "timezone", "region"), [
    ("en-US", "Europe/Paris", "FR"),  # where they are says more than the browser's language
    ("fr", "America/Montreal", "CA"),
    ("fr-CA", "", "CA"),
    ("fr_BE", "UTC", "BE"),
    ("zh-Hant-TW", "", "TW"),
    ("fr", "", "FR"),
    ("de", "", "DE"),
    ("en", "", "US"),
    ("", "", "US"),
    ("tlh", "Mars/Olympus", "US"),
])  # fmt: skip
def test_the_country_of_a_number_without_a_code(locale: str, timezone: str, region: str) -> None:
    assert region_of(locale, timezone) == region


@given(st.text(max_size=300), st.text(max_size=4))
def test_any_text_is_read_without_an_error(text: str, region: str) -> None:
    address = read_email(text)
    assert address is None or "@" in address
    assert isinstance(read_phone(text, region), Phone | PhoneProblem)
    assert region_of(text, region)


@given(st.text("0123456789 +()-./", max_size=40), st.sampled_from(["FR", "US", "DE", "ES"]))
def test_a_number_that_is_taken_has_its_digits(text: str, region: str) -> None:
    found = read_phone(text, region)
    if isinstance(found, Phone):
        assert found.e164[-6:] in "".join(mark for mark in text if mark.isdigit())
