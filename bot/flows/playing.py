"""Plays golden cases, says what went otherwise and why, and counts what the cases have covered."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from bot.errors import Mark
from bot.flows.cases import Act, Case, Expected
from bot.flows.load_step import outcomes_of
from bot.flows.machine import Program
from bot.flows.stage import Move, Stage, said_by_bot
from bot.flows.steps import KINDS
from bot.model import Conversation, Turn


@dataclass(frozen=True, slots=True)
class Failure:
    """The first turn that went otherwise. `turn` counts from 1; 0 is the opening."""

    turn: int
    mark: Mark
    visitor: str
    expected: str
    got: str
    because: str


@dataclass(frozen=True, slots=True)
class Played:
    case: Case
    turns: int
    waited: int
    """Milliseconds that went by in the case."""
    failure: Failure | None
    visited: frozenset[str]
    moves: frozenset[Move]


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of one flow: steps that were reached and outcomes that were taken, out of those there are."""

    steps: int
    all_steps: int
    outcomes: int
    all_outcomes: int
    missing: tuple[str, ...] = field(default=())


def play(case: Case, program: Program) -> Played:
    """Play it as far as it goes as expected. Whether there is a desk is the case's to say."""
    stage = Stage(replace(program, desk=case.desk), case.opening, case.at)
    failure = None
    opening = _differs(Expected(bot=case.opens), stage, (stage.opening,))
    if opening is not None:
        failure = Failure(0, case.mark, "", *opening, _because(stage, stage.moves))
    done = 0
    for number, act in enumerate(case.turns, 1):
        if failure is not None:
            break
        before = len(stage.moves)
        difference = _differs(act.expected, stage, _perform(stage, act))
        if difference is not None:
            failure = Failure(number, act.mark, _visitor(act), *difference, _because(stage, stage.moves[before:]))
        done = number
    waited = stage.now - case.at
    return Played(case, done, waited, failure, frozenset(stage.visited), frozenset(stage.moves))


def coverage(program: Program, played: Iterable[Played]) -> Coverage:
    every = [one for one in played if one.case.flow in ("", program.flow)]
    visited = frozenset[str]().union(*(one.visited for one in every))
    taken = {(move.step, move.outcome) for one in every for move in one.moves}
    steps = [node.step for node in program.nodes.values()]
    wanted = [(step.name, outcome) for step in steps if step.then for outcome in outcomes_of(step)]
    missing = [step.name for step in steps if step.name not in visited]
    missing += [f"{step} / {outcome}" for step, outcome in wanted if (step, outcome) not in taken]
    return Coverage(
        sum(step.name in visited for step in steps),
        len(steps),
        sum(pair in taken for pair in wanted),
        len(wanted),
        tuple(missing),
    )


def kinds_of(program: Program, played: Iterable[Played]) -> set[str]:
    """The kinds of step that these cases have reached."""
    return {KINDS[program.nodes[step].step.kind].name for one in played for step in one.visited}


def offered(stage: Stage) -> tuple[str, ...]:
    ask = stage.ask
    return tuple(one.label for one in ask.suggest or ask.options) if ask else ()


def stored(chat: Conversation) -> Mapping[str, str]:
    return {answer.key: str(answer.value) for answer in chat.answers.values()}


def _perform(stage: Stage, act: Act) -> tuple[Turn, ...]:
    if act.does == "wait":
        return tuple(stage.wait(act.length))
    if act.does == "agent":
        return (_agent(stage, act),)
    perform = {
        "says": stage.says,
        "taps": lambda words: stage.taps(int(words) if words.isdecimal() else words),
        "does": stage.does,
        "speaks": stage.speaks,
        "clicks": stage.clicks,
        "comments": stage.comments,
    }
    return (perform[act.does](act.words),)


def _agent(stage: Stage, act: Act) -> Turn:
    if act.part == "join":
        return stage.agent("join", name=act.words)
    return stage.agent(act.part, act.words, act.line)


def _visitor(act: Act) -> str:
    if act.does == "agent":
        return " ".join(filter(None, ("agent", act.part, act.words, act.line)))
    return act.words if act.does in ("says", "taps") else f"{act.does} {act.words}"


def _differs(expected: Expected, stage: Stage, turns: tuple[Turn, ...]) -> tuple[str, str] | None:
    """The first thing that is not as expected: what was, and what is."""
    chat = stage.chat
    said = tuple(entry.text for turn in turns for entry in said_by_bot(turn))
    if expected.bot is not None and not _alike(expected.bot, said):
        return " / ".join(expected.bot), " / ".join(said)
    checks: list[tuple[str, str | None, str]] = [
        ("step", expected.step, chat.state or "-"),
        ("score", expected.score, "-" if chat.score is None else str(chat.score)),
        ("ended", expected.ended, chat.outcome or "-"),
        ("ignored", expected.ignored, turns[-1].ignored or "-" if turns else "-"),
        ("offers", None if expected.offers is None else ", ".join(expected.offers), ", ".join(offered(stage))),
    ]
    known = stored(chat)
    checks += [(key, value, known.get(key, "-")) for key, value in (expected.answers or {}).items()]
    for name, want, got in checks:
        if want is not None and not _alike((want,), (got,)):
            return f"{name} {want}", f"{name} {got}"
    return None


def _alike(expected: tuple[str, ...], said: tuple[str, ...]) -> bool:
    """Spaces of any width and number are equal: nobody can see in a file which one was typed."""
    wanted, got = ([" ".join(line.split()) for line in lines] for lines in (expected, said))
    return len(wanted) == len(got) and all(
        one.startswith(line[:-3]) if line.endswith("...") else one == line
        for line, one in zip(wanted, got, strict=True)
    )


def _because(stage: Stage, moves: list[Move]) -> str:
    """The way that led elsewhere, with its place in the flow file."""
    flow = stage.program.flow
    if not moves:
        return f'{flow}: the chat stays at "{stage.chat.state}"' if stage.chat.state else f"{flow}: the chat has ended"
    first = moves[0]
    step = stage.program.nodes[first.step].step
    rule = next((rule for rule in step.then if rule.to == first.to and rule.outcome in (None, first.outcome)), None)
    place = "" if rule is None else f" ({rule.mark.file}:{rule.mark.line})"
    return f'{flow} / {first.step} / {first.outcome}  now leads to "{first.to}"{place}'
