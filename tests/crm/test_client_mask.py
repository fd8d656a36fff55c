"""How a request and the other side's words are told: enough to see what went wrong, nothing of who it was about."""

import msgspec
import pytest

from bot.crm.http.mask import LONGEST, WORDS, Asked
from bot.errors import Permanent

BODY = msgspec.json.encode(
    {
        "email": "eva@example.com",
        "properties": {"nps_score": "3", "nps_reason": "The zebra at the counter ignored me", "vip": True},
        "name": "Margaux Quévreux",
        "score": 3,
        "phone": 33612345678,
        "at": "2025-10-09T08:53:20.000Z",
        "tags": ["detractor", ""],
        "password": "hunter2",
    }
)
URL = "https://api.example.com/v2/people/eva%40example.com/notes?q=SELECT+Id+FROM+C+WHERE+E='o\\'hara@x.org'&limit=10"
ASKED = Asked("PATCH", URL, BODY, secrets=("s3cr3t-key",))


def test_names_and_structure_stay_and_values_of_people_go() -> None:
    line, body = ASKED.text().split("\n")
    assert line == "PATCH https://api.example.com/v2/people/e•••/notes?q=SELECT Id FROM C WHERE E='o•••'&limit=10"
    assert msgspec.json.decode(body) == {
        "email": "e•••", "properties": {"nps_score": "3", "nps_reason": "T•••", "vip": True}, "name": "M•••",
        "score": 3, "phone": "•••", "at": "2025-10-09T08:53:20.000Z", "tags": ["d•••", ""], "password": "***",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (Asked("GET", "https://x.example/a/00Q5f000001abcd"), "GET https://x.example/a/00Q5f000001abcd"),
        (Asked("GET", "https://u:pw@x.example/a"), "GET https://x.example/a"),
        (Asked("GET", "https://x.example/a?text=eva%40x.org&n=7&t="), "GET https://x.example/a?text=e•••&n=7&t="),
        (Asked("GET", "https://x.example/a?access_token=abc"), "GET https://x.example/a?access_token=***"),
        (Asked("GET", "https://x.example/a?q=SELECT Id"), "GET https://x.example/a?q=SELECT Id"),
        (Asked("GET", "https://x.example/a?text=SELECT 'a'"), "GET https://x.example/a?text=S•••"),
        (Asked("GET", "https://x.example/%2E%2E%2Fadmin"), "GET https://x.example/.•••"),
        (
            Asked("POST", "https://x.example/t", b"grant_type=credentials&client_secret=abc&scope=a+b", form=True),
            "POST https://x.example/t\ngrant_type=c•••&client_secret=***&scope=a•••",
        ),
        (Asked("POST", "https://x.example/t", b"\xff\xfe no JSON"), "POST https://x.example/t"),
        (Asked("POST", "https://x.example/t", b'[1, null, "x"]'), 'POST https://x.example/t\n[1,null,"x•••"]'),
        (
            Asked("POST", "https://x.example/t", b'{"id": "e@x.org", "by": "Email", "more": {"email": "e@x.org"}}'),
            'POST https://x.example/t\n{"id":"e•••","by":"Email","more":{"email":"e•••"}}',
        ),
        (Asked("GET", "https://x.example/k-12345", secrets=("k-12345",)), "GET https://x.example/***"),
    ],
)  # fmt: skip
def test_how_a_request_is_told(asked: Asked, told: str) -> None:
    assert asked.text() == told


def test_a_request_is_told_in_bounds() -> None:
    long = Asked("POST", "https://x.example/", msgspec.json.encode([{"name": "Eva"}] * 10_000))
    assert len(long.text()) == LONGEST


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Property nps_reason is not known", "Property nps_reason is not known"),
        ("INVALID_FIELD: No such column 'NPS__c' on Contact", "INVALID_FIELD: No such column 'NPS__c' on Contact"),
        ("value 3 of score is too large", "value 3 of score is too large"),
        ("EVA@example.com exists", "*** exists"),
        ("the name 'Quévreux' is a duplicate", "the name '•••' is a duplicate"),
        ("too long: The zebra at the counter ign...", "too long: •••..."),
        ("\u0130: The zebra at the counter ign...", "\u0130: •••..."),
        ("e-mail o'hara@x.org twice", "e-mail o'*** twice"),
        ("call +33 6 12 34 56 78 back", "call *** back"),
        ("key s3cr3t-key is not valid", "key *** is not valid"),
        ("Authorization: Bearer abc.def was refused", "Authorization: *** was refused"),
        ("detractor is no option of tags", "••• is no option of tags"),
        ("two\nlines\r\nX-Evil: 1", "two lines X-Evil: 1"),
        ("x" * 5_000, "x" * (WORDS - 1) + "…"),
        ("", ""),
    ],
)  # fmt: skip
def test_the_other_sides_words_lose_what_they_quote(said: str, told: str) -> None:
    assert ASKED.words(said) == told


def test_an_error_is_told_with_its_request() -> None:
    error = ASKED.told(Permanent("eva@example.com is not valid", "bad"))
    assert (str(error), error.code, error.request) == ("*** is not valid", "bad", ASKED.text())
    assert "eva" not in repr(ASKED)
    assert "eva" not in repr(error)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Li Wu has no account", "••• has no account"),
        ("Mu\u0308ller is a duplicate", "••• is a duplicate"),
        (r"M\u00fcller is a duplicate", "••• is a duplicate"),
        ("M%C3%BCller is a duplicate", "••• is a duplicate"),
        ("M&uuml;ller is a duplicate", "••• is a duplicate"),
        ("eva&#64;example.com exists", "*** exists"),
        (r"eva\u0040example.com exists", "*** exists"),
        ("secret p%40ss%2Fw0rd is wrong", "secret *** is wrong"),
        ("a \x1b[31mred\x9b \u202eline\x07", "a [31mred line"),
        ("no profile Jane_Doe-1980 here", "no profile ••• here"),
        ("100% of NPS__c", "100% of NPS__c"),
    ],
)  # fmt: skip
def test_a_quotation_is_known_however_it_is_spelt(said: str, told: str) -> None:
    body = msgspec.json.encode({"name": "Li Wu", "last": "Müller"})
    url = "https://x.example/profile/Jane_Doe-1980"
    asked = Asked("PATCH", url, body, secrets=("p@ss/w0rd",), personal=("Jane_Doe-1980",))
    assert asked.words(said) == told
    assert asked.text().split("\n")[0] == "PATCH https://x.example/profile/J•••"


@pytest.mark.parametrize(
    ("code", "kept"),
    [
        ("status_404", "status_404"), ("VALIDATION_ERROR", "VALIDATION_ERROR"), ("eva@example.com", "refused"),
        ("Eva Adams", "refused"), ("+33612345678", "refused"), ("x" * 65, "refused"), ("", "refused"),
    ],
)  # fmt: skip
def test_a_code_of_theirs_is_a_short_word_or_none(code: str, kept: str) -> None:
    assert Permanent("no", code).code == kept


def test_words_of_our_own_stay_as_they_are() -> None:
    error = Asked("GET", "https://x.example/", b'"the connection broke"').noted(Permanent("the connection broke", "x"))
    assert str(error) == "the connection broke"
