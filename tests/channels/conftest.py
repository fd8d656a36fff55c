from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.channels.service import Service, serve


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with serve(tmp_path) as running:
        yield running
