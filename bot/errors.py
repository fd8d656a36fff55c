"""The closed list of errors that cross a module. Anything else is a bug and is logged as one."""

import re
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a file; line and column count from 1. `width` is the number of characters to underline."""

    file: str
    line: int
    column: int
    width: int = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong in a file that a person wrote: where, what, and how to mend it."""

    mark: Mark
    path: str
    """Where in its meaning, e.g. `nps / improve / then`."""
    message: str
    hint: str = ""
    level: Literal["error", "warning"] = "error"


class ChatsurveyError(Exception):
    """Base of all below; its text is fit for a person to read."""


class FileProblems(ChatsurveyError):
    """A flow or settings file has errors: all of them at once, in the order of the file."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(f"{p.mark.file}:{p.mark.line}:{p.mark.column} {p.message}" for p in problems))
        self.problems = problems


class UserMistake(ChatsurveyError):
    """A command cannot go on for a reason that its user can mend; printed without a traceback, exit code 1."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Unknown(ChatsurveyError):
    """There is no such chat, flow or link."""


class StoreUnavailable(ChatsurveyError):
    """The store cannot be used now, or its answer was lost. Whether the change was kept is in doubt; it may be tried
    again, and is not doubled."""


_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")


class DeliveryError(ChatsurveyError):
    """Base of what can go wrong on the other side. The text carries no secret and no personal data."""

    request: str = ""
    """What was asked of the other side, with secrets and personal data masked; for people who look into it."""


class Retryable(DeliveryError):
    """It may work later: a time-out, a refused connection, a 5xx. `doubt`: it may have worked already, since what got
    lost was the answer (a time-out after the request was out, a connection that broke then)."""

    def __init__(self, message: str, doubt: bool = False) -> None:
        super().__init__(message)
        self.doubt = doubt


class Throttled(DeliveryError):
    """Too fast. `after` is the wait in seconds that the other side asked for, 0 where it named none."""

    def __init__(self, message: str, after: float = 0.0) -> None:
        super().__init__(message)
        self.after = after


class Permanent(DeliveryError):
    """It will never work like this: a dead letter at once. `code` is a short stable word for the cause. It is often the
    other side's, and stored and shown as it is: what is no such word (it could quote a person, or be of any length)
    becomes `refused`."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code if _CODE.fullmatch(code) else "refused"


class Unauthorized(DeliveryError):
    """The other side does not know us any more (a key taken back, a password changed), also after renewing what can be
    renewed. Nothing of this writer will work until a person mends it."""


class Refused(ChatsurveyError):
    """It cannot be done as things stand, and doing it again changes nothing. `code` is a short stable word: opted_out,
    busy, taken ..."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code
