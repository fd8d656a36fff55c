"""What the service outlives by itself, each with a crowd answering chats all the while: the short versions.

`make soak` strikes longer, with other seeds (`tests/soak/test_faults.py`). What holds at the end is read from what is
kept by a reader of its own.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import pytest_asyncio

from tests.harness.faults import FAULTS, run
from tests.harness.faults_house import House, Kind, a_house

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("faults")]

SECONDS = {"Redis out of memory": 1.2, "clock stepped": 2.4, "network slow": 1.2, "SIGKILL": 0.5}
"""Where it is not 1: faults that have several parts need a little longer, and each kill costs a start."""


@dataclass
class Houses:
    """Each kind is opened when it is first needed."""

    folder: Path
    stack: AsyncExitStack
    open: dict[Kind, House] = field(default_factory=dict)

    async def of(self, kind: Kind) -> House:
        if kind not in self.open:
            self.open[kind] = await self.stack.enter_async_context(a_house(self.folder / kind, kind))
        return self.open[kind]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def houses(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Houses]:
    async with AsyncExitStack() as stack:
        yield Houses(tmp_path_factory.mktemp("houses"), stack)


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if not fault.long])
async def test_the_service_outlives(houses: Houses, name: str) -> None:
    fault = FAULTS[name]
    house = await houses.of("postgres" if fault.house == "plain" else fault.house)
    result = await run(house, name, SECONDS.get(name, 1.0), 1, hurry=True, warm=20, after=20)
    assert not result.wrong, result
