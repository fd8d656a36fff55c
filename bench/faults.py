"""How soon the service answers again after each fault: three processes on one Redis, and a crowd of customers.

    python -m bench.faults [--seconds S] [FAULT ...]

The harness is that of the tests (`tests/harness/faults.py`), which also holds all logs against what was acknowledged: a
run that lost or doubled anything ends this one. Nothing is pinned: processes, Redis and customers share all cores.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.http import unpin
from tests.harness.faults import FAULTS, Result, struck

SECONDS = 5.0
"""That each fault lasts."""


def results(names: Sequence[str], seconds: float) -> Iterator[Result]:
    """Each as it comes; raises SystemExit for one that lost or doubled something."""
    with tempfile.TemporaryDirectory() as folder, asyncio.Runner() as runner:
        found = struck(Path(folder), dict.fromkeys(names, seconds), 1, hurry=True)

        async def following() -> Result | None:
            return await anext(found, None)

        while (result := runner.run(following())) is not None:
            if result.wrong:
                raise SystemExit(f"{result}\n" + "\n".join(result.wrong))
            yield result


def lines(names: Sequence[str] = tuple(FAULTS), seconds: float = SECONDS) -> Iterator[str]:
    yield "\n## Faults\n"
    yield f"Each for {seconds:.0f} s, with customers at all three processes; seconds from its end to the first answer"
    yield "that is acknowledged again, at the process that took longest, and the longest that anybody waited for one,"
    yield "sent again as often as needed. No acknowledged answer was lost, none was taken twice.\n"
    unpin()
    yield "| fault | answers again after | acknowledged during it | longest wait |"
    yield "|---|--:|--:|--:|"
    for one in results(names, seconds):
        yield f"| {one.fault} | {max(one.recovered):.2f} s | {one.during} of {one.answers} | {one.longest:.1f} s |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faults", nargs="*", metavar="FAULT", default=tuple(FAULTS), help=", ".join(FAULTS))
    parser.add_argument("--seconds", type=float, default=SECONDS)
    args = parser.parse_args()
    for line in lines(args.faults, args.seconds):
        print(line, flush=True)


if __name__ == "__main__":
    main()
