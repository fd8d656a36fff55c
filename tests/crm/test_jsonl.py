"""`responses.jsonl` through crashes, a full disk and log rotation."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.crm import table
from bot.crm.base import Parcel
from bot.crm.config import WriterConfig
from bot.crm.files import line_file
from bot.crm.files.jsonl import JsonlWriter
from bot.errors import DeliveryError, Permanent, Retryable
from bot.model import Response
from tests.crm.writer_parts import full_disk
from tests.harness.responses import NOON, a_response


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "new" / "responses.jsonl"


def a_writer(file: Path, **options: str | int) -> JsonlWriter:
    return JsonlWriter(WriterConfig("jsonl", "jsonl", file.parent, options=options, samples=True), lambda: NOON)


@pytest.fixture
async def writer(file: Path) -> AsyncIterator[JsonlWriter]:
    made = a_writer(file)
    yield made
    await made.close()


# Any: lines as any reader of the file sees them.
def lines(file: Path) -> list[Any]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def revisions(file: Path) -> list[tuple[str, int]]:
    return [(line["chat"], line["revision"]) for line in lines(file)]


def mode(file: Path) -> int:
    return file.stat().st_mode & 0o777


async def write(writer: JsonlWriter, *responses: Response) -> None:
    assert await errors(writer, *responses) == [None] * len(responses)


async def errors(writer: JsonlWriter, *responses: Response) -> list[DeliveryError | None]:
    """What is wrong with each, written at the same time."""
    found = await asyncio.gather(*(writer.write([Parcel(r, f"resp_{r.chat}_{r.revision}")]) for r in responses))
    return [receipt.error for (receipt,) in found]


def moved_away(file: Path) -> None:
    file.rename(file.with_suffix(".1"))


def after_restart(file: Path, *responses: Response) -> None:
    """Write as a new process would."""

    async def once() -> None:
        writer = a_writer(file)
        try:
            await write(writer, *responses)
        finally:
            await writer.close()

    asyncio.run(once())


async def test_one_line_a_revision_for_the_owners_eyes_only(writer: JsonlWriter, file: Path) -> None:
    await write(writer, a_response("c1", 1), a_response("c2", 1, sample=True))
    await write(writer, a_response("c1", 2))
    assert revisions(file) == [("c1", 1), ("c2", 1), ("c1", 2)]
    assert [line["sample"] for line in lines(file)] == [False, True, False]
    assert mode(file) == 0o600


async def test_what_is_written_at_once_shares_one_sync(
    writer: JsonlWriter, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await writer.check()
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    await write(writer, *(a_response(f"c{n}") for n in range(200)))
    assert len(revisions(file)) == 200
    assert len(synced) <= 2


def test_a_revision_is_written_once_also_after_a_crash_that_nobody_was_told_of(file: Path) -> None:
    after_restart(file, a_response("c1", 1), a_response("c2", 1))
    after_restart(file, a_response("c1", 1), a_response("c2", 2), a_response("c2", 1))
    assert revisions(file) == [("c1", 1), ("c2", 1), ("c2", 2)]


@pytest.mark.parametrize("kept", [1, 40, -1], ids=["one byte", "some", "all but the line break"])
def test_a_torn_last_line_is_cut_off_and_written_again(file: Path, kept: int) -> None:
    after_restart(file, a_response("c1", 1), a_response("c2", 1))
    whole = file.read_bytes()
    first, second = whole.splitlines(keepends=True)
    file.write_bytes(first + second[:kept])
    after_restart(file, a_response("c2", 1))
    assert file.read_bytes() == whole


def test_only_the_end_of_a_long_file_is_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    after_restart(file, *(a_response(f"c{n}") for n in range(50)))
    monkeypatch.setattr(line_file, "TAIL", 3_000)
    monkeypatch.setattr(line_file, "REMEMBERED", 2)
    after_restart(file, a_response("c49"), a_response("c0"))
    assert revisions(file)[50:] == [("c0", 1)]


def test_it_is_one_file_unless_it_is_told_to_rotate(file: Path) -> None:
    for options in ({}, {"rotate": "monthly"}, {"rotate": "daily"}):
        writer = a_writer(file, **options)
        asyncio.run(once_written(writer, a_response("c1", 1 + len(list(file.parent.glob("*"))))))
    assert sorted(path.name for path in file.parent.iterdir()) == [
        "responses-2025-10-09.jsonl", "responses-2025-10.jsonl", "responses.jsonl",
    ]  # fmt: skip


async def once_written(writer: JsonlWriter, response: Response) -> None:
    await write(writer, response)
    await writer.close()


def test_lines_that_are_not_ours_stay(file: Path) -> None:
    file.parent.mkdir()
    file.write_text('# a note\n{"chat": 7}\n')
    after_restart(file, a_response("c1"))
    assert file.read_text().startswith('# a note\n{"chat": 7}\n{"chat":"c1"')


async def test_a_full_disk_leaves_no_half_line_and_all_is_well_afterwards(
    writer: JsonlWriter, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(writer, a_response("c1"))
    with full_disk(monkeypatch):
        results = await errors(writer, a_response("c2"), a_response("c3"))
    assert [str(r) for r in results if isinstance(r, Retryable)] == [
        "responses.jsonl cannot be written: No space left on device"
    ] * 2
    await write(writer, a_response("c2"), a_response("c3"))
    assert revisions(file) == [("c1", 1), ("c2", 1), ("c3", 1)]


async def test_a_file_that_was_moved_away_is_begun_anew(writer: JsonlWriter, file: Path) -> None:
    await write(writer, a_response("c1"))
    moved_away(file)
    await write(writer, a_response("c2"))
    await write(writer, a_response("c3"))
    assert revisions(file) == [("c2", 1), ("c3", 1)]


async def test_what_cannot_be_said_in_json_is_refused_for_good(writer: JsonlWriter) -> None:
    assert isinstance((await errors(writer, a_response(visitor="\ud800")))[0], Permanent)


async def test_check_names_what_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "responses.jsonl").mkdir()
    writer = table.make(WriterConfig("jsonl", "jsonl", tmp_path), lambda: 0)
    assert "cannot be written: Is a directory" in await writer.check()
    await writer.close()
