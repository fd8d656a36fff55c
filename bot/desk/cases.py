"""The case: a person to win back. An aggregate of its own, which outlives its chat; committed by compare-and-set.

Each transition is a pure function `(case, ..., now) -> case`. One that cannot be done raises Refused with a code that
its caller puts into words: `held` (somebody else has it), `resolved`, `free` (nobody has it). Doing what is done
already changes nothing and returns the very same case.

    open      -> claimed | snoozed | resolved       snoozed  -> claimed | open (its time is over) | resolved
    claimed   -> open (released) | snoozed | claimed (handed over) | resolved
    resolved  -> open (asked for again, or the mis-tap was none)
"""

from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from bot.desk.base import Verdict
from bot.desk.policy import Policy
from bot.errors import Refused
from bot.model import CaseFacts, CaseState, Counts

CORRECTED = "corrected"
"""The outcome of a case that a mis-tap had opened."""
UNREACHED = "unreached"
"""The outcome by which a wished call was not reached; by every other one it was made."""


class Callback(Struct, frozen=True):
    """A wished call: the phone, and when (`at` ms, 0 for any time)."""

    phone: str
    at: int = 0
    result: Literal["", "done", "unreached"] = ""


class Case(Struct, frozen=True):
    chat: str
    state: CaseState
    rule: str
    to: str
    """The channel of its card."""
    mention: str
    opened: int
    due: int
    """The deadline; 0 for none."""
    owner: str = ""
    """The agent who holds it, or who resolved it."""
    claimed: int = 0
    until: int = 0
    """Snoozed until then."""
    woken: int = 0
    """When a snooze was last over."""
    outcome: str = ""
    counts: Counts = ""
    cause: str = ""
    note: str = ""
    tell: bool = False
    """The customer shall be told that it is settled."""
    resolved: int = 0
    callback: Callback | None = None
    reopened: int = 0
    """How often it was opened again."""
    raised: int = 0
    """When another rule than that which opened it began to fit."""
    asked: int = 0
    """The handoff that it knows of: when the customer asked for a person."""

    @property
    def held(self) -> str:
        """Who holds it now."""
        return self.owner if self.state in ("claimed", "snoozed") else ""


def write(case: Case) -> bytes:
    return msgspec.json.encode(case)


def read(body: bytes) -> Case:
    return msgspec.json.decode(body, type=Case)


def _changeable(case: Case, agent: str) -> None:
    """Refuses what is resolved, and what somebody else holds."""
    if case.state == "resolved":
        raise Refused("it is resolved", "resolved")
    if case.held and case.held != agent:
        raise Refused("somebody else holds it", "held")


def claim(case: Case, agent: str, now: int) -> Case:
    _changeable(case, agent)
    if case.state == "claimed":
        return case
    return replace(case, state="claimed", owner=agent, claimed=now, until=0)


def release(case: Case, agent: str) -> Case:
    """Only who holds it releases it."""
    _changeable(case, agent)
    if not case.held:
        return case
    return replace(case, state="open", owner="", claimed=0, until=0)


def snooze(case: Case, agent: str, until: int, now: int) -> Case:
    """Anybody may put aside what nobody holds; reminders wait until its time is over."""
    _changeable(case, agent)
    if until <= now:
        return case
    return replace(case, state="snoozed", until=until)


def hand_over(case: Case, to: str, now: int) -> Case:
    """Anybody may give it to somebody: its holder may be on holiday."""
    if case.state == "resolved":
        raise Refused("it is resolved", "resolved")
    if case.state == "claimed" and case.owner == to:
        return case
    return replace(case, state="claimed", owner=to, claimed=now, until=0)


def resolve(case: Case, agent: str, policy: Policy, verdict: Verdict, now: int) -> Case:
    """Held by somebody else it is theirs to resolve; held by nobody, whoever resolves it has done it."""
    _changeable(case, agent)
    known = policy.outcome(verdict.outcome)
    if known is None:
        raise Refused("there is no such outcome", "unknown")
    callback = case.callback
    if callback is not None and not callback.result:
        callback = replace(callback, result="unreached" if known.key == UNREACHED else "done")
    return replace(
        case,
        state="resolved",
        owner=agent,
        claimed=case.claimed or now,
        until=0,
        outcome=known.key,
        counts=known.counts,
        cause=verdict.cause if verdict.cause in policy.causes else "",
        note=verdict.note,
        tell=verdict.tell,
        resolved=now,
        callback=callback,
    )


def correct(case: Case, now: int) -> Case:
    """A mis-tap had opened it, and nobody has taken it."""
    return replace(
        case, state="resolved", until=0, owner="", outcome=CORRECTED, counts="no_action", resolved=now, tell=False
    )


def reopen(case: Case, due: int, now: int) -> Case:
    """Something new for people to act on; what was said of its end no longer holds."""
    callback = case.callback
    if callback is not None and callback.result:
        callback = None
    return replace(
        case,
        state="open",
        owner="",
        claimed=0,
        until=0,
        due=due,
        woken=0,
        outcome="",
        counts="",
        cause="",
        note="",
        tell=False,
        resolved=0,
        callback=callback,
        reopened=case.reopened + 1,
    )


def facts(case: Case, owner: str) -> CaseFacts:
    """As records and writers see it. `owner` is the agent's name."""
    return CaseFacts(
        state=case.state,
        rule=case.rule,
        opened=case.opened,
        due=case.due,
        owner=owner,
        outcome=case.outcome,
        counts=case.counts,
        cause=case.cause,
        note=case.note,
        resolved=case.resolved,
    )


def due_for(policy: Policy, deadline: int | None, now: int) -> int:
    """When a case with this deadline (a rule's, None for the usual one) is due; 0 for never."""
    length = policy.deadline if deadline is None else deadline
    return now + length if length else 0


def wake(case: Case, now: int) -> Case:
    """A snooze whose time is over."""
    if case.state != "snoozed" or case.until > now:
        return case
    return replace(case, state="claimed" if case.owner else "open", until=0, woken=case.until)
