"""What a refusal of the Bot API means to us. Pure: the platform has no codes but its sentences, so those are compared;
none of them is ever quoted, since it may hold what a person wrote."""

from bot.errors import DeliveryError, Permanent, Retryable, Throttled

_GONE = (
    *(
        "chat not found",
        "user not found",
        "peer_id_invalid",
        "user is deactivated",
        "bot was blocked",
        "user_is_blocked",
    ),
    *("input_user_deactivated", "bot can't initiate conversation", "bot was kicked", "have no rights to send"),
    "group chat was upgraded",
)
_UNCHANGED = ("message is not modified",)
_LOST = (
    *("message to edit not found", "message can't be edited", "message_id_invalid", "message to delete not found"),
    *("message can't be deleted", "message identifier is not specified", "message_edit_time_expired"),
)
_DOUBTFUL = (502, 504)
"""What was behind the one that answers so may have done it."""
_LATE = ("query is too old", "query id is invalid", "query_id_invalid")


class TokenRefused(Retryable):
    """The token is unknown there or was revoked: nothing works until a person has put it right, and nothing is lost
    until then."""


class Taken(Retryable):
    """Another process reads this bot's updates, or a web hook is set where we poll."""


def meaning(
    status: int, description: str = "", after: float = 0.0, *, why: str = "", doubt: bool = False
) -> DeliveryError:
    """The error that a channel raises. `status` is 0 where nobody answered; then `why` says so, and `doubt` whether the
    call may have worked all the same."""
    said = description.lower()
    if status == 429:
        return Throttled("Telegram asks to wait", after)
    if status == 401 or (status == 404 and said in ("", "not found")):
        return TokenRefused("Telegram refuses the token; `chatsurvey doctor telegram` says more")
    if status == 409:
        if "webhook" in said:
            return Taken("a web hook is set for this bot; `chatsurvey doctor telegram` says more")
        return Taken(
            "another process reads this bot's updates: stop one of the two, or make a second bot in @BotFather"
        )
    if status == 403 or (status == 400 and any(words in said for words in _GONE)):
        return Permanent("this person cannot be reached in Telegram any more", "gone")
    if 400 <= status < 500 and status != 408:
        return Permanent(f"Telegram refused the call with {status}", _code(status, said))
    return Retryable(f"Telegram: {why}" if why else f"Telegram answered {status}", doubt or status in _DOUBTFUL)


def _code(status: int, said: str) -> str:
    for code, known in (("unchanged", _UNCHANGED), ("lost", _LOST), ("late", _LATE)):
        if any(words in said for words in known):
            return code
    return f"status_{status}"
