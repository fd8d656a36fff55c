"""Several processes that write at once: the newest revision wins with its own answers, and nobody waits in a circle."""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from bot.model import Answer
from bot.records.base import Delivery, Filters
from bot.records.database import Database
from tests.harness.responses import NOON, a_response

WRITERS, ROUNDS, CHATS = 3, 12, 10


def test_revisions_that_arrive_at_once_in_any_order(url: str) -> None:
    databases = [Database(url) for _ in range(WRITERS)]
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(write, databases, range(WRITERS)))
    found = list(databases[0].responses(Filters()))
    assert [response.chat for response in found] == [f"c{n}" for n in range(CHATS)]
    for response in found:
        assert response.revision == WRITERS * ROUNDS
        assert [answer.value for answer in response.answers] == [f"revision {response.revision}"] * (
            response.revision % 4
        )
    for n in range(CHATS):
        (note,) = databases[0].deliveries(f"c{n}")
        assert note.delivered == WRITERS * ROUNDS
    for database in databases:
        database.close()


def write(database: Database, number: int) -> None:
    """Every revision of every chat is written by one of the writers, and some by two."""
    rng = random.Random(number)
    for at in range(ROUNDS):
        revision = at * WRITERS + number + 1
        chats = [f"c{n}" for n in range(CHATS)]
        rng.shuffle(chats)
        given = tuple(
            Answer(f"k{n}", f"revision {revision}", f"revision {revision}", "text", NOON) for n in range(revision % 4)
        )
        note = Delivery("crm", "", revision, "delivered", 1, NOON + revision, delivered=revision)
        database.upsert(
            [a_response(chat, revision, answers=given) for chat in chats], [replace(note, chat=chat) for chat in chats]
        )
        rng.shuffle(chats)
        database.keep([replace(note, chat=chat) for chat in chats])
