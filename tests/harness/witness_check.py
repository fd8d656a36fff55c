"""What must hold of that which is kept, whatever failed: pure, on what the witnesses know and the reader has read.

Each returns what is wrong, in words; nothing where all is well.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.harness.receiver import Event
from tests.harness.witness import Chat
from tests.harness.witness_reader import Log, Row


def wrong_logs(chats: Sequence[Chat], logs: Mapping[str, Log]) -> list[str]:
    """No acknowledged answer lost, none accepted twice, order kept, nothing there that nobody sent."""
    found: list[str] = []
    for chat in chats:
        log = logs.get(chat.id)
        if log is None:
            found.append(f"{chat.id}: the chat is lost")
            continue
        if log.said != chat.said:
            found.append(f"{chat.id}: the log has {log.said}, acknowledged were {chat.said}")
        if not chat.ended or not log.chat.get("ended"):
            found.append(f"{chat.id}: it has not ended")
        if log.chat.get("score") != chat.score:
            found.append(f"{chat.id}: its score is {log.chat.get('score')}, given was {chat.score}")
        found += [f"{chat.id}: {fault}" for fault in _gaps(log)]
    known = {chat.id for chat in chats}
    strange = [id_ for id_, log in logs.items() if id_ not in known and log.said]
    return found + [f"{id_}: nobody knows who said {logs[id_].said}" for id_ in strange]


def _gaps(log: Log) -> list[str]:
    """The numbers are dense, and each turn, the chat and its head agree on them."""
    numbers = [int(line["seq"]) for line in log.lines]
    found = []
    if numbers != list(range(1, len(numbers) + 1)):
        found.append(f"its lines have the numbers {numbers}")
    if log.seq != len(numbers) or log.chat["seq"] != log.seq or log.chat["version"] != log.version:
        found.append(f"it says {log.seq} and {log.chat['seq']} for {len(numbers)} lines")
    if [last for last, _ in log.turns] != [lines[-1]["seq"] for _, lines in log.turns]:
        found.append("its turns do not end where they say")
    return found


def missing_records(chats: Sequence[Chat], logs: Mapping[str, Log], rows: Mapping[str, Row]) -> list[str]:
    """Each chat has its response, in the newest revision, with every answer."""
    found = []
    for chat in chats:
        row, log = rows.get(chat.id), logs[chat.id]
        wanted = Row(log.chat["revision"], chat.score, True, len(log.chat["answers"]))
        if row != wanted:
            found.append(f"{chat.id}: the records have {row} and not {wanted}")
    return found


def missing_events(chats: Sequence[Chat], logs: Mapping[str, Log], events: Sequence[Event]) -> list[str]:
    """The newest revision of each was delivered."""
    newest: dict[str, int] = {}
    for event in events:
        newest[event.data["chat"]] = max(newest.get(event.data["chat"], 0), event.data["revision"])
    wanted = {chat.id: logs[chat.id].chat["revision"] for chat in chats}
    return [
        f"{id_}: the hook had revision {newest.get(id_, 0)} of {revision}"
        for id_, revision in wanted.items()
        if newest.get(id_, 0) != revision
    ]


def wrong_events(events: Sequence[Event]) -> list[str]:
    """One id an event at every attempt, and no older revision behind a newer one."""
    found: list[str] = []
    under: dict[str, tuple[str, int]] = {}
    ids: dict[tuple[str, int], str] = {}
    newest: dict[str, int] = {}
    for event in events:
        what = (str(event.data["chat"]), int(event.data["revision"]))
        if under.setdefault(event.id, what) != what or ids.setdefault(what, event.id) != event.id:
            found.append(f"{what}: under the id {event.id}, and {ids[what]} and {under[event.id]} before")
        if newest.get(what[0], 0) > what[1]:
            found.append(f"{what}: behind revision {newest[what[0]]}")
        newest[what[0]] = max(newest.get(what[0], 0), what[1])
    return found


def missing_lines(chats: Sequence[Chat], logs: Mapping[str, Log], lines: Iterable[Mapping[str, Any]]) -> list[str]:
    """The newest revision of each has its line in a file of responses."""
    there = {(line["chat"], line["revision"]) for line in lines}
    wanted = [(chat.id, logs[chat.id].chat["revision"]) for chat in chats]
    return [f"{id_}: no line for revision {revision}" for id_, revision in wanted if (id_, revision) not in there]
