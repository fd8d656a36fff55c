"""Figures for Prometheus, kept as plain numbers, since a turn must not pay for them: counting costs about 0.1 us and a
histogram 0.3 us, a tenth of prometheus-client's own. That library is imported (50 ms) at the first scrape and writes
the text. What the service says in words is `obs_log.py`.
"""

from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from prometheus_client.core import Metric

SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Bounds of the buckets of a time."""


class Count:
    """A counter, by the values of its labels."""

    def __init__(self, name: str, text: str, labels: tuple[str, ...] = ()) -> None:
        self.name, self.text, self.labels = name, text, labels
        self.values: dict[tuple[str, ...], float] = {} if labels else {(): 0}

    def add(self, *labels: str, by: int = 1) -> None:
        self.values[labels] = self.values.get(labels, 0) + by


class Times:
    """A histogram of seconds. Several of one name differ in their labels."""

    def __init__(self, name: str, text: str, labels: Mapping[str, str] = MappingProxyType({})) -> None:
        self.name, self.text, self.labels = name, text, labels
        self.buckets = [0] * (len(SECONDS) + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        self.buckets[bisect_left(SECONDS, seconds)] += 1
        self.total += seconds


class Gauge(NamedTuple):
    name: str
    text: str
    labels: tuple[str, ...]
    read: Callable[[], Mapping[tuple[str, ...], float]]
    adds: bool = False
    """Whether the values of several processes make a sum."""


class Meters:
    """All figures of one process. Each has its own name; a server makes one `Meters` and hands it to its parts."""

    def __init__(self) -> None:
        self.counts: list[Count] = []
        self.times: list[Times] = []
        self.gauges: list[Gauge] = []
        self.before: list[Callable[[], Awaitable[None]]] = []
        """Called before each scrape, for gauges that have to ask somebody."""
        self.turns = self.count("chatsurvey_turns", "Turns by what became of them", ("result",))
        self.races = self.count("chatsurvey_turn_races", "Turns run again because another one came first")
        self.opened = self.count("chatsurvey_chats_opened", "Chats begun", ("flow",))
        self.jobs = self.count("chatsurvey_jobs", "Jobs by kind and what became of them", ("kind", "result"))
        self.deliveries = self.count(
            "chatsurvey_deliveries", "Attempts to write a response, by writer and outcome", ("writer", "outcome")
        )
        self.messages = self.count("chatsurvey_messages", "Messages sent, by channel", ("channel",))
        self.in_doubt = self.count(
            "chatsurvey_in_doubt", "Messages that may have been sent before and were sent again", ("channel",)
        )
        self.requests = self.count(
            "chatsurvey_http_requests", "Requests of the chat by route and status", ("route", "status")
        )
        self.turn_seconds = self.time("chatsurvey_turn_seconds", "Time of a turn: load, step, commit")
        self.request_seconds = self.time("chatsurvey_http_request_seconds", "Time of a request of the chat")
        self.job_seconds = self.time("chatsurvey_job_seconds", "Time of a batch of jobs of one kind")

    def count(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Count:
        self.counts.append(Count(name, text, labels))
        return self.counts[-1]

    def time(self, name: str, text: str, **labels: str) -> Times:
        self.times.append(Times(name, text, labels))
        return self.times[-1]

    def observe(self, route: str, status: int, seconds: float) -> None:
        """A request of the chat was answered."""
        self.requests.add(route, str(status))
        self.request_seconds.add(seconds)

    def gauge(self, name: str, text: str, read: Callable[[], float], *, adds: bool = False) -> None:
        """`read` is called at each scrape."""
        self.gauges.append(Gauge(name, text, (), lambda: {(): read()}, adds))

    def table(
        self,
        name: str,
        text: str,
        labels: tuple[str, ...],
        read: Callable[[], Mapping[tuple[str, ...], float]],
        *,
        adds: bool = False,
    ) -> None:
        """A gauge by the values of its labels."""
        self.gauges.append(Gauge(name, text, labels, read, adds))

    def collect(self) -> Iterable["Metric"]:
        return families(self.counts, self.times, self.gauges)

    async def ask(self) -> None:
        """Let those who have to ask for their figures do so."""
        for ask in self.before:
            await ask()

    async def scrape(self) -> bytes:
        await self.ask()
        return self.text()

    def text(self) -> bytes:
        """The Prometheus text format, version 0.0.4, with the process's own figures (memory, file handles)."""
        from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest  # noqa: PLC0415 - see families

        registry = CollectorRegistry(auto_describe=False)
        registry.register(self)
        ProcessCollector(registry=registry)
        return generate_latest(registry)


def families(counts: Iterable[Count], times: Iterable[Times], gauges: Iterable[Gauge]) -> Iterable["Metric"]:
    """Figures as prometheus-client wants them."""
    from prometheus_client.core import (  # noqa: PLC0415 - 50 ms that a start need not pay
        CounterMetricFamily,
        GaugeMetricFamily,
        HistogramMetricFamily,
    )

    for count in counts:
        family = CounterMetricFamily(count.name, count.text, labels=count.labels)
        for labels, value in list(count.values.items()):
            family.add_metric(labels, value)
        yield family
    histograms: dict[str, HistogramMetricFamily] = {}
    for one in times:
        so_far, rows = 0, []
        for bound, hits in zip((*map(str, SECONDS), "+Inf"), one.buckets, strict=True):
            so_far += hits
            rows.append((bound, float(so_far)))
        made = HistogramMetricFamily(one.name, one.text, labels=list(one.labels))
        histograms.setdefault(one.name, made).add_metric(list(one.labels.values()), rows, one.total)
    yield from histograms.values()
    for gauge in gauges:
        shown = GaugeMetricFamily(gauge.name, gauge.text, labels=gauge.labels)
        for names, measured in gauge.read().items():
            shown.add_metric(names, measured)
        yield shown
