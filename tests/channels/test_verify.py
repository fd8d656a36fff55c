"""Tokens, signatures and identities: what proves something, and what does not."""

import base64
import json
import math

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.verify import NotProven, Tokens, identity
from bot.model import Fact
from tests.channels.service import SECRETS, Service

NOW = 1_700_000_000_000
SOON = NOW // 1000 + 600
OTHER = "key-of-the-shop-0123456789-0123456789"


def signed(claims: dict[str, object], key: str = SECRETS[0], algorithm: str = "HS256") -> str:
    return jwt.encode(claims, key, algorithm=algorithm)


def unsigned(claims: dict[str, object], algorithm: str) -> str:
    parts = ({"alg": algorithm, "typ": "JWT"}, claims)
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts) + "."


def signed_anyhow(claims: dict[str, object]) -> str:
    """With claims that the library would not write."""
    return jwt.PyJWS().encode(json.dumps(claims).encode(), SECRETS[0], algorithm="HS256")


@given(st.text(max_size=64), st.text())
def test_a_token_is_for_one_chat(chat: str, other: str) -> None:
    tokens = Tokens(SECRETS)
    assert tokens.belongs(tokens.token(chat), chat)
    assert tokens.belongs(tokens.token(chat), other) is (chat == other)
    assert not tokens.belongs(other, chat)


def test_no_token_is_looked_at_for_a_name_that_is_no_id() -> None:
    tokens = Tokens(SECRETS)
    assert not tokens.belongs(tokens.token("x" * 65), "x" * 65)


def test_the_first_secret_signs_and_each_is_accepted() -> None:
    old, new = Tokens(("old",)), Tokens(("new", "old"))
    assert new.chat_of(old.token("c1")) == "c1"
    assert old.chat_of(new.token("c1")) == ""
    assert new.signed(old.signature("c1", "step/shop"), "c1", "step/shop")
    assert not new.signed(old.signature("c1", "step/shop"), "c1", "step/other")
    assert not new.signed(old.signature("c1", "step/shop"), "c2", "step/shop")


def test_a_service_without_a_secret_does_not_start() -> None:
    with pytest.raises(ValueError, match="at least one secret"):
        Tokens(())


def test_what_an_identity_proves() -> None:
    claims: dict[str, object] = {
        "sub": "cus_17",
        "email": "ann@example.com",
        "given_name": "Ann",
        "phone_number": "+33123456789",
        "vip": True,
        "orders": 3,
        "exp": SOON,
        "iat": NOW // 1000,
        "iss": "shop",
        "aud": "chatsurvey",
        "contact": {"plan": "gold", "tags": ["a"], "bad name": "x"},
        "address": {"city": "Paris"},
        "long": "x" * 301,
        "nul": "a\0b",
        "half": "\ud83d",
    }
    proven = {name: fact.value for name, fact in identity(signed(claims), SECRETS, NOW).items()}
    assert proven == {
        "id": "cus_17",
        "email": "ann@example.com",
        "first_name": "Ann",
        "phone": "+33123456789",
        "vip": "true",
        "orders": "3",
        "plan": "gold",
    }
    assert all(fact.proven for fact in identity(signed(claims), SECRETS, NOW).values())


@pytest.mark.parametrize("key", [*SECRETS, OTHER])
def test_each_key_is_accepted(key: str) -> None:
    assert identity(signed({"sub": "1", "exp": SOON}, key), (*SECRETS, OTHER), NOW) == {"id": Fact("1", proven=True)}


def test_a_customer_may_be_a_number() -> None:
    token = signed_anyhow({"sub": 17, "jti": 1, "exp": SOON})
    assert identity(token, SECRETS, NOW) == {"id": Fact("17", proven=True)}


def test_a_key_of_another_kind_proves_nothing_and_breaks_nothing() -> None:
    public = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----"
    with pytest.raises(NotProven, match="not signed"):
        identity(signed({"sub": "1", "exp": SOON}), (public,), NOW)


REFUSED = {
    "no token": ("hello", "not signed"),
    "another key": (signed({"sub": "1", "exp": SOON}, "k" * 40), "not signed"),
    "another algorithm": (signed({"sub": "1", "exp": SOON}, SECRETS[0] * 3, "HS512"), "not signed"),
    "no algorithm": (unsigned({"sub": "1", "exp": SOON}, "none"), "not signed"),
    "no signature": (unsigned({"sub": "1", "exp": SOON}, "HS256"), "not signed"),
    "changed": (signed({"sub": "1", "exp": SOON})[:-4] + "AAAA", "not signed"),
    "no end": (signed({"sub": "1"}), "no `exp`"),
    "at its end": (signed({"sub": "1", "exp": NOW // 1000 - 61}), "has expired"),
    "no number as its end": (signed_anyhow({"exp": math.nan}), "has expired"),
    "no number as its begin": (signed_anyhow({"exp": SOON, "nbf": math.nan}), "not valid yet"),
    "an end in words": (signed({"sub": "1", "exp": "tomorrow"}), "numbers of seconds"),
    "not yet": (signed({"sub": "1", "exp": SOON, "nbf": SOON}), "not valid yet"),
    "too long": (signed({"sub": "x" * 9000, "exp": SOON}), "too long"),
    "no text": ("\U0001f937.\U0001f937.\U0001f937", "not signed"),
}


@pytest.mark.parametrize(("token", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_proves_nothing(token: str, words: str) -> None:
    with pytest.raises(NotProven, match=words):
        identity(token, SECRETS, NOW)


async def test_a_proven_fact_goes_before_a_claim(service: Service) -> None:
    token = signed({"email": "ann@example.com", "exp": SOON})
    chat = await service.open(identity=token, contact={"email": "bob@example.com", "plan": "gold"})
    assert (await chat.stored()).contact == {
        "email": Fact("ann@example.com", proven=True),
        "plan": Fact("gold", proven=False),
    }


async def test_a_chat_is_not_opened_on_a_false_identity(service: Service) -> None:
    said = await service.post("/api/v1/chats", {"identity": signed({"sub": "1", "exp": 1})})
    assert (said.status, said.body["code"]) == (401, "identity")
    assert said.body["detail"] == "The identity token has expired."
