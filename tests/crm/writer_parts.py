"""A writer as the settings file makes it, against a stand-in that checks the vendor's contract."""

import errno
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from bot.app_writers import configs
from bot.crm.base import Parcel, Receipt, Writer
from bot.crm.table import make
from bot.errors import DeliveryError
from bot.model import Answer, Fact, Response
from bot.sandbox.crm.standin import Check, StandIn
from bot.settings import load
from tests.harness.crm import contract
from tests.harness.responses import NOON, a_response

EVA = "eva@example.com"


def api(login: str, *files: str) -> Check:
    """These contracts, which know nothing of this token endpoint."""
    check = contract(*files)
    return lambda exchange: () if exchange.path == login else check(exchange)


@asynccontextmanager
async def writing(crm: StandIn, folder: Path, changes: Mapping[str, str] | None = None) -> AsyncIterator[Writer]:
    """By the stand-in's own settings with these lines changed. Fails where the contract refused a request, and where a
    trouble was ordered that nothing met."""
    async with crm:
        text = crm.settings()
        for old, new in (changes or {}).items():
            assert old in text
            text = text.replace(old, new)
        (folder / "settings.yaml").write_text(text, "utf-8")
        (config,) = (one for one in configs(load(crm.environment(), folder)) if one.kind != "jsonl")
        writer = make(config, lambda: NOON)
        try:
            yield writer
        finally:
            await writer.close()
        assert crm.faults == []
        assert crm.troubles_left == 0, "a trouble that nothing met"


def parcel(response: Response | None = None, notes: Mapping[str, str] | None = None, *, doubt: bool = False) -> Parcel:
    response = response or a_response()
    return Parcel(response, f"resp_{response.chat}_{response.revision}", ("scored",), notes or {}, doubt)


async def write(writer: Writer, given: Parcel | None = None) -> Receipt:
    (receipt,) = await writer.write([given or parcel()])
    return receipt


async def written(writer: Writer, given: Parcel | None = None) -> Receipt:
    """Fails where it was not."""
    receipt = await write(writer, given)
    assert receipt.error is None, f"{receipt.error!r} {receipt.error.request}"
    return receipt


async def refused(writer: Writer, given: Parcel | None = None) -> DeliveryError:
    receipt = await write(writer, given)
    assert receipt.error is not None
    return receipt.error


def of(email: str, chat: str = "c1", **fields: object) -> Response:
    """The response of somebody with this address, which is proven."""
    return replace(a_response(chat), contact={"email": Fact(email, proven=True)}, **fields)


def answered(*answers: tuple[str, str, str], **fields: object) -> Response:
    """Eva's, with these answers beside her score: (key, kind, value)."""
    given = tuple(Answer(key, value, value, kind, NOON + 1_000) for key, kind, value in answers)
    return replace(a_response(), answers=(Answer("score", 3, "3", "nps", NOON), *given), **fields)


@contextmanager
def full_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """There is room for thirty more bytes of what is written."""
    real = os.write

    def half(handle: int, data: bytes) -> int:
        real(handle, data[:30])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full:
        full.setattr(os, "write", half)
        yield
