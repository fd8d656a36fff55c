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


def rows(title: str, told: str) -> Callable[[StandIn, str], int]:
    """How many rows of this table hold, at the end of a cell's line, what `told` makes of the chat."""

    def count(crm: StandIn, chat: str) -> int:
        wanted = told.format(chat)
        table = next(table for table in crm.tables() if table.title == title)
        return sum(any(wanted in str(cell).splitlines() for cell in row) for row in table.rows)

    return count


NO_QUESTIONS = "its check sends nothing: a receiver takes events and answers no questions"


def in_adobe(crm: Adobe, chat: str) -> int:
    """Profiles that this chat was written on, and every event that its person was sent twice."""
    profiles = [profile for profile in crm.profiles.values() if profile.get("cusNpsChat") == chat]
    sent = Counter((one.event, one.email) for one in crm.events)
    mine = {profile["email"] for profile in profiles}
    return len(profiles) + sum(times - 1 for (_, email), times in sent.items() if email in mine)


def in_sellsy(crm: StandIn, chat: str) -> int:
    """Comments, and every further task: not everybody wants to be called."""
    comments, tasks = rows("Comments", "chatsurvey: {}")(crm, chat), rows("Tasks", "chatsurvey: {}")(crm, chat)
    return comments + max(0, tasks - 1)


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
