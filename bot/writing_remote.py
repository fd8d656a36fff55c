"""What one writer knows of one chat: the document `remote`, put with each settlement. Pure.

It is what makes deliveries idempotent and orders them: a revision that is not newer than the one that arrived is not
sent, and a moment (`scored`, `completed` ...) is told once.
"""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from bot.crm.base import Event, Parcel, Receipt
from bot.model import Doc, Response

KIND = "remote"


class Remote(Struct, frozen=True, omit_defaults=True):
    revision: int = 0
    """The newest that arrived, or that needed no writing."""
    told: tuple[Event, ...] = ()
    """The moments that it was told of; `answered`, which is told anew each time, is not kept."""
    notes: Mapping[str, str] = field(default_factory=dict)
    doubt: bool = False
    """The last attempt was cut off, or its answer got lost."""
    doubts: tuple[str, ...] = ()
    """What may be there twice, or not at all, in words."""
    sought: int = 0
    """Since when the person is looked for there, in ms; 0 where they were found."""


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Remote).decode


def remote_id(writer: str, chat: str) -> str:
    return f"{writer}\n{chat}"


def remote_of(doc: Doc | None) -> Remote:
    return _decode(doc.body) if doc is not None else Remote()


def doc_of(writer: str, chat: str, remote: Remote, version: int = 0) -> Doc:
    """`version`: of a settlement, one more than that of the document it began with (`store.base.Done`)."""
    return Doc(KIND, remote_id(writer, chat), version, _encode(remote))


def news_of(wanted: Sequence[Event], remote: Remote, revision: int) -> tuple[Event, ...]:
    """What the writer is to be told now; nothing where it has this revision or is interested in none of it.

    A response that it has and would not want any more (the score was put right) goes there once more with each
    revision, as `answered`: else what it has would stay wrong.
    """
    if revision <= remote.revision:
        return ()
    if not wanted and remote.told:
        return ("answered",)
    return tuple(event for event in wanted if event == "answered" or event not in remote.told)


def parcel_of(response: Response, news: tuple[Event, ...], remote: Remote, *, doubt: bool) -> Parcel:
    key = f"resp_{response.chat}_{response.revision}"
    return Parcel(response, key, news, remote.notes, doubt or remote.doubt)


def after(remote: Remote, parcel: Parcel, receipt: Receipt, *, doubt: bool = False) -> Remote:
    """What is known after an attempt. `doubt`: its error leaves open whether it worked.

    A response that was skipped was told nothing: should a later revision find the person, its news are all of them.
    """
    remote = replace(
        remote,
        notes=remote.notes if receipt.notes is None else receipt.notes,
        doubts=(*remote.doubts, *(said for said in receipt.doubts if said not in remote.doubts)),
    )
    if receipt.error is not None:
        return replace(remote, doubt=parcel.doubt or doubt)
    told = remote.told
    if not receipt.skipped:
        told += tuple(event for event in parcel.news if event != "answered" and event not in told)
    return replace(remote, revision=parcel.response.revision, told=told, doubt=False, sought=0)
