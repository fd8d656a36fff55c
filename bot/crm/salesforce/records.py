"""What is written of a response beside its person: records of one's own objects, a case, a task for its owner.

- Each custom object under `fields` gets one record a response, upserted by `record_key` (Chat_Id__c) with the chat's
  id, and tied to its person by `contact_field` or `lead_field`.
- `case`: upserted by its own `key`. Assignment rules run where it is made and never again, else each later answer would
  take the case from who has it. For the same reason Status, OwnerId and RecordTypeId of `fields` are written once.
  When the case of the desk is resolved, or the score turns out to be a mis-tap, Status becomes `closed`, once; should
  that be taken back, `reopened`. `resolved: fields:` say what else is written of the outcome.
- `task`: upserted by its own `key`, for the case's owner (or `owner`, which counts too where a queue owns the case),
  again only where its text has changed.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.crm.config import WriterConfig
from bot.crm.mapping.mapped import Plain
from bot.crm.salesforce.api import Api
from bot.crm.salesforce.calls import Record, Value, Written
from bot.crm.salesforce.people import checked
from bot.crm.salesforce.work import Work, digest, noted, untouched, written

PEOPLE = ("Contact", "Lead")
ONCE = ("Status", "OwnerId", "RecordTypeId")
KEY = "Chat_Id__c"
USER = "005"
"""What the ids of users begin with; a queue's with 00G."""
ASSIGN: Mapping[bool, Mapping[str, str]] = {
    True: {"Sforce-Auto-Assign": "TRUE"},
    False: {"Sforce-Auto-Assign": "FALSE"},
}


def objects(config: WriterConfig) -> tuple[str, ...]:
    """The custom objects of `fields`."""
    return tuple(target for target in config.mapping.fields if target not in PEOPLE)


def section_key(config: WriterConfig, name: str) -> str:
    """The external id of `case` or `task`."""
    section = next(iter(config.mapping.sections.get(name, ())), None)
    return str(section.options.get("key", "") or KEY) if section is not None else ""


class Records:
    def __init__(self, config: WriterConfig, api: Api) -> None:
        self._config, self._mapping, self._api = config, config.mapping, api
        self._key = config.text("record_key") or KEY
        self._links = {
            "Contact": config.text("contact_field") or "Contact__c",
            "Lead": config.text("lead_field") or "Lead__c",
        }

    async def write(self, works: Sequence[Work]) -> None:
        for sobject in objects(self._config):
            rows = [(work, self.record(work, sobject)) for work in works if work.open]
            for work, result in await self._upsert(sobject, self._key, rows):
                if result.id:
                    work.remote = result.id
        await self._cases(works)
        await self._tasks(works)

    def record(self, work: Work, sobject: str) -> dict[str, Value]:
        """Without its key."""
        chat = work.response.chat
        values = written(self._mapping.values(work.response, sobject, self._config.link(chat)))
        if work.person is not None:
            values[self._links[work.person.sobject]] = work.person.id
        return values

    async def rows(
        self, sobject: str, key: str, chats: Sequence[str], names: Sequence[str]
    ) -> Sequence[dict[str, Any]]:
        """The records of these chats."""
        fields = ", ".join(checked(sobject, *dict.fromkeys(("Id", key, *names)))[1:])
        return await self._api.rows(f"SELECT {fields} FROM {sobject}", key, chats)  # noqa: S608 - checked names

    async def _upsert(
        self, sobject: str, key: str, rows: Sequence[tuple[Work, Record]], headers: Mapping[str, str] | None = None
    ) -> Sequence[tuple[Work, Written]]:
        """With what a person changed there left alone, where that is wished."""
        if not rows:
            return ()
        place, keep = f"kept {sobject}", self._mapping.changed == "keep"
        now: Mapping[str, Record] = {}
        if keep and (known := [work for work, _ in rows if place in work.notes]):
            names = [name for _, values in rows for name in values]
            found = await self.rows(sobject, key, [work.response.chat for work in known], names)
            now = {str(row.get(key)): row for row in found}
        sent = []
        for work, values in rows:
            chat = work.response.chat
            left = untouched(values, now.get(chat), work.notes.get(place, ""), work.parcel.doubt) if keep else values
            if keep:
                work.notes[place] = noted(work.notes.get(place, ""), left, sure=False)
            sent.append((work, left, {**left, key: chat}))
        results = await self._api.upsert(sobject, key, [record for _, _, record in sent], headers)
        for (work, left, _), result in zip(sent, results, strict=True):
            work.fail(result.error)
            if keep and result.error is None:
                work.notes[place] = noted(work.notes.get(place, ""), left, sure=True)
        return [(work, result) for (work, _, _), result in zip(sent, results, strict=True)]

    async def _cases(self, works: Sequence[Work]) -> None:
        key = section_key(self._config, "case")
        await self._recall(key, [work for work in works if work.parcel.doubt and "case" not in work.notes])
        due = [(work, "case" in work.notes, values) for work in works if work.open and (values := self._case(work))]
        for known in (False, True):
            rows = [(work, values) for work, before, values in due if before is known]
            for work, result in await self._upsert("Case", key, rows, ASSIGN[not known]):
                if result.error is None:
                    ends = self._ends(work, wanted=self._wanted(work))
                    if ends is not None:
                        work.notes = {name: note for name, note in work.notes.items() if name != "closed"}
                        work.notes |= {"closed": "yes"} if ends else {}
                    work.notes["case"] = result.id
                    work.remote = work.remote or result.id

    async def _recall(self, key: str, works: Sequence[Work]) -> None:
        """Cases of attempts whose answer was lost: they have been assigned already."""
        asked = {work.response.chat: work for work in works if work.open and self._case(work)} if key else {}
        for row in await self.rows("Case", key, list(asked), ()) if asked else ():
            if (work := asked.get(str(row[key]))) is not None:
                work.notes["case"] = str(row["Id"])

    def _case(self, work: Work) -> dict[str, Value]:
        """Empty: none, or nothing to say of it."""
        response, known = work.response, "case" in work.notes
        found = self._mapping.section("case", response, self._config.link(response.chat))
        if found is None and not known:
            return {}
        values: dict[str, Value] = written(found.fields) if found is not None else {}
        if known:
            values = {name: value for name, value in values.items() if name not in ONCE}
        ends = self._ends(work, wanted=found is not None)
        if ends is not None:
            word = self._options("case").get("closed" if ends else "reopened", "Closed" if ends else "New")
            values |= {"Status": word} if word else {}
        if response.case is not None and response.case.resolved:
            resolved = self._mapping.section("resolved", response, self._config.link(response.chat))
            more = written(resolved.fields) if resolved is not None else {}
            values |= {name: value for name, value in more.items() if ends or name not in ONCE}
        if work.person is not None and work.person.sobject == "Contact":
            values["ContactId"] = work.person.id
        return values

    def _wanted(self, work: Work) -> bool:
        return self._mapping.section("case", work.response) is not None

    def _ends(self, work: Work, *, wanted: bool) -> bool | None:
        """Whether the case closes now, or opens again; None: it stays as people there have it."""
        case = work.response.case
        over = not wanted or (case is not None and bool(case.resolved))
        return None if over is ("closed" in work.notes) else over

    def _options(self, name: str) -> Mapping[str, Plain]:
        return next((section.options for section in self._mapping.sections.get(name, ())), {})

    async def _tasks(self, works: Sequence[Work]) -> None:
        due = [(work, values) for work in works if work.open and (values := self._task(work))]
        due = [(work, values) for work, values in due if work.notes.get("task") != _told(values)]
        owners = await self._owners([work for work, values in due if "OwnerId" not in values])
        rows = []
        for work, values in due:
            owner = owners.get(work.notes.get("case", ""), "")
            rows.append((work, {**values, "OwnerId": owner} if owner else values))
        told = {work.parcel.key: _told(values) for work, values in due}
        for work, result in await self._upsert("Task", section_key(self._config, "task"), rows):
            if result.error is None:
                work.notes["task"] = told[work.parcel.key]

    def _task(self, work: Work) -> dict[str, Value]:
        response = work.response
        found = self._mapping.section("task", response, self._config.link(response.chat))
        if found is None:
            return {}
        values: dict[str, Value] = {"Subject": "Survey: call this person back", "Priority": "High"}
        values |= written(found.fields)
        if owner := found.options.get("owner"):
            values.setdefault("OwnerId", str(owner))
        case, person = work.notes.get("case", ""), work.person
        if case:
            values["WhatId"] = case
        if person is not None and (person.sobject == "Contact" or not case):
            values["WhoId"] = person.id  # a lead's task belongs to nothing else
        if "task" in work.notes:  # it is somebody's by now
            values = {name: value for name, value in values.items() if name not in ONCE}
        return values

    async def _owners(self, works: Sequence[Work]) -> Mapping[str, str]:
        """Case -> the user who has it; none where that is a queue."""
        cases = [case for work in works if "task" not in work.notes and (case := work.notes.get("case", ""))]
        rows = await self._api.rows("SELECT Id, OwnerId FROM Case", "Id", cases) if cases else ()
        return {str(row["Id"]): str(row["OwnerId"]) for row in rows if str(row.get("OwnerId", "")).startswith(USER)}


def _told(values: Record) -> str:
    return digest(repr([(name, value) for name, value in values.items() if name not in ONCE]))
