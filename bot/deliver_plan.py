"""Pure: what a messaging channel must be told next, from the chat as it stands and what it has been told.

- The log goes out in its order. Lines of the bot that follow each other go out as one post, also where the visitor
  wrote between them; a line of an agent is a post of its own; the visitor's lines are there already.
- The control of the question stands under the last post of the bot and nowhere else: a question that was sent before
  is settled first, be it answered, over, or asked once more.
- A Change button works while the question after it stands. Where the platform can take it away afterwards (`Tidying`),
  it goes, once the next message is out.
- What an agent changed before it was sent goes out as it reads now, and what was taken back does not go out.
"""

from collections.abc import Sequence
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from bot.channels.base import Asked, Found, Post, Reply, words_of
from bot.model import Conversation, Entry

LINES = 50
"""Lines of agents whose messages are remembered, so that an edit finds its own."""


class Question(Struct, frozen=True):
    """A question whose control stands at `message`. One without a control is none: nothing of it needs an edit."""

    step: str
    fence: int
    at: int
    """When it was asked: an answer is not older."""
    message: str
    text: str


class Sent(Struct, frozen=True):
    """What a channel has of a chat's log: the document `sent` of the chat."""

    cursor: int = 0
    """The last entry that is dealt with."""
    question: Question | None = None
    lines: tuple[tuple[int, str], ...] = ()
    """(seq, message) of agents' lines."""
    changes: tuple[tuple[str, int], ...] = ()
    """Messages with a Change button, and the fence for which it works."""
    doubt: bool = False
    """The next message may be there already: the answer got lost, and the platform can be asked."""


class Settle(Struct, frozen=True):
    """The control of the question that was sent goes. `tidy`: its Change button shall go too, when its time comes."""

    asked: Asked
    tidy: bool = False


class Tidy(Struct, frozen=True):
    """A Change button that works no more goes."""

    message: str


class Send(Struct, frozen=True):
    """A message goes out; with it the log is dealt with up to `upto`."""

    post: Post
    upto: int


class Revise(Struct, frozen=True):
    """An agent's line that was sent is changed, or taken back."""

    entry: Entry
    message: str
    locale: str


Act: TypeAlias = Settle | Send | Revise | Tidy


def acts(reply: Reply, sent: Sent, *, tidy: bool = False) -> tuple[Act, ...]:
    """In the order in which they must be done. `reply` is the chat with its entries behind `sent.cursor`; `tidy` says
    whether the platform can take a Change button away."""
    entries = [entry for entry in reply.entries if sent.cursor < entry.seq <= reply.conversation.seq]
    told = _told(entries, sent, reply)
    speaks = [at for at, act in enumerate(told) if isinstance(act, Send) and act.post.entries[0].author == "bot"]
    if speaks and reply.ask is not None:
        last = told[speaks[-1]]
        if isinstance(last, Send):
            told[speaks[-1]] = Send(replace(last.post, ask=reply.ask), last.upto)
    question, ask = sent.question, reply.ask
    fence = ask.fence if ask is not None else None
    told += [Tidy(message) for message, works in sent.changes if works != fence]
    if question is not None and (speaks or ask is None or ask.fence != question.fence):
        over = bool(reply.conversation.outcome) and not speaks
        return (Settle(_asked(reply, question, over), tidy), *told)
    return tuple(told)


def after(sent: Sent, act: Act, message: str) -> Sent:
    """What the channel has once an act is done; `message` is the platform's id of what was sent."""
    match act:
        case Settle(asked, tidy):
            kept = ((asked.message, asked.fence),) if tidy and asked.change else ()
            return replace(sent, question=None, changes=(*sent.changes, *kept))
        case Tidy(gone):
            return replace(sent, changes=tuple(one for one in sent.changes if one[0] != gone))
        case Revise(entry):
            return replace(sent, cursor=max(sent.cursor, entry.seq))
        case Send(post, upto):
            last, ask = post.entries[-1], post.ask
            lines = sent.lines
            if last.author == "agent":
                lines = (*lines[1 - LINES :], (last.seq, message))
            question = sent.question
            if ask is not None:
                found = Question(ask.step, ask.fence, last.at, message, words_of(post.entries))
                question = found if message else None
            return Sent(upto, question, lines, sent.changes)


def landed(sent: Sent, reply: Reply, found: Found | None) -> Sent:
    """What the channel has, now that its newest post is known: the one in doubt is among it or is not."""
    sure = replace(sent, doubt=False)
    entries = [entry for entry in reply.entries if found is not None and sent.cursor < entry.seq <= found.seq]
    if found is None or not entries or entries[-1].seq != found.seq:
        return sure
    last = entries[-1]
    lines = (*sure.lines[1 - LINES :], (last.seq, found.message)) if last.author == "agent" else sure.lines
    question = sure.question
    if found.fence:
        said = [entry for entry in entries if entry.author == "bot"]
        question = Question(found.step, found.fence, last.at, found.message, words_of(said))
    return Sent(found.seq, question, lines, sent.changes)


def _told(entries: Sequence[Entry], sent: Sent, reply: Reply) -> list[Act]:
    """The lines as posts and revisions, in order; the question is not under any yet."""
    sent_as = dict(sent.lines)
    fresh = {entry.seq for entry in entries if entry.author == "agent" and not entry.replaces}
    newest = {entry.replaces: entry.text for entry in entries if entry.replaces in fresh}
    told: list[Act] = []
    for entry in entries:
        if entry.author == "visitor":
            continue
        if entry.replaces:
            message = sent_as.get(entry.replaces)
            if message is not None:
                told.append(Revise(entry, message, _locale(reply)))
            continue
        line = replace(entry, text=newest[entry.seq]) if entry.seq in newest else entry
        if not line.text and line.author == "agent":
            continue
        before = told[-1] if told else None
        if line.author == "bot" and isinstance(before, Send) and before.post.entries[-1].author == "bot":
            told[-1] = Send(replace(before.post, entries=(*before.post.entries, line)), line.seq)
        else:
            told.append(Send(_post(reply, line), line.seq))
    return told


def _post(reply: Reply, line: Entry) -> Post:
    return Post(reply.conversation.id, _locale(reply), (line,))


def _asked(reply: Reply, question: Question, over: bool) -> Asked:
    chat, ask = reply.conversation, reply.ask
    chosen = _chosen(chat, question)
    again = ask is not None and ask.fence == question.fence
    last = chat.trail[-1:] == (question.step,)
    change = bool(chosen) and last and ask is not None and ask.back
    fence = ask.fence if ask is not None else 0
    return Asked(chat.id, _locale(reply), question.message, question.text, chosen, change, fence, again, over)


def _chosen(chat: Conversation, question: Question) -> str:
    answer = chat.answers.get(question.step)
    taken = answer is not None and answer.at >= question.at and question.step in chat.trail
    return answer.label if answer is not None and taken else ""


def _locale(reply: Reply) -> str:
    return reply.language or reply.conversation.locale
