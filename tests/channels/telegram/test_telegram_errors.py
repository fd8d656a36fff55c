"""What the platform's refusals mean, by table; none of its words is repeated."""

import pytest

from bot.channels.telegram.errors import Taken, TokenRefused, meaning
from bot.errors import DeliveryError, Permanent, Retryable, Throttled

REFUSALS: list[tuple[int, str, type[DeliveryError], str]] = [
    (429, "Too Many Requests: retry after 7", Throttled, ""),
    (401, "Unauthorized", TokenRefused, ""),
    (404, "Not Found", TokenRefused, ""),
    (409, "Conflict: terminated by other getUpdates request; make sure that only one", Taken, ""),
    (409, "Conflict: can't use getUpdates method while webhook is active", Taken, ""),
    (403, "Forbidden: bot was blocked by the user", Permanent, "gone"),
    (403, "Forbidden: user is deactivated", Permanent, "gone"),
    (400, "Bad Request: chat not found", Permanent, "gone"),
    (400, "Bad Request: group chat was upgraded to a supergroup chat", Permanent, "gone"),
    (400, "Bad Request: message is not modified: specified new message content", Permanent, "unchanged"),
    (400, "Bad Request: message to edit not found", Permanent, "lost"),
    (400, "Bad Request: message can't be edited", Permanent, "lost"),
    (400, "Bad Request: query is too old and response timeout expired", Permanent, "late"),
    (400, "Bad Request: can't parse entities: <ana@example.com>", Permanent, "status_400"),
    (413, "Request Entity Too Large", Permanent, "status_413"),
    (408, "", Retryable, ""),
    (500, "Internal Server Error", Retryable, ""),
    (502, "Bad Gateway", Retryable, ""),
    (0, "", Retryable, ""),
]


@pytest.mark.parametrize(("status", "said", "kind", "code"), REFUSALS)
def test_what_a_refusal_means(status: int, said: str, kind: type[DeliveryError], code: str) -> None:
    error = meaning(status, said, 7.0 if status == 429 else 0.0, why="" if status else "no connection")
    assert type(error) is kind
    assert getattr(error, "code", "") == code
    assert getattr(error, "after", 0.0) == (7.0 if status == 429 else 0.0)
    assert "ana@example.com" not in str(error)


def test_what_may_have_worked_is_said_so() -> None:
    doubts = [meaning(0, why="no answer", doubt=True), meaning(502), meaning(500), meaning(0, why="no connection")]
    assert [isinstance(error, Retryable) and error.doubt for error in doubts] == [True, True, False, False]
