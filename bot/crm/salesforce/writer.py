"""Responses to Salesforce: score, segment and date on the contact or lead, a record of its own for each response, a
case and a task for who is unhappy.

- Written again, a response changes nothing: everything is an upsert by an external id that holds the chat's id, or an
  update by id. So nothing is ever in doubt. 200 responses take five to eight calls.
- Older never overwrites newer: a chat's own revisions come in order; of two chats of one person the later one counts
  (`salesforce/people.py`).
- What is wrong with one record is that response's own; what is wrong with a whole call is everybody's in the batch.
- Files: `people` who it is, `records` what is written, `api` the calls, `wire` and `threads` under them, `login`,
  `errors` what answers mean, `setup` fields that are needed, `fields` how Salesforce describes them.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from bot.crm.base import Event, FieldFacts, Parcel, Receipt, SetupStep, Stored
from bot.crm.config import WriterConfig
from bot.crm.http.kept import differing
from bot.crm.salesforce.api import Api
from bot.crm.salesforce.calls import MOST
from bot.crm.salesforce.login import LOGINS
from bot.crm.salesforce.people import People
from bot.crm.salesforce.records import KEY, Records, objects
from bot.crm.salesforce.setup import Setup
from bot.crm.salesforce.work import Work
from bot.crm.spec import Key, Section, Spec
from bot.errors import DeliveryError, Retryable
from bot.model import Response

FILLED: Mapping[str, tuple[str, ...]] = {"Contact": ("LastName",), "Lead": ("LastName", "Company")}
"""What a new person gets where the mapping says nothing of it."""
LATER: tuple[Event, ...] = ("scored", "case_opened", "case_resolved", "callback_requested")

SPEC = Spec(
    kind="salesforce",
    title="Salesforce",
    logins=LOGINS,
    keys=(
        Key("base_url", "url", required=True, example="https://acme.my.salesforce.com"),
        Key("version", default="64.0", example="64.0"),
        Key("several", "choice", default="refuse", choices=("refuse", "newest")),
        Key("create", "choice", default="first", choices=("first", "Contact", "Lead")),
        Key("person_key", default=KEY, example=KEY),
        Key("record_key", default=KEY, example=KEY),
        Key("contact_field", default="Contact__c", example="Contact__c"),
        Key("lead_field", default="Lead__c", example="Lead__c"),
        Key("newest_by", default="NPS_Date__c", example="NPS_Date__c"),
        Key("allow_duplicates", "flag", default=False),
        Key("reserve", "integer", default=10, low=0, high=90, example="10"),
    ),
    targets=("Contact", "Lead", "NPS_Response__c"),
    free=True,
    matches=("Contact", "Lead"),
    sections=(
        Section(
            "case",
            (Key("key", default=KEY, example=KEY), Key("closed", default="Closed"), Key("reopened", default="New")),
            on=LATER,
        ),
        Section("resolved", on=("case_resolved",)),
        Section("task", (Key("key", default=KEY, example=KEY), Key("owner", example="005...")), several=True, on=LATER),
    ),
)


class SalesforceWriter:
    """See `bot.crm.base.Writer`; also Describing, Preparing and Reconciling."""

    batch = MOST
    parallel = 2

    def __init__(self, config: WriterConfig, clock: Callable[[], int]) -> None:
        self.name, self.samples = config.name, config.samples
        self.transcript = config.mapping.transcript
        self.config = config
        self._api = Api(config, clock)
        self._people = People(config, self._api)
        self._records = Records(config, self._api)
        self._setup = Setup(config, self._api)
        self._budget = 1.2 * config.connection.timeout
        """Seconds for a whole batch: with the usual time-out a second less than a job may take."""

    def wants(self, response: Response) -> Sequence[Event]:
        return self.config.mapping.wants(response)

    async def write(self, parcels: Sequence[Parcel]) -> Sequence[Receipt]:
        works = [Work(parcel, dict(parcel.notes)) for parcel in parcels]
        try:
            await self._api.ready()
            async with asyncio.timeout(self._budget):
                await self._people.settle(works)
                await self._records.write(works)
        except TimeoutError:
            _all_fail(works, Retryable("Salesforce took too long for this batch"))
        except DeliveryError as error:
            _all_fail(works, error)
        return [work.receipt() for work in works]

    async def check(self) -> str:
        try:
            return await self._setup.keys()
        except DeliveryError as error:
            return str(error)

    async def describe(self) -> Mapping[str, Mapping[str, FieldFacts]]:
        return await self._setup.describe()

    def advice(self, target: str, field: str) -> str:
        return self._setup.advice(target, field)

    async def setup(self, make: bool) -> Sequence[SetupStep]:
        return await self._setup.run(make)

    async def stored(self, parcels: Sequence[Parcel]) -> Sequence[Stored]:
        """Counted are the records of the first custom object; without one, the people."""
        works = [Work(parcel, dict(parcel.notes)) for parcel in parcels]
        await self._people.find(works)
        target = next(iter(objects(self.config)), "")
        if not target:
            return [Stored(int(work.person is not None), self._people.drifted(work)) for work in works]
        wanted = [self._records.record(work, target) for work in works]
        key = self.config.text("record_key") or KEY
        names = sorted({name for values in wanted for name in values})
        rows = await self._records.rows(target, key, [work.response.chat for work in works], names)
        found: list[Stored] = []
        for work, values in zip(works, wanted, strict=True):
            there = [row for row in rows if str(row.get(key)).lower() == work.response.chat.lower()]
            found.append(Stored(len(there), tuple(differing(values, there[0])) if there else ()))
        return found

    async def close(self) -> None:
        await self._api.close()


def _all_fail(works: Sequence[Work], error: DeliveryError) -> None:
    for work in works:
        if not work.skipped:
            work.fail(error)


def make(config: WriterConfig, clock: Callable[[], int]) -> SalesforceWriter:
    return SalesforceWriter(config, clock)
