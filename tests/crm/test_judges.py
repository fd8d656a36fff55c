"""No vendor's own table of errors is thrown by an answer: whatever comes back is one of the closed list, or left to the
table by status."""

import pytest

from bot.crm.adobe import api as adobe_api
from bot.crm.http.answer import Answer, Judge, judged
from bot.crm.hubspot import errors as hubspot_errors
from bot.crm.sellsy import api as sellsy_api
from bot.crm.sheets import api as sheets_api
from bot.errors import DeliveryError

JUDGES = (judged, adobe_api.judge, hubspot_errors.judge, sellsy_api.judge, sheets_api.judge)
BODIES = (
    b"", b"null", b"[]", b"1", b'"x"', b"\xff\xfe", b"{", b"[" * 50_000, b'{"error":' * 3_000 + b"1" + b"}" * 3_000,
    b'{"error": null}', b'{"error": {"message": 5, "details": [[]]}}', b'{"category": "X", "context": {"ids": [{}]}}',
    b'{"errors": [{"context": null}]}', b'[{"errorCode": 5}]',
)  # fmt: skip


@pytest.mark.parametrize("judge", JUDGES)
@pytest.mark.parametrize("status", [400, 402, 403, 404, 409, 422, 429, 477, 500])
@pytest.mark.parametrize("body", BODIES)
def test_whatever_is_answered_means_something(judge: Judge, status: int, body: bytes) -> None:
    answer = Answer(status, {}, body)
    assert isinstance(judge(answer) or judged(answer), DeliveryError)
