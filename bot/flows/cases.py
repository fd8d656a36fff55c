"""Golden conversations: what a visitor does, what the bot says, where the chat then stands. Written by people.

    flow: nps                          the file's first where left out
    flows: ../kinds.yaml               another flow file, from the case's folder
    lang: fr
    at: 2025-11-24 10:00               when it begins, in `timezone`; this Monday where left out
    timezone: Europe/Paris
    channel: web
    desk: true                         somebody can be asked for; without it there is no desk
    contact: {first_name: Ana}
    opens: ["Bonjour !...", "..."]     what the bot says first
    turns:
      - says: "3, trop lent"           or taps: 3 | does: back | speaks: de | clicks: review/google | wait: 20h
                                       or comments: "..." (after the end, on a messaging channel)
                                       or agent: {join: Maya} | {say: "..."} | {edit: "...", line: line1}
                                          | {delete: line1} | leave
        bot: ["Qu'est-ce ..."]         every line the bot says; one that ends in ... is compared as far as it goes
        step: disappointed             the question that stands; `-` for none
        offers: ["trop lent"]          what can be tapped: suggestions, else options
        score: 3
        answers: {reason: trop lent}   by key; the stored value
        ended: completed
        ignored: stale                 nothing changed, and why

Whatever a turn does not mention is not compared.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.errors import FileProblems, Mark, Problem
from bot.flows.machine import zone_of
from bot.flows.nodes import Table, read_yaml
from bot.flows.stage import Opening

ACTS = ("says", "taps", "does", "speaks", "clicks", "comments", "agent", "wait")
AGENT_ACTS = ("join", "say", "edit", "delete", "leave")
A_MONDAY = "2025-11-24 10:00"


@dataclass(frozen=True, slots=True)
class Expected:
    """None where a turn does not mention it."""

    bot: tuple[str, ...] | None = None
    step: str | None = None
    offers: tuple[str, ...] | None = None
    score: str | None = None
    answers: Mapping[str, str] | None = None
    ended: str | None = None
    ignored: str | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """One turn of a case: one of ACTS with its words (milliseconds for `wait`), and what must follow. For an agent
    `part` is one of AGENT_ACTS, `words` the name of who joins or what is said, and `line` the line that is meant."""

    does: str
    words: str
    expected: Expected
    mark: Mark
    length: int = 0
    part: str = ""
    line: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    file: str
    flow: str
    flows: str
    """Another flow file than the one that is tested; empty for that one."""
    at: int
    opening: Opening
    opens: tuple[str, ...] | None
    turns: tuple[Act, ...]
    mark: Mark
    desk: bool = False


def read_case(source: str, file: str) -> Case:
    """Raises FileProblems with everything that is wrong in it."""
    problems: list[Problem] = []
    table = read_yaml(source, file, problems)
    case = None if table is None else _case(table, file)
    if case is None or problems:
        raise FileProblems(tuple(problems))
    return case


def _case(table: Table, file: str) -> Case:
    timezone = table.string("timezone")
    zone = zone_of(timezone, ZoneInfo("UTC"))
    at = table.string("at", A_MONDAY)
    try:
        begins = datetime.fromisoformat(at).replace(tzinfo=zone)
    except ValueError:
        table.problem(f'"{at[:40]}" is no moment', f"at: {A_MONDAY}", "at")
        begins = datetime.fromisoformat(A_MONDAY).replace(tzinfo=zone)
    contact, context = table.table("contact"), table.table("context")
    prefill = table.string("prefill")
    case = Case(
        name=Path(file).stem,
        file=file,
        flow=table.string("flow"),
        flows=table.string("flows"),
        at=round(begins.timestamp() * 1000),
        opening=Opening(
            locale=table.string("lang"),
            channel=table.string("channel", "web"),
            timezone=timezone,
            contact=None if contact is None else _strings(contact),
            context=None if context is None else _strings(context),
            prefill=int(prefill) if prefill.isdecimal() else prefill or None,
        ),
        opens=table.words("opens") if table.shape("opens") != "missing" else None,
        turns=tuple(act for turn in table.tables("turns") if (act := _act(turn)) is not None),
        mark=table.mark_of("opens"),
        desk=table.flag("desk"),
    )
    table.finish()
    return case


def _act(table: Table) -> Act | None:
    written = [key for key in ACTS if table.shape(key) != "missing"]
    if len(written) != 1:
        table.problem("a turn is one act of the visitor or of an agent", "one of: " + ", ".join(ACTS))
        table.finish(*ACTS)
        return None
    does = written[0]
    length = table.duration(does) if does == "wait" else 0
    part, words, line = _of_agent(table) if does == "agent" else ("", table.string(does), "")
    answers = table.table("answers")
    act = Act(
        does=does,
        words=words,
        expected=Expected(
            bot=_lines(table, "bot"),
            step=_line(table, "step"),
            offers=_lines(table, "offers"),
            score=_line(table, "score"),
            answers=None if answers is None else _strings(answers),
            ended=_line(table, "ended"),
            ignored=_line(table, "ignored"),
        ),
        mark=table.mark,
        length=length,
        part=part,
        line=line,
    )
    table.finish()
    return act


def _of_agent(table: Table) -> tuple[str, str, str]:
    """What an agent does, the words, and the line that is meant."""
    if table.shape("agent") == "text":
        part = table.string("agent")
        inner = None
    else:
        inner = table.table("agent", example='{say: "Hello"}')
        part = next((key for key in AGENT_ACTS if inner and inner.shape(key) != "missing"), "")
    if part not in AGENT_ACTS or (inner is None and part not in ("join", "leave")):
        hint = 'agent: {say: "Hello"}   or   agent: leave'
        table.problem("an agent joins, says, edits, deletes or leaves", hint, "agent")
        return "leave", "", ""
    if inner is None:
        return part, "", ""
    words, line = inner.string(part), inner.string("line")
    inner.finish()
    return (part, "", words) if part == "delete" else (part, words, line)


def _strings(table: Table) -> dict[str, str]:
    return {key: table.string(key) for key in table.keys()}  # noqa: SIM118 - a Table is no dict


def _line(table: Table, key: str) -> str | None:
    return None if table.shape(key) == "missing" else table.string(key)


def _lines(table: Table, key: str) -> tuple[str, ...] | None:
    if table.shape(key) == "text" and not table.string(key):
        return ()
    return None if table.shape(key) == "missing" else table.words(key)
