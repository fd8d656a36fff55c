"""`make bench`: every figure in one run, as ratios to a bare baseline; prints and writes bench/results.md."""

import argparse
import json
import platform
import re
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench import crm, desk, engine, faults, http, redis, redis_memory, several, stages, store, telegram
from bench.http import DRIVER_CORE, free_port, pin, server

RESULTS = Path(__file__).parent / "results.md"


def widget_bytes() -> list[tuple[str, int]]:
    """(file, bytes on the wire with brotli) of everything the widget may load in one language, pages aside."""
    port = free_port()
    rows = []
    with TemporaryDirectory() as folder, server("-m", "bot", "serve", port=port, ready="/api/v1/chats", folder=folder):
        loader = _fetch(f"http://127.0.0.1:{port}/widget.js", "identity").decode()
        rows.append(("widget.js (loader)", len(_fetch(f"http://127.0.0.1:{port}/widget.js", "br"))))
        for name, path in sorted(assets(loader).items()):
            if not name.startswith("texts.") or name == "texts.en.js":
                rows.append((name, len(_fetch(f"http://127.0.0.1:{port}{path}", "br"))))
    return rows


def assets(loader: str) -> dict[str, str]:
    """Names and addresses of the files that the loader knows."""
    found: dict[str, str] = json.loads(re.search(r'"assets": ?(\{.*?\})', loader, re.DOTALL)[1])  # type: ignore[index]  # a loader without assets ends the run
    return found


def _fetch(url: str, encoding: str) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept-Encoding": encoding}), timeout=10) as got:
        body: bytes = got.read()
        return body


def lines(quick: bool) -> Iterator[str]:
    yield "# Benchmark\n"
    yield f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, aiohttp on the standard event loop; the"
    yield "server and the load driver on a core each. The machine is shared: read the ratios, not the absolute figures."
    rows, starts = http.run(quick)
    yield "\n## Turns over HTTP\n"
    yield "The shipped flow as shipped (limits, metrics, synchronous=FULL, timers, records, JSONL on), every request a"
    yield "turn with its commit, beside a bare aiohttp JSON POST echo, in turns A B A B; medians of the rounds.\n"
    yield "| chats at once | turns/s | echo/s | **ratio** | p50 ms | p99 ms | echo p99 ms |"
    yield "|--:|--:|--:|--:|--:|--:|--:|"
    for row in rows:
        yield (
            f"| {row.at_once} | {row.service:,.0f} | {row.echo:,.0f} | **{row.ratio:.2f}** "
            f"| {row.p50:.1f} | {row.p99:.1f} | {row.echo_p99:.1f} |"
        )
    yield "\n## Where the microseconds of a turn go (64 at once, sampled)\n"
    yield "| room | us a turn |\n|---|--:|"
    costs = stages.where(3 if quick else 10)
    for room, cost in costs:
        yield f"| {room} | {cost:.0f} |"
    yield f"| all | {sum(cost for _, cost in costs):.0f} |"
    yield "\n## Engine\n\n| one core, median | us | x bare trigger |\n|---|--:|--:|"
    figures = engine.measure(2_000 if quick else engine.ROUNDS)
    for name, value in figures.items():
        yield f"| {name} | {value:.1f} | {value / figures['bare trigger']:.1f} |"
    yield "\n## Store\n\n| what | measured | goal |\n|---|--:|--:|"
    for found in store.run(quick):
        yield f"| {found.what} | {found.measured} | {found.target or '-'} |"
    yield from messengers(quick)
    yield from writers(quick)
    yield from processes(quick)
    yield "\n## Start and size\n"
    yield f"- process start to the first question: {median(starts):.2f} s (goal 0.7 s)"
    yield f"- memory an open, answered chat adds to the server: {stages.memory():,.0f} bytes"
    weights = widget_bytes()
    yield f"- widget on the wire, brotli: {sum(size for _, size in weights):,} bytes (goal 12,000)"
    for name, size in weights:
        yield f"  - {name}: {size:,}"


def messengers(quick: bool) -> Iterator[str]:
    hook = telegram.run(quick)
    yield "\n## Telegram by web hook\n"
    yield f"{telegram.AT_ONCE} people at once; the update in, durable, acknowledged, and the next question at the Bot"
    yield "API, beside a bare aiohttp handler that makes the same one call.\n"
    yield "| turns/s | bare/s | **ratio** | p99 to the 200 | p99 to the next question | calls a turn |"
    yield "|--:|--:|--:|--:|--:|--:|"
    yield (
        f"| {hook.service:,.0f} | {hook.bare:,.0f} | **{hook.ratio:.2f}** | {hook.acknowledged:.0f} ms "
        f"| {hook.there:.0f} ms | {hook.calls:.1f} sendMessage, {hook.others:.1f} others |"
    )
    slack = desk.run(quick)
    yield "\n## Slack\n"
    yield "Over HTTP, signed; the stand-in on the driver's core.\n"
    yield "| what | p50 | p99 | goal |\n|---|--:|--:|--:|"
    yield (
        f"| {slack.interactions:,} interactions, {desk.A_SECOND} a second, until acknowledged "
        f"| {slack.p50:.0f} ms | {slack.p99:.0f} ms | 500 ms |"
    )
    yield (
        f"| {slack.lines:,} agents' lines, {desk.CHATS} chats at once, until in the visitor's stream "
        f"| {slack.there50:.0f} ms | {slack.there99:.0f} ms | 1,000 ms |"
    )


def writers(quick: bool) -> Iterator[str]:
    found = crm.run(quick)
    yield "\n## CRM writers\n"
    yield "A backlog to local stand-ins, which share the driver's core; a delivery is a whole response with its person,"
    yield "record, note or case. The score: from its request to the first one at the CRM, on an idle machine.\n"
    yield "| writers | deliveries/s | requests a delivery | score at the CRM, p50 | p99 (goal 100 ms) |"
    yield "|---|--:|--:|--:|--:|"
    soon = {one.writer: one for one in found.soon}
    for row in found.rates:
        one = soon.get(row.writers)
        times = f"{one.p50:.0f} ms | {one.p99:.0f} ms" if one else "- | -"
        yield f"| {row.writers} | {row.a_second:,.0f} | {row.requests:.2f} | {times} |"
    beside = found.beside
    yield f"\nA visitor's turn, {crm.AT_ONCE} at once, p99 with every CRM down and {crm.WAITING:,} deliveries waiting:"
    yield f"{beside.waiting:.1f} ms beside {beside.none:.1f} ms with none, ratio **{beside.ratio:.2f}** (goal 1.10)."


def processes(quick: bool) -> Iterator[str]:
    yield from redis.lines(quick)
    yield from redis_memory.lines(10_000 if quick else 100_000)
    yield "\nAn agent's line that arrives at one process, until it is in the stream of a visitor at the other:\n"
    yield "| two processes on one core | lines | p50 | p99 (goal 1,000 ms) |\n|---|--:|--:|--:|"
    for row in several.run(quick):
        yield f"| {row.what} | {row.lines} | {row.p50:.0f} ms | {row.p99:.0f} ms |"
    yield from faults.lines(seconds=2 if quick else faults.SECONDS)
    pin(DRIVER_CORE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short rounds, for a first look")
    quick = parser.parse_args().quick
    written = []
    for line in lines(quick):
        print(line, flush=True)
        written.append(line)
    if not quick:
        RESULTS.write_text("\n".join(written) + "\n", "utf-8")


if __name__ == "__main__":
    main()
