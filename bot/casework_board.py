"""What the board shows of a case: the one card, its thread, its marks.

A board takes the same message twice, so each one is noted as pending before it goes out; where the process died, or no
answer came, the message is looked up by its key before it is sent again. Everything else (an update, a mark) may be
done twice.
"""

import logging
from collections.abc import Sequence

from msgspec.structs import replace

from bot.casework_parts import Moved, Parts
from bot.desk import card as cards
from bot.desk import posted, remarks
from bot.desk.base import Card, Notice
from bot.desk.cases import Case
from bot.desk.person import name_of
from bot.desk.posted import Kept, Posted
from bot.desk.rules import Seen
from bot.errors import Permanent
from bot.model import Conversation, Doc, DocChange, Entry
from bot.store.base import Commit

log = logging.getLogger(__name__)
MINUTE = 60_000
GRACE = 15_000
"""A page that is not there for so long has been left: a reload takes less."""
SOON, WATCH = 300, 10_000
LEFT = ("stopped", "unreachable")
"""Outcomes of a chat that its customer left."""
LOST = ("message_not_found", "thread_not_found")
"""Codes of a card that somebody deleted."""


class Thread:
    """One look at one card."""

    def __init__(self, parts: Parts, chat: Conversation, seen: Seen, case: Case) -> None:
        self._parts, self._board, self._policy, self._clock = parts, parts.board, parts.policy, parts.clock
        self._chat, self._seen, self._case = chat, seen, case
        self._posted = Posted()
        self._version = 0
        self._soon = 0
        self._known: frozenset[str] = frozenset()
        """What is in the thread, looked up where a message may have gone out and that was not noted."""

    async def show(self, kept: Sequence[tuple[str, Kept]]) -> tuple[list[str], int]:
        """Make the board agree. The kept documents that are done with, and when to look again (0: not by itself)."""
        doc = await self._parts.store.doc("card", self._chat.id)
        if doc is not None and doc.body:
            self._posted, self._version = posted.read_posted(doc.body), doc.version
        before = self._posted
        away = await self._presence()
        key, now = remarks.escalation(self._case), self._clock()
        told = key in self._posted.said or key in {one.key for one in self._due()}
        owner = await self._parts.cases.colleague(self._case.owner) if self._case.owner else None
        name = owner.first if owner is not None else ""
        place = cards.Place(self._policy, now, self._parts.ics(self._chat.id), away, told, name)
        await self._card(cards.draw(self._seen, self._case, place))
        if not self._posted.place:
            return [id_ for id_, _ in kept], 0
        if self._posted.pending:
            self._known = await self._board.said(self._posted.place, self._posted.since - MINUTE)
        await self._lines()
        await self._remarks(away)
        done = await self._marks(kept, away)
        if self._posted != before:
            await self._save(self._posted)
        return done, self._soon

    # The card

    async def _card(self, card: Card) -> None:
        key, digest = f"{card.key}/card", cards.digest(card)
        if self._posted.place and self._posted.hash != digest:
            try:
                await self._board.update(self._posted.place, key, card)
                await self._save(replace(self._posted, hash=digest))
            except Permanent as error:
                if error.code not in LOST:
                    raise
                await self._save(replace(self._posted, place="", hash="", pending="", greeted=False))
        if self._posted.place or (card.state == "resolved" and not self._posted.pending):
            return
        place = ""
        if self._posted.pending == key:
            place = await self._board.find(self._case.to, key, self._posted.since - MINUTE)
        else:
            await self._save(replace(self._posted, pending=key, since=self._clock()))
        found = bool(place)
        place = place or await self._board.post(self._case.to, key, card)
        # One that was found may be older than what is to be shown: without a hash it is drawn again.
        await self._save(replace(self._posted, place=place, pending="", hash="" if found else digest), card.key)
        if found:
            await self._card(card)

    # The thread

    async def _lines(self) -> None:
        """The customer's lines of a handoff, and what they write after the end."""
        chat, case = self._chat, self._case
        name = name_of(self._seen.response)
        live = chat.handoff_at if chat.handoff else self._posted.live
        if chat.handoff and not self._posted.greeted:
            owner = await self._parts.cases.colleague(case.owner) if case.held else None
            await self._once("greeting", cards.greeting(name, owner.first if owner is not None else ""))
            await self._save(replace(self._posted, greeted=True, pending=""))
        if chat.handoff and self._posted.live != live:
            await self._save(replace(self._posted, live=live))
        if not live and not chat.commented:
            return
        if (landed := self._landed()) > self._posted.seq:
            await self._save(replace(self._posted, seq=landed, pending=""))
        entries = await self._parts.store.entries(chat.id, self._posted.seq)
        for seq, words in remarks.packed([entry for entry in entries if _for_people(entry, chat, live)]):
            await self._once(str(seq), Notice(quote=words, name=name))
            await self._save(replace(self._posted, seq=seq, pending=""))
        if not chat.handoff and self._posted.live:
            if chat.outcome not in LEFT and case.claimed < live and case.state != "resolved":
                await self._remark(f"missed:{live}", remarks.missed(self._seen.response))
            self._posted = replace(self._posted, live=0, seq=max(self._posted.seq, chat.seq))

    def _landed(self) -> int:
        """The customer's last line that is in the thread, where that was looked up."""
        tails = [key.rpartition("/")[2] for key in self._known]
        return max((int(tail) for tail in tails if tail.isdigit()), default=0)

    async def _remarks(self, away: bool) -> None:
        seen, case, chat = self._seen, self._case, self._chat
        for one in self._due():
            notice = remarks.words_for(one, seen, case, self._policy, self._clock())
            if one.kind == "reopened" and chat.handoff:
                self._posted = self._posted.add(one.key)  # that somebody waits in the chat says more
                continue
            if one.kind == "escalate" and self._policy.escalate.to:
                trouble = await self._shout(f"{one.key}:2", replace(notice, card=self._posted.place))
                notice = replace(notice, text=f"{notice.text}{trouble}")
            await self._remark(one.key, notice)
        if chat.handoff == "waiting" and case.claimed < chat.handoff_at:
            mention = self._policy.handoff_mention or case.mention
            await self._remark(f"waits:{chat.handoff_at}", remarks.waits(seen.response, case.held, mention))
        gone = f"away:{self._posted.away}"
        if away:
            await self._remark(gone, remarks.away(seen.response))
        elif chat.handoff and (last := self._posted.left):
            await self._remark(f"back:{last}", remarks.back(seen.response))

    def _due(self) -> tuple[remarks.Remark, ...]:
        return remarks.due_now(self._case, self._policy, self._clock(), self._posted.said)

    async def _remark(self, key: str, notice: Notice) -> None:
        if key not in self._posted.said:
            await self._once(key, notice)
            await self._save(replace(self._posted.add(key), pending=""))

    async def _shout(self, key: str, notice: Notice) -> str:
        """Say it in the second channel. Why that cannot be, in words: the case must not stand still for it."""
        to, name, trouble = self._policy.escalate.to, f"{self._chat.id}/{key}", ""
        if key in self._posted.said:
            return ""
        try:
            known = self._posted.pending == name and await self._board.find(to, name, self._posted.since - MINUTE)
            if not known:
                await self._save(replace(self._posted, pending=name, since=self._clock()))
                await self._board.shout(to, name, notice)
        except Permanent as error:
            log.warning("an overdue case was not called out in the second channel: %s", error)
            trouble = f" {to} could not be told: {error.code}."
        await self._save(replace(self._posted.add(key), pending=""))
        return trouble

    async def _once(self, key: str, notice: Notice) -> None:
        """Send a message of the thread, unless it is known to be there."""
        name = f"{self._chat.id}/{key}"
        if name in self._known:
            return
        if self._posted.pending != name:
            await self._save(replace(self._posted, pending=name, since=self._clock()))
        await self._board.tell(self._posted.place, name, notice)

    # Marks

    async def _marks(self, kept: Sequence[tuple[str, Kept]], away: bool) -> list[str]:
        chat, place, done = self._chat, self._posted.place, []
        sent = await self._reached(away) if any(one.state == "sent" for _, one in kept) else 0
        for id_, one in kept:
            match one.state:
                case "whisper":
                    await self._board.whisper(place, one.line.agent, one.words)
                case "link":
                    await self._board.whisper(place, one.line.agent, await self._board.link(place))
                case "internal":
                    await self._board.mark(place, one.line.ref, "internal")
                case "undelivered":
                    await self._refuse(one, one.words)
                case "sent" if one.seq <= sent:
                    await self._board.mark(place, one.line.ref, "reached")
                case "sent" if chat.ended:
                    await self._refuse(one, "gone" if chat.outcome == "unreachable" else "ended")
                case _:
                    self._look_again(SOON + (self._clock() - one.at) // 4)
                    continue
            done.append(id_)
        return done

    async def _refuse(self, one: Kept, why: str) -> None:
        await self._board.mark(self._posted.place, one.line.ref, "undelivered")
        words = why if one.line.kind == "refused" else remarks.undelivered(self._seen.response, why)
        await self._remark(f"why:{one.line.ref}", Notice(words))

    async def _reached(self, away: bool) -> int:
        """How far the log has reached the customer. On the web: all of it, while their page is there."""
        if self._chat.address.channel == "web":
            return 0 if away or self._posted.away else self._chat.seq
        return await self._parts.sent(self._chat.id)

    async def _presence(self) -> bool:
        """Whether a web visitor in a handoff has left. A killed process tells nobody: who is there is looked after."""
        now, chat = self._clock(), self._chat
        live = chat.address.channel == "web" and bool(chat.handoff)
        here = not live or await self._parts.front.present(chat.id)
        away = 0 if here else self._posted.away or now
        self._posted = replace(self._posted, away=away)
        left = away + GRACE
        if live and (here or now < left):
            self._look_again(WATCH if here else left - now)
        return not here and now >= left

    def _look_again(self, wait: int) -> None:
        at = self._clock() + wait
        self._soon = min(self._soon or at, at)

    async def _save(self, new: Posted, alias: str = "") -> None:
        """`alias`: the chat that the card's thread leads to."""
        doc = Doc("card", self._chat.id, self._version + 1, posted.write(new))
        aliases = ((self._board.alias(new.place), alias),) if alias else ()
        if await self._parts.store.put(DocChange(doc, self._version, aliases=aliases)) is not Commit.DONE:
            raise Moved
        self._posted, self._version = new, self._version + 1


def _for_people(entry: Entry, chat: Conversation, live: int) -> bool:
    """Whether a line of the log is the customer's to those at the desk. What answered a question is not."""
    if entry.author != "visitor":
        return False
    if chat.ended and entry.at > chat.ended:
        return True
    return bool(live) and entry.at > live and all(answer.at != entry.at for answer in chat.answers.values())
