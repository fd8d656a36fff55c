"""What `pip install .` gives: the wheel holds the shipped survey, the widget and the pages, and serves from them."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

from bot import __version__
from tests.harness.service import TOP, Service, get


def test_the_wheel_serves_in_an_empty_folder(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(words, cwd=TOP, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name.startswith(f"chatsurvey-{__version__}-")
    with ZipFile(wheel) as packed:
        packed.extractall(tmp_path / "installed")
    assert not (tmp_path / "installed" / "tests").exists()
    assert {"index.html", "page.css", "page.js"} <= {
        file.name for file in (tmp_path / "installed/bot/sandbox/page").iterdir()
    }
    with Service(tmp_path / "empty", flows=None, PYTHONPATH=str(tmp_path / "installed")) as service:
        assert "the shipped survey" in service.out
        for path in ("/", "/chat/nps", "/widget.js", "/privacy"):
            assert get(service.url + path) == 200, path
