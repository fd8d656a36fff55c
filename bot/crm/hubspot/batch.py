"""Many records a call, and each with its own outcome: one that HubSpot refuses never blocks the others.

An upsert by a unique property may be made any number of times, so a lost answer is no doubt. A batch is refused whole
(400) for the sake of one record, or answered 207 with errors beside results. Then: records that carry a property which
does not exist fail together; else the batch is halved until the culprit is alone. Results and errors are told apart by
`objectWriteTraceId`, by the unique value, or (where HubSpot tells neither) by asking for that record alone.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import inf
from typing import TypeAlias

import msgspec
from msgspec import Struct, field

from bot.crm.http.client import Answer, Client
from bot.crm.http.mask import Asked
from bot.crm.hubspot.errors import GONE, Fault, Refused, error_of, listed
from bot.errors import DeliveryError, Permanent, Retryable

MOST, LARGEST = 100, 400_000
"""Records, and bytes of their values, a call: an answer repeats them, and is read whole."""


def key_of(by: str, value: str) -> str:
    """A value of a unique property as it compares: e-mail addresses in any case."""
    return value.lower() if by == "email" else value


class Item(Struct, frozen=True):
    """A record to write: `id` is its value of the unique property `by`; HubSpot's own id where `by` is empty."""

    id: str
    properties: Mapping[str, str]
    by: str = ""


class Row(Struct, frozen=True):
    """A record as HubSpot has it."""

    id: str
    properties: Mapping[str, str | None] = field(default_factory=dict)
    trace: str = field(default="", name="objectWriteTraceId")

    def get(self, name: str) -> str:
        return self.properties.get(name) or ""

    def known_as(self, by: str) -> set[str]:
        """Its values of a unique property: a contact may have several addresses."""
        more = self.get("hs_additional_emails").split(";") if by == "email" else []
        return {key_of(by, text) for text in ([self.get(by), *more] if by else [self.id]) if text}


class Rows(Struct, frozen=True):
    results: tuple[Row, ...] = ()
    errors: tuple[Fault, ...] = ()


class End(Struct, frozen=True):
    id: str


class Pair(Struct, frozen=True):
    source: End = field(name="from")
    target: End = field(name="to")


class Pairs(Struct, frozen=True):
    results: tuple[Pair, ...] = ()
    errors: tuple[Fault, ...] = ()


Found: TypeAlias = dict[int, Row | DeliveryError]


class Objects:
    """Records of contacts, notes and tickets. What went wrong with a record stands in its place.

    `bounds`, by the loop's time: when no other call is begun, and when one is cut off.
    """

    def __init__(self, client: Client, bounds: tuple[float, float] = (inf, inf)) -> None:
        self._client = client
        self._last, self._end = bounds

    async def write(self, kind: str, items: Sequence[Item]) -> list[Row | DeliveryError]:
        """Make or change these, all by the same property and none of them twice; by HubSpot's own id: change."""
        found: Found = {}
        waiting = _batches(items)
        while waiting:
            batch = waiting.pop()
            try:
                unclear = self._sort(items, batch, await self._upsert(kind, [items[at] for at in batch]), found)
            except Permanent as error:
                waiting += self._smaller(items, batch, error, found)
            except DeliveryError as error:  # what is true of the service, and not of a record
                found |= dict.fromkeys([*batch, *(at for rest in waiting for at in rest)], error)
                break
            else:
                waiting += [[at] for at in unclear]
        return [found[at] for at in range(len(items))]

    async def read(
        self, kind: str, by: str, ids: Sequence[str], properties: Sequence[str]
    ) -> Mapping[str, Row | Refused]:
        """Those that are there, by `key_of` their id; where HubSpot takes an id for none, its refusal. Raises
        DeliveryError."""
        found: dict[str, Row | Refused] = {}
        unique = list({key_of(by, one): one for one in ids}.values())
        waiting = [unique[at : at + MOST] for at in range(0, len(unique), MOST)]
        while waiting:
            part = waiting.pop()
            try:
                rows = await self._read(kind, by, part, properties)
            except Refused as error:
                if error.absent:
                    raise
                half = len(part) // 2
                waiting += [part[:half], part[half:]] if half else []
                found |= {} if half else {key_of(by, part[0]): error}
                continue
            asked = {key_of(by, one) for one in part}
            found |= {name: row for row in rows for name in row.known_as(by) & asked}
        return found

    async def _read(self, kind: str, by: str, ids: Sequence[str], properties: Sequence[str]) -> Sequence[Row]:
        wanted = sorted({*properties, *([by] if by else []), *(["hs_additional_emails"] if by == "email" else [])})
        body = {"properties": wanted, "propertiesWithHistory": [], "inputs": [{"id": one} for one in ids]}
        answer = await self._post(f"crm/v3/objects/{kind}/batch/read", body | ({"idProperty": by} if by else {}))
        rows = answer.read(Rows)
        for fault in rows.errors:
            if fault.category != GONE:
                raise answer.fault(error_of(fault))
        return rows.results

    async def associate(self, kind: str, to: str, pairs: Sequence[tuple[str, str]]) -> list[DeliveryError | None]:
        """Connect (id, id of `to`) pairs by the type that HubSpot says is the usual one between these kinds."""
        if not pairs:
            return []
        inputs = [{"from": {"id": one}, "to": {"id": other}} for one, other in pairs]
        path = f"crm/v4/associations/{kind}/{to}/batch/associate/default"
        try:
            answer = await self._post(path, {"inputs": inputs})
            told = answer.read(Pairs)
        except DeliveryError as error:
            if len(pairs) == 1 or not isinstance(error, Refused):
                return [error] * len(pairs)
            half = len(pairs) // 2
            return [*await self.associate(kind, to, pairs[:half]), *await self.associate(kind, to, pairs[half:])]
        done = {(pair.source.id, pair.target.id) for pair in told.results}
        done |= {(target, source) for source, target in done}  # told in one direction or in both
        if done.issuperset(pairs):
            return [None] * len(pairs)
        fault = answer.fault(error_of(told.errors[0]) if told.errors else Retryable("an association was not confirmed"))
        return [None if pair in done else fault for pair in pairs]

    async def _post(self, path: str, body: Mapping[str, object]) -> Answer:
        if asyncio.get_running_loop().time() > self._last:
            raise self._late(path, "HubSpot is slow: the rest of the batch is written at the next attempt")
        try:
            async with asyncio.timeout_at(None if self._end == inf else self._end):
                return await self._client.send("POST", path, json=body, safe=True)
        except TimeoutError:
            raise self._late(path, "no answer within the time of a batch", doubt=True) from None

    def _late(self, path: str, words: str, *, doubt: bool = False) -> Retryable:
        error = Retryable(words, doubt=doubt)
        error.request = f"POST {path}"
        return error

    async def _upsert(self, kind: str, items: Sequence[Item]) -> tuple[Rows, Asked]:
        inputs = [{**_input(item), "objectWriteTraceId": str(at)} for at, item in enumerate(items)]
        verb = "upsert" if items[0].by else "update"
        answer = await self._post(f"crm/v3/objects/{kind}/batch/{verb}", {"inputs": inputs})
        return answer.read(Rows), answer.asked

    def _sort(self, items: Sequence[Item], batch: Sequence[int], answer: tuple[Rows, Asked], found: Found) -> list[int]:
        """Results and errors to the records they belong to; returns those that nothing was told of."""
        rows, asked = answer
        by = items[batch[0]].by
        places = {str(at): place for at, place in enumerate(batch)}
        ids = {key_of(by, items[place].id): place for place in batch}

        def blamed(place: int, error: DeliveryError) -> DeliveryError:
            """With the part of the request that it is about."""
            body = msgspec.json.encode({"inputs": [_input(items[place])]})
            return replace(asked, body=body).told(error)

        for fault in rows.errors:
            named = [places.get(trace) for trace in listed(fault.context, "objectWriteTraceId")]
            named += [ids.get(key_of(by, one)) for key in ("ids", "id") for one in listed(fault.context, key)]
            found |= {place: blamed(place, error_of(fault)) for place in named if place is not None}
        for row in rows.results:
            named = [places.get(row.trace), *(ids.get(name) for name in row.known_as(by))]
            if (first := next((place for place in named if place is not None), None)) is not None:
                found[first] = row
        rest = [place for place in batch if place not in found]
        if len(batch) > 1 or not rest:
            return rest
        if rows.results:
            found[batch[0]] = rows.results[0]
        else:
            empty = Retryable("the answer holds no result")
            found[batch[0]] = blamed(batch[0], error_of(rows.errors[0]) if rows.errors else empty)
        return []

    def _smaller(self, items: Sequence[Item], batch: list[int], error: Permanent, found: Found) -> list[list[int]]:
        """The batches to try in place of one that was refused whole."""
        if isinstance(error, Refused) and error.absent:
            guilty = [at for at in batch if set(error.absent) & set(items[at].properties)]
            if guilty:
                found |= dict.fromkeys(guilty, error)
                rest = [at for at in batch if at not in guilty]
                return [rest] if rest else []
        if len(batch) == 1 or not isinstance(error, Refused):
            found |= dict.fromkeys(batch, error)
            return []
        half = len(batch) // 2
        return [batch[half:], batch[:half]]


def _input(item: Item) -> Mapping[str, object]:
    return {"id": item.id, "properties": dict(item.properties)} | ({"idProperty": item.by} if item.by else {})


def _batches(items: Sequence[Item]) -> list[list[int]]:
    """Places of items, in batches that one call takes."""
    found: list[list[int]] = []
    room = 0
    for at, item in enumerate(items):
        size = sum(len(value.encode(errors="replace")) for value in item.properties.values())
        if not found or len(found[-1]) == MOST or size > room:
            found.append([])
            room = LARGEST
        found[-1].append(at)
        room -= size
    return found
