"""Several processes append to the files of one folder: one line a revision, whole lines, also while files follow each
other and processes die."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from bot.crm.files import line_file
from bot.crm.files.jsonl import JsonLines
from bot.crm.files.line_file import LineFile
from tests.harness.service import TOP, wait_until

CHILD = """
import sys, time
from pathlib import Path
from bot.crm.files.line_file import LineFile
from bot.crm.files.jsonl import JsonLines

folder, full, begin = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
file = LineFile(folder, "responses", JsonLines(), lambda: int(time.time() * 1000), full=full)
file.check()
print("there", flush=True)
sys.stdin.readline()
for number in range(300):
    # Every process is given the same responses, each begins elsewhere: as where a job is claimed again.
    chat = f"c{(begin + number) % 300}"
    line = b'{"chat":"%b","revision":1,"text":"%b"}\\n' % (chat.encode(), b"x" * 200)
    file.append([(chat, 1, line)])
    if number == 20:
        print("busy", flush=True)
file.close()
"""


def child(folder: Path, full: int, begin: int) -> subprocess.Popen[str]:
    """One that has opened its file and waits for the others."""
    words = [sys.executable, "-c", CHILD, str(folder), str(full), str(begin)]
    made = subprocess.Popen(words, cwd=TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert made.stdout is not None
    assert made.stdout.readline() == "there\n"
    return made


def go(one: subprocess.Popen[str]) -> None:
    assert one.stdin is not None
    one.stdin.write("go\n")
    one.stdin.flush()


def lines(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for path in folder.iterdir() for line in path.read_text().splitlines()]


@pytest.mark.parametrize("full", [0, 20_000])
def test_each_revision_is_there_once_whoever_writes_it(full: int, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    started = [child(folder, full, begin) for begin in (0, 100, 200)]
    doomed = child(folder, full, 50)
    for one in (*started, doomed):
        go(one)
    assert doomed.stdout is not None
    assert doomed.stdout.readline() == "busy\n"
    doomed.send_signal(signal.SIGKILL)
    for one in (*started, doomed):
        one.communicate(timeout=60)
    assert [one.returncode for one in started] == [0, 0, 0]
    written = Counter(str(line["chat"]) for line in lines(folder))
    assert written == {f"c{number}": 1 for number in range(300)}
    assert len(list(folder.iterdir())) == (1 if full == 0 else 4)


def a_line(chat: str) -> tuple[str, int, bytes]:
    return chat, 1, b'{"chat":"%b","revision":1}\n' % chat.encode()


def opened(folder: Path) -> LineFile:
    return LineFile(folder, "responses", JsonLines(), lambda: 0)


def test_a_line_that_another_process_left_torn_is_cut_off_by_whoever_is_next(tmp_path: Path) -> None:
    one, other = opened(tmp_path), opened(tmp_path)
    one.append([a_line("a")])
    other.append([a_line("b")])
    with (tmp_path / "responses.jsonl").open("ab") as torn:
        torn.write(b'{"chat":"c","rev')
    one.append([a_line("c"), a_line("b")])
    assert [line["chat"] for line in lines(tmp_path)] == ["a", "b", "c"]
    one.close()
    other.close()


def test_a_file_that_was_emptied_by_somebody_goes_on(tmp_path: Path) -> None:
    one = opened(tmp_path)
    one.append([a_line("a"), a_line("b")])
    os.truncate(tmp_path / "responses.jsonl", 0)
    one.append([a_line("c")])
    assert [line["chat"] for line in lines(tmp_path)] == ["c"]
    one.close()


def test_a_process_that_stands_still_with_the_lock_holds_nobody_up_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_file, "PATIENCE", 0.1)
    one, other = opened(tmp_path), opened(tmp_path)
    one.append([a_line("a")])
    line_file._lock(one._file)
    with pytest.raises(OSError, match="another process holds it"):
        other.append([a_line("b")])
    one.close()
    other.append([a_line("b")])
    assert [line["chat"] for line in lines(tmp_path)] == ["a", "b"]
    other.close()


def test_the_lock_ends_with_the_process(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [
            *(sys.executable, "-c"),
            "import fcntl,sys; f=open(sys.argv[1],'a'); fcntl.flock(f,2); print('mine', flush=True); sys.stdin.read()",
            str(tmp_path / "responses.jsonl"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "mine\n"
    holder.kill()
    holder.communicate()
    wait_until(lambda: holder.poll() is not None, "it to end")
    one = opened(tmp_path)
    one.append([a_line("a")])
    one.close()
    assert len(lines(tmp_path)) == 1
