"""Buckets, and whose address a request comes from."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from bot.channels.limits import Buckets, Callers, Rate, is_near
from tests.channels.service import Clock, Service


def test_a_burst_and_then_a_rate() -> None:
    clock = Clock()
    buckets = Buckets(Rate(30, 2.0), clock.ticks)
    assert [buckets.take("a") for _ in range(30)] == [0.0] * 30
    assert buckets.take("a") == pytest.approx(0.5)
    assert buckets.take("b") == 0.0
    clock.pass_by(0.5)
    assert buckets.take("a") == 0.0
    assert buckets.take("a") == pytest.approx(0.5)
    clock.pass_by(1000)
    assert [buckets.take("a") for _ in range(30)] == [0.0] * 30
    assert buckets.take("a") > 0


@given(st.lists(st.floats(0, 40), max_size=200))
def test_never_more_than_burst_and_rate(pauses: list[float]) -> None:
    clock = Clock(running=0.0)
    buckets = Buckets(Rate(5, 0.5), clock.ticks)
    taken: list[float] = []
    for pause in pauses:
        clock.pass_by(pause)
        if buckets.take("a") == 0.0:
            taken.append(clock.running)
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            assert last - first + 1 <= 5 + (taken[last] - taken[first]) * 0.5 + 1e-6


def test_memory_follows_the_last_two_windows() -> None:
    clock = Clock()
    buckets = Buckets(Rate(10, 1.0), clock.ticks, most=100)
    for number in range(1000):
        buckets.take(str(number))
        assert len(buckets) <= 200
    clock.pass_by(11)
    buckets.take("a")
    clock.pass_by(11)
    buckets.take("b")
    assert len(buckets) == 2


CALLERS = [
    ("192.0.2.1", {}, ["192.0.2.1"]),
    ("192.0.2.1", {"X-Forwarded-For": "198.51.100.7"}, ["192.0.2.1"]),
    ("127.0.0.1", {}, []),
    ("::1", {}, []),
    ("::ffff:127.0.0.1", {}, []),
    ("10.1.2.3", {}, []),
    ("127.0.0.1", {"X-Forwarded-For": "198.51.100.7"}, ["198.51.100.7"]),
    ("10.1.2.3", {"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}, ["198.51.100.7"]),
    ("10.1.2.3", {"X-Forwarded-For": "203.0.113.9, 198.51.100.7, 10.9.9.9, 127.0.0.1"}, ["198.51.100.7"]),
    ("10.1.2.3", {"X-Forwarded-For": "198.51.100.7:4711"}, ["198.51.100.7"]),
    ("10.1.2.3", {"X-Forwarded-For": "10.9.9.9"}, []),
    ("10.1.2.3", {"X-Forwarded-For": " , ,"}, []),
    ("10.1.2.3", {"X-Forwarded-For": "unknown"}, ["unknown"]),
    ("10.1.2.3", {"X-Forwarded-For": "x" * 500}, ["x" * 64]),
    ("10.1.2.3", {"Forwarded": "for=203.0.113.9, for=198.51.100.7;proto=https"}, ["198.51.100.7"]),
    ("10.1.2.3", {"Forwarded": 'by=10.0.0.1; FOR="[2001:db8::1]:443"'}, ["2001:db8::/64"]),
    ("10.1.2.3", {"Forwarded": 'for="_hidden", for=10.9.9.9'}, ["_hidden"]),
    ("10.1.2.3", {"Forwarded": ";;for"}, []),
    ("10.1.2.3", {"X-Forwarded-For": "198.51.100.7", "Forwarded": "for=203.0.113.9"}, ["198.51.100.7", "203.0.113.9"]),
    ("10.1.2.3", {"X-Forwarded-For": "198.51.100.7", "Forwarded": "for=198.51.100.7"}, ["198.51.100.7"]),
    ("2001:db8:1:2:3::4", {}, ["2001:db8:1:2::/64"]),
    ("fe80::1%eth0", {}, ["fe80::/64"]),
]


TWO_LINES = [
    ("X-Forwarded-For", "127.0.0.1", "198.51.100.7"),
    ("x-forwarded-for", "203.0.113.9", "203.0.113.8, 198.51.100.7"),
    ("Forwarded", "for=127.0.0.1", "for=198.51.100.7"),
]


@pytest.mark.parametrize(("peer", "headers", "charged"), CALLERS)
def test_who_is_charged(peer: str, headers: dict[str, str], charged: list[str]) -> None:
    assert list(Callers((ip_network("10.0.0.0/8"),)).of(peer, CIMultiDict(headers))) == charged


@pytest.mark.parametrize(("name", "forged", "real"), TWO_LINES)
def test_a_proxy_may_add_its_own_line_below_a_forged_one(name: str, forged: str, real: str) -> None:
    assert Callers().of("127.0.0.1", CIMultiDict([(name, forged), (name, real)])) == ("198.51.100.7",)


@given(st.text(), st.text(), st.text())
def test_no_header_breaks_it(peer: str, one: str, other: str) -> None:
    for trusted in (peer, "127.0.0.1"):
        headers = CIMultiDict({"X-Forwarded-For": one, "Forwarded": other})
        assert len(Callers().of(trusted, headers)) <= 2


@pytest.mark.parametrize(
    ("address", "near"), [("192.168.1.4", True), ("fd00::/64", True), ("198.51.101.7", False), ("unknown", False)]
)
def test_private_addresses(address: str, near: bool) -> None:
    assert is_near(address) is near


async def test_a_chat_may_say_30_things_at_once(service: Service) -> None:
    chat, other = await service.open(), await service.open()
    for _ in range(30):
        assert (await chat.send(text="?")).status == 200
    said = await chat.send(text="?")
    assert (said.status, said.body["code"], said.response.headers["Retry-After"]) == (429, "limit", "1")
    resumed = await service.post("/api/v1/chats", {"chat": chat.token})
    assert resumed.status == 429
    assert (await other.send(text="?")).status == 200
    service.clock.pass_by(0.5)
    assert (await chat.send(text="?")).status == 200


async def test_an_address_may_open_60_chats_at_once(service: Service) -> None:
    async def status(address: str) -> int:
        return (await service.post("/api/v1/chats", {}, headers={"X-Forwarded-For": address})).status

    assert {await status("198.51.100.7") for _ in range(60)} == {201}
    assert await status("198.51.100.7") == 429
    assert await status("203.0.113.9") == 201
    service.clock.pass_by(1)
    assert await status("198.51.100.7") == 201
    assert await status("198.51.100.7") == 429


async def test_loopback_is_not_limited(service: Service) -> None:
    assert {(await service.post("/api/v1/chats", {})).status for _ in range(70)} == {201}
