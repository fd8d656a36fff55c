"""Figures come out as Prometheus wants them."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.obs import Meters


def test_figures_come_out_in_the_text_format_of_prometheus() -> None:
    meters = Meters()
    meters.turns.add("taken")
    meters.turns.add("taken", by=2)
    meters.observe("/api/v1/chats", 201, 0.003)
    for seconds in (0.0004, 0.0005, 0.03, 60.0):
        meters.turn_seconds.add(seconds)
    meters.gauge("chatsurvey_listeners", "Chats with an open event stream", lambda: 7.0)
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(meters.text().decode())
        for sample in family.samples
    }
    assert samples["chatsurvey_turns_total", "taken"] == 3
    assert samples["chatsurvey_http_requests_total", "/api/v1/chats", "201"] == 1
    assert samples["chatsurvey_listeners",] == 7
    assert samples["chatsurvey_turn_seconds_bucket", "0.0005"] == 2
    assert samples["chatsurvey_turn_seconds_bucket", "0.05"] == 3
    assert samples["chatsurvey_turn_seconds_bucket", "+Inf"] == 4
    assert samples["chatsurvey_turn_seconds_count",] == 4
    assert samples["chatsurvey_turn_seconds_sum",] == pytest.approx(60.0309)
    assert samples["process_resident_memory_bytes",] > 1_000_000
