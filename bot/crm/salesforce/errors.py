"""What Salesforce says when it refuses, and what that means here.

Codes: `ExceptionCode` and `StatusCode` of the vendor's WSDL (the contract's error-codes.json); which of them pass by
themselves is our judgement. A code that is in no table is permanent.
"""

from collections.abc import Sequence

import msgspec

from bot.errors import DeliveryError, Permanent, Retryable, Throttled, Unauthorized

LONG = 3_600.0
"""Seconds to wait where the quota of the last 24 hours is used up: it frees slowly."""
SHORT = 30.0
"""Seconds to wait where only too much runs at the same moment."""

AGAIN = frozenset({
    *("UNABLE_TO_LOCK_ROW", "RECORD_IN_USE_BY_WORKFLOW", "ALREADY_IN_PROCESS", "ENTITY_IS_LOCKED"),
    *("REQUEST_RUNNING_TOO_LONG", "QUERY_TIMEOUT", "SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION", "APEX_ERROR"),
    *("ALL_OR_NONE_OPERATION_ROLLED_BACK", "PROCESSING_HALTED", "TOO_MANY_APEX_REQUESTS", "STORAGE_LIMIT_EXCEEDED"),
})  # fmt: skip
MEND = frozenset({
    *("INVALID_SESSION_ID", "API_DISABLED_FOR_ORG", "API_CURRENTLY_DISABLED", "PASSWORD_LOCKOUT", "ORG_LOCKED"),
    *("INVALID_LOGIN", "USER_NOT_ACTIVE", "INACTIVE_USER", "CLIENT_NOT_ACCESSIBLE_FOR_USER"),
    "LOGIN_MUST_USE_SECURITY_TOKEN",
})  # fmt: skip
ADVICE = {
    "INVALID_FIELD": "`chatsurvey check --live` says which field of the mapping is not there, and what to click",
    "NOT_FOUND": "`chatsurvey crm setup salesforce` says which object or external id is missing",
    "INVALID_FIELD_FOR_INSERT_UPDATE": "the field may be read only, or not be permitted to the integration user",
    "DUPLICATES_DETECTED": "a duplicate rule forbids this record: correct the match, or set `allow_duplicates`",
    "REQUIRED_FIELD_MISSING": "give it a value under `fields`",
    "INSUFFICIENT_ACCESS_OR_READONLY": "the integration user lacks a permission for this record",
    "INVALID_TYPE": "the object is not there, or the integration user may not see it",
    "STRING_TOO_LONG": "cut it in the mapping: | truncate(n)",
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": "add the value to the picklist, or use | map(...)",
    "MULTIPLE_CHOICES": "several records have this external id: tick `Unique` on the field, and merge them",
}


class Refusal(msgspec.Struct, frozen=True):
    """One error, of a whole request (`errorCode`) or of one record of it (`statusCode`)."""

    message: str = ""
    errorCode: str = ""  # noqa: N815 - as it is sent
    statusCode: str = ""  # noqa: N815 - as it is sent
    fields: tuple[str, ...] | None = None

    @property
    def code(self) -> str:
        return self.errorCode or self.statusCode


def refusals(content: object) -> Sequence[Refusal]:
    """Those of an error's body: a list, or a single one, as the upsert guide shows for NOT_FOUND."""
    try:
        return msgspec.convert(content if isinstance(content, list) else [content], list[Refusal])
    except msgspec.ValidationError:
        return ()


def fault_of(status: int, content: object, wait: float) -> DeliveryError:
    """Of a request that was not answered with 2xx; `wait` is what Retry-After asked for."""
    if status == 300:
        return fault(Refusal("several records have this external id; nothing was written", "MULTIPLE_CHOICES"))
    found = refusals(content)
    if found and found[0].code and status not in (401, 429):
        known = fault(found[0], wait)
        if not isinstance(known, Permanent) or 400 <= status < 500:
            return known
    said = f"answered {status}" + (f" {found[0].code}: {found[0].message}" if found and found[0].code else "")
    if status == 401:
        return Unauthorized(said)
    if status == 429 or (status >= 500 and wait):
        return Throttled(said, wait)
    if status >= 500 or status in (408, 409, 423, 425):
        return Retryable(said)
    if 300 <= status < 400:
        return Permanent(f"{said}, a redirect, which is not followed: set base_url to your My Domain", "redirect")
    return Permanent(said, f"status_{status}")


def fault(of: Refusal, wait: float = 0.0) -> DeliveryError:
    """By its code. The CRM's own message is part of it, what people typed is taken out by whoever knows the request."""
    code = of.code
    fields = f" ({', '.join(of.fields)})" if of.fields else ""
    said = f"{code}: {of.message}{fields}"
    if code == "REQUEST_LIMIT_EXCEEDED":
        # The same code tells of too many long requests at once: "ConcurrentPerOrgLongTxn Limit exceeded".
        return Throttled(said, wait or (SHORT if "concurrent" in of.message.lower() else LONG))
    if code in MEND:
        return Unauthorized(said)
    if code in AGAIN:
        return Throttled(said, wait) if wait else Retryable(said)
    advice = ADVICE.get(code, "")
    return Permanent(said + (f" - {advice}" if advice else ""), code.lower())
