"""Contacts and leads: found, made where they are unknown, and brought up to date.

- The targets of `match` are searched in their order (Contact, then Lead; converted leads are none). The fields of one
  target are ways to find somebody, tried in their order, for all responses of a batch together. E-mails compare without
  regard to case, as SOQL does. Where a chat's person was found once and is there no more under this value (somebody
  corrected the e-mail), the id that was noted finds them.
- Several records with the same value: nobody is guessed at (Permanent, `ambiguous`), unless `several: newest`.
- Nothing to find somebody by: that is no unknown person. With `create` the response is written without one.
- A person is made by an upsert with the chat's id as external id, so that a lost answer makes no second one. Two chats
  with the same new e-mail make one person: lookups and creations of a process come one after the other.
- Only fields that say something else than before are written; none where `newest_by` (a date of theirs) is later there
  than here, which is the case where an old chat changes after a newer one was written.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.crm.config import WriterConfig
from bot.crm.http.kept import differing
from bot.crm.salesforce.api import Api
from bot.crm.salesforce.calls import Record, Value
from bot.crm.salesforce.work import Person, Work, digest, moment, noted, untouched, written
from bot.errors import DeliveryError, Permanent

ID = re.compile(r"[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?")
NAME = re.compile(r"[A-Za-z]\w*")
LONGEST = 255
"""Characters of a value that is looked for; Salesforce refuses a query with a longer one."""
CONVERTED = {"Lead": " AND IsConverted = false"}
NOBODY = "there is nobody in Salesforce with what this person said of themselves"


class People:
    def __init__(self, config: WriterConfig, api: Api) -> None:
        self._mapping, self._api = config.mapping, api
        self._several = config.text("several") or "refuse"
        self._key = config.text("person_key") or "Chat_Id__c"
        self._newest_by = config.text("newest_by") or "NPS_Date__c"
        first = next(iter(config.mapping.match), "")
        self._create = config.text("create").replace("first", "") or first
        self._headers = (
            {"Sforce-Duplicate-Rule-Header": "allowSave=true"} if config.options.get("allow_duplicates") else {}
        )
        self._link = config.link
        self._keep = config.mapping.changed == "keep"
        self._lock = asyncio.Lock()

    async def settle(self, works: Sequence[Work]) -> None:
        """Each with its person, up to date; or with an error, or skipped, or without one. Raises DeliveryError where
        that is all of them."""
        if not self._mapping.match:
            return
        async with self._lock:
            await self.find(works)
            await self._unknown([work for work in works if work.open and work.person is None])
        await self._update([work for work in works if work.open and work.person is not None])

    async def find(self, works: Sequence[Work]) -> None:
        for target in self._mapping.match:
            await self._look(target, [work for work in works if work.open and work.person is None])
        for target in self._mapping.match:
            await self._noted(target, [work for work in works if work.open and work.person is None])

    def asked(self, target: str, work: Work) -> Mapping[str, str]:
        """What the person of this response is found by; values that can be none (of an id) are left out."""
        found = self._mapping.person(work.response, target)
        return {
            name: value
            for name, value in found.items()
            if len(value) <= LONGEST and (name != "Id" or ID.fullmatch(value))
        }

    async def _look(self, target: str, works: Sequence[Work]) -> None:
        asked = {work.parcel.key: self.asked(target, work) for work in works}
        for field in self._mapping.match[target]:
            left = [work for work in works if work.open and work.person is None and field in asked[work.parcel.key]]
            rows = await self._rows(target, field, [asked[work.parcel.key][field] for work in left]) if left else ()
            there: dict[str, list[dict[str, Any]]] = {}
            for row in rows:
                there.setdefault(_same(field, row.get(field)), []).append(row)
            for work in left:
                self._take(work, target, field, there.get(_same(field, asked[work.parcel.key][field]), []))

    def _take(self, work: Work, target: str, field: str, rows: Sequence[dict[str, Any]]) -> None:
        if len(rows) > 1 and self._several != "newest":
            words = f"{len(rows)} records of {target} have this {field}: merge them, or set `several: newest`"
            work.fail(Permanent(words, "ambiguous"))
        elif rows:
            row = max(rows, key=lambda one: str(one.get("CreatedDate", "")))
            self._is(work, Person(target, str(row["Id"]), row))

    async def _noted(self, target: str, works: Sequence[Work]) -> None:
        wanted: dict[str, list[Work]] = {}
        for work in works:
            sobject, _, rest = work.notes.get("person", "").partition(":")
            key, _, said = rest.partition(":")
            if sobject == target and said == self._said(target, work):
                wanted.setdefault(key, []).append(work)
        for row in await self._rows(target, "Id", list(wanted)) if wanted else ():
            for work in wanted.get(str(row["Id"]), ()):
                self._is(work, Person(target, str(row["Id"]), row))

    async def _rows(self, target: str, field: str, values: Sequence[str]) -> Sequence[dict[str, Any]]:
        mapped = (one.name for one in self._mapping.fields.get(target, ()))
        names = dict.fromkeys(("Id", "CreatedDate", field, *mapped))
        select = f"SELECT {', '.join(checked(*names))} FROM {checked(target)[0]}"  # noqa: S608 - checked names
        return await self._api.rows(select, field, values, CONVERTED.get(target, ""))

    def _is(self, work: Work, person: Person) -> None:
        work.person = person
        work.remote = work.remote or person.id
        work.notes["person"] = f"{person.sobject}:{person.id}:{self._said(person.sobject, work)}"

    def _said(self, target: str, work: Work) -> str:
        return digest(repr(sorted(self.asked(target, work).items())))

    async def _unknown(self, works: Sequence[Work]) -> None:
        makers: dict[str, Work] = {}
        shared: list[tuple[Work, str]] = []
        for work in sorted(works, key=_age):
            if not any(self.asked(target, work) for target in self._mapping.match):
                if self._mapping.unknown != "create":
                    work.skipped = "the person said nothing of themselves to be found by"
            elif self._mapping.unknown == "skip":
                work.skipped = NOBODY
            elif self._mapping.unknown == "park":
                work.fail(Permanent(NOBODY, "unknown_person"))
            elif not (asked := {name: value for name, value in self.asked(self._create, work).items() if name != "Id"}):
                words = "no record has this id, and there is nothing else to make one with"
                work.fail(Permanent(words, "unknown_id"))
            else:
                said = repr(sorted(asked.items()))
                makers[said] = work  # the newest
                shared.append((work, said))
        await self._make(makers, shared)

    async def _make(self, makers: Mapping[str, Work], shared: Sequence[tuple[Work, str]]) -> None:
        if not makers:
            return
        records = [self._new(work) for work in makers.values()]
        made = dict(zip(makers, await self._api.upsert(self._create, self._key, records, self._headers), strict=True))
        for work, said in shared:
            if made[said].error is not None:
                work.fail(made[said].error)
            else:
                self._is(work, Person(self._create, made[said].id, made=True))

    def _new(self, work: Work) -> Record:
        asked = {name: value for name, value in self.asked(self._create, work).items() if name != "Id"}
        mail = next((value for value in asked.values() if "@" in value), "")
        defaults: dict[str, Value] = {"LastName": self._mapping.surname(work.response)[:80] or _name_in(mail)}
        if self._create == "Lead":
            defaults["Company"] = "[not provided]"  # as Salesforce's own web-to-lead form has it
        values = self._values(work, self._create)
        if self._keep:
            work.notes[f"kept {self._create}"] = noted("", values, sure=False)
        return defaults | dict(asked) | values | {self._key: work.response.chat}

    def _values(self, work: Work, target: str) -> dict[str, Value]:
        return written(self._mapping.values(work.response, target, self._link(work.response.chat)))

    async def _update(self, works: Sequence[Work]) -> None:
        """One change a person, of all their responses in the batch: the newest wins, field by field."""
        owners: dict[tuple[str, str], list[tuple[Work, dict[str, Value]]]] = {}
        for work, person in _in_order(works):
            values = self._values(work, person.sobject)
            if not person.made and not self._is_older(values, person.now):
                if self._keep:
                    place = f"kept {person.sobject}"
                    note = work.notes.get(place, "")
                    values = untouched(values, person.now, note, work.parcel.doubt)
                    work.notes[place] = noted(note, values, sure=False)
                owners.setdefault((person.sobject, person.id), []).append((work, values))
        for sobject in dict.fromkeys(sobject for sobject, _ in owners):
            news: dict[str, dict[str, Value]] = {}
            for (one, key), parts in owners.items():
                values = {name: value for _, values in parts for name, value in values.items()}
                row = parts[0][0].person
                changed = differing(values, row.now if row is not None else {})
                if one == sobject and changed:
                    news[key] = {name: values[name] for name in changed}
            errors = await self._api.update_all(sobject, news)
            for (one, key), parts in owners.items():
                for work, values in parts if one == sobject else ():
                    self._settle(work, sobject, values, errors.get(key))

    def _settle(self, work: Work, sobject: str, values: Record, error: DeliveryError | None) -> None:
        work.fail(error)
        if self._keep and error is None:
            place = f"kept {sobject}"
            work.notes[place] = noted(work.notes.get(place, ""), values, sure=True)

    def drifted(self, work: Work) -> tuple[str, ...]:
        """Fields of the person that was found which say something else than this response."""
        person = work.person
        if person is None:
            return ()
        values = self._values(work, person.sobject)
        return () if self._is_older(values, person.now) else differing(values, person.now)

    def _is_older(self, values: Mapping[str, Value], now: Mapping[str, Value]) -> bool:
        """Whether what Salesforce has is of a later survey than this one."""
        mine, theirs = moment(values.get(self._newest_by)), moment(now.get(self._newest_by))
        return mine is not None and theirs is not None and theirs > mine


def checked(*names: str) -> tuple[str, ...]:
    """Names of fields and objects, which stand in a query as they are. Raises Permanent."""
    if wrong := next((name for name in names if not NAME.fullmatch(name)), ""):
        raise Permanent(f"{wrong} is no name of a field or an object", "name")
    return names


def _age(work: Work) -> tuple[int, int]:
    """Of the survey, not of what became of it later."""
    return work.response.scored or work.response.started, work.response.updated


def _in_order(works: Sequence[Work]) -> Iterator[tuple[Work, Person]]:
    """The newest last, so that it is what stays."""
    for work in sorted(works, key=_age):
        if work.person is not None:
            yield work, work.person


def _same(field: str, value: object) -> str:
    """An id with 18 characters is the one with its first 15; everything else compares as SOQL does."""
    return str(value)[:15] if field == "Id" else str(value).strip().casefold()


def _name_in(mail: str) -> str:
    """A last name where none is mapped: `jane.doe@acme.example` -> `Jane Doe`."""
    local = re.sub(r"[\W\d_]+", " ", mail.partition("@")[0].partition("+")[0]).strip()
    return local.title()[:80] or "Unknown"
