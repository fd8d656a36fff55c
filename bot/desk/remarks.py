"""What is said about a case as time goes by: when, and in which words. Pure.

A remark has a key, so that each is made once: what was said is kept beside the card. One that comes too late to be of
use (a reminder after the deadline, of a call that is over) is not made at all.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from bot.desk import words
from bot.desk.base import Notice
from bot.desk.cases import Case
from bot.desk.person import contact, name_of, short_name
from bot.desk.policy import Policy
from bot.desk.rules import Seen
from bot.model import Entry, Response

FOREVER = 1 << 60
LONGEST_QUOTE = 2_000
"""Characters of a customer's lines in one message."""


@dataclass(frozen=True, slots=True)
class Remark:
    key: str
    kind: str
    """remind, escalate, callback, reopened, raised or woken."""
    at: int
    until: int = FOREVER


def remarks(case: Case, policy: Policy) -> tuple[Remark, ...]:
    """Everything that will be said of the case as it stands, in the order of time."""
    if case.state == "resolved":
        return ()
    found: list[Remark] = []
    call = case.callback
    if call is not None and call.at and not call.result:
        before = call.at - policy.callback_before
        found.append(Remark(f"callback:{call.at}", "callback", before, call.at + policy.callback_before))
    if case.state == "snoozed":
        return tuple(found)  # the customer's own time does not wait
    if case.reopened and case.state == "open":
        found.append(Remark(f"reopened:{case.reopened}", "reopened", case.opened))
    if case.raised and case.mention:
        found.append(Remark(f"raised:{case.rule}", "raised", case.raised))
    if case.woken:
        found.append(Remark(f"woken:{case.woken}", "woken", case.woken))
    if case.due:
        remind = case.due - policy.remind_before
        if policy.remind_before and remind > case.opened:
            found.append(Remark(f"remind:{case.due}", "remind", remind, case.due))
        found.append(Remark(escalation(case), "escalate", case.due + policy.escalate.after))
    return tuple(sorted(found, key=lambda one: one.at))


def escalation(case: Case) -> str:
    """The key of the remark that it is overdue."""
    return f"escalate:{case.due}"


def due_now(case: Case, policy: Policy, now: int, said: Collection[str]) -> tuple[Remark, ...]:
    return tuple(one for one in remarks(case, policy) if one.at <= now < one.until and one.key not in said)


def next_moment(case: Case, policy: Policy, now: int) -> int:
    """When the case has to be looked at again by itself; 0 for never. Its deadline counts: the card then says so."""
    times = [case.until] if case.state == "snoozed" else []
    times += [one.at for one in remarks(case, policy)]
    times += [case.due] if case.due and case.state in ("open", "claimed") else []
    return min((at for at in times if at > now), default=0)


def words_for(remark: Remark, seen: Seen, case: Case, policy: Policy, now: int) -> Notice:
    """What is said in the thread, and to whom: its holder, else whoever the settings name."""
    name = name_of(seen.response)
    whom = case.owner or case.mention
    match remark.kind:
        case "remind":
            left = words.lasted(case.due - now)
            what = f"{left} left to resolve this." if case.owner else f"Nobody has this yet: {left} left."
            return Notice(what, whom)
        case "escalate":
            who = f"{name} still waits." if case.owner else f"{name} still waits, and nobody has the case."
            return Notice(f"Overdue. {who}", policy.escalate.mention or whom)
        case "callback":
            call = case.callback
            phone = call.phone if call is not None else ""
            at = call.at if call is not None else 0
            return Notice(f"{short_name(name)} expects a call on {phone} at", whom, due=at)
        case "raised":  # the card was only edited, and that calls nobody
            return Notice(f"{name}: the alert “{case.rule}” fits now.", case.held or case.mention, loud=True)
        case "reopened":
            return Notice(f"{name} needs somebody again: the case is open.", whom, loud=True)
        case _:
            return Notice("Snoozed until now: it is up again.", whom)


def packed(lines: Sequence[Entry]) -> Sequence[tuple[int, str]]:
    """A customer's lines that wait together go out together, as (seq of the last, words): a channel takes a message a
    second, and somebody who writes faster than that would have it for themselves."""
    found: list[tuple[int, str]] = []
    for line in lines:
        if found and len(found[-1][1]) + len(line.text) < LONGEST_QUOTE:
            found[-1] = (line.seq, f"{found[-1][1]}\n{line.text}")
        else:
            found.append((line.seq, line.text))
    return found


def away(response: Response) -> Notice:
    """A web visitor who has left, and the other ways to reach them."""
    who = short_name(name_of(response))
    known = contact(response)
    ways = [f"{label} {known[key][0]}" for key, label in (("phone", "phone"), ("email", "e-mail")) if key in known]
    rest = f"Other ways to reach them: {', '.join(ways)}." if ways else "They left neither phone nor e-mail."
    return Notice(f"{_capital(who)} has left the page; what you write is there if they come back. {rest}")


def back(response: Response) -> Notice:
    return Notice(f"{_capital(short_name(name_of(response)))} is back on the page.")


def waits(response: Response, owner: str, mention: str) -> Notice:
    """A customer asks for a person now: the holder of the case hears it, else everybody who looks after the channel."""
    who = _capital(short_name(name_of(response)))
    if owner:
        return Notice(f"{who} is in the chat now and waits for a person: write here.", owner)
    return Notice(
        f"{who} is in the chat now and waits for a person: claim the case, or write here.", mention, loud=True
    )


def missed(response: Response) -> Notice:
    return Notice(
        f"Nobody joined in time. {_capital(short_name(name_of(response)))} was told so, and the survey went on."
    )


def undelivered(response: Response, why: str) -> str:
    """Why an agent's line did not reach the customer, to the agent."""
    who = short_name(name_of(response))
    known = contact(response)
    ways = [known[key][0] for key in ("phone", "email") if key in known]
    rest = f" You can reach them by {' or '.join(ways)}." if ways else ""
    match why:
        case "ended":
            return f"Not delivered: the chat with {who} has ended.{rest}"
        case "gone":
            return f"Not delivered: {who} cannot be reached there any more.{rest}"
        case _:
            return f"Not delivered: {who} is not talking to a person now.{rest}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
