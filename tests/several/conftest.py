"""A Redis with nothing in it, and stand-ins of the platforms."""

from contextlib import closing

import pytest

from tests.harness.redis_server import Server, single
from tests.harness.slack import slack
from tests.harness.telegram import telegram

__all__ = ["slack", "telegram"]


@pytest.fixture
def server() -> Server:
    """Other tests of this run have used it before, under other names."""
    with closing(single().client()) as client:
        client.flushall()
    return single()
