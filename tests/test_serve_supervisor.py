"""The supervisor with children that do as they are told here, each by its number; as one should, where nothing is."""

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

import pytest

from bot.commands import serve_children, serve_many
from bot.commands.serve_children import Child
from bot.commands.serve_many import Supervisor
from tests.harness.service import wait_until

CHILD = """
import os, signal, socket, sys
line, number, of, speaks, sockets, folder = os.environ["CHATSURVEY_WORKER"].split(" ", 5)
end = socket.socket(fileno=int(line))
does = dict(one.split("=") for one in sys.argv[1:]).get(number, "serve")
def note(word):
    with open(folder + "/notes", "a") as notes:
        notes.write(number + word + " ")
note("+")
if does == "mistake":
    end.sendall(b'["mistaken", ""]\\n')
    sys.exit(1)
if does == "crash":
    sys.exit(3)
if does == "hang":
    signal.pause()
if does == "late":
    note(end.recv(1).decode() or "!")
end.sendall(b'["ready", "it answers"]\\n')
if does == "die":
    sys.exit(4)
if does == "deaf":
    signal.pause()
if does == "late":
    sys.exit(0)
end.settimeout(0.05)
while True:
    try:
        note(end.recv(1).decode() or "!")
        break
    except TimeoutError:
        end.sendall(b'["alive", ""]\\n')
"""
"""It notes `<number>+` when it begins, and the command it was given: s, l, n, or ! where the line broke."""


@dataclass
class House:
    """`run` lets the supervisor work while `steps` happen beside it; then it is told to stop, unless it `ends`."""

    folder: Path
    capture: pytest.CaptureFixture[str]
    out: str = ""
    failed: list[BaseException] = field(default_factory=list)

    @property
    def notes(self) -> list[str]:
        file = self.folder / "notes"
        return file.read_text().split() if file.exists() else []

    def wait_for(self, *notes: str) -> None:
        wait_until(lambda: set(notes) <= set(self.notes), f"{notes}, not only {self.notes}")

    def tell(self, number: signal.Signals) -> None:
        os.kill(os.getpid(), number)

    def run(
        self,
        steps: Callable[[], None],
        does: Mapping[int, str] = {},
        *,
        ends: bool = False,
        workers: int = 2,
        drain: float = 0.0,
    ) -> int:
        def beside() -> None:
            try:
                steps()
            except BaseException as error:  # noqa: BLE001 - told below, and the supervisor must end
                self.failed.append(error)
            if self.failed or not ends:
                self.tell(signal.SIGTERM)

        words = [sys.executable, "-I", "-S", "-c", CHILD, *(f"{number}={what}" for number, what in does.items())]
        with socket.create_server(("127.0.0.1", 0)) as port:
            acting = threading.Thread(target=beside)
            supervisor = Supervisor([port], workers, drain, self.folder, words)
            acting.start()
            code = supervisor.run()
            acting.join()
        assert not self.failed, self.failed
        self.out = self.capture.readouterr().out
        return code


@pytest.fixture
def house(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """Should the last signal find no supervisor any more, it finds nobody."""
    monkeypatch.setattr(serve_many, "LOOK", 0.02)
    before = {number: signal.signal(number, lambda *_: None) for number in serve_many.HEARD}
    yield House(tmp_path, capsys)
    for number, handler in before.items():
        signal.signal(number, handler)


def test_all_begin_after_the_first_and_stop_together(house: House) -> None:
    assert house.run(lambda: house.wait_for("1+", "2+", "3+"), workers=3) == 0
    assert house.notes[0] == "1+"
    assert sorted(house.notes[3:]) == ["1s", "2s", "3s"]
    assert house.out == "it answers\nstopping: requests in hand are finished first\n"


def test_ctrl_c_is_told_as_such(house: House) -> None:
    def steps() -> None:
        house.wait_for("2+")
        house.tell(signal.SIGINT)
        house.wait_for("1n", "2n")

    assert house.run(steps, ends=True) == 0


@pytest.mark.parametrize(("does", "code"), [("mistake", 1), ("crash", 3)])
def test_without_the_first_there_is_no_other(house: House, does: str, code: int) -> None:
    assert house.run(lambda: house.wait_for("1+"), {1: does}, ends=True) == code
    assert house.notes == ["1+"]
    assert house.out == ""


def test_what_another_cannot_do_at_the_start_ends_all(house: House) -> None:
    assert house.run(lambda: house.wait_for("1n"), {2: "mistake"}, ends=True) == 1
    assert house.notes == ["1+", "2+", "1n"]


def test_who_dies_young_is_followed_later_and_later(
    house: House, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve_many, "FIRST_PAUSE", 0.02)
    assert house.run(lambda: house.wait_for("6+"), {2: "crash", 3: "die", 4: "crash", 5: "crash"}) == 0
    said = [record.getMessage().partition("another one starts in ")[2] for record in caplog.records]
    assert [one for one in said if one] == ["0.02 s", "0.04 s", "0.08 s", "0.16 s"]


def test_each_is_replaced_when_its_successor_is_ready(house: House) -> None:
    def steps() -> None:
        house.wait_for("2+")
        house.tell(signal.SIGHUP)
        house.wait_for("1l", "2l")

    assert house.run(steps) == 0
    assert house.notes[:6] == ["1+", "2+", "3+", "1l", "4+", "2l"]
    assert sorted(house.notes[6:]) == ["3s", "4s"]


@pytest.mark.parametrize("does", ["mistake", "crash", "hang"])
def test_a_successor_that_does_not_become_ready_changes_nothing(
    house: House, does: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def steps() -> None:
        house.wait_for("2+")
        if does == "hang":
            monkeypatch.setattr(serve_many, "TO_START", 0.1)
        house.tell(signal.SIGHUP)
        wait_until(lambda: "the old ones go on" in caplog.text, "it to be told")

    assert house.run(steps, {3: does}) == 0
    assert house.notes[:3] == ["1+", "2+", "3+"]
    assert sorted(house.notes[3:]) == ["1s", "2s"]


def test_who_does_not_go_is_killed(
    house: House, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve_many, "TO_STOP", 0.1)
    assert house.run(lambda: house.wait_for("2+"), {2: "deaf"}) == 0
    assert "does not end: killed" in caplog.text
    assert "1s" in house.notes


def test_who_stands_still_is_replaced(
    house: House, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve_children, "SILENCE", 2.0)  # the others say something forty times meanwhile
    assert house.run(lambda: house.wait_for("3+"), {2: "deaf"}) == 0
    assert "has stood still for 2 s: killed" in caplog.text
    assert house.notes == ["1+", "2+", "3+", *house.notes[3:]]
    assert "1s" in house.notes


def test_where_the_supervisor_stood_still_nobody_is_blamed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[str] = []
    fault = Child.fault

    def counted(child: Child, now: float) -> str:
        looks.append(fault(child, now))
        return looks[-1]

    monkeypatch.setattr(Child, "fault", counted)
    monkeypatch.setattr(serve_children, "SILENCE", 0.2)
    monkeypatch.setattr(serve_many, "LONG", 0.0)  # each look comes after a pause that was too long
    monkeypatch.setattr(serve_many, "TO_STOP", 0.1)

    def steps() -> None:
        house.wait_for("2+")
        wait_until(lambda: len(looks) > 100, "a second of looks")
        assert set(looks) == {""}

    assert house.run(steps, {2: "deaf"}) == 0


def test_a_second_signal_kills(house: House) -> None:
    def steps() -> None:
        house.wait_for("2+")
        house.tell(signal.SIGTERM)
        house.wait_for("1s")  # the other one does not listen

    assert house.run(steps, {2: "deaf"}, drain=60.0) == 128 + signal.SIGTERM


def test_who_is_ready_when_all_stop_begins_no_other(house: House) -> None:
    assert house.run(lambda: house.wait_for("1+"), {1: "late"}) == 0
    assert house.notes == ["1+", "1s"]
    assert "it answers" not in house.out


class Starts:
    """Of processes: those with these numbers (of all tries) fail, as where the machine has too many."""

    def __init__(self, *fail: int) -> None:
        self.fail, self.tries = fail, 0

    def __call__(self, *words: object, **how: object) -> object:
        self.tries += 1
        if self.tries in self.fail:
            raise OSError(11, "Resource temporarily unavailable")
        return Popen(*words, **how)  # type: ignore[call-overload] # as it was called


def test_where_no_process_can_be_started_now_one_is_started_later(
    house: House, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.commands.serve_many.Popen", Starts(2))
    monkeypatch.setattr(serve_many, "LONGEST_PAUSE", 0.1)
    assert house.run(lambda: house.wait_for("1+", "2+")) == 0
    assert "no process can be started now: Resource temporarily unavailable" in caplog.text


def test_where_not_even_the_first_can_be_started_that_is_the_end(
    house: House, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.commands.serve_many.Popen", Starts(1))
    assert house.run(lambda: None, ends=True) == 1
    assert "no process can be started now" in caplog.text


def test_where_no_successor_can_be_started_there_are_as_many_as_before(
    house: House, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.commands.serve_many.Popen", Starts(3))
    monkeypatch.setattr(serve_many, "LONGEST_PAUSE", 0.0)

    def steps() -> None:
        house.wait_for("1+", "2+")
        house.tell(signal.SIGHUP)
        wait_until(lambda: "the old ones go on" in caplog.text, "it to be told")
        house.tell(signal.SIGHUP)
        house.wait_for("1l", "2l")

    assert house.run(steps) == 0
    assert sorted(house.notes) == ["1+", "1l", "2+", "2l", "3+", "3s", "4+", "4s"]
