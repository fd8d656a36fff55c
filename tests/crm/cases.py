"""The writers that the common tests are run with: one line each."""

from collections import Counter
from collections.abc import Callable, Mapping

from bot.sandbox.crm.adobe import Adobe
from bot.sandbox.crm.salesforce import Salesforce
from bot.sandbox.crm.sellsy import Sellsy
from bot.sandbox.crm.sheets import Sheets
from bot.sandbox.crm.standin import StandIn
from bot.sandbox.crm.webhook import WebhookReceiver
from tests.crm import adobe_parts, hubspot_parts, sheets_parts
from tests.crm.writer_parts import api
from tests.harness.crm import contract
from tests.harness.crm_demo import demo_case
from tests.harness.crm_trial import Case


def rows(title: str, told: str) -> Callable[[StandIn], Callable[[str], int]]:
    """How many rows of this table hold, as a line of a cell, what `told` makes of the chat."""

    def counts(crm: StandIn) -> Callable[[str], int]:
        table = next(table for table in crm.tables() if table.title == title)
        found = Counter(line for row in table.rows for line in {one for cell in row for one in str(cell).splitlines()})
        return lambda chat: found[told.format(chat)]

    return counts


NO_QUESTIONS = "its check sends nothing: a receiver takes events and answers no questions"


def in_adobe(crm: Adobe) -> Callable[[str], int]:
    """Profiles that a chat was written on, and every event that its person was sent twice."""
    doubled: Counter[object] = Counter()
    for (_, email), times in Counter((one.event, one.email) for one in crm.events).items():
        doubled[email] += times - 1
    people: dict[object, list[object]] = {}
    for profile in crm.profiles.values():
        people.setdefault(profile.get("cusNpsChat"), []).append(profile.get("email"))

    def count(chat: str) -> int:
        mine = people.get(chat, [])
        return len(mine) + sum(doubled[email] for email in set(mine))

    return count


def in_sellsy(crm: StandIn) -> Callable[[str], int]:
    """Comments, and every further task: not everybody wants to be called."""
    comments, tasks = (rows(title, "chatsurvey: {}")(crm) for title in ("Comments", "Tasks"))
    return lambda chat: comments(chat) + max(0, tasks(chat) - 1)


CASES: Mapping[str, Case] = {
    "demo": demo_case(),
    "adobe": Case(lambda: Adobe(adobe_parts.check), in_adobe),
    "hubspot": hubspot_parts.TRIAL,
    "salesforce": Case(lambda: Salesforce(contract("salesforce/openapi.json")), rows("NPS responses", "{}")),
    "sellsy": Case(lambda: Sellsy(api(Sellsy.login_path, "sellsy/openapi.json")), in_sellsy),
    "sheets": Case(lambda: Sheets(sheets_parts.check), rows("Responses", "{}")),
    "webhook": Case(
        lambda: WebhookReceiver(contract("standard-webhooks/openapi.json")),
        rows("Responses", "{}"),
        leaves_out={"what_is_wrong_is_said_before_anything_is_sent": NO_QUESTIONS},
    ),
}
