"""Log lines hold no secret and no free text."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from bot.errors import Retryable
from bot.obs_log import Redactor, log_to

KEY = "correct-horse-battery"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What is logged, as JSON lines; the root logger is put back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    log_to(stream, form="json", secrets=[KEY])
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def last(stream: io.StringIO) -> dict[str, object]:
    line: dict[str, object] = json.loads(stream.getvalue().splitlines()[-1])
    return line


@pytest.mark.parametrize(
    "secret",
    [
        KEY,
        "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz",
        "Bearer 06gzz8qdhzxstca3edpa0nzhrw.ydd0XlMiVDfvVkvq5eTrCSrR8fN8DSlhtGo",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl",
        "anna.schmidt+shop@example.co.uk",
        "+33 6 12 34 56 78",
        "0612345678",
    ],
)
def test_what_is_secret_or_personal_is_taken_out_wherever_it_stands(secret: str, log: io.StringIO) -> None:
    logging.getLogger("bot.test").warning("it said %s twice", secret, extra={"facts": {"said": secret}})
    assert secret not in log.getvalue()
    assert "***" in str(last(log)["message"])


@pytest.mark.parametrize("kept", ["06gzz8qdhzxstca3edpa0nzhrw", "version 7c1e4b1", "127.0.0.1:8080", "10 of 64 jobs"])
def test_names_of_things_stay(kept: str) -> None:
    assert Redactor([KEY])(f"a line with {kept} in it") == f"a line with {kept} in it"


def test_a_password_in_an_address_goes_and_the_address_stays() -> None:
    assert Redactor()("at https://user:pass@example.com/x") == "at https://***@example.com/x"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("invalid literal: 'my private words'"), "ValueError"),
        (OSError(28, "No space left on device"), "OSError: No space left on device"),
        (Retryable("the receiver answered 503"), "Retryable: the receiver answered 503"),
    ],
)
def test_an_unexpected_error_is_named_and_placed_but_not_quoted(error: Exception, told: str, log: io.StringIO) -> None:
    try:
        raise error
    except Exception:
        logging.getLogger("bot.test").exception("a job failed")
    facts = last(log)["facts"]
    assert isinstance(facts, dict)
    assert facts["error"] == told
    assert "test_obs_log.py" in facts["at"]
    assert "private words" not in log.getvalue()


def test_a_library_cannot_quote_a_visitor_either(log: io.StringIO) -> None:
    message = "Task exception was never retrieved\nfuture: <Task exception=ValueError('private words')>"
    logging.getLogger("asyncio").error(message)
    assert last(log)["message"] == "Task exception was never retrieved"


def test_a_plain_line_is_for_a_person(log: io.StringIO) -> None:
    log_to(log, form="plain")
    logging.getLogger("bot.test").info("a job failed", extra={"facts": {"job": "x:timer", "attempt": 2}})
    assert log.getvalue()[8:] == " info    a job failed  job=x:timer  attempt=2\n"


def test_where_several_write_to_one_log_a_line_says_whose_it_is(log: io.StringIO) -> None:
    log_to(log, form="json", process=4711)
    logging.getLogger("bot.test").info("a job failed", extra={"facts": {"attempt": 2}})
    assert last(log)["facts"] == {"attempt": 2, "process": 4711}
    log_to(log, form="plain", process=4711)
    logging.getLogger("bot.test").info("a job failed", extra={"facts": {"attempt": 2}})
    assert log.getvalue().endswith(" info    a job failed  attempt=2  process=4711\n")


def test_the_level_is_obeyed_and_chatty_libraries_are_quiet(log: io.StringIO) -> None:
    logging.getLogger("bot.test").debug("not now")
    logging.getLogger("transitions").info("not ever")
    assert log.getvalue() == ""
