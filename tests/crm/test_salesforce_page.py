"""docs/crm-salesforce.md says what works: its settings, and each of its fragments put into them."""

import re
import textwrap
from pathlib import Path

import pytest

from bot.crm.salesforce.writer import SPEC
from bot.crm.spec import Key
from bot.sandbox.crm.salesforce import Salesforce
from tests.crm.salesforce_parts import OPENED, PLAIN, RESOLVED, only, salesforce
from tests.crm.writer_parts import parcel, written
from tests.harness.responses import a_response

PAGE = (Path(__file__).resolve().parents[2] / "docs/crm-salesforce.md").read_text("utf-8")
BLOCKS = [textwrap.dedent(block) for block in re.findall(r" *```yaml(?: fragment)?\n(.*?) *```", PAGE, re.DOTALL)]
WHOLE, CASE, TASK, LOGIN = BLOCKS


class Written(Salesforce):
    """Its settings are those of the page."""

    def __init__(self, settings: str) -> None:
        super().__init__(PLAIN)
        self._settings = settings

    def settings(self) -> str:
        private = f"base_url: {self.url}\n    allow_private: true"
        return self._settings.replace("base_url: https://acme.my.salesforce.com", private)


def between(first: str, fragment: str, then: str = "") -> str:
    """The settings with this fragment from `first` up to `then`; a user that is there in place of the page's ids."""
    known = re.sub(r"00[5G]5g0000\w+", "005000000000002AAA", fragment)
    rest = WHOLE[WHOLE.index(then) :] if then else ""
    return WHOLE[: WHOLE.index(first)] + textwrap.indent(known, "    ") + rest


async def test_the_settings_of_the_page_write_a_response(tmp_path: Path) -> None:
    async with salesforce(tmp_path, crm=Written(WHOLE)) as (crm, writer):
        await written(writer)
        assert only(crm, "Contact")["NPS_Segment__c"] == "Detractor"
        assert only(crm, "NPS_Response__c")["Segment__c"] == "Detractor"
        assert only(crm, "Task")["WhatId"] == only(crm, "Case")["Id"]


async def test_the_case_of_the_page(tmp_path: Path) -> None:
    async with salesforce(tmp_path, crm=Written(between("    case:\n", CASE, "    task:\n"))) as (crm, writer):
        receipt = await written(writer, parcel(a_response(case=OPENED)))
        assert (only(crm, "Case")["Status"], only(crm, "Case")["OwnerId"]) == ("New", crm.org.agent)
        await written(writer, parcel(a_response(revision=2, case=RESOLVED), receipt.notes))
        assert (only(crm, "Case")["Status"], only(crm, "Case")["Reason"]) == ("Closed", "recovered")


@pytest.mark.parametrize(("answers", "subject"), [(None, "Call +33612345678"), ((), "Read what went wrong")])
async def test_the_tasks_of_the_page(tmp_path: Path, answers: tuple[()] | None, subject: str) -> None:
    response = a_response() if answers is None else a_response(answers=answers)
    async with salesforce(tmp_path, crm=Written(between("    task:\n", TASK))) as (crm, writer):
        await written(writer, parcel(response))
        assert (only(crm, "Task")["Subject"], only(crm, "Task")["OwnerId"]) == (subject, crm.org.agent)


def test_the_login_of_the_page_is_one() -> None:
    (jwt,) = [one for one in SPEC.logins if one.name == "jwt"]
    assert set(re.findall(r"^  (\w+):", LOGIN, re.MULTILINE)) == {key.name for key in jwt.keys if key.required}


def test_every_key_is_told() -> None:
    keys = [key.name for key in SPEC.keys]
    keys += [key.name for section in SPEC.sections for key in section.keys]
    keys += [key.name for login in SPEC.logins for key in login.keys]
    assert [key for key in keys if not re.search(rf"\b{key}\b", PAGE)] == []


@pytest.mark.parametrize("key", [key for key in SPEC.keys if key.default not in (None, False, "first")])
def test_every_default_is_told(key: Key) -> None:
    (row,) = [line for line in PAGE.splitlines() if line.startswith("| ") and f"`{key.name}`" in line.split("|")[1]]
    assert f"`{key.default}`" in row
