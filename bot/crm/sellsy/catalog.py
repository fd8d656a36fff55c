"""What a Sellsy account has been set up with: custom fields and task labels, looked up by code and by name, and kept.

It is asked again after CACHED ms, and at once where something is missing: a field that was just made is found.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from bot.crm.base import FieldFacts, SetupStep
from bot.crm.mapping.mapped import Out, plain
from bot.crm.sellsy.api import Label, Sellsy
from bot.crm.sellsy.fields import STANDARD, CustomField
from bot.errors import Permanent

CACHED = 600_000
AGAIN = 30_000
"""ms after which it is asked again for what was missing; every request counts at Sellsy."""


class Catalog:
    def __init__(self, sellsy: Sellsy, clock: Callable[[], int]) -> None:
        self._sellsy, self._clock = sellsy, clock
        self._asking = asyncio.Lock()
        self._fields: Sequence[CustomField] = ()
        self._labels: Sequence[Label] = ()
        self._fields_at = self._labels_at = 0

    async def written(
        self, kind: str, values: Mapping[str, Out]
    ) -> tuple[Mapping[str, object], Mapping[str, tuple[int, object]]]:
        """Standard fields by name, and custom ones by code with their id, as the API takes them. Raises Permanent for a
        field that is not there or does not take the value."""
        standard = {name: plain(value, ", ") for name, value in values.items() if name in STANDARD[kind]}
        codes = [name for name in values if name not in standard]
        known = await self._known(kind, codes) if codes else {}
        custom: dict[str, tuple[int, object]] = {}
        for code in codes:
            if code not in known:
                raise Permanent(f"Sellsy has no custom field {code} for a {kind}: {how_to_make(kind, code)}", "field")
            custom[code] = known[code].id, known[code].written(values[code])
        return standard, custom

    async def label(self, name: str) -> int:
        """The id of the task label of this name; without a name the first one. Raises Permanent where there is none."""
        for fresh in (False, True):
            found = sorted((one for one in await self._all_labels(fresh) if one.is_active), key=lambda one: one.rank)
            same = [one for one in found if not name or one.name.strip().casefold() == name.strip().casefold()]
            if same:
                return same[0].id
        raise Permanent(f"Sellsy has no active task label {name}: Settings > Tasks > Labels", "label")

    async def facts(self, kind: str) -> Mapping[str, FieldFacts]:
        fields = await self._sellsy.custom_fields()
        return {**STANDARD[kind], **{one.code: one.facts() for one in fields if one.fits(kind) and one.code}}

    async def steps(self, kind: str, names: Sequence[str]) -> Sequence[SetupStep]:
        there = await self.facts(kind)
        return [
            SetupStep(f"custom field {name} for a {kind}", "there")
            if name in there
            else SetupStep(f"custom field {name} for a {kind}", "todo", how_to_make(kind, name))
            for name in names
            if name not in STANDARD[kind]
        ]

    async def _known(self, kind: str, codes: Sequence[str]) -> Mapping[str, CustomField]:
        async with self._asking:
            age = self._clock() - self._fields_at
            missing = set(codes) - {one.code for one in self._fields if one.fits(kind)}
            if not self._fields_at or age > CACHED or (missing and age > AGAIN):
                self._fields = await self._sellsy.custom_fields()
                self._fields_at = self._clock()
            return {one.code: one for one in self._fields if one.fits(kind)}

    async def _all_labels(self, fresh: bool) -> Sequence[Label]:
        async with self._asking:
            age = self._clock() - self._labels_at
            if not self._labels_at or age > (AGAIN if fresh else CACHED):
                self._labels = await self._sellsy.labels()
                self._labels_at = self._clock()
            return self._labels


def how_to_make(kind: str, code: str) -> str:
    """The API makes no custom fields; a person does it in a minute."""
    tick = "Contact" if kind == "contact" else "Client and Prospect"
    return f"Settings > General > Custom fields > Create, tick {tick}, and give it the code {code}"
