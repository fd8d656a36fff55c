"""Every golden conversation holds; every kind, every step and every outcome of the shipped flow has one."""

from pathlib import Path

import pytest

from bot.errors import FileProblems
from bot.flows.cases import Case, read_case
from bot.flows.load import load
from bot.flows.load_step import outcomes_of
from bot.flows.machine import Program, compile_book
from bot.flows.playing import Played, coverage, kinds_of, play
from bot.flows.recording import Recording
from bot.flows.stage import Stage
from bot.flows.steps import KINDS

from .books import OFFICE, SHIPPED

FOLDER = Path(__file__).parent / "cases"
FILES = sorted(FOLDER.glob("*.yaml"))


def case_of(path: Path) -> Case:
    return read_case(path.read_text("utf-8"), str(path))


def program_of(case: Case) -> Program:
    file = Path(case.file).parent / case.flows if case.flows else SHIPPED
    book = load(file.read_text("utf-8"), file.name)
    return compile_book(book, OFFICE, "UTC")[case.flow or next(iter(book.flows))]


def played(path: Path) -> tuple[Program, Played]:
    case = case_of(path)
    program = program_of(case)
    return program, play(case, program)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_holds(path: Path) -> None:
    assert played(path)[1].failure is None


def test_every_kind_of_step_has_a_case() -> None:
    reached: set[str] = set()
    for path in FILES:
        program, one = played(path)
        reached |= kinds_of(program, [one])
    assert reached == set(KINDS)


def test_every_outcome_of_every_kind_has_a_case() -> None:
    """Outcomes that the shipped flow does not have (a timeout, no free slot) have one in another flow."""
    taken: set[tuple[str, str]] = set()
    wanted: set[tuple[str, str]] = set()
    for path in FILES:
        program, one = played(path)
        taken |= {(program.nodes[move.step].kind.name, move.outcome) for move in one.moves}
        wanted |= {
            (node.kind.name, outcome)
            for node in program.nodes.values()
            if node.kind.name != "choice" and node.step.then
            for outcome in outcomes_of(node.step)
        }
    assert wanted <= taken


def test_the_shipped_flow_is_covered_but_for_a_week_without_a_free_slot() -> None:
    results = [played(path) for path in FILES]
    program = next(program for program, one in results if not one.case.flows)
    found = coverage(program, [one for _, one in results if not one.case.flows])
    assert found.missing == ("slot / none",)
    assert (found.steps, found.outcomes) == (found.all_steps, found.all_outcomes - 1)


@pytest.mark.parametrize(
    ("line", "wrong", "got"),
    [
        ('    bot: "What number should we call?"', '    bot: "Which number?"', "What number should we call?"),
        ("    step: improve", "    step: callback", "step improve"),
        ("    score: 4", "    score: 5", "score 4"),
        ("    ended: completed", "    ended: stopped", "ended completed"),
        ("    score: 4", "    answers: {score: '5'}", "score 4"),
        ("    score: 4", "    offers: [Yes]", "offers "),
        ("    score: 4", "    ignored: stale", "ignored -"),
    ],
)
def test_what_differs_is_found_with_its_turn_and_line(line: str, wrong: str, got: str) -> None:
    path = FOLDER / "detractor-callback-en.yaml"
    source = path.read_text("utf-8")
    assert line in source
    case = read_case(source.replace(line, wrong), str(path))
    failure = play(case, program_of(case)).failure
    assert failure is not None
    assert failure.got == got
    assert failure.because.startswith("nps / ")
    number = source[: source.index(line)].count("\n") + 1
    assert 0 <= number - failure.mark.line <= 7


def test_what_an_agent_did_is_named_where_it_went_otherwise() -> None:
    source = (FOLDER / "handed-over.yaml").read_text("utf-8")
    case = read_case(source.replace("Maya from support joined.", "Ben is here."), str(FOLDER / "handed-over.yaml"))
    failure = play(case, program_of(case)).failure
    assert failure is not None
    assert (failure.visitor, failure.got) == ("agent join Maya", "Maya from support joined.")


def test_a_recording_is_a_case_that_passes() -> None:
    path = FOLDER / "detractor-callback-fr.yaml"
    case = case_of(path)
    program = program_of(case)
    stage = Stage(program, case.opening, case.at)
    recording = Recording(stage, case.opening)
    for words in ('3 \u200b\U000e0041 "quoted" é', "3", "un\u2028deux"):
        recording.add("says", words, (stage.says(words),), stage.chat)
    recording.add("wait", "4d", tuple(stage.wait(4 * 86_400_000)), stage.chat)
    recording.add("does", "help", (stage.does("help"),), stage.chat)
    again = read_case(recording.text, "again.yaml")
    assert [act.words for act in again.turns[:3]] == ['3 \u200b\U000e0041 "quoted" é', "3", "un\u2028deux"]
    assert play(again, program).failure is None


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("turns: [{says: a, taps: b}]", "a turn is one act of the visitor"),
        ("turns: [{bot: hello}]", "a turn is one act of the visitor"),
        ("turns: [{says: a, bott: hello}]", '"bott" is not known here'),
        ("turns: [{agent: dance}]", "an agent joins, says, edits, deletes or leaves"),
        ("turns: [{agent: {hum: a tune}}]", "an agent joins, says, edits, deletes or leaves"),
        ("turns: [{agent: {say: a, hum: b}}]", '"hum" is not known here'),
        ("at: noon", '"noon" is no moment'),
        ("turns: [{wait: soon}]", '"soon" is not a length of time'),
        ("- a", "the file is not a table"),
    ],
)
def test_a_mistake_in_a_case_is_told_with_its_line(source: str, message: str) -> None:
    with pytest.raises(FileProblems) as problems:
        read_case(source, "case.yaml")
    assert any(problem.message.startswith(message) for problem in problems.value.problems)
    assert all(problem.mark.line == 1 for problem in problems.value.problems)
