"""Pure: what a committed turn means for those who wait for it."""

from bot.model import Change, Conversation, Entry, Inbound, Say, Turn


def said(turn: Turn) -> tuple[Entry, ...]:
    return tuple([effect.entry for effect in turn.effects if isinstance(effect, Say)])


def soon(change: Change, now: int) -> bool:
    """Whether it leaves something to do at once."""
    return any(job.due <= now for job in change.jobs)


def awaited(before: Conversation, after: Conversation, inbound: Inbound) -> bool:
    """Whether a page may wait for it that listens at another process: in a handoff, or where it was not the visitor who
    moved the chat. A second tab finds the rest within a second by itself; messaging channels are served by jobs."""
    if after.address.channel != "web":
        return False
    return bool(before.handoff or after.handoff) or inbound.kind in ("timer", "agent")
