"""Typed answers load their libraries before the first one comes."""

import subprocess
import sys

SCRIPT = """
import sys
from bot.flows.answers.warm import warm
heavy = {"dateparser", "phonenumbers", "email_validator", "rapidfuzz"}
assert not heavy & set(sys.modules)
warm({"nps", "message", "email"})
assert heavy & set(sys.modules) == {"email_validator", "rapidfuzz"}
warm({"nps", "choice", "email", "phone", "slot"})
assert heavy <= set(sys.modules)
"""


def test_only_the_kinds_of_the_flow_are_loaded() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
