"""What the documentation says is run: examples are checked as written, names are those of the code, links lead on.

A fence says what its block is: `yaml` is a whole flow file or settings file, `yaml steps` the steps of a flow,
`yaml case` a recorded conversation, `yaml fragment` a piece that is only read; `console` lines that begin with `$`.
"""

import argparse
import json
import re
import shlex
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from textwrap import dedent

import aiohttp
import pytest
import yaml
from openapi_schema_validator import OAS31Validator
from standardwebhooks import Webhook

from bot.channels.verify import identity
from bot.channels.web import openapi
from bot.cli import COMMANDS
from bot.crm.shape import data_of
from bot.errors import FileProblems, Problem
from bot.flows.cases import read_case
from bot.flows.load import check_source, load
from bot.flows.machine import compile_book
from bot.flows.nodes import read_yaml
from bot.flows.playing import play
from bot.settings import load as load_settings
from tests.harness.responses import a_response
from tests.harness.service import serving
from tests.harness.writing import Writer, a_setting

TOP = Path(__file__).resolve().parents[1]
PAGES = (TOP / "README.md", TOP / "CHANGELOG.md", *sorted((TOP / "docs").glob("*.md")))
OPERATING = (TOP / "docs/operating.md").read_text("utf-8")
WEBHOOKS = (TOP / "docs/webhooks.md").read_text("utf-8")

FRAME = "brand: {name: Acme}\nflows:\n  example:\n    steps:\n"
BYE = "bye: {kind: message, say: Bye, end: completed}\n"
WRITERS = ("mapping.md", "webhooks.md", "files.md", *(page.name for page in sorted((TOP / "docs").glob("crm-*.md"))))
OWN_NAMES = {"office", "crm", "fri", "detractor", "replaced", "explained"}
"""Of the settings example: names that its reader chooses, not keys of ours."""
SECRET = "whsec_c2VjcmV0IGZvciBhIHRlc3QgYW5kIG5vdGhpbmcgZWxzZQ=="


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: where it stands, its info string, what is in it."""

    page: Path
    line: int
    info: str
    body: str

    def __str__(self) -> str:
        return f"{self.page.name}:{self.line}"


def blocks(*infos: str) -> list[Block]:
    found = []
    for page in PAGES:
        text = page.read_text("utf-8")
        for match in re.finditer(r"^( *)```([^\n]*)\n(.*?)^\1```$", text, re.MULTILINE | re.DOTALL):
            line = text.count("\n", 0, match.start()) + 2
            found.append(Block(page, line, match[2], dedent(match[3])))
    return [block for block in found if block.info in infos]


def is_flow(block: Block) -> bool:
    return block.info == "yaml" and re.search(r"^flows:", block.body, re.MULTILINE) is not None


FLOWS = [block for block in blocks("yaml") if is_flow(block)]
SETTINGS = [block for block in blocks("yaml") if not is_flow(block)]


def all_of(found: list[Block]) -> pytest.MarkDecorator:
    assert found
    return pytest.mark.parametrize("block", found, ids=str)


@all_of(FLOWS)
def test_flow_files_are_fit_to_go_live(block: Block) -> None:
    assert check_source(block.body, str(block), ["office"])[1] == ()


@all_of(blocks("yaml steps"))
def test_steps_are_fit_to_go_live(block: Block) -> None:
    steps = block.body + ("" if re.search(r"^bye:", block.body, re.MULTILINE) else BYE)
    source = FRAME + "".join(f"      {line}\n" for line in steps.splitlines())
    assert check_source(source, str(block), ["office"])[1] == ()


@all_of(blocks("yaml case"))
def test_cases_play_on_the_first_flow_of_their_page(block: Block) -> None:
    book = load(next(flow.body for flow in FLOWS if flow.page == block.page))
    assert play(read_case(block.body, str(block)), compile_book(book, {}, "UTC")["nps"]).failure is None


@all_of(blocks("yaml fragment"))
def test_fragments_can_be_read(block: Block) -> None:
    problems: list[Problem] = []
    assert read_yaml(block.body, str(block), problems) is not None
    assert problems == []


@all_of([*SETTINGS, Block(TOP / "settings.example.yaml", 1, "", (TOP / "settings.example.yaml").read_text("utf-8"))])
def test_settings_load(block: Block, tmp_path: Path) -> None:
    (tmp_path / "settings.yaml").write_text(block.body, "utf-8")
    for file in re.findall(r"\b(?:key_file|ca): ([\w.-]+)", block.body):
        (tmp_path / file).touch()
    environ = dict.fromkeys(re.findall(r"\$\{(\w+)\}", block.body), SECRET)
    assert what_is_wrong(environ, tmp_path) == ()


def what_is_wrong(environ: dict[str, str], folder: Path) -> tuple[Problem, ...]:
    try:
        load_settings(environ, folder)
    except FileProblems as wrong:
        return wrong.problems
    return ()


def test_every_variable_is_told_and_no_other() -> None:
    read = "".join(path.read_text("utf-8") for path in (TOP / "bot").glob("settings*.py"))
    known = set(re.findall(r'env\.\w+\("([A-Z_]+)"', read))
    told = OPERATING.partition("## The environment")[2].partition("## The settings file")[0]
    assert set(re.findall(r"`([A-Z]+(?:_[A-Z]+)*)`", told)) - {"PORT"} == known - {"PORT"}


async def test_every_metric_is_told_and_no_other(tmp_path: Path) -> None:
    async with a_setting(tmp_path) as setting:
        setting.table(Writer())
    meters = setting.meters
    counts = {f"{count.name}_total" for count in meters.counts}
    told = set(re.findall(r"^\| `(chatsurvey_\w+)`", OPERATING, re.MULTILINE))
    known = counts | {times.name for times in meters.times} | {gauge.name for gauge in meters.gauges}
    of_the_service = {"chatsurvey_listeners", "chatsurvey_processes", "chatsurvey_records_away_seconds"}
    assert told - of_the_service == known


def fields_of(node: object) -> set[str]:
    """What the fields are called in somebody's CRM: no keys of ours."""
    if isinstance(node, list):
        return set().union(*map(fields_of, node))
    if not isinstance(node, dict):
        return set()
    own = [set(inner) for key, inner in node.items() if key in ("fields", "match") and isinstance(inner, dict)]
    return set().union(*own, *map(fields_of, node.values()))


def test_every_key_of_the_settings_example_is_told() -> None:
    example = (TOP / "settings.example.yaml").read_text("utf-8")
    keys = set(re.findall(r"^ *([a-z_]+):", example, re.MULTILINE)) - OWN_NAMES - fields_of(yaml.safe_load(example))
    told = OPERATING.partition("## The settings file")[2].partition("## The data folder")[0]
    told += (TOP / "docs/desk.md").read_text("utf-8").partition("## Settings")[2]
    told += "".join((TOP / "docs" / page).read_text("utf-8") for page in WRITERS)
    assert {key for key in keys if not re.search(rf"\b{key}\b", told)} == set()


def test_the_event_of_the_page_has_the_fields_of_an_event_each_explained() -> None:
    event = json.loads(next(block.body for block in blocks("json") if block.page.name == "webhooks.md"))
    assert list(event["data"]) == list(data_of(a_response()))
    rows = re.findall(r"^\| (`.*?`(?:, `\w+`)*) \|", WEBHOOKS, re.MULTILINE)
    told = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert {"type", "timestamp", *event["data"]} - {"data"} <= told


@all_of(blocks("json"))
def test_json_is_json(block: Block) -> None:
    assert json.loads(block.body)


def test_the_receiver_of_the_page_takes_what_is_signed_and_nothing_else() -> None:
    source = next(block.body for block in blocks("python") if "standardwebhooks" in block.body)
    names: dict[str, object] = {}
    exec(compile(source.replace("whsec_...", SECRET), "webhooks.md", "exec"), names)
    receive, now, body = names["receive"], datetime.now(UTC), '{"type": "response.scored"}'
    headers = {"webhook-id": "resp_1", "webhook-timestamp": str(int(now.timestamp()))}
    headers["webhook-signature"] = Webhook(SECRET).sign("resp_1", now, body)
    assert callable(receive)
    assert receive(headers, body.encode()) == {"type": "response.scored"}
    with pytest.raises(Exception, match="No matching signature"):
        receive(headers, body.replace("scored", "forged").encode())


def test_the_identity_token_of_the_page_proves_its_facts() -> None:
    source = next(block.body for block in blocks("python") if "jwt" in block.body)
    names: dict[str, object] = {}
    exec(compile(source, "http.md", "exec"), names)
    key = re.findall(r'"(the key.*?)"', source)
    facts = identity(str(names["token"]), key, time.time_ns() // 1_000_000)
    assert {name: fact.value for name, fact in facts.items() if fact.proven} == {
        "id": "4711",
        "email": "ana@example.com",
        "plan": "enterprise",
    }


def commands() -> Iterator[tuple[str, str]]:
    for block in blocks("console"):
        for line in re.findall(r"^\$ (?:[A-Z_]+=\S+ )*(?:\S*/)?(chatsurvey .*)$", block.body, re.MULTILINE):
            yield str(block), line.replace("json|jsonl|csv", "json")
    for page in PAGES:
        for line in re.findall(r"`(chatsurvey [^`]+)`", page.read_text("utf-8")):
            yield page.name, line.replace("json|jsonl|csv", "json")


@pytest.mark.parametrize(("place", "line"), list(commands()))
def test_command_lines_are_understood(place: str, line: str) -> None:
    _, name, *words = shlex.split(line, comments=True)
    parser = argparse.ArgumentParser(prog=f"{place}: chatsurvey {name}", exit_on_error=False)
    import_module(f"bot.commands.{COMMANDS[name][0]}").add(parser)
    _, strange = parser.parse_known_args(words)
    assert strange == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_relative_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    broken = []
    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", text):
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def anchors(page: Path) -> set[str]:
    heads = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def bodies() -> list[tuple[str, str]]:
    """What the conversation of http.md sends, in order: the schema and the body; a token is put in later."""
    told = "".join(block.body for block in blocks("console") if block.page.name == "http.md")
    sent = re.findall(r"^\$ (curl .*?chats|say) (?:-d )?(['\"])(.*?)\2(?: \||$)", told, re.MULTILINE)
    return [("Message" if how == "say" else "NewChat", body.replace('\\"', '"')) for how, _, body in sent]


def test_the_bodies_of_the_conversation_fit_the_contract() -> None:
    document = openapi.document("test")
    assert len(bodies()) == 10
    for schema, body in bodies():
        validator = OAS31Validator({"$ref": f"#/components/schemas/{schema}", **document})
        assert [error.message for error in validator.iter_errors(json.loads(body))] == [], body


async def test_the_conversation_goes_as_told(tmp_path: Path) -> None:
    chat, statuses = {"chat": "", "token": ""}, []
    headers: dict[str, str] = {}
    async with serving(tmp_path, flows=None) as service, aiohttp.ClientSession(f"{service.url}/api/v1/") as client:
        for schema, body in bodies():
            path = "chats" if schema == "NewChat" else f"chats/{chat['chat']}/messages"
            sent = body.replace("$TOKEN", chat["token"])
            async with client.post(path, data=sent.encode(), headers=headers) as answer:
                state = await answer.json(content_type=None)
            if schema == "NewChat":
                chat, headers = state, {"Authorization": f"Bearer {state['token']}"}
            statuses.append((answer.status, (state["ask"] or {}).get("step", state["status"])))
    assert statuses == [
        (201, "score"),
        (200, "disappointed"),
        (200, "improve"),
        (200, "callback"),
        (200, "phone"),
        (200, "phone"),
        (409, "phone"),
        (200, "phone"),
        (200, "phone"),
        (200, "ended"),
    ]
