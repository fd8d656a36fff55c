"""The objects and fields that a mapping needs in Salesforce: what is there, made, and to be made by hand.

Custom objects and fields are made by the Tooling API (tooling/sobjects/CustomObject, CustomField), which an
administrator's session may use; they are no part of the plain REST API, nor of the contract that the tests check. What
is made that way nobody may see, so it is opened to the integration user by the permission set `ChatSurvey`. Where any
of it is refused, the steps to click are printed instead: nothing here is needed for writing.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from bot.crm.base import FieldFacts, SetupStep
from bot.crm.config import WriterConfig
from bot.crm.salesforce.api import Api
from bot.crm.salesforce.calls import Found
from bot.crm.salesforce.fields import SECTIONS, Described, Need, label_of, needs
from bot.errors import DeliveryError, Permanent

State: TypeAlias = Literal["there", "made", "todo"]
SET = "ChatSurvey"
THERE = ("duplicate_developer_name", "duplicate_value")


class Setup:
    def __init__(self, config: WriterConfig, api: Api) -> None:
        self._config, self._api = config, api

    async def describe(self) -> Mapping[str, Mapping[str, FieldFacts]]:
        """By target and by section of the mapping."""
        mapping = self._config.mapping
        found: dict[str, Mapping[str, FieldFacts]] = {}
        for name in dict.fromkeys((*mapping.match, *mapping.fields, *mapping.sections)):
            there = await self._described(SECTIONS.get(name, name))
            if there is not None:
                found[name] = {column.name: column.facts() for column in there.fields}
        return found

    def advice(self, target: str, field: str) -> str:
        sobject = SECTIONS.get(target, target)
        known = [one for one in needs(self._config) if (one.sobject, one.name) == (sobject, field)]
        return (known[0] if known else Need(sobject, field, "of the type that is wanted", {})).steps()

    async def keys(self) -> str:
        """Empty where every external id by which something is written is there and is one. Something is asked in any
        case: the quota (`limits`), which would be less to ask for, needs a permission of its own. Raises
        DeliveryError."""
        wanted = [need for need in needs(self._config) if need.external]
        names = dict.fromkeys(need.sobject for need in wanted) or ("Contact",)
        there = {name: await self._described(name) for name in names}
        for need in wanted:
            state, how = _standing(need, there[need.sobject])
            if state == "todo":
                hint = "`chatsurvey crm setup` makes it, or: "
                return f"{need.home} has no external id {need.name}: {how or hint + need.steps()}"
        return ""

    async def run(self, make: bool) -> Sequence[SetupStep]:
        wanted = needs(self._config)
        there = {name: await self._described(name) for name in dict.fromkeys(one.sobject for one in wanted)}
        steps: list[SetupStep] = []
        made: list[Need] = []
        for need in wanted:
            state, how = _standing(need, there[need.sobject])
            if state == "todo" and make and (need.custom or not need.name) and not how:
                how = await self._make(need)
                state = "todo" if how else "made"
                made += [] if how else [need]
            steps.append(SetupStep(_words(need), state, "" if state != "todo" else how or need.steps()))
        if made and (refused := await self._permit(made)):
            steps.append(SetupStep(f"permission set {SET} for the integration user", "todo", refused))
        return steps

    async def _described(self, name: str) -> Described | None:
        try:
            return await self._api.get(f"sobjects/{name}/describe", Described)
        except Permanent as error:
            if error.code in ("not_found", "status_404", "invalid_type"):
                return None
            raise

    async def _make(self, need: Need) -> str:
        """Empty where it is there now, else why not and what to click."""
        kind, name = ("CustomField", f"{need.home}.{need.name}") if need.name else ("CustomObject", need.sobject)
        try:
            await self._api.post(f"tooling/sobjects/{kind}", {"FullName": name, "Metadata": need.metadata})
        except Permanent as error:
            return "" if error.code in THERE else f"{need.steps()}   ({error})"
        return ""

    async def _permit(self, made: Sequence[Need]) -> str:
        """Empty where the integration user may see what was made."""
        try:
            which = await self._permission_set()
            for need in made:
                await self._api.post(*_permission(which, need))
        except DeliveryError as error:
            return f"Setup > Permission Sets: give the integration user read and edit access to the fields   ({error})"
        return ""

    async def _permission_set(self) -> str:
        query = f"SELECT Id FROM PermissionSet WHERE Name = '{SET}'"  # noqa: S608 - a constant
        found = await self._api.get("query/", Found, {"q": query})
        if found.records:
            return str(found.records[0]["Id"])
        made = await self._api.post("sobjects/PermissionSet", {"Name": SET, "Label": SET})
        assigned = {"AssigneeId": await self._api.user(), "PermissionSetId": made.id}
        await self._api.post("sobjects/PermissionSetAssignment", assigned)
        return made.id or ""


def _permission(which: str, need: Need) -> tuple[str, Mapping[str, object]]:
    if not need.name:
        allowed = {f"Permissions{what}": True for what in ("Create", "Read", "Edit")}
        values = {"ParentId": which, "SobjectType": need.sobject, "PermissionsDelete": False}
        return "sobjects/ObjectPermissions", values | allowed
    values = {"ParentId": which, "SobjectType": need.sobject, "Field": f"{need.sobject}.{need.name}"}
    return "sobjects/FieldPermissions", values | {"PermissionsRead": True, "PermissionsEdit": True}


def _standing(need: Need, there: Described | None) -> tuple[State, str]:
    """Whether it is there; with `todo`, what is wrong with the one that is there."""
    if there is None:
        return "todo", ""
    if not need.name:
        return "there", ""
    found = next((column for column in there.fields if column.name == need.name), None)
    if found is not None and need.external and not (found.externalId and found.unique):
        where = f"Setup > Object Manager > {need.home} > Fields & Relationships > {label_of(need.name)} > Edit"
        return "todo", f"{where}: tick Unique and External ID"
    return ("todo", "") if found is None else ("there", "")


def _words(need: Need) -> str:
    return f"field {need.name} on {need.home} ({need.words})" if need.name else f"object {need.sobject}"
