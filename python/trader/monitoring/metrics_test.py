"""The metrics page: names, values, and what happens when the port is taken."""

from __future__ import annotations

import socket
import threading
import time
import urllib.request
from typing import NoReturn

import pytest
from prometheus_client import generate_latest

from trader.monitoring.metrics import Metrics, MetricsServeError
from trader.monitoring.page import MAX_REQUESTS

NAMES = {
    "hotloop_messages_total": "counter",
    "hotloop_runner_changes_total": "counter",
    "hotloop_market_changes_total": "counter",
    "hotloop_images_total": "counter",
    "hotloop_stream_heartbeats_total": "counter",
    "hotloop_lines_ignored_total": "counter",
    "hotloop_definitions_ignored_total": "counter",
    "hotloop_emit_errors_total": "counter",
    "hotloop_seam_errors_total": "counter",
    "hotloop_seam_events_total": "counter",
    "hotloop_seam_refusals_total": "counter",
    "hotloop_reseeds_total": "counter",
    "hotloop_resubscribes_total": "counter",
    "hotloop_stale_markets": "gauge",
    "hotloop_untracked_orders_total": "counter",
    "hotloop_shadow_comparisons_total": "counter",
    "hotloop_shadow_differences_total": "counter",
    "hotloop_shadow_losses_total": "counter",
    "hotloop_reloads_total": "counter",
    "hotloop_apply_delta_seconds": "histogram",
    "hotloop_decision_seconds": "histogram",
    "hotloop_intents_total": "counter",
    "hotloop_reports_total": "counter",
    "hotloop_fills_total": "counter",
    "hotloop_rejects_total": "counter",
    "hotloop_intent_ack_seconds": "histogram",
    "hotloop_transport_reconnects_total": "counter",
    "hotloop_transport_send_queue_depth": "gauge",
    "hotloop_executor_up": "gauge",
    "hotloop_executor_heartbeats_total": "counter",
    "hotloop_executor_heartbeats_missed_total": "counter",
    "hotloop_executor_restarts_total": "counter",
    "hotloop_executor_switches_total": "counter",
    "hotloop_duplicate_reports_total": "counter",
    "hotloop_cannibalisation_total": "counter",
    "hotloop_kills_total": "counter",
    "hotloop_pfill_ttf_seconds": "histogram",
    "hotloop_exposure": "gauge",
    "hotloop_gross_profit": "gauge",
    "hotloop_commission": "gauge",
    "hotloop_stream_up": "gauge",
    "hotloop_stream_reconnects_total": "counter",
    "hotloop_last_line_timestamp_seconds": "gauge",
    "hotloop_stream_lag_seconds": "gauge",
    "hotloop_subscribed_markets": "gauge",
    "hotloop_markets": "gauge",
    "hotloop_event_queue_depth": "gauge",
    "hotloop_dry_run": "gauge",
    "hotloop_build_info": "gauge",
    "process_virtual_memory_bytes": "gauge",
    "process_resident_memory_bytes": "gauge",
    "process_start_time_seconds": "gauge",
    "process_cpu_seconds_total": "counter",
    "process_open_fds": "gauge",
    "process_max_fds": "gauge",
    "hotloop_open_orders": "gauge",
    "hotloop_pnl": "gauge",
}


def page(metrics: Metrics) -> str:
    return generate_latest(metrics.registry).decode()


def test_names_and_types_are_those_promised_and_each_is_explained() -> None:
    lines = page(Metrics()).splitlines()
    types = dict(line.split()[2:] for line in lines if line.startswith("# TYPE"))
    assert types == NAMES
    helped = {
        line.split()[2] for line in lines if line.startswith("# HELP") and len(line.split()) > 4
    }
    assert helped == set(NAMES)


def test_values_are_those_of_the_moment_of_the_scrape() -> None:
    metrics = Metrics()
    metrics.messages_total += 3
    metrics.intents_total["passive_maker", "PLACE"] += 2
    metrics.rejects_total['odd "code"'] += 1
    metrics.executor_up = True
    metrics.pnl = -1.25
    lines = page(metrics).splitlines()
    assert "hotloop_messages_total 3.0" in lines
    assert 'hotloop_intents_total{action="PLACE",edge="passive_maker"} 2.0' in lines
    assert r'hotloop_rejects_total{code="odd \"code\""} 1.0' in lines
    assert "hotloop_executor_up 1.0" in lines
    assert "hotloop_pnl -1.25" in lines
    metrics.messages_total += 1
    assert "hotloop_messages_total 4.0" in page(metrics).splitlines()


def test_histograms_are_cumulative_in_seconds() -> None:
    metrics = Metrics()
    for ns in (900, 40_000, 40_000, 5 * 10**9):
        metrics.apply_delta.record(ns)
    lines = page(metrics).splitlines()
    assert 'hotloop_apply_delta_seconds_bucket{le="1e-06"} 1.0' in lines
    assert 'hotloop_apply_delta_seconds_bucket{le="5e-05"} 3.0' in lines
    assert 'hotloop_apply_delta_seconds_bucket{le="0.1"} 3.0' in lines
    assert 'hotloop_apply_delta_seconds_bucket{le="+Inf"} 4.0' in lines
    assert "hotloop_apply_delta_seconds_count 4.0" in lines
    (total,) = (line for line in lines if line.startswith("hotloop_apply_delta_seconds_sum"))
    assert float(total.split()[1]) == pytest.approx(5.0000809, rel=0.004)


def test_page_is_served_until_closed() -> None:
    metrics = Metrics()
    port = metrics.serve("127.0.0.1", 0)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        assert b"hotloop_messages_total 0.0" in answer.read()
    with pytest.raises(MetricsServeError, match="already served"):
        metrics.serve("127.0.0.1", 0)
    metrics.close()
    metrics.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=10)


def test_idle_connections_are_bounded_and_a_scraper_is_served_again_when_they_go() -> None:
    metrics = Metrics()
    port = metrics.serve("127.0.0.1", 0)
    before = threading.active_count()
    idle = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(100)]
    assert idle[-1].recv(1) == b"", "beyond the limit the connection is closed at once"
    assert threading.active_count() <= before + MAX_REQUESTS
    for connection in idle:
        connection.close()
    deadline = time.monotonic() + 10
    while threading.active_count() > before:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        assert answer.status == 200
    metrics.close()


def test_requests_that_no_thread_could_be_started_for_take_no_place_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    metrics = Metrics()
    port = metrics.serve("127.0.0.1", 0)

    def start(_: threading.Thread) -> NoReturn:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", start)
        for _ in range(MAX_REQUESTS):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
                assert connection.recv(1) == b"", "let go at once"
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        assert answer.status == 200
    metrics.close()


def test_page_may_be_on_ipv6() -> None:
    metrics = Metrics()
    port = metrics.serve("::1", 0)
    with urllib.request.urlopen(f"http://[::1]:{port}/metrics", timeout=10) as answer:
        assert answer.status == 200
    metrics.close()


def test_port_in_use_is_a_clear_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(MetricsServeError, match=f"127.0.0.1:{port}: address already in use"):
            Metrics().serve("127.0.0.1", port)


def test_port_out_of_range_is_a_clear_error() -> None:
    with pytest.raises(MetricsServeError, match="70000"):
        Metrics().serve("127.0.0.1", 70_000)


def test_totals_of_two_processes_add_up_and_what_is_of_the_moment_does_not() -> None:
    here, there = Metrics(), Metrics()
    for metrics, times in ((here, 1), (there, 2)):
        for _ in range(times):
            metrics.messages_total += 5
            metrics.intents_total["maker", "PLACE"] += 3
            metrics.seam_counts["images"] += 1
            metrics.apply_delta.record(100 * times)
        metrics.executor_up = True
        metrics.open_orders = 7
    here.open_orders = 1
    here.add(there.totals())
    assert here.messages_total == 15
    assert here.intents_total == {("maker", "PLACE"): 9}
    assert here.seam_counts["images"] == 3
    assert here.apply_delta.count == 3
    assert here.apply_delta.sum_ns == 500
    assert here.open_orders == 1
    assert not {"executor_up", "open_orders", "stale_markets"} & there.totals().keys()


def test_a_total_that_is_not_kept_here_is_refused() -> None:
    with pytest.raises(ValueError, match="'messages'"):
        Metrics().add({"messages": 1})
    with pytest.raises(ValueError, match="'open_orders'"):
        Metrics().add({"open_orders": 1})


def test_whoever_sends_a_request_bit_by_bit_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trader.monitoring.page._READ_TIMEOUT_S", 0.0)
    metrics = Metrics()
    port = metrics.serve("127.0.0.1", 0)
    try:
        with socket.create_connection(("127.0.0.1", port), 20.0) as connection:
            connection.sendall(b"GET /metrics HTTP/1.1\r\nHo")
            assert connection.recv(100) == b""
    finally:
        metrics.close()
