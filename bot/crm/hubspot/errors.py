"""What HubSpot's answers mean.

| Answer | Means |
|---|---|
| 400 | one record cannot be taken, or the whole batch for its sake: Refused, with the properties that it names |
| 401 | the token is renewed once, then Unauthorized |
| 403 | the app lacks a scope: Unauthorized, since no other record will fare better |
| 409, 423 | somebody else is at this record: Retryable |
| 429 | Throttled: Retry-After, else ten seconds (TEN_SECONDLY_ROLLING) or an hour (DAILY, which ends at midnight) |
| 477 | the account is being moved to another data centre: Throttled by Retry-After |
| 5xx | Retryable |

Sources: the contracts' `Error` and `StandardError`; "Error handling" and "API usage guidelines" of HubSpot's developer
documentation. Its messages quote the values they refuse, so what is told is codes, names and masked words.
"""

import re
from collections.abc import Mapping

import msgspec
from msgspec import Struct, field

from bot.crm.http.answer import said_by
from bot.crm.http.client import Answer
from bot.errors import DeliveryError, Permanent, Retryable, Throttled, Unauthorized

SECONDLY, DAILY = 10.0, 3_600.0
MISSING, GONE = "PROPERTY_DOESNT_EXIST", "OBJECT_NOT_FOUND"
_NAMED = re.compile(r'"error"\s*:\s*"(\w+)"[^{}]*?"name"\s*:\s*"(\w+)"')
_UNKNOWN = re.compile(r'Property "?(\w+)"? does not exist')


class Detail(Struct, frozen=True):
    message: str = ""
    code: str = ""
    context: Mapping[str, object] = {}


class Fault(Struct, frozen=True):
    """An error's body, or one of `errors` in a batch's answer."""

    message: str = ""
    category: str = ""
    policy: str = field(default="", name="policyName")
    kind: str = field(default="", name="errorType")
    errors: tuple[Detail, ...] = ()
    context: Mapping[str, object] = {}

    def named(self) -> list[tuple[str, str]]:
        """(code, property) pairs, from the details or out of the message, which carries them as JSON."""
        found = [
            (one.code or "INVALID", name)
            for one in self.errors
            for name in [*listed(one.context, "propertyName"), *listed(one.context, "properties")]
        ]
        told = [self.message, *(one.message for one in self.errors)]
        found += [pair for text in told for pair in _NAMED.findall(text)]
        found += [(MISSING, name) for text in told for name in _UNKNOWN.findall(text)]
        return list(dict.fromkeys(found))


class Refused(Permanent):
    """A record that cannot be taken as it is. `fields` are the properties that are to blame, where they are named;
    `absent` those among them that do not exist in HubSpot."""

    def __init__(self, message: str, code: str, fields: tuple[str, ...] = (), absent: tuple[str, ...] = ()) -> None:
        super().__init__(message, code)
        self.fields, self.absent = fields, absent


def listed(context: Mapping[str, object], key: str) -> list[str]:
    """The strings under a key of an error's context, of which the contract says that they are lists."""
    found = context.get(key, ())
    return [str(one) for one in found] if isinstance(found, list | tuple) else [str(found)]


def error_of(fault: Fault, status: int = 400) -> DeliveryError:
    """What one refused record (or, from a whole answer, its body) means."""
    if fault.category == "CONFLICT" or status in (409, 423):
        return Retryable(f"answered {fault.category or status}: another one writes this record, or has its value")
    if fault.category == "RATE_LIMITS":
        return Throttled("answered RATE_LIMITS", SECONDLY)
    named = fault.named()
    absent = tuple(name for code, name in named if code == MISSING)
    if absent:
        said = f"answered {MISSING}: no property {', '.join(absent)}; `chatsurvey crm setup hubspot` makes it"
        return Refused(said, MISSING, absent, absent)
    if named:
        told = ", ".join(f"{name}: {code}" for code, name in named)
        return Refused(f"answered {fault.category}: {told}", named[0][0], tuple(name for _, name in named))
    code = fault.category or f"status_{status}"
    return Refused(f"answered {code}: {fault.message}" if fault.message else f"answered {code}", code)


def judge(answer: Answer) -> DeliveryError | None:
    """A `bot.crm.http.client.Judge`. None: by the status."""
    status = answer.status
    if status not in (400, 403, 404, 409, 423, 429, 477):
        return None
    try:
        fault = msgspec.json.decode(answer.body, type=Fault)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        fault = Fault(said_by(answer.body))
    if status in (429, 477):
        daily = "DAILY" in fault.policy.upper() or "daily" in fault.message
        limit = fault.policy or fault.kind or status
        return Throttled(f"answered {status}: {limit}", answer.wait or (DAILY if daily or status == 477 else SECONDLY))
    if status == 403:
        contexts = [fault.context, *(one.context for one in fault.errors)]
        keys = ("missingScopes", "requiredGranularScopes", "requiredScopes")
        scopes = [scope for context in contexts for key in keys for scope in listed(context, key)]
        lacking = f"the app lacks the scope {', '.join(sorted(set(scopes)))}" if scopes else fault.message
        return Unauthorized(f"answered 403 {fault.category}: {lacking}")
    return error_of(fault, status) if status != 404 or fault.category == GONE else None
