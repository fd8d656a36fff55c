"""What we leave with a person in Sellsy: one comment a response, one task a callback.

Neither takes a key of ours. So each ends with the line `chatsurvey: <chat>`, by which one that may be there already is
found again; what was made is noted by its id.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from bot.crm.base import FieldFacts
from bot.crm.http.kept import mark
from bot.crm.mapping.mapped import Mapped, Out, SectionValues, plain
from bot.crm.sellsy.api import Ref, Sellsy
from bot.crm.sellsy.catalog import Catalog
from bot.errors import Permanent
from bot.model import Response

COMMENT, TASK = "comment", "task"
"""Names of the notes, and of the sections."""
WHERE: Mapping[Literal["comments", "tasks"], str] = {"comments": COMMENT, "tasks": TASK}
FIELDS: Mapping[str, Mapping[str, FieldFacts]] = {
    COMMENT: {"description": FieldFacts("text")},
    TASK: {
        **dict.fromkeys(("title", "description"), FieldFacts("text")),
        "due_date": FieldFacts("datetime"),
        "priority": FieldFacts("integer"),
        "is_private": FieldFacts("boolean"),
    },
}
"""What can be said in them; longer texts are cut."""
LATER = timedelta(hours=24)
"""A task without a time is due so long after the person last did something."""
UNKNOWN = "?"
"""The note of what may be there."""
LONGEST = 60_000


class Leaving:
    def __init__(self, sellsy: Sellsy, catalog: Catalog, mapping: Mapped) -> None:
        self._sellsy, self._catalog, self._mapping = sellsy, catalog, mapping

    async def comment(self, ref: Ref, response: Response, link: str, notes: dict[str, str]) -> None:
        """Written when the section's moment has come, and not changed later: the API's contract has no such call."""
        section = self._mapping.section(COMMENT, response, link)
        text = section.fields.get("description") if section is not None else None
        if text is None or notes.get(COMMENT, UNKNOWN) != UNKNOWN:
            return
        there = await self._sellsy.having("comments", ref, _mark(response)) if COMMENT in notes else ()
        notes[COMMENT] = UNKNOWN
        body = {"description": _signed(text, response), "related": [{"id": ref.number, "type": ref.kind}]}
        notes[COMMENT] = str(there[0] if there else await self._sellsy.add("comments", body))

    async def task(self, ref: Ref, response: Response, link: str, notes: dict[str, str]) -> None:
        """Made once; it follows what was wished later, until a person deletes it."""
        section = self._mapping.section(TASK, response, link)
        if section is None:
            return
        body = await self._task_body(section, response) | {"related": [{"id": ref.number, "type": ref.kind}]}
        noted, _, written = notes.get(TASK, "").partition(" ")
        if written == mark(body):
            return
        if noted == UNKNOWN:
            there = await self._sellsy.having("tasks", ref, _mark(response))
            noted = str(there[0]) if there else ""
        if noted:
            try:
                await self._sellsy.change_task(int(noted), body)
            except Permanent as error:
                if error.code != "status_404":
                    raise
                # A person deleted it: it stays away.
        else:
            notes[TASK] = UNKNOWN
            noted = str(await self._sellsy.add("tasks", body))
        notes[TASK] = f"{noted} {mark(body)}"

    async def _task_body(self, section: SectionValues, response: Response) -> dict[str, object]:
        fields, options = section.fields, section.options
        label = int(options.get("label_id", 0)) or await self._catalog.label(str(options.get("label", "")))
        body: dict[str, object] = {
            "title": str(plain(fields.get("title", "Callback")))[:250],
            "description": _signed(fields.get("description", ""), response),
            "due_date": _due(fields.get("due_date"), response),
            "label_id": label,
            **{name: plain(fields[name]) for name in ("priority", "is_private") if name in fields},
        }
        if staff := int(options.get("assigned_to", 0)):
            body["assigned_staff_ids"] = [staff]
        return body

    async def count(self, ref: Ref, response: Response) -> int:
        """Of what should be there: 0 where anything is missing, 2 or more where anything is doubled."""
        counts = [
            len(await self._sellsy.having(what, ref, _mark(response)))
            for what, section in WHERE.items()
            if self._mapping.section(section, response) is not None
        ]
        return 1 if not counts else 0 if 0 in counts else max(counts)


def _mark(response: Response) -> str:
    """The line by which what we wrote is found again."""
    return f"chatsurvey: {response.chat}"


def _signed(text: Out, response: Response) -> str:
    return f"{str(plain(text, ', '))[:LONGEST]}\n\n{_mark(response)}".strip()


def _due(value: Out | None, response: Response) -> str:
    """RFC 3339, to the second."""
    match value:
        case datetime():
            at = value
        case date():
            at = datetime(value.year, value.month, value.day, 9, tzinfo=UTC)
        case _:
            at = datetime.fromtimestamp(response.updated / 1000, UTC) + LATER
    return at.isoformat(timespec="seconds")
