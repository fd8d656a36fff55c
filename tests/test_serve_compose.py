"""compose.yaml and Dockerfile say what is so: settings that exist, commands that parse, a Redis that is taken."""

import argparse
import ast
import json
import os
import re
import shlex
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TypedDict, cast

import yaml

from bot.cli import COMMANDS
from bot.store.redis_check import open_redis
from tests.harness.redis_server import Server
from tests.harness.service import TOP, Service

DOCKERFILE = (TOP / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
OPERATING = (TOP / "docs" / "operating.md").read_text("utf-8")


class Health(TypedDict):
    test: list[str]


class Part(TypedDict, total=False):
    command: list[str]
    environment: dict[str, str]
    ports: list[str]
    volumes: list[str]
    healthcheck: Health
    depends_on: dict[str, dict[str, str]]
    stop_grace_period: str


class Compose(TypedDict):
    services: dict[str, Part]
    volumes: dict[str, None]


COMPOSE = cast("Compose", yaml.safe_load((TOP / "compose.yaml").read_text("utf-8")))
APP = COMPOSE["services"]["app"]


def parsed(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    import_module(f"bot.commands.{COMMANDS[words[0]][0]}").add(parser)
    return parser.parse_args(words[1:])


def line(word: str) -> str:
    return next(row.partition(" ")[2].strip() for row in DOCKERFILE.splitlines() if row.strip().startswith(f"{word} "))


def test_settings_and_commands_are_ones_that_we_have() -> None:
    known = set(re.findall(r"`([A-Z][A-Z_]+)`", OPERATING.partition("## The settings file")[0]))
    assert set(APP["environment"]) <= known
    assert {"REDIS_URL", "DATABASE_URL"} <= set(APP["environment"])
    assert parsed(APP["command"]).workers == 2
    assert json.loads(line("ENTRYPOINT")) == ["chatsurvey"]
    assert parsed(json.loads(line("CMD"))).workers == 1


def test_it_answers_at_the_port_that_is_promised() -> None:
    assert APP["ports"] == [f"8080:{APP['environment']['PORT']}"]
    assert "http://localhost:8080" in (TOP / "compose.yaml").read_text("utf-8")
    assert line("EXPOSE") == "8080"


def test_who_is_waited_for_says_that_it_is_ready_and_each_volume_is_there() -> None:
    for name in APP["depends_on"]:
        assert APP["depends_on"][name] == {"condition": "service_healthy"}
        assert COMPOSE["services"][name]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    sources = {one.partition(":")[0] for part in COMPOSE["services"].values() for one in part["volumes"]}
    assert {one for one in sources if "/" not in one} == set(COMPOSE["volumes"])
    assert all((TOP / one).exists() for one in sources if "/" in one)
    assert APP["volumes"][0] == f"data:{APP['environment']['DATA_DIR']}"


def test_it_may_take_as_long_to_stop_as_it_does() -> None:
    from bot.commands.serve import DRAIN  # noqa: PLC0415 - beside what it is compared with
    from bot.commands.serve_many import TO_STOP  # noqa: PLC0415 - likewise

    assert int(APP["stop_grace_period"].removesuffix("s")) > DRAIN + TO_STOP


async def test_the_redis_there_is_taken_without_a_warning() -> None:
    redis = COMPOSE["services"]["redis"]
    server = Server(*redis["command"][1:])
    opened = await open_redis(server.url, lambda: 0)
    await opened.store.close()
    server.stop()
    assert opened.warnings == ()
    assert redis["healthcheck"]["test"] == ["CMD", "valkey-cli", "ping"]


def test_everything_that_is_copied_into_the_image_is_there_and_let_through() -> None:
    copied = [shlex.split(row)[1:-1] for row in DOCKERFILE.splitlines() if re.match(r"COPY (?!--from)", row)]
    let_through = {row[1:] for row in (TOP / ".dockerignore").read_text().splitlines() if row.startswith("!")}
    for source in (one for several in copied for one in several):
        assert (TOP / source).exists(), source
        assert source in let_through
    assert "USER chatsurvey" in DOCKERFILE


def test_the_health_check_of_the_image_tells_a_service_that_can_serve(tmp_path: Path) -> None:
    command = next(row for row in DOCKERFILE.splitlines() if row.startswith("HEALTHCHECK")).partition(" CMD ")[2]
    words = ast.literal_eval(command)
    assert words[0] == "python"

    def health(port: int) -> int:
        environ = {"PORT": str(port), "PATH": os.environ["PATH"]}
        return subprocess.run([sys.executable, *words[1:]], env=environ, capture_output=True, check=False).returncode

    with Service(tmp_path) as service:
        assert health(service.port) == 0
    assert health(service.port) != 0
