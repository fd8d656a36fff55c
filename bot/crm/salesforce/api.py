"""The calls that the Salesforce writer makes, by simple-salesforce in threads (`salesforce/threads.py`).

- simple-salesforce is handed a session and no login data. Given those, 1.12.10 answers a lasting 401 by logging in
  again without end. A refused session is renewed once here, then it is Unauthorized.
- Whole batches: 200 records in an upsert (`composite/sobjects`), lookups in one SOQL query with quoted values, as many
  as fit into an address. What people typed is in a quoted literal, in JSON, or nowhere.
- Each call that is made is an upsert by an external id, an update by id or a read: all may be repeated.
- The day's quota is watched in Sforce-Limit-Info: once less than `reserve` percent of it is left, a batch is written
  every SLOW seconds only (Throttled), so that the rest is kept for those who work in Salesforce.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import msgspec

from bot.crm.config import WriterConfig
from bot.crm.http.answer import seconds
from bot.crm.http.mask import Asked
from bot.crm.http.oauth import Granted
from bot.crm.salesforce.calls import MOST, Call, Found, Record, Saved, Written, pieces
from bot.crm.salesforce.errors import fault_of
from bot.crm.salesforce.login import oauth, secrets
from bot.crm.salesforce.threads import Threads
from bot.errors import DeliveryError, Permanent, Retryable, Throttled, Unauthorized

if TYPE_CHECKING:
    from bot.crm.salesforce.wire import Wire

T = TypeVar("T")

SLOW = 300.0
IMPORT = 30.0
KEPT: Mapping[str, str] = {"Sforce-Auto-Assign": "FALSE"}
"""Assignment rules would else give a lead to somebody else each time it is written."""
THREADS = 4
PAGES = 50
"""Of 2,000 records, of one query for at most 200 values."""


class Api:
    def __init__(self, config: WriterConfig, clock: Callable[[], int]) -> None:
        self._connection, self._clock = config.connection, clock
        self._version = config.text("version") or "64.0"
        self._left = int(config.options.get("reserve", 10)) / 100
        self._secrets = secrets(config)
        self._oauth = oauth(config, clock)
        self._threads = Threads(THREADS)
        self._idle: list[tuple[str, Wire]] = []
        self._slow_until = 0
        self._one_by_one = False

    async def ready(self) -> None:
        """Raises Throttled while the quota of the day is to be spared."""
        wait = (self._slow_until - self._clock()) / 1000
        if wait > 0:
            raise Throttled("the requests of these 24 hours are nearly used up (Sforce-Limit-Info)", wait)

    async def rows(self, select: str, field: str, values: Sequence[str], rest: str = "") -> Sequence[dict[str, Any]]:
        """`select` (up to its WHERE) for records whose `field` is one of `values`, in as few queries as possible."""
        format_soql = await self._threads.run(_quoting, IMPORT)
        found: list[dict[str, Any]] = []
        for some in pieces(values):
            soql = f"{select} WHERE {field} IN {format_soql('{}', list(some))}{rest}"
            call = Call("GET", "query/", {"q": soql})
            for _ in range(PAGES):
                page = await self._read(call, Found)
                found += page.records
                if page.done:
                    break
                call = Call("GET", page.nextRecordsUrl.partition(f"/v{self._version}/")[2])
            else:
                raise self._asked(call).noted(Retryable(f"the query does not end after {PAGES} pages"))
        return found

    async def upsert(
        self, sobject: str, key: str, records: Sequence[Record], headers: Mapping[str, str] | None = None
    ) -> Sequence[Written]:
        """One result a record, in order. An error that a whole call was answered with (a field that is not there)
        is that of the records with just these fields; the others are written."""
        try:
            return await self._collection(sobject, key, records, headers or {})
        except Permanent as error:
            alike: dict[tuple[str, ...], list[int]] = {}
            for at, record in enumerate(records):
                alike.setdefault(tuple(record), []).append(at)
            if len(alike) == 1:
                return [Written(error=error)] * len(records)
        found = [Written()] * len(records)
        for places in alike.values():
            some = await self.upsert(sobject, key, [records[at] for at in places], headers)
            for at, written in zip(places, some, strict=True):
                found[at] = written
        return found

    async def update_all(self, sobject: str, rows: Mapping[str, Record]) -> Mapping[str, DeliveryError]:
        """Update records by their ids; the errors of those that have one. A single one as the guide shows it; several
        as an upsert by `Id`. That is what the vendor's Postman collection shows, while the guide advises against it:
        should it be refused as a whole, one by one from then on."""
        if len(rows) > (1 if sobject == "Contact" else 0) and not self._one_by_one:
            try:
                found = await self._collection(sobject, "Id", [{"Id": key, **row} for key, row in rows.items()], KEPT)
                return {key: one.error for key, one in zip(rows, found, strict=True) if one.error is not None}
            except Permanent:
                self._one_by_one = len(rows) > 1
        errors: dict[str, DeliveryError] = {}

        async def one(key: str, row: Record) -> None:
            try:
                await self._ask(
                    Call("PATCH", f"sobjects/{sobject}/{quote(key, safe='')}", body=dict(row), headers=KEPT)
                )
            except DeliveryError as error:
                errors[key] = error

        await asyncio.gather(*(one(key, row) for key, row in rows.items()))
        self._one_by_one = self._one_by_one and len(errors) < len(rows)
        return errors

    async def get(self, path: str, type: type[T], params: Mapping[str, str] | None = None) -> T:
        return await self._read(Call("GET", path, params), type)

    async def post(self, path: str, body: Mapping[str, object]) -> Saved:
        return await self._read(Call("POST", path, body=body), Saved)

    async def user(self) -> str:
        """The id of the user that we are: the end of the identity URL that comes with a session."""
        return (await self._oauth.granted()).id.rpartition("/")[2]

    async def close(self) -> None:
        for _, wire in self._idle:
            wire.session.close()
        self._idle.clear()
        await self._oauth.close()

    async def _collection(
        self, sobject: str, key: str, records: Sequence[Record], headers: Mapping[str, str]
    ) -> Sequence[Written]:
        path = f"composite/sobjects/{sobject}/{key}"
        whole: list[Written] = []
        for start in range(0, len(records), MOST):
            some = [{"attributes": {"type": sobject}, **record} for record in records[start : start + MOST]]
            call = Call("PATCH", path, body={"allOrNone": False, "records": some}, headers=headers)
            saved = await self._read(call, tuple[Saved, ...])
            if len(saved) != len(some):
                raise Retryable("the answer was not understood: another number of results than of records")
            for record, one in zip(some, saved, strict=True):
                error = one.refused(self._asked(Call("PATCH", path, body=record)))
                whole.append(Written(one.id or "", one.created, error))
        return whole

    async def _read(self, call: Call, type: type[T]) -> T:
        answer = await self._ask(call)
        try:
            return msgspec.convert(answer, type)
        except msgspec.ValidationError:
            raise self._asked(call).told(Retryable("the answer was not understood")) from None

    async def _ask(self, call: Call) -> object:
        granted = await self._oauth.granted()
        try:
            return await self._once(call, granted)
        except Unauthorized:
            # Another call may have renewed it meanwhile: then what there is now has not been refused yet.
            if await self._oauth.granted() is granted:
                self._oauth.renew()
            return await self._once(call, await self._oauth.granted())

    async def _once(self, call: Call, granted: Granted) -> object:
        instance = (granted.instance_url or self._connection.base_url).rstrip("/")
        if not instance.startswith("https://") and not self._connection.allow_private:
            raise Permanent("the address is not https, which only allow_private permits", "address")
        idle = next((one for one in self._idle if one[0] == instance), None)
        if idle is not None:
            self._idle.remove(idle)
        # The answer itself may take as long again as the first byte of it: the thread's own limit lies beyond.
        answer, wire, usage = await self._threads.run(
            lambda: self._blocking(call, granted, instance, idle[1] if idle else None),
            2 * self._connection.timeout + 1,
        )
        self._idle.append((instance, wire))
        if usage is not None and usage[0] >= (1 - self._left) * usage[1]:
            self._slow_until = self._clock() + int(SLOW * 1000)
        if isinstance(answer, DeliveryError):
            raise self._asked(call, granted.access_token, instance).told(answer)
        return answer

    def _blocking(
        self, call: Call, granted: Granted, instance: str, wire: "Wire | None"
    ) -> "tuple[object, Wire, tuple[int, int] | None]":
        """In a thread. Errors are returned: the session is whole after them."""
        from simple_salesforce.api import Salesforce  # noqa: PLC0415 - half a second
        from simple_salesforce.exceptions import SalesforceError  # noqa: PLC0415 - as above

        from bot.crm.salesforce.wire import Wire, failure  # noqa: PLC0415 - imports the former

        wire = wire or Wire(self._connection, instance)
        client = Salesforce(
            session_id=granted.access_token,
            instance_url=instance,
            session=wire.session,
            version=self._version,
            object_pairs_hook=None,
        )
        client.base_url = f"{instance}/services/data/v{self._version}/"  # its own is always https
        timeout = self._connection.timeout
        answer: object
        try:
            answer = client.restful(
                call.path,
                dict(call.params) if call.params else None,
                call.method,
                json=call.body,
                headers=dict(call.headers),
                timeout=(min(8.0, timeout), timeout),
                allow_redirects=False,
            )
        except SalesforceError as error:
            answer = fault_of(error.status, error.content, seconds(wire.headers.get("retry-after", ""), self._clock()))
        except OSError as error:  # all that requests raises, and what it does not catch of a bundle of certificates
            answer = failure(error, timeout)
        except (RecursionError, TypeError):  # JSON that nests without end, or is a number: neither is caught there
            answer = Retryable("the answer was not understood")
        usage = client.api_usage.get("api-usage")
        return answer, wire, (usage.used, usage.total) if usage is not None else None

    def _asked(self, call: Call, token: str = "", instance: str = "") -> Asked:
        top = f"{instance or self._connection.base_url}/services/data/v{self._version}/"
        return call.asked(top, (*self._secrets, token))


def _quoting() -> Callable[..., str]:
    """In a thread: what comes with it takes half a second to import."""
    from simple_salesforce.format import format_soql  # noqa: PLC0415 - see above

    return format_soql
