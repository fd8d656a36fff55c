"""Responses to a writer again: what is known of them there is set back, and a job is left for the service."""

from collections.abc import Sequence

from msgspec.structs import replace

from bot.changes import write_job
from bot.errors import StoreUnavailable
from bot.model import Doc, DocChange
from bot.store.base import Commit, Store
from bot.writing_remote import KIND, Remote, doc_of, remote_id, remote_of

TRIES = 20


async def send(store: Store, writer: str, chats: Sequence[str], now: int, *, anew: bool = False) -> Sequence[str]:
    """Queue these; those that have no response are given back. What may be there already is looked up first where the
    writer can. `anew` forgets the ids of their records too, for records that were deleted over there."""
    unknown = []
    for chat in dict.fromkeys(chats):
        conversation = await store.load_id(chat)
        if conversation is None or not conversation.revision:
            unknown.append(chat)
        else:
            await _again(store, writer, chat, now, anew)
    return unknown


async def _again(store: Store, writer: str, chat: str, now: int, anew: bool) -> None:
    for _ in range(TRIES):
        doc = await store.doc(KIND, remote_id(writer, chat))
        remote = Remote() if anew else replace(remote_of(doc), revision=0, told=(), doubts=(), sought=0)
        known = doc.version if doc is not None else 0
        fresh = doc_of(writer, chat, replace(remote, doubt=known > 0))
        change = DocChange(Doc(KIND, fresh.id, known + 1, fresh.body), known, jobs=(write_job(chat, writer, now),))
        if await store.put(change) is not Commit.LOST:
            return
    raise StoreUnavailable("the service writes this response right now; try again")
