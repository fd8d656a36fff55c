"""What a sceptic tried against the Redis store: each test is a way in which something acknowledged could be lost or
done twice."""

from collections.abc import Callable

import pytest
from redis.crc import key_slot

from bot.store.redis_lane import _probe
from bot.store.redis_layout import Layout


@pytest.mark.parametrize(
    "key",
    [
        lambda layout: layout.bases[3],
        lambda layout: f"{layout.bases[3]}:c:chat",
        lambda layout: layout.name("ncard"),
        lambda layout: layout.name("atelegram\n{1}"),
        lambda layout: layout.event("telegram:}1"),
        lambda layout: layout.flow("f00d"),
    ],
    ids=["shard", "chat", "alias", "address", "event", "flow"],
)
def test_what_is_written_to_see_what_replicas_have_is_in_the_slot_of_the_key(key: Callable[[Layout], str]) -> None:
    """Else a cluster's node refuses it, and says that too few replicas have what was kept: no flow could be kept."""
    found = key(Layout(16, "chatsurvey")).encode()
    assert key_slot(_probe(found)) == key_slot(found)
